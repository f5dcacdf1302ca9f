"""What somebody must look at: who may be there twice, and what could not be applied; each act with who and why."""

from __future__ import annotations

import httpx
import pytest

from cloud_bridge.contract import MemberChangedV1, SaleCompletedV1
from cloud_bridge.receipts import Hello
from cloud_crm.assembly import Cloud
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.members import records
from tests.unit.cloud.conftest import client_of
from tests.unit.cloud.store_days import StoreDay

PROGRAMME = {
    "programme": {"name": "P", "currency": "GBP"},
    "earning": {"referral": {"referrer_points": 100, "referred_points": 50, "minimum_minor": 1000}},
}


def cloud_store(cloud: Cloud) -> CrmLandingStore:
    """The landing that the running cloud has, with all its effects."""
    return cloud._store


async def join(web: httpx.AsyncClient, name: str, phone: str, referrer: str = "") -> str:
    body = {"name": name, "phone": phone} | ({"referrer": referrer} if referrer else {})
    answer = await web.post("/api/members", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["member"])


@pytest.fixture
async def doubled(web: httpx.AsyncClient, cloud: Cloud) -> tuple[str, str]:
    """Alma brought Bea, who gave Alma's number and bought something."""
    assert (await web.put("/api/programme", json=PROGRAMME)).status_code == 200
    alma = await join(web, "Alma", "13800138000")
    code = (await web.get(f"/api/members/{alma}")).json()["referral_code"]
    bea = await join(web, "Bea", "+86 138 0013 8000", code)
    day = StoreDay()
    landing = cloud_store(cloud)
    landing.greet("store-1", Hello(incarnation=day.incarnation))
    day.write(SaleCompletedV1(sale="S1", till="t", currency="GBP", total_minor=2_000, sold_at=day.time))
    day.earn(bea, "S1", 20)
    landing.land([day.batch()])
    return alma, bea


async def balance(web: httpx.AsyncClient, member: str) -> int:
    return int((await web.get(f"/api/members/{member}")).json()["balance"])


async def test_whoever_may_be_there_twice_is_listed_and_not_paid_for(
    web: httpx.AsyncClient, doubled: tuple[str, str]
) -> None:
    alma, bea = doubled
    [listed] = (await web.get("/api/disputes")).json()["doubles"]
    assert (listed["member"], listed["duplicate_of"], listed["referred_by"]) == (bea, alma, alma)
    assert await balance(web, alma) == 0


async def test_two_people_are_told_apart_and_the_referral_is_paid_once(
    web: httpx.AsyncClient, cloud: Cloud, doubled: tuple[str, str]
) -> None:
    alma, bea = doubled
    answer = await web.post(f"/api/members/{bea}/two-people", json={"reason": "mother and daughter"})
    assert answer.status_code == 204, answer.text
    assert (await balance(web, alma), await balance(web, bea)) == (100, 70)
    assert (await web.get("/api/disputes")).json()["doubles"] == []
    again = await web.post(f"/api/members/{bea}/two-people", json={"reason": "mother and daughter"})
    assert again.status_code == 409
    assert await balance(web, alma) == 100
    with cloud.database.read() as connection:
        [act] = records.acts_on(connection, bea)
    assert (act.action, act.reason, act.actor, act.subject) == (
        "two_people", "mother and daughter", "this machine", alma,
    )  # fmt: skip


@pytest.fixture
def disputed(cloud: Cloud) -> str:
    """A store changed the details of somebody nobody knows."""
    day = StoreDay("store-2", "c" * 32)
    day.write(MemberChangedV1(cause="a" * 32 + "/ledger/1", member="nobody", language="en"))
    cloud_store(cloud).land([day.batch()])
    return f"{day.incarnation}/ledger/1"


async def test_a_disputed_fact_is_listed_until_somebody_settled_it(
    web: httpx.AsyncClient, cloud: Cloud, disputed: str
) -> None:
    [listed] = (await web.get("/api/disputes")).json()["disputes"]
    assert (listed["event"], listed["reason"], listed["member"]) == (disputed, "unknown_member", "nobody")
    page = (await web.get("/disputes?lang=en")).text
    assert "Details changed: nobody knows this member" in " ".join(page.split())
    answer = await web.post("/api/disputes/settle", json={"event": disputed, "reason": "called the store"})
    assert answer.status_code == 204, answer.text
    assert (await web.get("/api/disputes")).json()["disputes"] == []
    assert (await web.post("/api/disputes/settle", json={"event": disputed, "reason": "again"})).status_code == 409
    with cloud.database.read() as connection:
        [act] = records.acts_on(connection, "nobody")
    assert (act.action, act.subject, act.reason) == ("settle_dispute", disputed, "called the store")


async def test_the_page_does_the_same_by_plain_forms(
    web: httpx.AsyncClient, doubled: tuple[str, str], disputed: str
) -> None:
    _, bea = doubled
    refused = await web.post(f"/disputes/members/{bea}", data={"reason": ""})
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert (await web.post(f"/disputes/members/{bea}", data={"reason": "two ladies"})).status_code == 303
    settled = await web.post("/disputes/settle", data={"event": disputed, "reason": "looked at"})
    assert settled.status_code == 303
    empty = (await web.get("/disputes?lang=en")).text
    assert "Nobody." in empty
    assert "Nothing." in empty


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/disputes/settle", {"event": "x/ledger/1", "reason": "fine"}, 404),
        ("/api/disputes/settle", {"event": "\x00", "reason": "fine"}, 422),
        ("/api/disputes/settle", {"event": "a" * 81, "reason": "fine"}, 422),
        ("/api/disputes/settle", {"event": "x"}, 422),
        ("/api/disputes/settle", ["x"], 422),
        ("/api/members/nobody/two-people", {"reason": "fine"}, 404),
        ("/api/members/nobody/two-people", {"reason": "x"}, 422),
        ("/api/members/nobody/two-people", {"reason": "fine", "more": 1}, 422),
    ],
)
async def test_what_cannot_be_done_is_refused_with_place_and_remedy(
    web: httpx.AsyncClient, path: str, body: object, status: int
) -> None:
    answer = await web.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert all(answer.json()[key] for key in ("place", "problem", "remedy"))


async def test_links_and_changed_details_are_kept_with_who(web: httpx.AsyncClient, cloud: Cloud) -> None:
    member = await join(web, "Alma", "")
    linked = await web.post(f"/api/members/{member}/media", json={"technology": "card", "number_hex": "04a1b2c3d4"})
    await web.delete(f"/api/members/{member}/media/{linked.json()['medium']}")
    await web.patch(f"/api/members/{member}", json={"language": "en", "phone": "13800138000"})
    with cloud.database.read() as connection:
        acts = [(act.action, act.actor, act.subject) for act in records.acts_on(connection, member)]
    medium = linked.json()["medium"]
    assert acts == [
        ("change_member", "this machine", "language, phone"),
        ("unlink_medium", "this machine", medium),
        ("link_medium", "this machine", medium),
    ]


async def test_nobody_without_the_password_sees_or_settles_anything(cloud: Cloud, disputed: str) -> None:
    async with client_of(cloud) as client:
        foreign = {"origin": "https://elsewhere.example"}
        for path in ("/api/disputes/settle", "/disputes/settle"):
            assert (await client.post(path, headers=foreign, data={"event": disputed})).status_code == 403
