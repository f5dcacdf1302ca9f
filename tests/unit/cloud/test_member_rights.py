"""Where every point of a member is: the account as head office sees it."""

from __future__ import annotations

import httpx
import pytest

from cloud_bridge.landing.store import LandingStore
from cloud_bridge.receipts import Hello
from cloud_crm.assembly import Cloud
from cloud_crm.landing.store import CrmLandingStore
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay


@pytest.fixture
def store(cloud: Cloud, clock: FakeClock) -> LandingStore:
    return CrmLandingStore(cloud.database, secrets={"store-1": SECRET}, clock=clock, watcher=cloud.news)


async def joined(web: httpx.AsyncClient) -> str:
    return str((await web.post("/api/members", json={"name": "Alma", "language": "en"})).json()["member"])


async def test_a_member_without_points_has_none_anywhere(web: httpx.AsyncClient) -> None:
    member = await joined(web)
    nothing = {"balance": 0, "available": 0, "out": 0, "suspense": 0, "places": []}
    assert (await web.get(f"/api/members/{member}/rights")).json() == {"member": member, **nothing}
    assert (await web.get("/api/members/nobody/rights")).status_code == 404


async def test_what_is_free_lent_and_in_doubt_is_the_balance(web: httpx.AsyncClient, store: LandingStore) -> None:
    member = await joined(web)
    day = StoreDay()
    store.greet("store-1", Hello(incarnation=day.incarnation, boot="one"))
    day.earn(member, "r-1", 120)
    store.land([day.batch()])
    account = (await web.get(f"/api/members/{member}/rights")).json()
    assert account["balance"] == 120
    assert account["available"] + account["out"] + account["suspense"] == 120
    assert sum(place["held"] for place in account["places"]) == account["out"] == 120

    reborn = day.reborn()
    store.greet("store-1", Hello(incarnation=reborn.incarnation, boot="two"))
    account = (await web.get(f"/api/members/{member}/rights")).json()
    assert (account["balance"], account["out"], account["suspense"]) == (120, 0, 120)
    assert account["places"] == [{"gateway": "store-1", "held": 0, "suspense": 120}]
