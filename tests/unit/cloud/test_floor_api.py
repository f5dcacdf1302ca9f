"""``/api/stock``, ``/api/alerts`` and the floor's pages: filters, both languages, hostile names, what is refused."""

from __future__ import annotations

import httpx
import pytest

from cloud_bridge.topics import Lane
from cloud_crm.assembly import Cloud
from cloud_crm.landing.store import CrmLandingStore
from tests.unit.cloud.store_days import SECRET
from tests.unit.cloud.test_floor_landing import Floor

HOSTILE = "</td><script>alert(1)</script>"


@pytest.fixture
def told(cloud: Cloud) -> Floor:
    """A store with something of everything, under a hostile article number."""
    landing = CrmLandingStore(
        cloud.database, secrets={"store-1": SECRET, "store-2": SECRET}, clock=cloud.clock, watcher=cloud.news
    )
    day = Floor()
    day.holds("A1", 0, sku=HOSTILE)
    day.holds("A2", 7)
    day.alerts("raised", kind="stock_out", units=0)
    day.misses(2)
    day.refuses()
    landing.land([day.batch(), day.batch(lane=Lane.TELEMETRY)])
    return day


@pytest.mark.usefixtures("told")
async def test_stock_is_asked_for_by_store_and_by_article(web: httpx.AsyncClient) -> None:
    everything = (await web.get("/api/stock")).json()
    assert [(row["store_name"], row["slot"], row["units"], row["state"]) for row in everything] == [
        ("High Street", "A1", 0, "out"), ("High Street", "A2", 7, "ok"),
    ]  # fmt: skip
    assert (await web.get("/api/stock", params={"sku": "tea"})).json() == everything[1:]
    assert (await web.get("/api/stock", params={"sku": HOSTILE, "store": "store-1"})).json() == everything[:1]
    assert (await web.get("/api/stock", params={"store": "store-2"})).json() == []


@pytest.mark.usefixtures("told")
async def test_alerts_are_asked_for_by_state(web: httpx.AsyncClient) -> None:
    for state, count in (("open", 1), ("raised", 1), ("resolved", 0), ("snoozed", 0)):
        assert len((await web.get("/api/alerts", params={"state": state})).json()) == count
    (alert,) = (await web.get("/api/alerts")).json()
    assert (alert["kind"], alert["subject"], alert["is_open"], alert["units"]) == ("stock_out", "A1", True, 0)
    assert len((await web.get("/api/discrepancies", params={"sku": "tea"})).json()) == 1
    assert (await web.get("/api/refused-cards")).json()[0]["reason"] == "replayed"
    assert (await web.get("/api/missing")).json()["out"] == 1


@pytest.mark.parametrize(
    "asked",
    [
        "stock?store=../etc",
        "stock?sku=",
        "stock?sku=%00",
        "stock?limit=0",
        "stock?limit=1001",
        "alerts?state=gone",
        "alerts?limit=x",
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_place(web: httpx.AsyncClient, asked: str) -> None:
    answer = await web.get(f"/api/{asked}")
    assert answer.status_code == 422
    assert answer.json()["place"].startswith("query.")


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Out of stock", "What staff are called for")), ("zh-CN", ("缺货", "需要店员处理的事"))],
)
async def test_the_pages_tell_it_in_both_languages_and_hostile_names_stay_text(
    web: httpx.AsyncClient, language: str, words: tuple[str, ...]
) -> None:
    page = (await web.get(f"/stores/store-1/floor?lang={language}")).text
    assert all(word in page for word in words)
    for text in (page, (await web.get(f"/missing?lang={language}")).text):
        assert "<script>alert" not in text
        assert "&lt;/td&gt;" in text


async def test_a_store_nobody_enrolled_has_no_floor(web: httpx.AsyncClient) -> None:
    assert (await web.get("/stores/store-9/floor")).status_code == 404


async def test_a_chain_that_told_nothing_misses_nothing(web: httpx.AsyncClient) -> None:
    assert "Nothing is missing" in (await web.get("/missing?lang=en")).text
    assert "has told of no shelf yet" in (await web.get("/stores/store-1/floor?lang=en")).text
