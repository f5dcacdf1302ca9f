"""The head office's page of one member: everything with its reason, and acts that are kept with who and why."""

from __future__ import annotations

import re

import httpx
import pytest

from cloud_crm.assembly import Cloud
from cloud_crm.members import records
from tests.unit.cloud.test_coupon_campaigns import PROGRAMME

CARD = {"technology": "card", "number_hex": "04a1b2c3d4e5f6"}


@pytest.fixture
async def anna(web: httpx.AsyncClient) -> str:
    await web.put("/api/programme", json=PROGRAMME)
    joined = await web.post(
        "/api/members", json={"name": "Anna", "phone": "+86 138 0013 8000", "birthday": "1990-02-29"}
    )
    assert joined.status_code == 201, joined.text
    return str(joined.json()["member"])


async def act(web: httpx.AsyncClient, member: str, **form: str) -> httpx.Response:
    return await web.post(f"/members/{member}/acts", data=form)


async def test_a_member_is_found_by_name_id_code_phone_number_or_its_last_digits(
    web: httpx.AsyncClient, anna: str
) -> None:
    await web.post("/api/members", json={"name": "Bo", "phone": "13900139000"})
    code = (await web.get(f"/api/members/{anna}")).json()["referral_code"]
    for search in ("ann", anna[:6], code.lower(), "13800138000", "0086 138-0013-8000", "8000"):
        page = (await web.get("/members", params={"search": search})).text
        assert (page.count('class="card person"'), "Anna" in page) == (1, True), search


async def test_the_contact_is_open_on_the_page_of_the_member_and_nowhere_else(
    web: httpx.AsyncClient, anna: str
) -> None:
    assert "13800138000" in (await web.get(f"/members/{anna}")).text
    view = (await web.get(f"/api/members/{anna}")).text
    assert "13800138000" not in view + (await web.get("/members")).text
    assert "138****8000" in view
    assert '"birthday":"02-29"' in view


async def test_points_are_adjusted_once_with_who_and_why(web: httpx.AsyncClient, anna: str, cloud: Cloud) -> None:
    for _ in range(2):
        answer = await act(web, anna, act="adjust", points="480", reason="moved house", key="k1")
        assert answer.status_code == 303, answer.text
    await act(web, anna, act="adjust", points="-30", reason="posted twice", key="k2")
    assert (await web.get(f"/api/members/{anna}")).json()["balance"] == 450
    with cloud.database.read() as connection:
        kept = [(row.action, row.subject, row.reason, row.actor, row.role) for row in records.acts_on(connection, anna)]
    assert kept == [
        ("adjust", "-30", "posted twice", "this machine", "head office"),
        ("adjust", "480", "moved house", "this machine", "head office"),
    ]
    assert "Adjusted by hand" in (await web.get(f"/members/{anna}?lang=en")).text


async def test_more_than_there_is_may_be_taken_and_is_owed(web: httpx.AsyncClient, anna: str, cloud: Cloud) -> None:
    await act(web, anna, act="adjust", points="−30", reason="posted twice", key="k1")
    assert cloud.accounts.account(anna).debt == 30
    await act(web, anna, act="adjust", points="50", reason="made good", key="k2")
    assert (await web.get(f"/api/members/{anna}")).json()["balance"] == 20


@pytest.mark.parametrize(
    "form",
    [
        {"act": "adjust", "points": "0", "reason": "nothing", "key": "k"},
        {"act": "adjust", "points": "1e3", "reason": "many", "key": "k"},
        {"act": "adjust", "points": "12", "reason": "", "key": "k"},
        {"act": "adjust", "points": "12", "reason": "fine", "key": ""},
        {"act": "adjust", "points": "99999999", "reason": "fine", "key": "k"},
        {"act": "goodwill", "points": "-1", "reason": "fine"},
        {"act": "coupon", "coupon": "ten", "reason": "", "key": "k"},
        {"act": "dance", "reason": "fine"},
        {"reason": "nothing named"},
    ],
)
async def test_a_form_that_cannot_be_done_says_why_and_does_nothing(
    web: httpx.AsyncClient, anna: str, cloud: Cloud, form: dict[str, str]
) -> None:
    answer = await act(web, anna, **form)
    assert answer.status_code in {409, 422}, answer.text
    assert 'role="alert"' in answer.text
    with cloud.database.read() as connection:
        assert records.acts_on(connection, anna) == []


async def test_a_coupon_is_given_and_taken_back_on_the_page(web: httpx.AsyncClient, anna: str) -> None:
    answer = await act(web, anna, act="coupon", coupon="ten", reason="sorry for the wait", key="k1")
    assert answer.status_code == 303, answer.text
    page = (await web.get(f"/members/{anna}?lang=en")).text
    found = re.search(rf"/members/{anna}/coupons/([0-9a-f]{{32}})/withdraw", page)
    assert found is not None
    refused = await act(web, anna, act="coupon", coupon="ten", reason="and another", key="k2")
    assert refused.status_code == 409
    assert (await web.post(found[0], data={"reason": "by mistake"})).status_code == 303
    assert "Taken back" in (await web.get(f"/members/{anna}?lang=en")).text


async def test_a_lost_card_is_replaced_in_one_step(web: httpx.AsyncClient, anna: str) -> None:
    old = (await web.post(f"/api/members/{anna}/media", json=CARD)).json()["medium"]
    answer = await web.post(f"/members/{anna}/media/{old}/block", data={"number": "04 99 88 77", "reason": "lost"})
    assert answer.status_code == 303, answer.text
    media = (await web.get(f"/api/members/{anna}")).json()["media"]
    assert [one["medium"] != old for one in media] == [True]


async def test_no_store_is_told_of_a_blocked_member_until_they_are_let_back_in(
    web: httpx.AsyncClient, anna: str, cloud: Cloud
) -> None:
    def told() -> tuple[list[str], list[str]]:
        step = cloud._store.next_step("store-1", incarnation="a" * 32, epoch="", version=0)
        return ([row.member for row in step.members], list(step.removed)) if step else ([], [])

    assert told() == ([anna], [])
    await act(web, anna, act="block", reason="a stolen card")
    assert told() == ([], [anna])
    await act(web, anna, act="unblock", reason="it was found")
    assert told() == ([anna], [])


async def test_consents_are_kept_with_their_provenance(web: httpx.AsyncClient, anna: str, cloud: Cloud) -> None:
    for granted in (True, False):
        consents = [{"purpose": "marketing", "granted": granted, "text_version": "2026-01"}]
        assert (await web.patch(f"/api/members/{anna}", json={"consents": consents})).status_code == 200
    assert (await web.get(f"/api/members/{anna}")).json()["consents"] == {"marketing": False}
    with cloud.database.read() as connection:
        history = records.consent_history(connection, anna)
    assert [(row.granted, row.place, row.actor, row.text_version) for row in history] == [
        (False, "cloud", "this machine", "2026-01"),
        (True, "cloud", "this machine", "2026-01"),
    ]


@pytest.mark.parametrize("field", ["phone", "email", "birthday", "referrer"])
async def test_a_detail_that_cannot_be_kept_is_refused_by_its_name_without_being_repeated(
    web: httpx.AsyncClient, anna: str, field: str
) -> None:
    answer = await web.post("/api/members", json={"name": "Bo", field: "x99"})
    assert (answer.status_code, answer.json()["place"]) == (422, field)
    assert "x99" not in answer.text


async def test_nobodys_page_is_not_found(web: httpx.AsyncClient) -> None:
    assert (await web.get("/members/nobody")).status_code == 404
    assert (await act(web, "nobody", act="adjust", points="1", reason="fine", key="k")).status_code == 404


async def test_the_programme_page_warns_in_words(web: httpx.AsyncClient) -> None:
    await web.put("/api/programme", json={**PROGRAMME, "redeeming": {"points": 1, "value_minor": 100}})
    page = (await web.get("/programme?lang=en")).text
    assert "redeeming.points" in page
    assert "This may lose money" in page


async def test_codes_made_on_the_page_come_as_a_file_once(web: httpx.AsyncClient, anna: str) -> None:
    form = {"codes": "2", "key": "k1", "reason": "flyers"}
    answer = await web.post("/coupons/many/codes", data=form)
    assert (answer.status_code, len(answer.text.split())) == (200, 3)
    assert (await web.post("/coupons/many/codes", data=form)).status_code == 409
