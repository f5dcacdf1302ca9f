"""The hub: newest state first, feeds resumed, nobody slow holds up anybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from kiosk_ui.live import (
    CHANNELS_MAX,
    FEED_KEPT_MAX,
    READERS_MAX,
    STATE_NAMES_MAX,
    LiveError,
    LiveEvent,
    LiveHub,
    TooManyReaders,
    UnknownChannel,
)


class Seen(BaseModel):
    n: int


async def take(events: AsyncIterator[LiveEvent], count: int) -> list[tuple[str, int | None]]:
    """The next events, as (name, number inside)."""
    async with asyncio.timeout(5):
        taken = [await anext(events) for _ in range(count)]
    return [(event.name, json.loads(event.json).get("n")) for event in taken]


def quiet_hub() -> LiveHub:
    return LiveHub(run="run", heartbeat_s=60)


async def test_a_new_reader_gets_the_newest_of_each_state_and_no_history() -> None:
    hub = quiet_hub()
    for n in range(3):
        hub.publish("screen", Seen(n=n), channel="kiosk")
    hub.publish("connection", Seen(n=7), channel="kiosk")
    hub.publish("line", Seen(n=8), channel="kiosk", feed=True)
    async with hub.reader("kiosk") as reader:
        assert await take(reader.events(), 3) == [("sync", None), ("screen", 2), ("connection", 7)]


async def test_what_is_published_reaches_a_waiting_reader() -> None:
    hub = quiet_hub()
    hub.declare("kiosk")
    async with hub.reader("kiosk") as reader:
        events = reader.events()
        assert await take(events, 1) == [("sync", None)]
        waiting = asyncio.ensure_future(take(events, 1))
        await asyncio.sleep(0)
        hub.publish("screen", Seen(n=1), channel="kiosk")
        assert await waiting == [("screen", 1)]


async def test_a_reader_that_returns_gets_each_feed_item_it_missed() -> None:
    hub = quiet_hub()
    hub.publish("line", Seen(n=0), channel="store", feed=True)
    seen = hub.cursor()
    for n in (1, 2):
        hub.publish("line", Seen(n=n), channel="store", feed=True)
    hub.publish("line", Seen(n=9), channel="another", feed=True)
    async with hub.reader("store", after=seen) as reader:
        events = reader.events()
        first = await anext(events)
        assert (first.name, json.loads(first.json)["resumed"]) == ("sync", True)
        assert await take(events, 2) == [("line", 1), ("line", 2)]


async def test_a_reader_that_returns_gets_only_the_newest_state() -> None:
    hub = quiet_hub()
    hub.publish("screen", Seen(n=0), channel="kiosk")
    seen = hub.cursor()
    for n in range(1, 9):
        hub.publish("screen", Seen(n=n), channel="kiosk")
    async with hub.reader("kiosk", after=seen) as reader:
        assert await take(reader.events(), 2) == [("sync", None), ("screen", 8)]


async def test_a_reader_that_missed_too_much_begins_afresh() -> None:
    hub = quiet_hub()
    hub.publish("figures", Seen(n=1), channel="store")
    seen = hub.cursor()
    for n in range(FEED_KEPT_MAX + 1):
        hub.publish("line", Seen(n=n), channel="store", feed=True)
    async with hub.reader("store", after=seen) as reader:
        events = reader.events()
        first = await anext(events)
        assert json.loads(first.json)["resumed"] is False
        assert await take(events, 1) == [("figures", 1)]


async def test_a_slow_reader_skips_to_the_newest_screen_and_publishing_never_waits() -> None:
    hub = quiet_hub()
    hub.publish("screen", Seen(n=0), channel="kiosk")
    async with hub.reader("kiosk") as reader:
        events = reader.events()
        assert await take(events, 2) == [("sync", None), ("screen", 0)]
        for n in range(10_000):
            hub.publish("screen", Seen(n=n), channel="kiosk")
        assert await take(events, 1) == [("screen", 9_999)]


async def test_a_slow_feed_reader_is_told_to_begin_afresh_in_the_middle_of_its_stream() -> None:
    hub = quiet_hub()
    hub.publish("figures", Seen(n=1), channel="store")
    async with hub.reader("store") as reader:
        events = reader.events()
        await take(events, 2)
        for n in range(FEED_KEPT_MAX * 2):
            hub.publish("line", Seen(n=n), channel="store", feed=True)
        assert await take(events, 2) == [("sync", None), ("figures", 1)]
        hub.publish("line", Seen(n=-1), channel="store", feed=True)
        assert await take(events, 1) == [("line", -1)]


async def test_a_state_overtaken_while_the_reader_is_sending_is_not_sent() -> None:
    hub = quiet_hub()
    hub.publish("a", Seen(n=1), channel="kiosk")
    hub.publish("b", Seen(n=1), channel="kiosk")
    async with hub.reader("kiosk") as reader:
        events = reader.events()
        assert await take(events, 2) == [("sync", None), ("a", 1)]
        hub.publish("b", Seen(n=2), channel="kiosk")
        assert await take(events, 1) == [("b", 2)]


@pytest.mark.parametrize("stale", ["other-1", "run-999", "run-x", "run-²", "run-" + "9" * 40, "", "run"])
async def test_a_reader_of_another_run_or_with_a_made_up_id_begins_afresh(stale: str) -> None:
    hub = quiet_hub()
    hub.publish("screen", Seen(n=1), channel="kiosk")
    async with hub.reader("kiosk", after=stale) as reader:
        assert await take(reader.events(), 2) == [("sync", None), ("screen", 1)]


async def test_a_silent_stream_beats() -> None:
    hub = LiveHub(heartbeat_s=0.001)
    hub.declare("kiosk")
    async with hub.reader("kiosk") as reader:
        assert await take(reader.events(), 3) == [("sync", None), ("beat", None), ("beat", None)]


async def test_closing_the_hub_ends_every_stream() -> None:
    hub = quiet_hub()
    hub.declare("kiosk")
    async with hub.reader("kiosk") as reader:
        events = reader.events()
        await take(events, 1)
        hub.close()
        async with asyncio.timeout(5):
            assert [event async for event in events] == []
    assert hub.readers("kiosk") == 0


async def test_a_channel_nobody_publishes_on_is_refused() -> None:
    with pytest.raises(UnknownChannel):
        quiet_hub().reader("nowhere")


async def test_there_is_a_limit_to_readers_channels_and_states() -> None:
    hub = quiet_hub()
    hub.declare("kiosk")
    readers = [hub.reader("kiosk") for _ in range(READERS_MAX)]
    for reader in readers:
        await reader.__aenter__()
    with pytest.raises(TooManyReaders):
        hub.reader("kiosk")
    for n in range(STATE_NAMES_MAX):
        hub.publish(f"state{n}", Seen(n=n), channel="kiosk")
    with pytest.raises(LiveError, match="one too many"):
        hub.publish("another", Seen(n=0), channel="kiosk")
    for n in range(CHANNELS_MAX - 1):
        hub.declare(f"channel{n}")
    with pytest.raises(LiveError, match="one too many"):
        hub.declare("another")
