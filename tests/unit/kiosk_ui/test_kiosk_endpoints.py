"""The kiosk's page and its choices, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from devices.observations import ChoiceMade
from kiosk_ui.design import CHINESE, ENGLISH, Pages
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub


@asynccontextmanager
async def kiosk(*, listening: bool = True) -> AsyncIterator[tuple[httpx.AsyncClient, list[ChoiceMade]]]:
    """A client of a kiosk called ``front``, and what its touches record."""
    recorded: list[ChoiceMade] = []
    app = FastAPI()
    touch = Touch("front", answer_timeout_s=0.01 if not listening else 5)
    kiosks = [Kiosk("front", "和平路店", touch), Kiosk("back", "和平路店", Touch("back"), language=ENGLISH)]
    app.include_router(kiosk_pages(Pages(), LiveHub(), kiosks))

    async def record() -> None:
        async for choice in touch.observations():
            recorded.append(choice)  # noqa: PERF401 - one at a time: coming back for more is the receipt

    async with touch, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kiosk.test") as client:
        recording = asyncio.ensure_future(record()) if listening else None
        yield client, recorded
        if recording:
            recording.cancel()


async def test_a_choice_is_recorded_and_answered_204() -> None:
    async with kiosk() as (client, recorded):
        answer = await client.post("/kiosk/front/choice", json={"choice": "claim", "subject": "r-1"})
        assert (answer.status_code, answer.content) == (204, b"")
        assert recorded == [ChoiceMade("front", "claim", "r-1")]


async def test_a_choice_nobody_records_is_answered_503_with_when_to_try_again() -> None:
    async with kiosk(listening=False) as (client, _):
        answer = await client.post("/kiosk/front/choice", json={"choice": "done"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    "body",
    [
        b'{"choice": "steal"}',
        b'{"choice": "claim", "subject": "' + b"x" * 201 + b'"}',
        b'{"choice": "claim", "points": 100}',
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"",
        b'{"choice": null}',
    ],
)
async def test_a_malformed_choice_is_refused_and_not_recorded(body: bytes) -> None:
    async with kiosk() as (client, recorded):
        answer = await client.post("/kiosk/front/choice", content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
        assert recorded == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://kiosk.test.evil.test"},
    ],
)
async def test_another_sites_page_cannot_choose(headers: dict[str, str]) -> None:
    async with kiosk() as (client, recorded):
        answer = await client.post("/kiosk/front/choice", json={"choice": "claim"}, headers=headers)
        assert answer.status_code == 403
        assert recorded == []


async def test_the_kiosks_own_page_may_choose() -> None:
    async with kiosk() as (client, recorded):
        headers = {"origin": "http://kiosk.test", "sec-fetch-site": "same-origin"}
        answer = await client.post("/kiosk/front/choice", json={"choice": "done"}, headers=headers)
        assert answer.status_code == 204
        assert len(recorded) == 1


async def test_a_kiosk_rests_in_its_stores_language_whatever_an_earlier_page_was_set_to() -> None:
    async with kiosk() as (client, _):
        cookies = {"cookie": "language=en", "accept-language": "en"}
        assert f'<html class="kiosk" lang="{CHINESE.tag}"' in (await client.get("/kiosk/front", headers=cookies)).text
        assert '<html class="kiosk" lang="en"' in (await client.get("/kiosk/back")).text
        assert '<html class="kiosk" lang="en"' in (await client.get("/kiosk/front?lang=en")).text


async def test_an_unknown_kiosk_is_not_found() -> None:
    async with kiosk() as (client, _):
        assert (await client.get("/kiosk/side")).status_code == 404
        assert (await client.post("/kiosk/side/choice", json={"choice": "done"})).status_code == 404
