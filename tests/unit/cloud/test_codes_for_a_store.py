"""Codes work offline in the store they are made for, or in the one where they are shown first; in one at a time."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from cloud_bridge.contract import CodeScannedV1
from cloud_bridge.receipts import Hello
from cloud_crm.assembly import Cloud
from cloud_crm.coupons import issuing
from cloud_crm.coupons.issuing import Issuer, Wanted
from cloud_crm.database import Database
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.programme import repository as programmes
from loyalty.identifiers import medium_id
from tests.unit.cloud.conftest import MEDIUM_KEY
from tests.unit.cloud.shop_days import Shop
from tests.unit.cloud.store_days import FakeClock, StoreDay
from tests.unit.cloud.test_coupon_campaigns import PROGRAMME, SPRING, issue


@pytest.fixture
async def shop(web: httpx.AsyncClient) -> httpx.AsyncClient:
    assert (await web.put("/api/programme", json=PROGRAMME)).status_code == 200
    return web


@pytest.fixture
def heard(cloud: Cloud) -> dict[str, StoreDay]:
    """Both stores have greeted."""
    days = {name: StoreDay(name) for name in ("store-1", "store-2")}
    for name, day in days.items():
        cloud._store.greet(name, Hello(incarnation=day.incarnation))
    return days


def lent_to(store: CrmLandingStore, day: StoreDay) -> int:
    """How many coupons a store may let be used, as it is told."""
    epoch, version, held = "", 0, 0
    while step := store.next_step(day.gateway_id, incarnation=day.incarnation, epoch=epoch, version=version):
        held += sum(right.granted for right in step.rights if right.currency.startswith("coupon/"))
        epoch, version = step.epoch, step.to_version
    return held


async def test_codes_made_for_a_store_are_lent_to_it_at_once(
    shop: httpx.AsyncClient, cloud: Cloud, heard: dict[str, StoreDay]
) -> None:
    answer = await issue(shop, {"codes": 3, "gateway": "store-2"}, "many")
    assert answer.status_code == 201, answer.text
    assert [lent_to(cloud._store, heard[name]) for name in ("store-1", "store-2")] == [0, 3]


async def test_codes_for_no_store_wait_to_be_shown(
    shop: httpx.AsyncClient, cloud: Cloud, heard: dict[str, StoreDay]
) -> None:
    await issue(shop, {"codes": 3}, "many")
    assert [lent_to(cloud._store, day) for day in heard.values()] == [0, 0]


async def test_a_store_that_was_never_heard_cannot_be_promised_codes(shop: httpx.AsyncClient) -> None:
    answer = await issue(shop, {"codes": 3, "gateway": "store-2"}, "many")
    assert (answer.status_code, answer.json()["place"]) == (409, "body.gateway")
    assert "where they are shown first" in answer.json()["remedy"]
    view = next(one for one in (await shop.get("/api/coupons")).json() if one["coupon"] == "many")
    assert view["issued"] == 0


async def test_the_page_asks_for_the_store(shop: httpx.AsyncClient, cloud: Cloud, heard: dict[str, StoreDay]) -> None:
    page = (await shop.get("/coupons", headers={"accept-language": "zh-CN"})).text
    assert "断网也可使用的门店" in page
    assert '<option value="store-2">人民广场店</option>' in page
    form = {**SPRING, "codes": "2", "gateway": "store-1"}
    answer = await shop.post("/coupons/many/codes", data=form)
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 3
    assert [lent_to(cloud._store, heard[name]) for name in ("store-1", "store-2")] == [2, 0]


def test_a_code_that_a_till_names_is_lent_to_that_store_and_to_no_other_after(
    database: Database, clock: FakeClock
) -> None:
    one = Shop(database, PROGRAMME, clock)
    code = medium_id("code", b"SPRING", key=MEDIUM_KEY)
    with database.write() as connection:
        terms = programmes.terms_in_force(connection)
        assert terms is not None
        issuer = Issuer("campaign", "", "2026-05-01T00:00:00.000Z", clock().date())
        issuing.issue(connection, terms, [Wanted("many", "k", code=code)], issuer)
    for store in ("store-2", "store-1"):
        one.days[store].write(CodeScannedV1(scanner="till-1", symbology="till", medium=code))
        one.land(store)
    assert [lent_to(one.landing, one.days[name]) for name in ("store-1", "store-2")] == [0, 1]
