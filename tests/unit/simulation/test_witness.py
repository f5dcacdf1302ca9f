"""The witness: counts only what a client of the live stream received, through restarts, each screen once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from edge_agent.web.server import WebServer
from kiosk_ui.kiosk.screens import SCREEN_EVENT, Attract, UnknownCard, kiosk_channel
from kiosk_ui.live import LiveHub, live_pages
from simulation.evidence.witness import Witness
from simulation.processes.ports import choose

CHANNEL = kiosk_channel("kiosk-1")
_PATIENCE_S = 10.0


@asynccontextmanager
async def kiosk(port: int) -> AsyncIterator[LiveHub]:
    hub = LiveHub()
    hub.declare(CHANNEL)
    app = FastAPI()
    app.include_router(live_pages(hub))
    server = WebServer(app, host="127.0.0.1", port=port)
    serving = asyncio.create_task(server.run_until_stopped())
    await server.listening.wait()
    try:
        yield hub
    finally:
        hub.close()
        server.ask_to_stop()
        await serving


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/live/{CHANNEL}"


async def test_a_screen_is_seen_when_it_arrives_and_not_before() -> None:
    (port,) = choose([0])
    async with kiosk(port) as hub, Witness(url(port)) as witness, asyncio.timeout(_PATIENCE_S):
        await witness.connected.wait()
        before = witness.count
        assert await witness.sees({"unknown_card"}, after=before, timeout_s=0.05) is None
        hub.publish(SCREEN_EVENT, UnknownCard(), channel=CHANNEL)
        seen = await witness.sees({"unknown_card"}, after=before, timeout_s=_PATIENCE_S)
        assert seen is not None
        assert seen.screen == "unknown_card"
        assert witness.screens["unknown_card"] == 1


async def test_a_screen_that_was_quickly_replaced_is_still_found_but_an_earlier_one_is_not() -> None:
    (port,) = choose([0])
    async with kiosk(port) as hub, Witness(url(port)) as witness, asyncio.timeout(_PATIENCE_S):
        await witness.connected.wait()
        hub.publish(SCREEN_EVENT, UnknownCard(), channel=CHANNEL)
        first = await witness.sees({"unknown_card"}, after=0, timeout_s=_PATIENCE_S)
        hub.publish(SCREEN_EVENT, Attract(), channel=CHANNEL)
        assert first is not None
        assert await witness.sees({"attract"}, after=first.number, timeout_s=_PATIENCE_S)
        assert await witness.sees({"unknown_card"}, after=0, timeout_s=_PATIENCE_S) == first
        assert await witness.sees({"unknown_card"}, after=first.number, timeout_s=0.05) is None


async def test_the_witness_comes_back_after_the_gateway_does() -> None:
    (port,) = choose([0])
    async with asyncio.timeout(_PATIENCE_S), Witness(url(port)) as witness:
        async with kiosk(port):
            await witness.connected.wait()
        async with kiosk(port) as hub:
            hub.publish(SCREEN_EVENT, UnknownCard(), channel=CHANNEL)
            assert await witness.sees({"unknown_card"}, after=0, timeout_s=_PATIENCE_S)
