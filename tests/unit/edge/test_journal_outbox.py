"""The queue to the cloud: what is sent next, what an acknowledgement does, and where every row went."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cloud_bridge.contract import DecisionRefusedV1
from cloud_bridge.receipts import Ack, Head
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import Advanced, Foreign, Mismatch, OutboxRow, Place, RolledBack
from edge_agent.journal import Deferred, Journal
from tests.unit.edge.journal_bench import (
    BYTES_MAX,
    ELSEWHERE,
    Hands,
    acknowledge,
    hash_at,
    opened,
    post,
    posting,
    queue,
    record,
    shown,
    tamper,
    tap,
)
from tests.unit.edge.test_journal_chain import follows, gaps_in


async def lot(journal: Journal, rows: int) -> list[OutboxRow]:
    await record(journal, *(tap(n) for n in range(rows)))
    return await queue(journal)


async def test_rows_come_oldest_first_within_the_bounds_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 30)
        assert [row.sequence for row in rows] == list(range(1, 31))
        few = await journal.unsent(Lane.LEDGER, after=None, events_max=7, bytes_max=BYTES_MAX)
        assert few == rows[:7]
        behind = await journal.unsent(
            Lane.LEDGER, after=Place(journal.incarnation, 7), events_max=100, bytes_max=3 * len(rows[8].body) + 10
        )
        assert behind == rows[7:10]
        single = await journal.unsent(Lane.LEDGER, after=None, events_max=100, bytes_max=1)
        assert single == rows[:1]
        assert (
            await journal.unsent(Lane.LEDGER, after=Place(journal.incarnation, 30), events_max=100, bytes_max=BYTES_MAX)
            == []
        )
        assert await journal.unsent(Lane.TELEMETRY, after=None, events_max=100, bytes_max=BYTES_MAX) == []


async def test_an_acknowledgement_that_fits_takes_rows_out_of_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 10)
        assert await acknowledge(journal, 4, rows=rows) == Advanced(4)
        assert await queue(journal) == rows[4:]
        assert await acknowledge(journal, 4, rows=rows) == Advanced(0)
        assert await acknowledge(journal, 2, rows=rows) == Advanced(0)
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.acked, figures.queued, figures.dropped) == (10, 4, 6, 0)
    async with opened(tmp_path) as journal:
        assert await queue(journal) == rows[4:]


async def test_an_acknowledgement_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 10)
        wrong = Ack(incarnation=journal.incarnation, lanes={Lane.LEDGER: Head(sequence=4, hash="a" * 64)})
        assert await journal.acknowledge(wrong) == RolledBack(Lane.LEDGER, 4)
        beyond = Ack(incarnation=journal.incarnation, lanes={Lane.LEDGER: Head(sequence=11, hash="a" * 64)})
        assert await journal.acknowledge(beyond) == RolledBack(Lane.LEDGER, 11)
        foreign = Ack(incarnation=ELSEWHERE, lanes={Lane.LEDGER: Head(sequence=4, hash=hash_at(rows, 4))})
        assert await journal.acknowledge(foreign) == Foreign()
        assert await queue(journal) == rows


async def test_another_body_where_both_had_agreed_is_a_mismatch_and_no_rolled_back_disk(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 10)
        await acknowledge(journal, 4, rows=rows)
        wrong = Ack(incarnation=journal.incarnation, lanes={Lane.LEDGER: Head(sequence=4, hash="a" * 64)})
        assert await journal.acknowledge(wrong) == Mismatch(Lane.LEDGER, 4)
        assert await queue(journal) == rows[4:]


async def test_one_wrong_head_keeps_the_other_lane_from_advancing_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 3)
        await record(journal, shown(1))
        ack = Ack(
            incarnation=journal.incarnation,
            lanes={
                Lane.LEDGER: Head(sequence=2, hash=hash_at(rows, 2)),
                Lane.TELEMETRY: Head(sequence=1, hash="b" * 64),
            },
        )
        assert await journal.acknowledge(ack) == RolledBack(Lane.TELEMETRY, 1)
        assert len(await queue(journal)) == 3


async def test_acknowledged_rows_are_pruned_but_for_the_newest(tmp_path: Path) -> None:
    async with opened(tmp_path, acked_rows_kept=10) as journal:
        rows = await lot(journal, 100)
        await acknowledge(journal, 60, rows=rows)
        kept = await journal.read(lambda reader: reader.tail(Lane.LEDGER, 1_000))
        assert [row.sequence for row in kept] == list(range(51, 101))
        assert [row.state for row in kept] == ["acked"] * 10 + ["queued"] * 40
        assert await acknowledge(journal, 55, rows=rows) == Advanced(0)


async def test_a_fact_that_still_waits_survives_pruning(tmp_path: Path) -> None:
    async with opened(tmp_path, acked_rows_kept=0) as journal:
        waiting, deferred, _ = await record(journal, tap(1), tap(2), tap(3), undecided=True)
        await journal.write(lambda tx: tx.defer(Deferred(deferred.event_id, "link", "m")))
        await acknowledge(journal, 3, rows=await queue(journal))
        assert await journal.read(lambda reader: reader.tail(Lane.LEDGER, 10)) == []
        assert (await journal.read(lambda reader: reader.undecided(10)))[0] == waiting
        assert await journal.read(lambda reader: reader.deferred_for("link", "m")) == [deferred]
        await journal.write(lambda tx: tx.mark_decided(waiting))
        await journal.write(lambda tx: tx.settle_deferred(deferred.event_id))
        assert await journal.read(lambda reader: reader.deferred_for("link", "m")) == []


async def test_telemetry_beyond_its_bound_is_dropped_counted_and_stated(tmp_path: Path) -> None:
    async with opened(tmp_path, telemetry_rows_max=100, in_flight_rows_max=20) as journal:
        for batch in range(10):
            await record(journal, *(shown(n) for n in range(25)))
            await record(journal, tap(batch))
        figures = (await journal.figures())[Lane.TELEMETRY]
        assert figures.queued <= 100
        assert figures.dropped_by_reason == {"telemetry_full": 250 - figures.queued}
        assert figures.recorded == 250
        rows = await queue(journal, Lane.TELEMETRY)
        follows(rows)
        assert [row.sequence for row in rows[:21]] == list(range(1, 22)), "rows that may be on their way stay"
        assert gaps_in(rows)[0][0] == 21
        assert (await journal.figures())[Lane.LEDGER].dropped == 0
        report = await journal.verify()
        assert report.ok


async def test_an_acknowledged_gap_stays_counted_as_dropped(tmp_path: Path) -> None:
    async with opened(tmp_path, telemetry_rows_max=40, in_flight_rows_max=10, acked_rows_kept=0) as journal:
        await record(journal, *(shown(n) for n in range(60)))
        rows = await queue(journal, Lane.TELEMETRY)
        dropped = (await journal.figures())[Lane.TELEMETRY].dropped
        assert dropped == 20
        await acknowledge(journal, 60, Lane.TELEMETRY, rows=rows)
        figures = (await journal.figures())[Lane.TELEMETRY]
        assert (figures.recorded, figures.acked, figures.queued, figures.dropped) == (60, 40, 0, dropped)
        assert (await journal.verify()).ok


async def test_rows_the_cloud_has_after_all_are_no_loss(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 10)
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF BETWEEN 4 AND 7")
    async with opened(tmp_path) as journal:
        assert gaps_in(await queue(journal)) == [(4, 7, "row_missing")]
        assert await acknowledge(journal, 5, rows=rows) == Advanced(5)
        left = await queue(journal)
        assert gaps_in(left) == [(6, 7, "row_missing")]
        assert orjson.loads(left[0].body)["prevhash"] == hash_at(rows, 5)
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.acked, figures.queued, figures.dropped) == (5, 3, 2)


async def test_the_age_of_the_oldest_unsent_row_is_told(tmp_path: Path) -> None:
    hands = Hands()
    async with opened(tmp_path, hands) as journal:
        rows = await lot(journal, 2)
        hands.pass_ms(90_500)
        assert (await journal.figures())[Lane.LEDGER].oldest_unsent_age_s == 90
        await acknowledge(journal, 2, rows=rows)
        assert (await journal.figures())[Lane.LEDGER].oldest_unsent_age_s == 0


async def test_a_new_incarnation_takes_the_unacknowledged_rows_along(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        old = journal.incarnation
        rows = await lot(journal, 10)
        await acknowledge(journal, 6, rows=rows)
        await journal.begin_incarnation("rolled back")
        assert journal.incarnation != old
        await record(journal, tap(77))
        moved = await queue(journal)
        follows(moved)
        assert {row.incarnation for row in moved} == {journal.incarnation}
        media = [orjson.loads(row.body)["data"]["medium"] for row in moved]
        assert media == [f"{n:032x}" for n in (6, 7, 8, 9, 77)]
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.acked, figures.queued, figures.dropped) == (11, 6, 5, 0)
        stale = Ack(incarnation=old, lanes={Lane.LEDGER: Head(sequence=9_999, hash="a" * 64)})
        assert await journal.acknowledge(stale) == Advanced(0)
        assert (await journal.verify()).ok
    async with opened(tmp_path) as journal:
        assert journal.mended == ()
        assert await queue(journal) == moved


async def test_marks_books_causes_and_gaps_move_into_the_new_incarnation(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await lot(journal, 3)
        await acknowledge(journal, 1, rows=await queue(journal))
        (fact,) = await record(journal, tap(50), undecided=True)
        await journal.write(lambda tx: tx.defer(Deferred(fact.event_id, "link", "m")))
        await post(journal, "p1", "anna", 30)
    tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF = 3")
    async with opened(tmp_path) as journal:
        await journal.begin_incarnation("restored")
        rows = await queue(journal)
        follows(rows)
        assert gaps_in(rows) == [(2, 2, "row_missing")]
        (waiting,) = await journal.read(lambda reader: reader.undecided(10))
        assert waiting.event_id == f"{journal.incarnation}/ledger/3"
        assert waiting.data == fact.data
        (deferred,) = await journal.read(lambda reader: reader.deferred_for("link", "m"))
        assert deferred.event_id == waiting.event_id
        assert await journal.read(lambda reader: list(reader.postings())) == [posting("p1", "anna", 30)]
        figures = (await journal.figures())[Lane.LEDGER]
        assert (figures.recorded, figures.acked, figures.queued, figures.dropped) == (5, 1, 3, 1)


async def test_a_cause_that_moved_is_named_by_its_new_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        rows = await lot(journal, 2)
        await acknowledge(journal, 1, rows=rows)
        old = journal.incarnation
        await record(
            journal,
            DecisionRefusedV1(cause=f"{old}/ledger/1", reason="acked"),
            DecisionRefusedV1(cause=f"{old}/ledger/2", reason="moved"),
        )
        await journal.begin_incarnation("rolled back")
        events = [orjson.loads(row.body) for row in await queue(journal)]
        causes = {e["data"]["reason"]: e["data"]["cause"] for e in events if "cause" in e["data"]}
        assert causes == {"acked": f"{old}/ledger/1", "moved": f"{journal.incarnation}/ledger/1"}


async def test_a_position_of_the_former_incarnation_means_from_the_beginning(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await lot(journal, 5)
        former = Place(journal.incarnation, 4)
        await journal.begin_incarnation("rolled back")
        rows = await journal.unsent(Lane.LEDGER, after=former, events_max=100, bytes_max=BYTES_MAX)
        assert [row.sequence for row in rows] == [1, 2, 3, 4, 5]


moves = st.lists(
    st.tuples(
        st.sampled_from(["tap", "show", "ack", "ack_telemetry", "lose", "restart", "incarnation"]), st.integers(0, 999)
    ),
    max_size=14,
)


@hypothesis_settings(max_examples=25, deadline=None)
@given(moves=moves)
async def test_every_row_is_acknowledged_queued_or_dropped_whatever_happens(moves: list[tuple[str, int]]) -> None:
    recorded = dict.fromkeys(Lane, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for stretch in _stretches(moves):
            async with opened(path, telemetry_rows_max=30, in_flight_rows_max=10, acked_rows_kept=3) as journal:
                for move, number in stretch:
                    await _make(journal, path, move, number, recorded)
                if stretch and stretch[-1][0] == "lose":
                    continue
                figures = await journal.figures()
                for lane in Lane:
                    found = figures[lane]
                    assert found.recorded == recorded[lane] == found.acked + found.queued + found.dropped
                    rows = await queue(journal, lane)
                    assert len(rows) - len(gaps_in(rows)) == found.queued
                assert (await journal.verify()).ok


def _stretches(moves: list[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Cut at restarts."""
    found: list[list[tuple[str, int]]] = [[]]
    for move in moves:
        found[-1].append(move)
        if move[0] in {"restart", "lose"}:
            found.append([])
    return found


async def _make(journal: Journal, path: Path, move: str, number: int, recorded: dict[Lane, int]) -> None:
    if move == "tap":
        await record(journal, *(tap(n) for n in range(number % 7)))
        recorded[Lane.LEDGER] += number % 7
    elif move == "show":
        await record(journal, *(shown(n) for n in range(number % 50)))
        recorded[Lane.TELEMETRY] += number % 50
    elif move in {"ack", "ack_telemetry"}:
        lane = Lane.LEDGER if move == "ack" else Lane.TELEMETRY
        rows = await queue(journal, lane)
        if rows:
            row = rows[number % len(rows)]
            event = orjson.loads(row.body)
            last = event["data"].get("last", row.sequence)
            assert isinstance(await acknowledge(journal, last, lane, rows=rows), Advanced)
    elif move == "incarnation":
        await journal.begin_incarnation("told to")
    elif move == "lose":
        tamper(path, "DELETE FROM events_ledger WHERE place % 11 = ?", number % 11)
