"""Both ends when one of them is not what the other remembers: an old disk, another body, another journal."""

from __future__ import annotations

from cloud_bridge.landing.store import Dispute, Stream
from cloud_bridge.receipts import Quarantined
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.state import Link
from tests.unit.bridge.equal_ends import assert_the_cloud_equals_the_journal, in_virtual_time
from tests.unit.bridge.memory_outbox import MemoryOutbox, tap
from tests.unit.bridge.two_ends import TwoEnds


def renewed(ends: TwoEnds) -> TwoEnds:
    """The gateway's program starts anew on the disk it finds; the cloud goes on."""
    fresh = TwoEnds(2)
    fresh.outbox, fresh.store.books = ends.outbox, ends.store.books
    fresh.broker.retained = dict(ends.broker.retained)
    fresh.link = fresh.gateway_link(fresh.outbox)
    return fresh


async def a_disk_that_was_rolled_back(lived_on: bool) -> TwoEnds:
    """100 taps reach the cloud; then the disk of the 40th comes back, perhaps after a day of its own."""
    ends = TwoEnds()
    for number in range(1, 41):
        ends.outbox.record(tap(number))
    old_disk = ends.outbox.picture()
    for number in range(41, 101):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    ends.outbox.restore(old_disk)
    for number in range(201, 211) if lived_on else ():
        ends.outbox.record(tap(number))
    return renewed(ends)


@in_virtual_time
async def test_a_rolled_back_disk_begins_a_new_incarnation_and_loses_nothing() -> None:
    ends = await a_disk_that_was_rolled_back(lived_on=False)
    first = ends.outbox.incarnation
    async with ends.running():
        await ends.until(lambda: ends.outbox.incarnation != first)
        for number in range(301, 351):
            ends.outbox.record(tap(number))
        await ends.until(lambda: ends.outbox.drained)
        assert ends.link.state.state is Link.ONLINE
    second = Stream("store-1", ends.outbox.incarnation, Lane.LEDGER)
    assert len(ends.store.books.stored(second)) == 50
    assert len(ends.store.books.stored(Stream("store-1", first, Lane.LEDGER))) == 100
    assert not ends.store.books.disputes


@in_virtual_time
async def test_a_rolled_back_disk_that_lived_on_is_quarantined_not_overwritten() -> None:
    ends = await a_disk_that_was_rolled_back(lived_on=True)
    first = ends.outbox.incarnation
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.QUARANTINED)
        assert "row 41" in ends.link.state.detail
        assert len(ends.store.books.disputes) == 1
        spoken = len(ends.broker.published)
        ends.outbox.record(tap(11))
        await ends.pass_time(120.0)
        assert not [topic for topic, _ in ends.broker.published[spoken:] if topic.endswith("/up/ledger")]
    assert len(ends.store.books.stored(Stream("store-1", first, Lane.LEDGER))) == 100
    assert ends.outbox.books[first].acked[Lane.LEDGER] < 41


@in_virtual_time
async def test_a_rolled_back_disk_that_lived_on_beyond_what_the_cloud_has_begins_anew_too() -> None:
    ends = await a_disk_that_was_rolled_back(lived_on=True)
    first = ends.outbox.incarnation
    for number in range(211, 301):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.incarnation != first)
        assert ends.link.state.state is not Link.QUARANTINED
    assert len(ends.store.books.stored(Stream("store-1", first, Lane.LEDGER))) == 100


@in_virtual_time
async def test_an_operators_release_is_heard_at_once() -> None:
    ends = TwoEnds()
    ends.outbox.record(tap(1))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
        notice = Quarantined(incarnation=ends.outbox.incarnation, lane=Lane.LEDGER, sequence=1, reason="looked at")
        ends.store.quarantine(Dispute("store-1", notice, b""))
        ends.outbox.record(tap(2))
        await ends.until(lambda: ends.link.state.state is Link.QUARANTINED)
        ends.store.release("store-1")
        ends.landing.released("store-1", ends.store.standing("store-1", ends.outbox.incarnation))
        await ends.until(lambda: ends.outbox.drained, within_s=1.0)
        assert ends.link.state.state is Link.ONLINE
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_a_cloud_that_holds_another_body_stops_the_gateway() -> None:
    ends = TwoEnds()
    for number in range(1, 11):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    ends.outbox.forge(Lane.LEDGER, 10, tap(99))
    ends = renewed(ends)
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.QUARANTINED)
        assert "row 10" in ends.link.state.detail


@in_virtual_time
async def test_an_acknowledgement_for_another_journal_changes_nothing() -> None:
    ends = TwoEnds()
    stranger = MemoryOutbox()
    stranger.incarnation = "f" * 32
    ends.broker.retained["regulars/v1/store-1/down/ack"] = (
        b'{"incarnation":"' + b"f" * 32 + b'","lanes":{"ledger":{"sequence":9,"hash":"' + b"a" * 64 + b'"}}}'
    )
    ends.outbox.record(tap(1))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    assert_the_cloud_equals_the_journal(ends)
