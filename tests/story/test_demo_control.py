"""The control page of a running demo: its verbs, its refusals, its looks."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.story.demo_process import PATIENCE_S, DemoProcess

POLLS_MAX = 5_000
SIZES = ((1024, 600), (1280, 800), (1080, 1920))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A demo whose one shopper has gone, so that the visitor's hands are all that moves."""
    with DemoProcess(tmp_path_factory.mktemp("demo"), "--seed", "7", "--turns", "1", "--speed", "1") as running:
        assert any(running.state()["turns_done"] for _ in range(POLLS_MAX))
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_a_stranger_buys_is_linked_and_then_greeted_with_the_points(demo: DemoProcess) -> None:
    assert demo.control("/api/tap", uid="04C0FFEE00BEEF") == {"outcome": "unknown"}
    demo.control("/api/sale", amount_minor=9_900)
    assert demo.state()["stranger"] is True
    assert demo.control("/api/link", member=first_member(demo)) == {"outcome": "linked"}
    assert demo.state()["stranger"] is False
    assert any(demo.control("/api/tap", uid="04C0FFEE00BEEF") == {"outcome": "greeted"} for _ in range(20))
    assert counter_of(demo, 1)["kiosk"]["balance"] >= 99


def test_a_card_that_proves_itself_is_greeted_and_its_clone_is_refused(demo: DemoProcess) -> None:
    assert any(demo.control("/api/prove") == {"outcome": "greeted"} for _ in range(20))
    assert demo.control("/api/prove", is_clone=True) == {"outcome": "refused"}
    assert demo.control("/api/prove") == {"outcome": "greeted"}


def test_a_sale_is_made_and_refunded(demo: DemoProcess) -> None:
    before = demo.state()["refunds"]
    assert str(demo.control("/api/sale", amount_minor=3_680)["outcome"]).startswith("desk-")
    assert demo.state()["last_sale"] is not None
    demo.control("/api/refund")
    assert demo.state()["last_sale"] is None
    assert demo.state()["refunds"] == before + 1  # type: ignore[operator]
    assert ask(demo, "/api/refund", {}).status_code == 409


def test_an_unplugged_reader_leaves_the_card_unanswered_until_it_is_back(demo: DemoProcess) -> None:
    demo.control("/api/reader", state="unplugged")
    assert demo.control("/api/tap", uid="04C0FFEE00BEEF") == {"outcome": "unanswered"}
    demo.control("/api/reader", state="working")
    assert any(demo.control("/api/tap", uid="04C0FFEE00BEEF")["outcome"] != "unanswered" for _ in range(10))


def test_each_counter_has_hands_a_reader_and_a_kiosk_of_its_own(demo: DemoProcess) -> None:
    first = counter_of(demo, 1)
    uid = card_of_first_member(demo)
    assert demo.control("/api/tap", uid=uid, counter=2) == {"outcome": "greeted"}
    demo.control("/api/sale", amount_minor=12_300, counter=2)
    assert counter_of(demo, 2)["kiosk"]["screen"] in {"greeting", "earned"}
    assert counter_of(demo, 1) == first
    demo.control("/api/reader", state="unplugged", counter=2)
    assert (counter_of(demo, 1)["reader"], counter_of(demo, 2)["reader"]) == ("working", "unplugged")
    demo.control("/api/reader", state="working", counter=2)
    assert ask(demo, "/api/tap", {"uid": uid, "counter": 3}).status_code == 409


def test_points_are_paid_with_as_far_as_they_go(demo: DemoProcess) -> None:
    demo.control("/api/tap", uid=card_of_first_member(demo))
    demo.control("/api/sale", amount_minor=15_000)
    demo.control("/api/tap", uid=card_of_first_member(demo))
    before = demo.state()["points_redeemed"]
    demo.control("/api/sale", amount_minor=5_000, with_points=True)
    state = demo.state()
    redeemed = state["points_redeemed"] - before  # type: ignore[operator]
    assert redeemed >= 100
    assert redeemed % 100 == 0, "points pay in the steps of the programme"
    assert state["last_sale"]["total_minor"] < 5_000  # type: ignore[index]
    assert state["is_frozen"] is False
    assert state["lease"]["points_held"] > 0  # type: ignore[index]


def test_a_code_is_scanned(demo: DemoProcess) -> None:
    assert demo.control("/api/scan", text="2000000000015") == {"outcome": "scanned"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/tap", {"uid": "not hexadecimal"}, 409),
        ("/api/tap", {"uid": "04" * 30}, 422),
        ("/api/tap", {}, 422),
        ("/api/sale", {"amount_minor": 0}, 422),
        ("/api/sale", {"amount_minor": 1.5}, 422),
        ("/api/scan", {"text": "\x1b[2J"}, 409),
        ("/api/reader", {"state": "on fire"}, 422),
        ("/api/gateway", {"action": "kill", "pid": 1}, 422),
        ("/api/link", {"member": "../../etc"}, 422),
        ("/api/nothing", {}, 404),
        ("/api/tap", {"uid": "04C0FFEE00BEEF", "counter": 0}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    demo: DemoProcess, path: str, body: dict[str, object], status: int
) -> None:
    response = ask(demo, path, body)
    assert response.status_code == status, response.text
    assert all(response.json()[part] for part in ("place", "problem", "remedy"))


def test_pages_of_other_sites_and_under_other_names_are_refused(demo: DemoProcess) -> None:
    for headers in (
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
    ):
        assert ask(demo, "/api/cable", {"plugged": False}, headers).status_code == 403
    assert demo.state()["plugged"] is True


def test_the_page_says_the_same_in_both_languages_and_runs_only_its_own_scripts(demo: DemoProcess) -> None:
    url = demo.address("Demo control")
    for language, words in (("zh-CN", "演示控制台"), ("en", "Demo control")):
        response = httpx.get(url, params={"lang": language}, trust_env=False)
        assert response.status_code == 200
        assert words in response.text
        assert "script-src 'self'" in response.headers["content-security-policy"]


@pytest.mark.needs_chromium
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_fits_every_screen_and_axe_finds_nothing(demo: DemoProcess, browser: Browser, language: str) -> None:
    for width, height in SIZES:
        page = browser.new_page(viewport={"width": width, "height": height})
        try:
            complaints = console_of(page)
            page.goto(f"{demo.address('Demo control')}/?lang={language}", timeout=PATIENCE_S * 1_000)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert Axe().run(page).response["violations"] == []
            assert complaints == []
        finally:
            page.close()


@pytest.mark.needs_chromium
def test_a_button_taps_the_card_and_the_stations_light_up(demo: DemoProcess, browser: Browser) -> None:
    page = browser.new_page()
    try:
        page.goto(f"{demo.address('Demo control')}/?lang=en")
        page.locator(".hand button").first.click()
        page.locator("#said", has_text="The kiosk greets the member").wait_for(timeout=PATIENCE_S * 1_000)
        for station in ("sense", "record", "identify", "decide", "commit", "show"):
            page.locator(f'[data-station="{station}"][data-lit]').wait_for(timeout=PATIENCE_S * 1_000)
    finally:
        page.close()


@pytest.mark.needs_chromium
def test_the_chosen_counter_is_where_the_page_taps_and_whose_kiosk_it_shows(
    demo: DemoProcess, browser: Browser
) -> None:
    page = browser.new_page()
    try:
        page.goto(f"{demo.address('Demo control')}/?lang=en")
        page.get_by_role("radio", name="2").check()
        page.locator("#kiosk-link[href$='/kiosk/kiosk-2']").wait_for(timeout=PATIENCE_S * 1_000)
        page.locator(".hand button").nth(1).click()
        name = page.locator(".hand button").nth(1).inner_text()
        page.locator(".screen .name", has_text=name).wait_for(timeout=PATIENCE_S * 1_000)
        assert counter_of(demo, 2)["kiosk"]["name"] == name
    finally:
        page.close()


def console_of(page: Page) -> list[str]:
    """What the page says to its console from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return said


def counter_of(demo: DemoProcess, number: int) -> dict[str, Any]:
    """What the page shows of one counter."""
    counters = demo.state()["counters"]
    assert isinstance(counters, list)
    counter: dict[str, Any] = counters[number - 1]
    return counter


def card_of_first_member(demo: DemoProcess) -> str:
    """The card that the page's first button taps."""
    text = httpx.get(demo.address("Demo control"), trust_env=False).text
    return html.unescape(text).split('{"uid": "')[1].split('"')[0]


def first_member(demo: DemoProcess) -> str:
    """The first member whom the page offers to link a card to."""
    text = httpx.get(demo.address("Demo control"), trust_env=False).text
    return text.split('<option value="')[1].split('"')[0]


def ask(demo: DemoProcess, path: str, body: dict[str, object], headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.post(
        f"{demo.address('Demo control')}{path}", json=body, headers=headers, timeout=PATIENCE_S, trust_env=False
    )
