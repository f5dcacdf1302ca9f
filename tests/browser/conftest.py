"""A real browser and a real server on one event loop, so that a test can publish and look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; mark them ``needs_chromium``."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


@asynccontextmanager
async def served(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """The application on a loopback port (a free one unless told), in this event loop; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    started = asyncio.Event()
    startup = server.startup

    async def announce(*arguments: object, **options: object) -> None:
        await startup(*arguments, **options)  # type: ignore[arg-type]
        started.set()

    server.startup = announce  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            await started.wait()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens a page of a size (width, height); a console error or an exception on it fails the test."""
    complaints: list[str] = []
    opened = []

    async def page_of(url: str, size: tuple[int, int] = (1280, 800), **options: object) -> Page:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            **{"reduced_motion": "reduce", **options},  # type: ignore[arg-type]
        )
        opened.append(context)
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        return page

    page_of.complaints = complaints  # type: ignore[attr-defined]
    yield page_of
    for context in opened:
        await context.close()
    assert complaints == []


@pytest.fixture
def complaints(open_page: OpenPage) -> list[str]:
    """What the browser complained about so far; a test that expects complaints clears it."""
    found: list[str] = open_page.complaints  # type: ignore[attr-defined]
    return found
