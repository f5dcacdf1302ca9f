"""Campaigns: coupons to named members, or as codes that work once each and are shown once."""

from __future__ import annotations

import asyncio
import csv
from typing import Any

import httpx
import pytest

from cloud_crm.assembly import Cloud
from cloud_crm.coupons import repository
from loyalty.identifiers import medium_id
from tests.unit.cloud.conftest import MEDIUM_KEY

PROGRAMME = {
    "programme": {"name": "P", "currency": "CNY"},
    "coupons": [
        {"id": "ten", "name": "Ten off", "kind": "amount", "amount_minor": 1_000, "minimum_minor": 1_500,
         "budget": {"member_uses_max": 1, "campaign_uses_max": 3}},
        {"id": "many", "name": "Many", "kind": "amount", "amount_minor": 100, "minimum_minor": 150,
         "budget": {"member_uses_max": 0}},
    ],
}  # fmt: skip
SPRING = {"key": "spring", "reason": "spring mailing"}


@pytest.fixture
async def shop(web: httpx.AsyncClient) -> httpx.AsyncClient:
    assert (await web.put("/api/programme", json=PROGRAMME)).status_code == 200
    return web


async def join(web: httpx.AsyncClient, count: int) -> list[str]:
    return [(await web.post("/api/members", json={"name": f"M{n}"})).json()["member"] for n in range(count)]


async def issue(web: httpx.AsyncClient, body: dict[str, Any], coupon: str = "ten") -> httpx.Response:
    return await web.post(f"/api/coupons/{coupon}/issue", json={**SPRING, **body})


async def test_a_campaign_reaches_the_members_named_within_its_budget(shop: httpx.AsyncClient) -> None:
    people = await join(shop, 4)
    answer = (await issue(shop, {"members": people})).json()
    assert [one["member"] for one in answer["issued"]] == people[:3]
    assert answer["refused"] == [{"member": people[3], "why": "campaign_budget_used"}]
    view = next(one for one in (await shop.get("/api/coupons")).json() if one["coupon"] == "ten")
    assert (view["issued"], view["open"], view["liability_minor"]) == (3, 3, 3_000)


async def test_the_same_campaign_again_gives_nobody_a_second_one(shop: httpx.AsyncClient) -> None:
    people = await join(shop, 2)
    first = (await issue(shop, {"members": people}, "many")).json()["issued"]
    assert (await issue(shop, {"members": people}, "many")).json()["issued"] == first


async def test_sixty_four_campaigns_at_once_never_exceed_a_budget(shop: httpx.AsyncClient) -> None:
    people = await join(shop, 64)
    answers = await asyncio.gather(*(issue(shop, {"members": [one]}) for one in people))
    assert sum(len(answer.json()["issued"]) for answer in answers) == 3


async def test_codes_are_random_are_shown_once_and_only_their_hashes_are_kept(
    shop: httpx.AsyncClient, cloud: Cloud
) -> None:
    answer = (await issue(shop, {"codes": 5}, "many")).json()
    codes = answer["codes"]
    assert len(set(codes)) == 5
    with cloud.database.read() as connection:
        rows = repository.changed_coupons(connection, after=0, limit=10)
    assert {row.code for row in rows} == {medium_id("code", code.encode(), key=MEDIUM_KEY) for code in codes}
    assert not any(code in repr(rows) for code in codes)
    again = await issue(shop, {"codes": 5}, "many")
    assert (again.status_code, again.json()["place"]) == (409, "key")


async def test_codes_may_be_taken_as_a_file_to_print_from(shop: httpx.AsyncClient) -> None:
    answer = await shop.post("/api/coupons/ten/issue", json={**SPRING, "codes": 5}, headers={"accept": "text/csv"})
    rows = list(csv.reader(answer.text.splitlines()))
    assert rows[0] == ["code"]
    assert len(rows) == 1 + 3
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("coupon", "body", "status", "place"),
    [
        ("nothing", {"codes": 1}, 404, "coupon nothing"),
        ("ten", {"members": ["nobody"]}, 422, "body.members.0"),
        ("ten", {}, 422, "body"),
        ("ten", {"members": ["a"], "codes": 1}, 422, "body"),
        ("ten", {"codes": 100_000}, 422, "body.codes"),
        ("ten", {"codes": 1, "gateway": "elsewhere"}, 422, "body.gateway"),
        ("ten", {"codes": 1, "reason": " "}, 422, "body.reason"),
    ],
)
async def test_a_wrong_campaign_is_refused_and_issues_nothing(
    shop: httpx.AsyncClient, coupon: str, body: dict[str, Any], status: int, place: str
) -> None:
    answer = await issue(shop, body, coupon)
    assert (answer.status_code, answer.json()["place"]) == (status, place)
    assert [one["issued"] for one in (await shop.get("/api/coupons")).json()] == [0, 0]


async def test_a_coupon_that_was_taken_back_is_told_as_gone_and_cannot_be_taken_twice(
    shop: httpx.AsyncClient, cloud: Cloud
) -> None:
    people = await join(shop, 1)
    instance = (await issue(shop, {"members": people})).json()["issued"][0]["instance"]
    path = f"/api/coupons/instances/{instance}/withdraw"
    assert (await shop.post(path, json={"reason": "a mistake"})).status_code == 204
    with cloud.database.read() as connection:
        assert [repository.entry(row).used for row in repository.of_member(connection, people[0])] == [True]
    assert (await shop.post(path, json={"reason": "a mistake"})).status_code == 404


async def test_a_coupon_of_an_earlier_programme_is_still_shown(shop: httpx.AsyncClient) -> None:
    people = await join(shop, 1)
    await issue(shop, {"members": people})
    await shop.put("/api/programme", json={"programme": PROGRAMME["programme"]})
    views = (await shop.get("/api/coupons")).json()
    assert [(one["coupon"], one["in_programme"], one["open"]) for one in views] == [("ten", False, 1)]
