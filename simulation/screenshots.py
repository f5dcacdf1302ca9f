"""The pictures in the documents, taken from a running demo: ``python -m simulation.screenshots docs/images``.

Plays the beginning of a seeded day, taps a member's card and photographs the real pages in a headless
Chromium, in both languages. ``--all`` takes every page at every size instead, for looking at them.
Needs the developers' tools (``make dev``) and Debian's chromium.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.async_api import Browser, Page, async_playwright

from devices.observations import SaleCompleted, SaleLine
from simulation.day.timetable import Timetable
from simulation.day.turns import SeedMember
from simulation.demo import Demo, DemoSettings
from simulation.files.store import GATEWAY_ID
from simulation.floor.clerks import NAMES
from simulation.floor.shopping import Shopping

_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LANGUAGES = {"en": "en", "zh": "zh-CN"}
_SIZES = ((1024, 600), (1280, 800), (1080, 1920))
_TURNS = 25
_SPEED = 600.0
_BOARD_TIMEOUT_S = 40.0
_LEFT = {"B1": 0, "A2": 3}
"""So many pieces are left in these slots."""
_TAKEN_ON = "A2"
_MISPLACED = "D1"
_PURCHASE_MINOR = 64_800
_RECEIPTS_FROM = 901
"""Above the numbers of the receipts that the day wrote before."""
_VIEWS = ("points", "coupons", "rewards", "refer", "link", "details", "consents", "survey", "help")
_NOT_MINE = '#stage [data-choice="decline"]'
_MENU = "#stage .tiles"
_ALERT = "#alerts .alert"
_ATTRACT = '[data-screen="attract"]'


@dataclass(frozen=True, slots=True)
class Shot:
    """One page at one size; ``ready`` is a selector that is visible once the page is ready."""

    name: str
    url: str
    size: tuple[int, int]
    language: str
    ready: str = "main"
    card: SeedMember | None = None
    """Whose card is tapped once the page is there."""
    buys: SaleCompleted | None = None
    """What they paid at the till before they come back for the picture."""
    touches: tuple[str, ...] = ()
    """What is touched then, one after the other: selectors of keys."""


class Photographer:
    """Takes pictures of a demo's pages into ``folder``."""

    def __init__(self, demo: Demo, browser: Browser, folder: Path) -> None:
        self._demo = demo
        self._browser = browser
        self._folder = folder

    async def take(self, shot: Shot) -> None:
        """Open the page, tap the card if there is one, and keep what is seen."""
        width, height = shot.size
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, locale=_LANGUAGES[shot.language]
        )
        page = await context.new_page()
        await page.goto(f"{shot.url}?lang={_LANGUAGES[shot.language]}", wait_until="load")
        if shot.card is not None:
            await self._come_to_the_menu(page, shot, shot.card)
        for key in shot.touches:
            await page.locator(key).first.click()
        await page.locator(shot.ready).first.wait_for()
        # Entrances last a fraction of a second; a picture is of the page at rest.
        await page.wait_for_timeout(1_200)
        await page.screenshot(path=self._folder / f"{shot.name}-{shot.language}.png")
        if shot.card is not None:  # The next member need not wait until this visit ends by itself.
            await page.request.post(f"{shot.url}/choice", data={"choice": "done"})
        await context.close()

    async def _come_to_the_menu(self, page: Page, shot: Shot, member: SeedMember) -> None:
        hands = self._demo.floor.at(1)
        await page.locator(_ATTRACT).first.wait_for()
        await hands.tap(member.card)
        if shot.buys is not None:
            await hands.ring_up(shot.buys)
            await page.locator('#stage [data-screen="earned"]').wait_for()
            await page.request.post(f"{shot.url}/choice", data={"choice": "done"})
            await page.locator(_ATTRACT).first.wait_for()
            await hands.tap(member.card)
        await page.locator(f"{_NOT_MINE}, {_MENU}").first.wait_for()
        if await page.locator(_NOT_MINE).is_visible():  # The day left a purchase that nobody claimed.
            await page.locator(_NOT_MINE).click()
        await page.locator(_MENU).wait_for()


def few(demo: Demo) -> list[Shot]:
    """What the documents show."""
    status, crm = f"{demo.branch.url}/staff/status", demo.stage.cloud_url
    shots = []
    for language in _LANGUAGES:
        shots += [
            Shot(
                "kiosk-greeting",
                demo.kiosk_url,
                (1024, 600),
                language,
                _MENU,
                _reads(demo, language),
                _purchase(demo, language),
            ),
            Shot("store-status", status, (1280, 800), language),
            Shot("cloud-floor", f"{crm}/stores/{GATEWAY_ID}/floor", (1280, 800), language),
            Shot("staff-board", f"{demo.branch.url}/staff/board", (1280, 800), language, _ALERT),
            Shot("cloud-store", f"{crm}/stores/{GATEWAY_ID}", (1280, 800), language),
            Shot("demo-control", demo.control_url, (1280, 800), language),
            Shot("demo-floor", f"{demo.control_url}/floor", (1280, 800), language),
        ]
    # The board first: goods that nobody paid are told as missing a minute later.
    return sorted(shots, key=lambda shot: shot.name != "staff-board")


def every(demo: Demo) -> list[Shot]:
    """Every page at every size, for a person to look at."""
    crm = demo.stage.cloud_url
    pages = {
        "kiosk-attract": (demo.kiosk_url, _ATTRACT),
        "kiosk-greeting": (demo.kiosk_url, _MENU),
        "status": (f"{demo.branch.url}/staff/status", "main"),
        "board": (f"{demo.branch.url}/staff/board", _ALERT),
        "staff-board": (f"{demo.branch.url}/staff/board", "main"),
        "staff-members": (f"{demo.branch.url}/staff/members", "main"),
        "fleet": (f"{crm}/", "main"),
        "store": (f"{crm}/stores/{GATEWAY_ID}", "main"),
        "store-floor": (f"{crm}/stores/{GATEWAY_ID}/floor", "main"),
        "missing": (f"{crm}/missing", "main"),
        "members": (f"{crm}/members", "main"),
        "control": (demo.control_url, "main"),
        "control-floor": (f"{demo.control_url}/floor", "main"),
    }
    shots = []
    for size, language in product(_SIZES, _LANGUAGES):
        member = _reads(demo, language)
        for name, (url, ready) in pages.items():
            card = member if "greeting" in name else None
            shots.append(Shot(f"{name}-{size[0]}", url, size, language, ready, card))
        shots += [_behind_the_menu(demo, view, size, language) for view in _VIEWS]
    return shots


def _behind_the_menu(demo: Demo, view: str, size: tuple[int, int], language: str) -> Shot:
    """A member's card is tapped, then the tile of this view; a card that proves little is asked for a PIN instead."""
    ready, card = '#stage section:not([data-screen="greeting"])', _reads(demo, language)
    touches = (f'#stage [data-view="{view}"]',)
    return Shot(f"kiosk-{view}-{size[0]}", demo.kiosk_url, size, language, ready, card, touches=touches)


def _reads(demo: Demo, language: str) -> SeedMember:
    """A member who reads this language: the kiosk greets people in their own."""
    wanted = language[:2]
    return next(member for member in demo.day.members if member.language.startswith(wanted))


def _purchase(demo: Demo, language: str) -> SaleCompleted:
    """Something that leaves a member on the way to the next tier."""
    line = SaleLine("6901028075022", "Tea set", 1, _PURCHASE_MINOR)
    till, now = demo.floor.at(1).counter.names.till, demo.settings.clock()
    number = _RECEIPTS_FROM + list(_LANGUAGES).index(language)
    return SaleCompleted(f"{now:%y%m%d}-{number:05}", till, demo.day.currency, _PURCHASE_MINOR, (line,), now)


async def _play(demo: Demo) -> None:
    """The beginning of the day."""
    shopping = Shopping(demo.shelves.aisles, seed=demo.settings.seed)
    await demo.shelves.board.knows_the_shelves(timeout_s=_BOARD_TIMEOUT_S)
    for due in islice(Timetable(demo.day.turns, _SPEED, 0.0), _TURNS):
        turn = await shopping.at_the_till(due)
        if turn is not None:
            await demo.floor.perform(turn)
            shopping.afterwards(turn)


async def _empty_shelves(demo: Demo) -> None:
    """What makes a board worth a look: an empty slot, a low one that somebody has taken on, a wrong item."""
    shelves = demo.shelves
    shelves.clerks.on_duty = False
    for slot in shelves.world.slots.values():
        shelves.world.refill(slot)
        if not slot.plan.is_weighed:
            await shelves.board.count(slot.plan.slot, slot.units, NAMES[0])
    for name, units in _LEFT.items():
        slot = shelves.world.slots[name]
        slot.take(slot.units - units)
    misplaced = shelves.world.slots[_MISPLACED]
    shelves.world.misplace_any(into=misplaced)
    board = await shelves.board.shows(_calls_for_all, timeout_s=_BOARD_TIMEOUT_S)
    for alert in board["alerts"] if board else ():
        if alert["subject"] == _TAKEN_ON:
            await shelves.board.act(alert["id"], "acknowledge", NAMES[0])


def _calls_for_all(board: dict[str, Any]) -> bool:
    called = {alert["subject"] for alert in board["alerts"] if alert["state"] != "resolved"}
    return {*_LEFT, _MISPLACED} <= called


async def _photograph(folder: Path, *, everything: bool) -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    with tempfile.TemporaryDirectory() as runtime:
        program = (sys.executable, "-m", "provisioning.cli")
        # So fast that nobody waits for hands at the shelves.
        settings = DemoSettings(regulars=program, runtime_dir=Path(runtime), speed=_SPEED)
        async with Demo(settings) as demo, async_playwright() as playwright:
            await _play(demo)
            await _empty_shelves(demo)
            browser = await playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
            photographer = Photographer(demo, browser, folder)
            shots = every(demo) if everything else few(demo)
            for shot in shots:
                await photographer.take(shot)
            await browser.close()
            return len(shots)


def main(folder: Path, *, everything: Annotated[bool, typer.Option("--all")] = False) -> None:
    """Photograph the demo into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    count = asyncio.run(_photograph(folder, everything=everything))
    typer.echo(f"{count} pictures in {folder}")


if __name__ == "__main__":
    typer.run(main)
