"""The stream as it goes over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from kiosk_ui.live import LiveHub, live_pages


class Seen(BaseModel):
    n: int
    padding: str = ""


@asynccontextmanager
async def served(hub: LiveHub) -> AsyncIterator[int]:
    """The hub's stream on a loopback port."""
    app = FastAPI()
    app.include_router(live_pages(hub))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    serving = asyncio.create_task(server.main_loop())
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        hub.close()
        server.should_exit = True
        await serving
        await server.shutdown()


async def lines_of(port: int, count: int, **headers: str) -> list[str]:
    async with (
        asyncio.timeout(10),
        httpx.AsyncClient() as client,
        client.stream("GET", f"http://127.0.0.1:{port}/live/kiosk", headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines: list[str] = []
        async for line in stream.aiter_lines():
            if line:
                lines.append(line)
            if len(lines) >= count:
                break
        return lines


async def readers_are(hub: LiveHub, count: int) -> None:
    while hub.readers("kiosk") != count:  # noqa: ASYNC110 - a socket's end is told to nobody but the server
        await asyncio.sleep(0)


async def test_an_event_has_name_data_and_an_id_to_go_on_from() -> None:
    hub = LiveHub(run="run", heartbeat_s=60)
    hub.publish("screen", Seen(n=1, padding="two\nlines"), channel="kiosk")
    async with served(hub) as port:
        lines = await lines_of(port, 6)
    assert lines == [
        "event: sync",
        'data: {"resumed":false,"run":"run","heartbeat_s":60.0}',
        "retry: 1000",
        "event: screen",
        r'data: {"n":1,"padding":"two\nlines"}',
        "id: run-1",
    ]


async def test_a_stream_resumes_behind_the_last_event_id() -> None:
    hub = LiveHub(run="run", heartbeat_s=60)
    for n in range(1, 4):
        hub.publish("line", Seen(n=n), channel="kiosk", feed=True)
    async with served(hub) as port:
        lines = await lines_of(port, 9, **{"last-event-id": "run-1"})
    assert '"resumed":true' in lines[1]
    assert [line for line in lines if line.startswith("id:")] == ["id: run-2", "id: run-3"]


async def test_an_unknown_channel_is_not_found_and_an_overlong_id_is_refused() -> None:
    hub = LiveHub()
    hub.declare("kiosk")
    async with served(hub) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/live/nowhere")).status_code == 404
        assert (await client.get("/live/kiosk", headers={"last-event-id": "x" * 65})).status_code == 422


async def test_a_reader_that_never_reads_delays_nobody() -> None:
    hub = LiveHub(heartbeat_s=60)
    hub.declare("kiosk")
    async with served(hub) as port:
        _, stuck = await asyncio.open_connection("127.0.0.1", port, limit=1)
        stuck.write(b"GET /live/kiosk HTTP/1.1\r\nHost: x\r\n\r\n")
        reading = asyncio.create_task(lines_of(port, 5))
        async with asyncio.timeout(10):
            await readers_are(hub, 2)
            for n in range(2_000):
                hub.publish("screen", Seen(n=n, padding="x" * 10_000), channel="kiosk")
            lines = await reading
        assert lines[4].startswith('data: {"n":1999,')
        stuck.close()


async def test_a_reader_that_leaves_is_forgotten() -> None:
    hub = LiveHub(heartbeat_s=60)
    hub.declare("kiosk")
    async with served(hub) as port:
        await lines_of(port, 3)
        async with asyncio.timeout(10):
            await readers_are(hub, 0)
