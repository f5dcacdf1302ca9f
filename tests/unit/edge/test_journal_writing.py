"""Units of work: all or nothing, alone or in company, durable when they return."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract import CardTappedV1, SaleCompletedV1, SaleLineV1
from cloud_bridge.envelope import EnvelopeError, LaneSealer, Position, seal, verify
from cloud_bridge.payload import EventData
from cloud_bridge.topics import Lane
from edge_agent.journal import Deferred, Journal, JournalClosed, JournalError, Recorded, Transaction
from edge_agent.journal.committer import CHECKPOINT_EVERY_COMMITS
from edge_agent.journal.lanes.events import canonical
from tests.unit.edge.journal_bench import Hands, opened, queue, record, settings, shown, tap


class OopsError(Exception):
    """What a unit raises in these tests."""


async def test_an_event_is_numbered_stamped_and_chained(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        first, second = await record(journal, tap(1), tap(2))
        assert (first.sequence, second.sequence) == (1, 2)
        assert first.event_id == f"{journal.incarnation}/ledger/1"
        assert first.hlc < second.hlc
        assert first.at.isoformat() == "2026-07-01T00:00:00+00:00"
        rows = [orjson.loads(row.body) for row in await queue(journal)]
        for event in rows:
            verify(event)
        assert rows[0]["prevhash"] == "0" * 64
        assert rows[1]["prevhash"] == rows[0]["hash"]
        assert journal.heads()[Lane.LEDGER].hash == rows[1]["hash"]


async def test_each_lane_has_a_sequence_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        recorded = await record(journal, tap(1), shown(1), tap(2), shown(2))
        assert [(r.lane, r.sequence) for r in recorded] == [
            (Lane.LEDGER, 1),
            (Lane.TELEMETRY, 1),
            (Lane.LEDGER, 2),
            (Lane.TELEMETRY, 2),
        ]


async def test_a_trace_is_continued_and_a_unit_without_one_begins_its_own(tmp_path: Path) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"

    def unit(tx: Transaction) -> list[Recorded]:
        return [tx.record(tap(n), traceparent=given) for n, given in enumerate((trace, 'x"y', None, None))]

    async with opened(tmp_path) as journal:
        recorded = await journal.write(unit)
        assert recorded[0].traceparent == trace
        (drawn,) = {r.traceparent for r in recorded[1:]}
        assert drawn not in (trace, 'x"y')
        assert {r.traceparent for r in await journal.write(unit)}.isdisjoint({drawn, 'x"y'})
        assert len(await queue(journal)) == 8


async def test_a_unit_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> None:
        tx.record(tap(1), undecided=True)
        raise OopsError

    async with opened(tmp_path) as journal:
        with pytest.raises(OopsError):
            await journal.write(unit)
        (kept,) = await record(journal, tap(2))
        assert kept.sequence == 1
        assert (await journal.read(lambda reader: reader.counts())).undecided == 0
        assert (await journal.verify()).ok


async def test_a_unit_that_raises_is_undone_alone_among_those_it_commits_with(tmp_path: Path) -> None:
    def unit(tx: Transaction, number: int) -> Recorded:
        recorded = tx.record(tap(number))
        if number % 3 == 0:
            raise OopsError
        return recorded

    async with opened(tmp_path) as journal:
        results = await asyncio.gather(
            *(journal.write(lambda tx, number=number: unit(tx, number)) for number in range(100)),  # type: ignore[misc]
            return_exceptions=True,
        )
        failed = [number for number, result in enumerate(results) if isinstance(result, OopsError)]
        assert failed == list(range(0, 100, 3))
        kept = [result for result in results if isinstance(result, Recorded)]
        assert [r.sequence for r in kept] == list(range(1, 67))
        report = await journal.verify()
        assert report.ok
        assert report.rows == 66


async def test_what_is_inside_a_savepoint_is_undone_and_what_is_outside_stays(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> Recorded:
        kept = tx.record(tap(1), undecided=True)
        with pytest.raises(OopsError), tx.savepoint():
            tx.mark_decided(kept)
            tx.record(tap(2), undecided=True)
            with tx.savepoint():
                tx.record(tap(3))
            raise OopsError
        return kept

    async with opened(tmp_path) as journal:
        kept = await journal.write(unit)
        waiting = await journal.read(lambda reader: reader.undecided(10))
        assert [r.event_id for r in waiting] == [kept.event_id]
        assert waiting[0].data == tap(1)
        assert journal.heads()[Lane.LEDGER].sequence == 1


async def test_an_undecided_fact_is_found_again_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        first, second = await record(journal, tap(1), tap(2), undecided=True)
        await journal.write(lambda tx: tx.mark_decided(first))
    async with opened(tmp_path) as journal:
        waiting = await journal.read(lambda reader: reader.undecided(10))
        assert waiting == [second]
        assert waiting[0].data == tap(2)


async def test_attempts_are_counted_and_a_hopeless_fact_is_set_aside(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        (fact,) = await record(journal, tap(1), undecided=True)
        assert [await journal.write(lambda tx: tx.count_attempt(fact)) for _ in range(3)] == [1, 2, 3]
        (waiting,) = await journal.read(lambda reader: reader.undecided(10))
        assert waiting.attempts == 3
        await journal.write(lambda tx: tx.set_aside(fact, "KeyError in 3 attempts"))
        assert await journal.read(lambda reader: reader.undecided(10)) == []
        (aside,) = await journal.read(lambda reader: reader.set_asides(10))
        assert (aside.event_id, aside.attempts, aside.reason) == (fact.event_id, 3, "KeyError in 3 attempts")
        assert aside.type == "regulars.card.tapped.v1"


async def test_a_deferred_fact_comes_back_for_what_it_awaited_and_for_nothing_else(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> Recorded:
        fact = tx.record(tap(1))
        tx.defer(Deferred(fact.event_id, "link", "m1"))
        return fact

    async with opened(tmp_path) as journal:
        fact = await journal.write(unit)
        assert await journal.read(lambda reader: reader.deferred_for("link", "m2")) == []
        assert await journal.read(lambda reader: reader.deferred_for("sale", "m1")) == []
        assert await journal.read(lambda reader: reader.deferred_for("link", "m1")) == [fact]
        await journal.write(lambda tx: tx.settle_deferred(fact.event_id))
        assert await journal.read(lambda reader: reader.deferred_for("link", "m1")) == []


async def test_naming_an_event_of_no_journal_is_an_error_with_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for wrong in ("", "nonsense", f"{'e' * 32}/ledger/1", f"{journal.incarnation}/ledger/x"):
            with pytest.raises(JournalError, match="no event of this journal"):
                await journal.write(lambda tx, wrong=wrong: tx.defer(Deferred(wrong, "link", "m")))  # type: ignore[misc]


async def test_an_event_that_is_too_large_is_refused_alone(tmp_path: Path) -> None:
    line = SaleLineV1(sku="x" * 80, name="名" * 200, qty=1, unit_minor=1)
    sale = SaleCompletedV1(
        sale="s", till="t", currency="CNY", total_minor=1, sold_at="2026-06-01T12:00:00Z", lines=(line,) * 2_000
    )
    async with opened(tmp_path) as journal:
        with pytest.raises(EnvelopeError, match="bytes"):
            await record(journal, sale)
        assert (await record(journal, tap(1)))[0].sequence == 1


async def test_a_listener_hears_of_every_commit_also_before_it_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        first, second = journal.changed(), journal.changed()
        await record(journal, tap(1))
        async with asyncio.timeout(5):
            await first.wait()
            await second.wait()
        await journal.write(lambda tx: tx.counts())
        waiting = asyncio.ensure_future(first.wait())
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        assert not done, "a commit without events is no change of a lane"
        await record(journal, shown(1))
        async with asyncio.timeout(5):
            await waiting


async def test_a_caller_that_gives_up_does_not_undo_what_it_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        call = asyncio.ensure_future(record(journal, tap(1)))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        (second,) = await record(journal, tap(2))
        assert second.sequence == 2


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        pass
    with pytest.raises(JournalClosed):
        await record(journal, tap(1))
    with pytest.raises(JournalClosed):
        await journal.read(lambda reader: reader.counts())
    await journal.close()


async def test_whatever_a_unit_raises_reaches_its_caller_and_the_writer_lives_on(tmp_path: Path) -> None:
    def unit(tx: Transaction) -> None:
        tx.record(tap(1))
        raise SystemExit(3)

    async with opened(tmp_path) as journal:
        with pytest.raises(BaseException, match="3") as raised:
            await journal.write(unit)
        assert isinstance(raised.value, SystemExit)
        assert (await record(journal, tap(2)))[0].sequence == 1


async def test_when_the_writer_itself_fails_nobody_waits_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        journal._committer._connection.close()
        async with asyncio.timeout(5):
            calls = (record(journal, tap(n)) for n in range(5))
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, Exception) for result in results)
            with pytest.raises(JournalClosed):
                await record(journal, tap(9))
        assert journal.durability() == "the writer has stopped: ProgrammingError"


async def test_closing_first_writes_what_is_queued(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        calls = [asyncio.ensure_future(record(journal, tap(n))) for n in range(50)]
        await asyncio.sleep(0)
        await journal.close()
        assert len([await call for call in calls]) == 50
    async with opened(tmp_path) as journal:
        assert journal.heads()[Lane.LEDGER].sequence == 50


async def test_time_continues_behind_the_last_row_after_a_restart_with_a_wrong_clock(tmp_path: Path) -> None:
    async with opened(tmp_path, Hands(days=30)) as journal:
        (before,) = await record(journal, tap(1))
    async with opened(tmp_path, Hands(days=1)) as journal:
        (after,) = await record(journal, tap(2))
    assert after.hlc > before.hlc


async def test_readers_see_whole_units_only(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        seen: list[int] = []

        async def look() -> None:
            for _ in range(30):
                rows = await journal.read(lambda reader: reader.tail(Lane.LEDGER, 1_000))
                seen.append(len(rows))

        async def work() -> None:
            for n in range(30):
                await record(journal, tap(n), tap(n), tap(n))

        await asyncio.gather(look(), work())
        assert all(rows % 3 == 0 for rows in seen)


async def test_the_tail_shows_the_newest_rows_and_which_are_acknowledged(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await record(journal, *(tap(n) for n in range(10)))
        rows = await journal.read(lambda reader: reader.tail(Lane.LEDGER, 3))
        assert [row.sequence for row in rows] == [8, 9, 10]
        assert {row.state for row in rows} == {"queued"}


def test_two_gateways_cannot_share_a_journal(tmp_path: Path) -> None:
    async def both() -> None:
        async with opened(tmp_path):
            with pytest.raises(JournalError, match="another gateway is using this journal"):
                Journal.open(settings(tmp_path), clock=Hands().clock())

    asyncio.run(both())


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
sales: st.SearchStrategy[EventData] = st.builds(
    SaleCompletedV1,
    sale=texts,
    till=texts,
    currency=st.just("CNY"),
    total_minor=st.integers(-(10**13), 10**13),
    sold_at=texts,
    lines=st.lists(
        st.builds(SaleLineV1, sku=texts, name=texts, qty=st.integers(-9, 9), unit_minor=st.integers(0, 10**6)),
        max_size=3,
    ).map(tuple),
    refund_of=st.none() | texts,
    medium=st.none() | st.just("a" * 32),
)
taps: st.SearchStrategy[EventData] = st.builds(
    CardTappedV1, reader=texts, medium=st.just("b" * 32), technology=texts, trust=texts
)


@given(data=sales | taps)
def test_the_fast_way_of_sealing_writes_the_same_bytes_as_the_plain_one(data: EventData) -> None:
    position = Position(
        gateway_id="store-1",
        incarnation="ab" * 16,
        lane="ledger",
        sequence=7,
        prevhash="c" * 64,
        hlc="001700000000000-00001",
        time="2026-01-01T00:00:00.000Z",
        timequality="synchronised",
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )
    plain = seal(data.type, data.model_dump(mode="json", exclude_none=True), position)
    sealer = LaneSealer(gateway_id="store-1", incarnation="ab" * 16, lane="ledger")
    unsealed = (
        canonical(data),
        data.type,
        7,
        position.hlc,
        position.time,
        position.timequality,
        position.traceparent,
    )
    digest, bodies = sealer.seal(position.prevhash, [unsealed])
    assert (digest, bodies) == (plain.hash, [plain.body])


async def test_the_log_is_folded_into_the_file_behind_those_who_wait(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        first = await journal.write(lambda tx: tx.record(tap(0)))
        for n in range(1, CHECKPOINT_EVERY_COMMITS):
            await journal.write(lambda tx, n=n: tx.record(tap(n)))  # type: ignore[misc]
        (file,) = tmp_path.rglob("*.db")  # noqa: ASYNC240  a look at the disk, not a wait
        async with asyncio.timeout(10):
            while first.event_id.encode() not in file.read_bytes():  # noqa: ASYNC110  the writer tells nobody when it folds
                await asyncio.sleep(0)
