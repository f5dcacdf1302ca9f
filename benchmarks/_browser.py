"""A pair of eyes for benchmarks: a real Chromium that tells when a word appeared in a page, and what samples say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from simulation.evidence.figures import percentile

WAIT_S = 10.0
_CHROMIUM = "/usr/bin/chromium"
_OBSERVE = """([place, words]) => {
  let last = "";
  const stage = document.querySelector(place);
  new MutationObserver(() => {
    const at = performance.timeOrigin + performance.now();
    const word = words.find((each) => stage.textContent.includes(each)) ?? "";
    if (word && word !== last) window.told([word, at]);
    last = word || last;
  }).observe(stage, { childList: true, subtree: true, characterData: true });
}"""
_NOW = "performance.timeOrigin + performance.now()"


class Eye:
    """A browser page that tells when a word appeared in its DOM, in this process's wall clock (ms)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._told: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        self._ahead_ms = 0.0

    async def open(self, url: str, place: str, words: Sequence[str]) -> None:
        """Load the page and watch ``place`` for ``words``."""
        await self.page.expose_function("told", self._hear)
        await self.page.goto(url)
        await self.page.evaluate(_OBSERVE, [place, list(words)])
        await self.map_clock()

    async def map_clock(self) -> None:
        """Measure how far the browser's clock is ahead; the fastest of many questions is the truest."""
        answers = []
        for _ in range(50):
            asked_ms = time.time_ns() / 1e6
            browser_ms = await self.page.evaluate(_NOW)
            answered_ms = time.time_ns() / 1e6
            answers.append((answered_ms - asked_ms, browser_ms - (asked_ms + answered_ms) / 2))
        self._ahead_ms = min(answers)[1]

    async def sees(self, word: str) -> float:
        """When the word appeared."""
        async with asyncio.timeout(WAIT_S):
            while True:
                seen, browser_ms = await self._told.get()
                if seen == word:
                    return browser_ms - self._ahead_ms

    def _hear(self, told: list[Any]) -> None:
        self._told.put_nowait((str(told[0]), float(told[1])))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


def spread(samples_ms: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and the worst."""
    return {"p50": percentile(samples_ms, 0.5), "p99": percentile(samples_ms, 0.99), "max": max(samples_ms)}
