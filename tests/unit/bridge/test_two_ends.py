from __future__ import annotations

import json

from cloud_bridge.landing.store import Stream
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.state import Link
from tests.unit.bridge.memory_outbox import shown, tap
from tests.unit.bridge.two_ends import TwoEnds
from tests.unit.bridge.virtual_network import Weather
from tests.unit.bridge.virtual_time import run_virtually


def assert_the_cloud_equals_the_journal(ends: TwoEnds) -> None:
    for incarnation, book in ends.outbox.books.items():
        for lane in Lane:
            stream = Stream(ends.outbox.gateway_id, incarnation, lane)
            sent = [json.loads(row.body) for row in book.rows[lane] if not row.lost]
            stored = [
                json.loads(row.body) | {"hash": row.hash}
                for row in ends.store.books.stored(stream)
                if row.type != "regulars.journal.gap.v1"
            ]
            assert stored == sent
            assert ends.store.books.head(stream) == book.heads[lane]


def test_what_is_recorded_reaches_the_cloud() -> None:
    async def story() -> None:
        ends = TwoEnds()
        for number in range(1, 251):
            ends.outbox.record(tap(number))
            ends.outbox.record(shown(number))
        async with ends.running():
            await ends.until(lambda: ends.outbox.drained)
        assert_the_cloud_equals_the_journal(ends)
        assert ends.store.books.duplicates == 0
        assert Link.ONLINE in [state.state for state in ends.states]

    run_virtually(story())


def test_a_bad_day_on_the_line_changes_nothing() -> None:
    async def story() -> None:
        ends = TwoEnds(weather=Weather(loss=0.3, repeat=0.3, delay_s_max=2.0))
        for number in range(1, 1001):
            ends.outbox.record(tap(number))
        async with ends.running():
            await ends.pass_time(60)
            ends.broker.weather = Weather()
            await ends.until(lambda: ends.outbox.drained)
        assert_the_cloud_equals_the_journal(ends)

    run_virtually(story())
