"""Both ends of the protocol over a virtual network: whatever the air does, the cloud equals the journal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge.landing.batches import read_batch
from cloud_bridge.landing.store import Loss, Stream
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.state import Link
from tests.unit.bridge.equal_ends import assert_the_cloud_equals_the_journal, in_virtual_time
from tests.unit.bridge.memory_outbox import shown, tap
from tests.unit.bridge.two_ends import TwoEnds
from tests.unit.bridge.virtual_network import Weather
from tests.unit.bridge.virtual_time import run_virtually


@in_virtual_time
async def test_what_is_recorded_reaches_the_cloud_once() -> None:
    ends = TwoEnds()
    for number in range(1, 2_501):
        ends.outbox.record(tap(number))
        ends.outbox.record(shown(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    assert_the_cloud_equals_the_journal(ends)
    assert ends.store.books.duplicates == 0
    assert Link.ONLINE in [state.state for state in ends.states]


@in_virtual_time
async def test_a_tap_is_sent_at_once_and_telemetry_waits_for_company() -> None:
    ends = TwoEnds()
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.ONLINE)
        ends.outbox.record(shown(1))
        ends.outbox.record(tap(1))
        await ends.pass_time(1.0)
        assert ends.outbox.books[ends.outbox.incarnation].acked == {Lane.LEDGER: 1, Lane.TELEMETRY: 0}
        await ends.pass_time(15.0)
        assert ends.outbox.drained
        for number in range(100):
            ends.outbox.record(shown(number))
        await ends.pass_time(1.0)
        assert ends.outbox.drained


@in_virtual_time
async def test_the_uplink_sleeps_when_there_is_nothing_to_send() -> None:
    ends = TwoEnds()
    ends.outbox.record(tap(1))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
        await ends.pass_time(1.0)
        asked, spoken = ends.outbox.unsent_calls, len(ends.broker.published)
        await ends.pass_time(3600.0)
        assert ends.outbox.unsent_calls == asked
        heartbeats = [topic for topic, _ in ends.broker.published[spoken:] if topic.endswith("/hello")]
        assert 230 <= len(heartbeats) <= 240
        assert len(ends.broker.published) - spoken == 3 * len(heartbeats)  # hello, heads, standing


@in_virtual_time
async def test_a_lost_acknowledgement_credits_once() -> None:
    ends = TwoEnds()
    acks: list[bytes] = []

    def drop_the_first(topic: str, payload: bytes) -> bool:
        if topic.endswith("/ack") and b'"sequence":1' in payload:
            acks.append(payload)
        return len(acks) == 1 and acks[0] is payload

    ends.broker.drop = drop_the_first
    ends.outbox.record(tap(1))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_a_batch_that_a_broker_swallows_for_its_size_goes_through_in_parts() -> None:
    ends = TwoEnds()
    ends.broker.drop = lambda topic, payload: topic.endswith("/up/ledger") and len(payload) > 4_000
    for number in range(1, 201):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained, within_s=3_600.0)
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_a_row_that_never_gets_through_is_shown_and_does_not_stop_the_other_lane() -> None:
    ends = TwoEnds()
    ends.broker.drop = lambda topic, payload: topic.endswith("/up/ledger")
    ends.outbox.record(tap(1))
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.STUCK, within_s=600.0)
        assert "ledger" in ends.link.state.detail
        for number in range(300):
            ends.outbox.record(shown(number))
        await ends.until(lambda: ends.outbox.books[ends.outbox.incarnation].acked[Lane.TELEMETRY] == 300)
        ends.broker.drop = lambda topic, payload: False
        await ends.until(lambda: ends.outbox.drained)
        assert ends.link.state.state is Link.ONLINE


def settle_directly(ends: TwoEnds) -> None:
    """The cloud applied what the gateway has, and the acknowledgement was lost."""
    rows = ends.outbox.books[ends.outbox.incarnation].rows[Lane.LEDGER]
    payload = b"[" + b",".join(row.body for row in rows) + b"]"
    ends.store.land([read_batch("store-1", Lane.LEDGER, payload)])


@in_virtual_time
async def test_a_deleted_row_reaches_the_cloud_as_a_gap() -> None:
    ends = TwoEnds()
    for number in range(1, 31):
        ends.outbox.record(tap(number))
    ends.outbox.lose(Lane.LEDGER, 12, 14, "deleted")
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    assert ends.store.books.losses[Stream("store-1", ends.outbox.incarnation, Lane.LEDGER)] == [Loss(12, 14, "deleted")]
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_the_same_poison_for_ever_is_shown_to_people() -> None:
    ends = TwoEnds()
    row = ends.outbox.record(tap(1))
    row.body = row.body.replace(b'"weak"', b'"veak"')
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.QUARANTINED)
        assert "wrong_hash" in ends.link.state.detail
        assert ends.landing.refusals["wrong_hash"] == 5
    assert ends.store.books.quarantines["store-1"].reason.startswith("malformed")


@pytest.mark.parametrize("kind", ["ack", "nack", "replica", "quarantine", "unheard-of"])
def test_malformed_words_of_the_cloud_are_counted_and_change_nothing(kind: str) -> None:
    async def story() -> None:
        ends = TwoEnds()
        async with ends.running():
            await ends.until(lambda: ends.link.state.state is Link.ONLINE)
            for payload in (b"", b"{", b"[]", b"null", b'{"incarnation":7}', b"\xff" * 100, b"x" * 600_000):
                ends.broker.spread(f"regulars/v1/store-1/down/{kind}", payload)
            await ends.pass_time(1.0)
            assert ends.link.malformed == 7
            ends.outbox.record(tap(1))
            await ends.until(lambda: ends.outbox.drained)
            assert ends.link.state.state is Link.ONLINE

    run_virtually(story())


@in_virtual_time
async def test_whatever_is_published_to_the_cloud_it_goes_on() -> None:
    ends = TwoEnds()
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.ONLINE)
        for channel in ("hello", "applied", "presence", "ledger", "telemetry"):
            for payload in (b"", b"{", b"[]", b"null", b'{"incarnation":7}', b"\xff" * 100, b"x" * 600_000):
                ends.broker.spread(f"regulars/v1/store-1/up/{channel}", payload)
                ends.broker.spread(f"regulars/v1/stranger/up/{channel}", payload)
        ends.broker.spread("regulars/v1/STORE/up/ledger", b"[]")
        ends.broker.spread("regulars/v1/store-1/up/gossip", b"[]")
        ends.outbox.record(tap(1))
        await ends.until(lambda: ends.outbox.drained)
        assert ends.landing.refusals["bad_topic"] == 2
        assert ends.landing.refusals["oversized"] >= 4
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_the_cloud_is_away_and_comes_back() -> None:
    ends = TwoEnds()
    ends.broker.drop = lambda topic, payload: "/up/" in topic
    for number in range(1, 301):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.pass_time(3600.0)
        assert ends.link.state.state is Link.UNANSWERED
        sent = [payload for topic, payload in ends.broker.published if topic.endswith("/up/ledger")]
        assert len(sent) <= 3, "nothing is sent to a cloud that has not spoken"
        ends.broker.drop = lambda topic, payload: False
        await ends.until(lambda: ends.outbox.drained, within_s=5.0)
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_a_day_without_the_network_is_made_up_for() -> None:
    ends = TwoEnds()
    async with ends.running():
        await ends.until(lambda: ends.link.state.state is Link.ONLINE)
        ends.broker.cut()
        for number in range(1, 1441):
            ends.outbox.record(tap(number))
            ends.outbox.record(shown(number))
            await ends.pass_time(60.0)
        assert ends.link.state.state is Link.OFFLINE
        assert ends.store.online["store-1"] or ends.broker.retained["regulars/v1/store-1/up/presence"]
        ends.broker.mend()
        await ends.until(lambda: ends.outbox.drained, within_s=120.0)
    assert_the_cloud_equals_the_journal(ends)


_WEATHER = st.builds(
    Weather,
    loss=st.sampled_from([0.0, 0.05, 0.3, 0.6]),
    repeat=st.sampled_from([0.0, 0.2, 0.8]),
    delay_s_max=st.sampled_from([0.0, 0.05, 3.0, 20.0]),
)


@settings(max_examples=40, deadline=None)
@given(
    weather=_WEATHER,
    seed=st.integers(0, 2**32),
    events=st.integers(1, 1_500),
    cuts=st.lists(st.floats(0.1, 30.0), max_size=4),
    losses=st.lists(st.tuples(st.integers(1, 400), st.integers(0, 30)), max_size=2, unique_by=lambda loss: loss[0]),
)
def test_whatever_the_air_does_the_cloud_equals_the_journal(
    weather: Weather, seed: int, events: int, cuts: list[float], losses: list[tuple[int, int]]
) -> None:
    async def story() -> None:
        ends = TwoEnds(seed, weather)
        async with ends.running():
            for number in range(1, events + 1):
                ends.outbox.record(tap(number) if ends.rng.random() < 0.7 else shown(number))
                if number % 50 == 0:
                    await ends.pass_time(ends.rng.random())
            for first, more in sorted(losses):
                lose_what_is_there(ends, first, first + more)
            for pause_s in cuts:
                await ends.pass_time(pause_s)
                ends.broker.cut()
                await ends.pass_time(pause_s)
                ends.broker.mend()
            ends.broker.weather = Weather()
            await ends.until(lambda: ends.outbox.drained, within_s=3_600.0)
            await ends.pass_time(60.0)
        assert not ends.store.books.disputes
        for book in ends.outbox.books.values():
            for lane, rows in book.rows.items():
                stream = Stream("store-1", ends.outbox.incarnation, lane)
                stored = {row.sequence: row.hash for row in ends.store.books.stored(stream)}
                assert {row.sequence: row.hash for row in rows if not row.lost}.items() <= stored.items()
                assert ends.store.books.head(stream) == book.heads[lane]

    run_virtually(story())


def lose_what_is_there(ends: TwoEnds, first: int, last: int) -> None:
    """Rows vanish from the ledger, if they are there, whole, and not acknowledged yet."""
    book = ends.outbox.books[ends.outbox.incarnation]
    intact = {row.sequence for row in book.rows[Lane.LEDGER] if not row.lost}
    if intact.issuperset(range(first, last + 1)) and first > book.acked[Lane.LEDGER]:
        ends.outbox.lose(Lane.LEDGER, first, last, "deleted")
