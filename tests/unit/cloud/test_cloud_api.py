"""The JSON API: what it answers, and how it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from cloud_bridge.landing.store import LandingStore
from cloud_bridge.receipts import Hello, LaneFigures
from cloud_bridge.topics import Lane
from cloud_bridge.transport import Will, Wire
from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings
from cloud_crm.landing.store import CrmLandingStore
from loyalty.identifiers import medium_id
from loyalty.ledger import digest
from tests.unit.cloud.conftest import MEDIUM_KEY, client_of
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

CARD = {"technology": "card", "number_hex": "04A1B2C3D4E5F6"}


@pytest.fixture
def store(cloud: Cloud, clock: FakeClock) -> LandingStore:
    return CrmLandingStore(cloud.database, secrets={"store-1": SECRET}, clock=clock, watcher=cloud.news)


async def join(web: httpx.AsyncClient, name: str = "Alma") -> str:
    answer = await web.post("/api/members", json={"name": name, "language": "en"})
    assert answer.status_code == 201
    return str(answer.json()["member"])


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"place", "problem", "remedy"}
    assert all(body.values())
    return body


async def test_a_member_joins_and_links_a_card_that_every_gateway_knows_by_the_same_hash(
    web: httpx.AsyncClient,
) -> None:
    member = await join(web)
    linked = await web.post(f"/api/members/{member}/media", json=CARD)
    expected = medium_id("card", bytes.fromhex("04a1b2c3d4e5f6"), key=MEDIUM_KEY)
    assert (linked.status_code, linked.json()) == (201, {"medium": expected})
    view = (await web.get(f"/api/members/{member}")).json()
    assert [medium["medium"] for medium in view["media"]] == [expected]
    assert "04a1b2c3d4e5f6" not in str(view).lower()


async def test_a_card_linked_twice_to_one_member_is_linked_once(web: httpx.AsyncClient) -> None:
    member = await join(web)
    answers = [await web.post(f"/api/members/{member}/media", json=CARD) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len((await web.get(f"/api/members/{member}")).json()["media"]) == 1


async def test_a_card_of_another_member_is_refused_until_it_is_unlinked_there(web: httpx.AsyncClient) -> None:
    alma, bo = await join(web), await join(web, "Bo")
    medium = (await web.post(f"/api/members/{alma}/media", json=CARD)).json()["medium"]
    assert problem(await web.post(f"/api/members/{bo}/media", json=CARD), 409)["place"] == "number_hex"
    problem(await web.delete(f"/api/members/{bo}/media/{medium}"), 404)
    assert (await web.delete(f"/api/members/{alma}/media/{medium}")).status_code == 204
    assert (await web.post(f"/api/members/{bo}/media", json=CARD)).status_code == 201


async def test_a_card_with_a_random_number_cannot_be_linked(web: httpx.AsyncClient) -> None:
    member = await join(web)
    random_uid = {"technology": "card", "number_hex": "08aabbcc"}
    assert "random" in problem(await web.post(f"/api/members/{member}/media", json=random_uid), 422)["problem"]


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "Al\nma", "Al\x00ma", "\u202eevil", "tab\there"])
async def test_a_name_that_no_screen_should_show_is_refused(web: httpx.AsyncClient, name: str) -> None:
    problem(await web.post("/api/members", json={"name": name}), 422)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "O'Brien; DROP TABLE members", "👩‍🚀 王小明", "علی‌رضا"])
async def test_a_name_is_kept_as_the_text_it_is(web: httpx.AsyncClient, name: str) -> None:
    member = await join(web, name)
    assert (await web.get(f"/api/members/{member}")).json()["name"] == name


async def test_an_import_takes_all_entries_or_none(web: httpx.AsyncClient) -> None:
    entries = [
        {"member": "old-17", "name": "Alma", "media": [CARD, {"technology": "code", "number_hex": "31"}]},
        {"name": "Bo", "language": "zh-CN"},
    ]
    first = await web.post("/api/members/import", json=entries)
    assert first.json()["members"][0] == "old-17"
    entries[0]["name"] = "Alma Reyes"
    again = await web.post("/api/members/import", json=entries[:1])
    assert again.json()["members"] == ["old-17"]
    assert (await web.get("/api/members/old-17")).json()["name"] == "Alma Reyes"
    clash = [{"name": "Cy"}, {"name": "Di", "media": [CARD]}]
    assert problem(await web.post("/api/members/import", json=clash), 409)["place"] == "1.media.0.number_hex"
    assert (await web.get("/members")).text.count("person") == 2


async def test_an_import_that_contradicts_itself_is_refused(web: httpx.AsyncClient) -> None:
    twice = [{"member": "m1", "name": "Alma"}, {"member": "m1", "name": "Bo"}]
    assert problem(await web.post("/api/members/import", json=twice), 422)["place"] == "1.member"
    shared = [{"name": "Alma", "media": [CARD]}, {"name": "Bo", "media": [CARD]}]
    assert problem(await web.post("/api/members/import", json=shared), 409)["place"] == "1.media.0.number_hex"
    repeated = await web.post("/api/members/import", json=[{"name": "Alma", "media": [CARD, CARD]}])
    member = repeated.json()["members"][0]
    assert len((await web.get(f"/api/members/{member}")).json()["media"]) == 1


async def test_a_new_programme_is_in_force_at_once_and_a_wrong_one_is_refused(web: httpx.AsyncClient) -> None:
    terms = {"name": "Summer", "currency": "CNY", "points": 2, "per_minor": 100, "minimum_minor": 500}
    answer = (await web.put("/api/programme", json={"programme": terms})).json()
    assert {key: answer[key] for key in terms} == terms
    assert answer["source"] == "operator"
    for wrong, place in (({"points": 0}, "body.programme.points"), ({"colour": "red"}, "body.programme.colour")):
        refused = await web.put("/api/programme", json={"programme": {**terms, **wrong}})
        assert problem(refused, 422)["place"] == place
    assert (await web.get("/api/programme")).json()["name"] == "Summer"


async def test_the_ledger_digest_is_that_of_the_postings(
    web: httpx.AsyncClient, cloud: Cloud, store: LandingStore
) -> None:
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    day.earn("bo", "r-2", 30)
    day.take_back("alma", "f-1", 2)
    store.land([day.batch()])
    answer = (await web.get("/api/ledger/digest")).json()
    with cloud.database.read() as connection:
        from cloud_crm.ledger import repository

        expected = digest(repository.every_posting(connection))
    assert answer == {"postings": 3, "points_issued": 40, "digest": expected}
    of_alma = (await web.get("/api/ledger", params={"member": "alma"})).json()["postings"]
    assert [(posting["change"], posting["rule"]) for posting in of_alma] == [(-2, "refund"), (12, "spend")]
    older = (await web.get("/api/ledger", params={"before": of_alma[0]["position"]})).json()["postings"]
    assert [posting["change"] for posting in older] == [30, 12]


async def test_the_figures_of_a_gateway_are_both_sides_of_the_books(
    web: httpx.AsyncClient, store: LandingStore
) -> None:
    day = StoreDay()
    for _ in range(5):
        day.tap()
    store.land([day.batch(1, 3), day.batch(2, 2)])
    figures = {Lane.LEDGER: LaneFigures(recorded=5, acked=3, queued=2, dropped=0)}
    store.greet("store-1", Hello(incarnation=day.incarnation, software="0.1.0", lanes=figures))
    one = (await web.get("/api/gateways/store-1")).json()
    lane = one["lanes"]["ledger"]
    assert (lane["high"], lane["received"], lane["duplicates"], lane["lost"]) == (3, 3, 1, 0)
    assert lane["reported"]["recorded"] == lane["received"] + lane["reported"]["queued"]
    assert (one["presence"], one["queued"], one["software"]) == ("online", 2, "0.1.0")
    assert [view["gateway"] for view in (await web.get("/api/gateways")).json()] == ["store-1", "store-2"]


async def test_the_figures_of_a_lane_go_on_counting_when_a_gateway_begins_a_new_incarnation(
    web: httpx.AsyncClient, store: LandingStore
) -> None:
    day = StoreDay()
    for _ in range(3):
        day.tap()
    store.land([day.batch()])
    reborn = day.reborn()
    reborn.tap()
    store.land([reborn.batch()])
    store.greet("store-1", Hello(incarnation=reborn.incarnation, software="0.1.0"))
    one = (await web.get("/api/gateways/store-1")).json()
    assert (one["incarnation"], one["earlier_incarnations"]) == (reborn.incarnation, 1)
    assert (one["lanes"]["ledger"]["high"], one["lanes"]["ledger"]["received"]) == (1, 4)


async def test_a_release_needs_a_quarantine_and_is_kept_with_its_operator(
    web: httpx.AsyncClient, store: LandingStore
) -> None:
    problem(await web.post("/api/gateways/store-1/release"), 409)
    day, forged = StoreDay(), StoreDay()
    day.tap()
    forged.show()
    forged.earn("alma", "r-1", 5)
    store.land([day.batch()])
    store.land([forged.batch()])
    assert (await web.get("/api/gateways/store-1")).json()["quarantine"]["sequence"] == 1
    released = (await web.post("/api/gateways/store-1/release")).json()
    assert released["quarantine"] is None
    assert released["quarantines"][0]["released_by"] == "this machine"
    assert released["quarantines"][0]["released_at"] == "2026-05-01T09:00:00.000Z"


async def test_events_are_read_on_from_where_one_stopped(web: httpx.AsyncClient, store: LandingStore) -> None:
    day = StoreDay()
    for _ in range(5):
        day.tap()
    store.land([day.batch()])
    first = (await web.get("/api/events", params={"gateway": "store-1", "limit": 3})).json()
    rest = (await web.get("/api/events", params={"after": first["next"], "limit": 3})).json()
    sequences = [event["event"]["sequence"] for page in (first, rest) for event in page["events"]]
    assert sequences == [1, 2, 3, 4, 5]
    assert (await web.get("/api/events", params={"after": rest["next"]})).json() == {"events": [], "next": rest["next"]}
    assert (await web.get("/api/events", params={"gateway": "store-2"})).json()["events"] == []


async def test_metrics_and_probes_tell_what_is_there(web: httpx.AsyncClient) -> None:
    assert (await web.get("/healthz")).status_code == (await web.head("/healthz")).status_code == 200
    ready = await web.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"database": True, "broker": False})
    metrics = (await web.get("/metrics")).text
    assert 'regulars_store_quarantined{gateway="store-1"} 0.0' in metrics
    assert (await web.get("/asyncapi.json")).json()["asyncapi"].startswith("3.")


async def test_work_that_ended_by_a_bug_is_told_to_whoever_restarts_the_program(settings: CloudSettings) -> None:
    @asynccontextmanager
    async def dial(_: Will | None) -> AsyncIterator[Wire]:
        raise ZeroDivisionError("a bug")
        yield

    cloud = Cloud(settings, dial=dial)
    async with client_of(cloud) as web:
        assert (await web.get("/healthz")).status_code == 200
        async with asyncio.timeout(5), cloud.running():
            while (answer := await web.get("/healthz")).status_code == 200:
                pass
        assert (answer.status_code, answer.json()) == (503, {"status": "ended"})


async def test_two_apps_in_one_process_keep_their_figures_apart(cloud: Cloud) -> None:
    assert cloud.figures.registry() is not cloud.figures.registry()


async def test_what_does_not_exist_is_said_in_one_shape(web: httpx.AsyncClient) -> None:
    for path in ("/api/gateways/nope", "/api/members/nobody", "/api/nothing", "/stores/nope"):
        problem(await web.get(path), 404)
    problem(await web.get("/api/gateways/NOT%20AN%20ID"), 422)
    problem(await web.patch("/api/members"), 405)
    page = await web.get("/stores/nope", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
