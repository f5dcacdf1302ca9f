"""Reviews, shares and surveys outside the stores earn once per key and within the caps, whoever tells of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1, SurveyAnsweredV1
from cloud_crm.assembly import Cloud
from cloud_crm.database import Database
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.members import records
from cloud_crm.members.activities import ActivityBody, ActivityDesk, ToldKind
from cloud_crm.problems import Problem
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, pending
from tests.unit.cloud.shop_days import CAUSE, ZONES, Shop
from tests.unit.cloud.store_days import FakeClock

PROGRAMME: dict[str, Any] = {
    "programme": {"name": "P", "currency": "CNY"},
    "earning": {
        "activities": [
            {"id": "say", "kind": "review", "points": 5, "times_max": 2, "period": "month"},
            {"id": "tell", "kind": "share", "points": 2, "times_max": 1, "period": "ever"},
            {"id": "ask", "kind": "survey", "points": 10, "times_max": 2},
        ]
    },
}


@pytest.fixture
async def anna(web: httpx.AsyncClient) -> str:
    assert (await web.put("/api/programme", json=PROGRAMME)).is_success
    return str((await web.post("/api/members", json={"name": "Anna"})).json()["member"])


async def tell(web: httpx.AsyncClient, member: str, kind: str, key: str) -> httpx.Response:
    return await web.post(f"/api/members/{member}/activities", json={"kind": kind, "key": key})


async def balance(web: httpx.AsyncClient, member: str) -> int:
    return int((await web.get(f"/api/members/{member}")).json()["balance"])


async def test_a_review_earns_once_however_often_it_is_told(web: httpx.AsyncClient, anna: str) -> None:
    answers = [(await tell(web, anna, "review", "order-17")).json() for _ in range(3)]
    assert answers == [{"points": 5, "is_new": True}] + 2 * [{"points": 5, "is_new": False}]
    assert await balance(web, anna) == 5


async def test_the_caps_hold_in_their_period_and_say_so(web: httpx.AsyncClient, anna: str, clock: FakeClock) -> None:
    for number in range(2):
        assert (await tell(web, anna, "review", f"order-{number}")).status_code == 200
    refused = await tell(web, anna, "review", "order-3")
    assert refused.status_code == 409
    assert refused.json() == {
        "place": "body.kind",
        "problem": "has earned as often as it may: 2 in a month",
        "remedy": "Tell of it when a new one begins",
    }
    assert (await tell(web, anna, "review", "order-1")).json()["is_new"] is False
    clock.pass_seconds(32 * 86_400)
    assert (await tell(web, anna, "review", "order-3")).status_code == 200
    assert await balance(web, anna) == 15
    await tell(web, anna, "share", "scarf")
    clock.pass_seconds(400 * 86_400)
    assert (await tell(web, anna, "share", "hat")).status_code == 409


async def test_who_told_and_what_of_is_kept(web: httpx.AsyncClient, anna: str, cloud: Cloud) -> None:
    await tell(web, anna, "share", "scarf")
    with cloud.database.read() as connection:
        (act,) = records.acts_on(connection, anna)
    assert (act.action, act.subject, act.reason, act.actor, act.role) == (
        "activity", "tell", "scarf", "this machine", "head office",
    )  # fmt: skip
    page = (await web.get(f"/members/{anna}", headers={"accept-language": "zh-CN"})).text
    assert "活动积分" in page
    assert "scarf" in page


async def test_what_cannot_be_told_is_refused_with_place_and_remedy(web: httpx.AsyncClient, anna: str) -> None:
    for kind, key in (("visit", "k"), ("birthday", "2027"), ("review", ""), ("review", "a/b"), ("review", "k" * 61)):
        answer = await tell(web, anna, kind, key)
        assert answer.status_code == 422, (kind, key)
        assert answer.json()["place"].startswith("body."), answer.text
    assert (await tell(web, "nobody", "review", "k")).status_code == 404
    await web.put("/api/programme", json={"programme": PROGRAMME["programme"]})
    answer = await tell(web, anna, "review", "k")
    assert (answer.status_code, answer.json()["place"]) == (404, 'a rule of the programme with kind = "review"')
    assert await balance(web, anna) == 0


async def test_points_wait_where_points_wait(web: httpx.AsyncClient, anna: str) -> None:
    await web.put("/api/programme", json={**PROGRAMME, "lots": {"pending_days": 7}})
    assert (await tell(web, anna, "review", "order-1")).json()["points"] == 5
    assert await balance(web, anna) == 0


def desk_of(one: Shop) -> ActivityDesk:
    return ActivityDesk(one.database, LoyaltySettings(zones=ZONES), clock=one.clock, changed=lambda: None)


def answer_in_store(one: Shop, survey: str) -> None:
    """Anna answers a survey at a kiosk, which promises the points."""
    day = one.days["store-1"]
    day.write(SurveyAnsweredV1(cause=CAUSE, member="anna", survey=survey, answers=("5", "9", "price")))
    posting = PostingV1(
        id=posting_id("activity", "ask", "anna", survey),
        debit=PROGRAMME_ISSUED,
        credit=pending(MemberId("anna")),
        points=10,
        rule="survey",
    )
    day.write(PointsPostedV1(cause=CAUSE, member="anna", rule="survey", postings=(posting,)))
    one.land("store-1")


def test_a_survey_answered_in_a_store_counts_with_those_told(database: Database, clock: FakeClock) -> None:
    clock.at = datetime(2027, 6, 1, tzinfo=UTC)
    one = Shop(database, PROGRAMME, clock)
    one.join("anna", {"name": "Anna"})
    answer_in_store(one, "visit-1")
    again = ActivityBody(kind=ToldKind.SURVEY, key="visit-1")
    assert not desk_of(one).tell("anna", again, operator="shop").is_new
    assert desk_of(one).tell("anna", ActivityBody(kind=ToldKind.SURVEY, key="web-1"), operator="shop").is_new
    with pytest.raises(Problem, match="2 in a year"):
        desk_of(one).tell("anna", ActivityBody(kind=ToldKind.SURVEY, key="web-2"), operator="shop")
    assert one.balance("anna") == 20
