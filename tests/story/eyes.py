"""A pair of eyes and a finger at a kiosk: a real Chromium on the kiosk's own page. Waits for what is to be seen."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = "/usr/bin/chromium"
KIOSK_SIZE = {"width": 1280, "height": 800}
PATIENCE_MS = 30_000
GLANCE_MS = 2_000
BREAK_MARK = "\u200b"


class Eyes:
    """What a person in front of one kiosk sees and touches."""

    def __init__(self, page: Page, complaints: list[str]) -> None:
        self.page = page
        self.complaints = complaints
        """What the page's console said: a page at work says nothing."""

    async def sees(self, *words: str, within_ms: int = PATIENCE_MS) -> None:
        """Wait until each of these is to be read on the screen, in any order."""
        for word in words:
            shown = self.page.locator("#stage").get_by_text(readable(word)).locator("visible=true").first
            await expect(shown, f"the kiosk shows {word!r}").to_be_visible(timeout=within_ms)

    async def reads(self, *words: str, within_ms: int = GLANCE_MS) -> bool:
        """Whether each of these is to be read within a moment."""
        try:
            await self.sees(*words, within_ms=within_ms)
        except AssertionError:
            return False
        return True

    async def sees_screen(self, screen: str) -> None:
        """Wait until the kiosk shows this screen."""
        await self.page.locator(f'#stage [data-screen="{screen}"]').first.wait_for(timeout=PATIENCE_MS)

    async def touches(self, name: str) -> None:
        """Touch the button of this name, once it is there."""
        await self.page.get_by_role("button", name=name).locator("visible=true").first.click(timeout=PATIENCE_MS)

    async def text(self) -> str:
        """Everything on the screen now, as one line."""
        return re.sub(r"\s+", " ", await self.page.locator("#stage").inner_text())

    async def picture(self, file: Path) -> None:
        """Keep what is seen."""
        await self.page.screenshot(path=file)


def readable(words: str) -> re.Pattern[str]:
    """These words as a page may set them: any white space between, marks where a line may break within."""
    return re.compile(f"{BREAK_MARK}*".join(r"\s+" if sign == " " else re.escape(sign) for sign in words))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser for a story; mark it ``needs_chromium``."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def eyes_at(browser: Browser, kiosk_url: str) -> AsyncIterator[Eyes]:
    """Stand in front of a kiosk. It turns to the language of each member by itself."""
    context = await browser.new_context(viewport=KIOSK_SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        answer = await page.goto(kiosk_url)
        assert answer is not None, "the kiosk's page is served"
        assert answer.ok, f"the kiosk's page answers {answer.status}"
        yield Eyes(page, complaints)
    finally:
        await context.close()
