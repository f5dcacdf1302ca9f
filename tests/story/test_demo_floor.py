"""The demo's shop floor from outside: its page, its hands, its faults, and `regulars fault` in another terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.story.demo_process import PATIENCE_S, ROOT, DemoProcess

SIZES = ((1024, 600), (1280, 800), (1080, 1920))
POLLS_MAX = 2_000
FAULT_REFUSED = 1


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A demo whose one shopper has gone and whose clerks are off duty."""
    with DemoProcess(tmp_path_factory.mktemp("demo"), "--seed", "7", "--turns", "1", "--speed", "1") as running:
        running.control("/api/floor/room", has_clerks=False)
        assert any(running.state()["turns_done"] for _ in range(POLLS_MAX))
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


def test_goods_are_taken_paid_and_put_back_by_hand(demo: DemoProcess) -> None:
    before = slot_of(demo, "B2")["units"]
    sales = demo.state()["sales"]
    assert demo.control("/api/floor/shelf", slot="B2", act="buy", units=2) == {"outcome": "buy"}
    assert slot_of(demo, "B2")["units"] == before - 2
    assert demo.state()["sales"] == sales + 1  # type: ignore[operator]
    assert demo.control("/api/floor/shelf", slot="B2", act="steal", units=1) == {"outcome": "steal"}
    assert slot_of(demo, "B2")["units"] == before - 3
    demo.control("/api/floor/shelf", slot="B2", act="wrong")
    assert slot_of(demo, "B2")["wrong"] == 1
    demo.control("/api/floor/shelf", slot="B2", act="tidy")
    demo.control("/api/floor/shelf", slot="B2", act="refill")
    full = slot_of(demo, "B2")
    assert (full["units"], full["wrong"]) == (full["capacity"], 0)


def test_a_terminal_breaks_a_device_and_mends_it(demo: DemoProcess) -> None:
    assert "shelf-c" in fault(demo, "list").stdout
    assert fault(demo, "shelf-c", "silent").stdout == "shelf-c is silent from now on.\n"
    assert {one["name"]: one["fault"] for one in floor(demo)["fixtures"]}["shelf-c"] == "silent"
    assert fault(demo, "shelf-c", "heal").stdout == "shelf-c works again.\n"
    assert floor(demo)["failing"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kettle", "silent"), "it has: reader-1"),
        (("shelf-c", "torn_card"), "it can be: silent"),
        (("shelf-c", "on-fire"), "is no kind of fault"),
        (("shelf-c",), "not said how"),
    ],
)
def test_what_cannot_be_broken_is_refused_with_what_can(
    demo: DemoProcess, arguments: tuple[str, ...], words: str
) -> None:
    refused = fault(demo, *arguments)
    assert refused.returncode == FAULT_REFUSED
    assert words in refused.stderr


def test_every_device_fails_in_every_way_it_can_and_works_again(demo: DemoProcess) -> None:
    fixtures = floor(demo)["fixtures"]
    assert len(fixtures) > 12
    for fixture in fixtures:
        for kind in fixture["kinds"]:
            assert demo.control("/api/fault", device=fixture["name"], kind=kind) == {"outcome": "failing"}
        assert demo.control("/api/fault", device=fixture["name"], kind=None) == {"outcome": "working"}
    assert floor(demo)["failing"] == 0
    store = httpx.get(f"{demo.address('Staff board')}".removesuffix("/staff/board") + "/readyz", trust_env=False)
    assert store.is_success


@pytest.mark.needs_chromium
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_fits_every_screen_and_axe_finds_nothing(demo: DemoProcess, browser: Browser, language: str) -> None:
    for width, height in SIZES:
        page = browser.new_page(viewport={"width": width, "height": height})
        try:
            said = console_of(page)
            page.goto(f"{demo.address('Demo control')}/floor?lang={language}", timeout=PATIENCE_S * 1_000)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert Axe().run(page).response["violations"] == []
            assert said == []
        finally:
            page.close()


@pytest.mark.needs_chromium
def test_the_page_takes_goods_breaks_a_scale_and_opens_the_fridge(demo: DemoProcess, browser: Browser) -> None:
    page = browser.new_page()
    try:
        before = slot_of(demo, "C1")["units"]
        page.goto(f"{demo.address('Demo control')}/floor?lang=en")
        page.locator('[data-slot="C1"]').click()
        page.get_by_label("Pieces").fill("2")
        page.get_by_role("button", name="Steal").click()
        expect(page.locator("#said")).to_have_text("Taken, and not paid.", timeout=PATIENCE_S * 1_000)
        expect(page.locator('[data-slot="C1"] .units')).to_have_text(str(before - 2))
        page.get_by_label("Scales of shelf B").select_option("frozen")
        expect(page.get_by_text("1 failing")).to_be_visible()
        page.get_by_label("Scales of shelf B").select_option("")
        expect(page.get_by_text("0 failing")).to_be_visible()
        page.get_by_label("Fridge door open").check()
        expect(page.locator("#said")).to_have_text("It is so.")
        assert floor(demo)["is_fridge_open"] is True
    finally:
        demo.control("/api/floor/room", is_fridge_open=False)
        page.close()


def floor(demo: DemoProcess) -> dict[str, Any]:
    """What really is."""
    answer: dict[str, Any] = httpx.get(f"{demo.address('Demo control')}/api/floor", trust_env=False).json()
    return answer


def slot_of(demo: DemoProcess, name: str) -> dict[str, Any]:
    """What really lies in a slot."""
    found: dict[str, Any] = next(slot for slot in floor(demo)["slots"] if slot["slot"] == name)
    return found


def fault(demo: DemoProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`regulars fault` in another terminal."""
    return subprocess.run(
        [sys.executable, "-m", "provisioning.cli", "fault", *arguments],
        cwd=ROOT,
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def console_of(page: Page) -> list[str]:
    """What the page says to its console from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return said
