"""The head office's pages: both languages, hostile names, forms, live figures."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import cloud_crm
import kiosk_ui
from cloud_bridge.contract import EVENT_TYPES
from cloud_bridge.receipts import Hello
from cloud_crm.assembly import Cloud
from cloud_crm.gateways.pages import FLEET_CHANNEL, store_channel
from cloud_crm.landing.store import CrmLandingStore
from kiosk_ui.live import LiveEvent, LiveReader
from loyalty.ledger import Rule
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

TEMPLATES = Path(cloud_crm.__file__).parent / "templates"
CATALOGUES = [Path(cloud_crm.__file__).parent / "locales/zh_CN.po", Path(kiosk_ui.__file__).parent / "locales/zh_CN.po"]
PAGES = ("/disputes", "/", "/stores/store-1", "/members")


@pytest.fixture
def store(cloud: Cloud, clock: FakeClock) -> CrmLandingStore:
    return CrmLandingStore(cloud.database, secrets={"store-1": SECRET}, clock=clock, watcher=cloud.news)


def test_every_text_of_the_templates_is_translated() -> None:
    options = {"**.html": {"trimmed": "true", "extensions": "jinja2.ext.i18n"}}
    texts = {message for _, _, message, *_ in extract_from_dir(TEMPLATES, [("**.html", "jinja2")], options)}
    known: set[object] = set()
    for path in CATALOGUES:
        with path.open("rb") as source:
            known |= {message.id for message in read_po(source) if message.string}
    assert len(texts) > 50
    assert texts - known == set()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_pages_answer_in_both_languages_with_a_strict_policy(
    web: httpx.AsyncClient, path: str, language: str
) -> None:
    answer = await web.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    for forbidden in ("<script>", " style=", " onclick=", "http://", "https://"):
        assert forbidden not in answer.text


async def test_a_hostile_name_is_text_on_every_page(web: httpx.AsyncClient, store: CrmLandingStore) -> None:
    name = "<img src=x onerror=alert(1)>"
    member = (await web.post("/api/members", json={"name": name})).json()["member"]
    day = StoreDay()
    day.earn(member, "<b>r-1</b>", 12)
    store.land([day.batch()])
    for path in PAGES:
        text = (await web.get(path)).text
        assert "<img src=x" not in text
        assert "<b>r-1</b>" not in text
    assert "&lt;img src=x" in (await web.get("/stores/store-1")).text


async def test_a_card_is_linked_and_unlinked_by_plain_forms(web: httpx.AsyncClient) -> None:
    member = (await web.post("/api/members", json={"name": "Alma"})).json()["member"]
    form = {"technology": "card", "number": " 04:a1 B2-C3 D4E5F6 "}
    assert (await web.post(f"/members/{member}/media", data=form)).status_code == 303
    media = (await web.get(f"/api/members/{member}")).json()["media"]
    assert len(media) == 1
    assert (await web.post(f"/members/{member}/media/{media[0]['medium']}/unlink")).status_code == 303
    assert (await web.get(f"/api/members/{member}")).json()["media"] == []


async def test_a_wrong_form_shows_the_page_with_the_reason(web: httpx.AsyncClient) -> None:
    member = (await web.post("/api/members", json={"name": "Alma"})).json()["member"]
    wrong = [
        ("/members", {"name": ""}),
        ("/members", {"name": "Bo", "language": "klingon!"}),
        (f"/members/{member}/media", {"technology": "card", "number": "not hex"}),
        (f"/members/{member}/media", {"technology": "tattoo", "number": "04"}),
        ("/members/nobody/media", {"technology": "code", "number": "x"}),
        (f"/members/{member}/media/{'0' * 32}/unlink", {}),
    ]
    for path, form in wrong:
        answer = await web.post(path, data=form, headers={"accept": "text/html"})
        assert 400 <= answer.status_code < 500, path
        assert 'role="alert"' in answer.text, path
    assert (await web.post("/members", content=b"\xff=\xff", headers={"content-type": "text/plain"})).status_code == 415


async def test_members_are_found_by_a_part_of_the_name_and_wildcards_are_letters(web: httpx.AsyncClient) -> None:
    for name in ("Alma Reyes", "王小明", "100% Bo"):
        await web.post("/api/members", json={"name": name})
    assert "Alma Reyes" in (await web.get("/members", params={"search": "reyes"})).text
    assert "王小明" in (await web.get("/members", params={"search": "小"})).text
    text = (await web.get("/members", params={"search": "%"})).text
    assert "100% Bo" in text
    assert "Alma" not in text


async def test_a_quarantined_store_is_released_from_its_page(web: httpx.AsyncClient, store: CrmLandingStore) -> None:
    day, forged = StoreDay(), StoreDay()
    day.tap()
    forged.earn("alma", "forged", 5)
    store.land([day.batch()])
    store.land([forged.batch()])
    page = (await web.get("/stores/store-1")).text
    assert "&#34;sale&#34;:&#34;forged&#34;" in page
    assert (await web.post("/stores/store-1/release")).status_code == 303
    assert "Released by this machine" in (await web.get("/stores/store-1")).text


async def test_a_time_that_is_no_time_does_not_break_the_page(web: httpx.AsyncClient, store: CrmLandingStore) -> None:
    day = StoreDay(time="yesterday, about noon")
    day.earn("alma", "r-1", 5)
    store.land([day.batch()])
    assert (await web.get("/stores/store-1")).status_code == 200


async def next_of(reader: LiveReader, name: str) -> LiveEvent:
    async with asyncio.timeout(5):
        async for event in reader.events():
            if event.name == name:
                return event
    raise AssertionError(f"no {name}")


async def test_an_open_page_sees_events_land_and_figures_change(cloud: Cloud, store: CrmLandingStore) -> None:
    async with cloud.running():
        day = StoreDay()
        day.earn("alma", "r-1", 12)
        async with (
            cloud.hub.reader(store_channel("store-1")) as feed,
            cloud.hub.reader(store_channel("store-1")) as figures,
            cloud.hub.reader(FLEET_CHANNEL) as fleet,
        ):
            waiting = [
                asyncio.create_task(next_of(feed, "landed")),
                asyncio.create_task(next_of(figures, "store")),
                asyncio.create_task(next_of(fleet, "fleet")),
            ]
            await asyncio.to_thread(store.land, [day.batch()])
            landed, changed, totals = await asyncio.gather(*waiting)
    assert '"sequence":1' in landed.json
    assert '"change":12' in changed.json
    assert '"points_issued":12' in totals.json


async def test_a_greeting_alone_reaches_the_open_fleet_page(cloud: Cloud, store: CrmLandingStore) -> None:
    async with cloud.running(), cloud.hub.reader(FLEET_CHANNEL) as fleet:
        waiting = asyncio.create_task(next_of(fleet, "fleet"))
        await asyncio.to_thread(store.greet, "store-1", Hello(incarnation="a" * 32))
        assert '"online":1' in (await waiting).json


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_rule_and_every_event_has_words_for_pages_and_for_what_arrives_live(
    web: httpx.AsyncClient, language: str
) -> None:
    page = (await web.get(f"/stores/store-1?lang={language}")).text
    words = dict(re.findall(r'<data value="([a-z_.0-9]+)">([^<]*)</data>', page))
    wanted = {f"rule.{rule}" for rule in Rule} | {f"event.{name}" for name in EVENT_TYPES}
    assert wanted - words.keys() == set()
    unsaid = {key for key in wanted if key.endswith(words[key]) or (language == "zh-CN" and words[key].isascii())}
    assert unsaid == set()
