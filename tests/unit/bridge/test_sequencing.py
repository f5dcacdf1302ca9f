"""The rules of landing, one by one."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_bridge.landing.batches import Batch, Refusal, read_batch
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.landing.store import LandingResult, Loss, Stream
from cloud_bridge.topics import Lane
from tests.unit.bridge.memory_outbox import MemoryOutbox, Row, tap
from tests.unit.bridge.memory_store import MemoryBooks


class Desk:
    """A gateway's rows and the cloud's books, without the air between them."""

    def __init__(self, taps: int = 0) -> None:
        self.outbox = MemoryOutbox()
        self.books = MemoryBooks()
        for number in range(1, taps + 1):
            self.outbox.record(tap(number))

    @property
    def stream(self) -> Stream:
        return Stream("store-1", self.outbox.incarnation, Lane.LEDGER)

    @property
    def rows(self) -> list[Row]:
        return self.outbox.books[self.outbox.incarnation].rows[Lane.LEDGER]

    def batch(self, rows: Sequence[Row]) -> Batch:
        return read_batch("store-1", Lane.LEDGER, b"[" + b",".join(row.body for row in rows) + b"]")

    def land(self, *groups: Sequence[Row]) -> LandingResult:
        return settle([self.batch(rows) for rows in groups], self.books)

    @property
    def high(self) -> int:
        return self.books.head(self.stream).sequence


def test_rows_in_order_are_applied_and_acknowledged() -> None:
    desk = Desk(5)
    result = desk.land(desk.rows[:2], desk.rows[2:])
    assert (result.applied, desk.high) == (5, 5)
    head = result.acks[("store-1", desk.outbox.incarnation)].lanes[Lane.LEDGER]
    assert (head.sequence, head.hash) == (5, desk.rows[-1].hash)


def test_an_acknowledgement_always_names_both_lanes() -> None:
    desk = Desk(1)
    ack = desk.land(desk.rows).acks[("store-1", desk.outbox.incarnation)]
    assert set(ack.lanes) == set(Lane)
    assert ack.lanes[Lane.TELEMETRY].sequence == 0


def test_a_repeat_is_counted_and_acknowledged_again_but_not_applied() -> None:
    desk = Desk(5)
    desk.land(desk.rows)
    result = desk.land(desk.rows)
    assert (result.applied, result.duplicates, desk.high) == (0, 5, 5)
    assert result.acks


def test_a_batch_that_overlaps_is_applied_from_where_it_is_new() -> None:
    desk = Desk(8)
    desk.land(desk.rows[:5])
    result = desk.land(desk.rows[3:])
    assert (result.duplicates, result.applied) == (2, 3)


def test_a_hole_is_asked_for_and_nothing_behind_it_is_applied() -> None:
    desk = Desk(9)
    result = desk.land(desk.rows[:3], desk.rows[6:])
    assert desk.high == 3
    nack = result.nacks[desk.stream]
    assert (nack.first, nack.last) == (4, 9)


def test_a_hole_that_is_filled_in_the_same_group_is_not_asked_for() -> None:
    desk = Desk(9)
    result = desk.land(desk.rows[:3], desk.rows[6:], desk.rows[3:6], desk.rows[6:])
    assert desk.high == 9
    assert not result.nacks


def test_what_came_too_early_is_asked_for_again_even_when_the_hole_is_filled() -> None:
    desk = Desk(9)
    result = desk.land(desk.rows[:3], desk.rows[6:], desk.rows[3:6])
    assert desk.high == 6
    nack = result.nacks[desk.stream]
    assert (nack.first, nack.last) == (7, 9)


def test_another_body_at_a_known_sequence_quarantines_the_gateway() -> None:
    desk = Desk(5)
    desk.land(desk.rows)
    desk.outbox.forge(Lane.LEDGER, 3, tap(99))
    result = desk.land(desk.rows)
    assert result.notices["store-1"].sequence == 3
    (dispute,) = desk.books.disputes
    assert b'"medium":"' + f"{99:032x}".encode() in dispute.body


def test_another_body_hidden_behind_new_rows_is_found_too() -> None:
    desk = Desk(6)
    desk.land(desk.rows[:5])
    forged = desk.rows[5]
    desk.outbox.forge(Lane.LEDGER, 2, tap(99))
    assert desk.land([forged, desk.rows[1]]).notices["store-1"].sequence == 2


def test_a_row_that_does_not_continue_the_chain_quarantines_the_gateway() -> None:
    desk, other = Desk(3), Desk(0)
    desk.land(desk.rows)
    for number in (7, 8, 9, 10):
        other.outbox.record(tap(number))
    result = settle([desk.batch([other.rows[3]])], desk.books)
    assert result.notices["store-1"].sequence == 4
    assert desk.high == 3


def test_nothing_more_is_applied_from_a_quarantined_gateway_until_it_is_released() -> None:
    desk = Desk(5)
    desk.land(desk.rows[:4])
    original = list(desk.rows)
    desk.outbox.forge(Lane.LEDGER, 2, tap(99))
    desk.land(desk.rows[:3])
    result = desk.land(original)
    assert (desk.high, result.acks) == (4, {})
    assert result.notices["store-1"].sequence == 2
    del desk.books.quarantines["store-1"]
    desk.land(original)
    assert desk.high == 5


def test_one_gateways_quarantine_does_not_touch_another() -> None:
    desk = Desk(3)
    desk.books.secrets["store-2"] = b"t" * 32
    other = MemoryOutbox("store-2")
    row = other.record(tap(1))
    desk.land(desk.rows)
    desk.outbox.forge(Lane.LEDGER, 1, tap(99))
    second = read_batch("store-2", Lane.LEDGER, b"[" + row.body + b"]")
    settle([desk.batch(desk.rows), second], desk.books)
    assert desk.books.head(Stream("store-2", other.incarnation, Lane.LEDGER)).sequence == 1


def test_a_gateway_that_is_not_enrolled_is_refused() -> None:
    desk = Desk(1)
    desk.books.secrets.clear()
    result = desk.land(desk.rows)
    assert result.refusals == [(desk.stream, Refusal("unknown_gateway", "not enrolled here"))]
    assert not desk.books.heads


def test_a_signed_gap_moves_the_head_and_is_counted_by_reason() -> None:
    desk = Desk(9)
    desk.outbox.lose(Lane.LEDGER, 4, 6, "deleted")
    result = desk.land(desk.rows)
    assert (desk.high, result.lost) == (9, 3)
    assert desk.books.losses[desk.stream] == [Loss(4, 6, "deleted")]


def test_a_gap_at_the_very_beginning_is_taken() -> None:
    desk = Desk(4)
    desk.outbox.lose(Lane.LEDGER, 1, 2)
    assert (desk.land(desk.rows).lost, desk.high) == (2, 4)


def test_a_repeated_gap_is_a_repeat() -> None:
    desk = Desk(9)
    desk.outbox.lose(Lane.LEDGER, 4, 6)
    desk.land(desk.rows)
    result = desk.land(desk.rows)
    assert (result.lost, result.applied, desk.high) == (0, 0, 9)
    assert not result.notices


def test_rows_that_arrived_before_they_were_lost_are_no_loss() -> None:
    desk = Desk(9)
    desk.land(desk.rows[:5])
    desk.outbox.lose(Lane.LEDGER, 4, 7, "deleted")
    result = desk.land(desk.rows)
    assert desk.books.losses[desk.stream] == [Loss(6, 7, "deleted")]
    assert (result.lost, desk.high) == (2, 9)
    desk.land(desk.rows)
    assert desk.high == 9


def test_a_gap_that_nobody_signed_is_refused() -> None:
    desk = Desk(9)
    desk.outbox.secret = b"x" * 32
    desk.outbox.lose(Lane.LEDGER, 4, 6)
    result = desk.land(desk.rows)
    assert (desk.high, result.lost) == (3, 0)
    assert result.refusals[0][1].reason == "bad_signature"


def test_a_gap_that_does_not_continue_the_chain_quarantines() -> None:
    desk, other = Desk(3), Desk(9)
    desk.land(desk.rows)
    other.outbox.forge(Lane.LEDGER, 3, tap(77))
    other.outbox.lose(Lane.LEDGER, 4, 6)
    assert settle([desk.batch(other.rows[3:])], desk.books).notices["store-1"].sequence == 4


def test_a_row_after_a_gap_must_continue_from_the_rows_that_were_lost() -> None:
    desk = Desk(9)
    seventh = desk.rows[6]
    desk.outbox.lose(Lane.LEDGER, 4, 5)
    result = desk.land(desk.rows[:4], [seventh])
    assert result.nacks[desk.stream].first == 6


def test_a_bad_event_is_asked_for_again_behind_what_was_taken() -> None:
    desk = Desk(5)
    payload = b"[" + b",".join(row.body for row in desk.rows) + b"]"
    spoiled = payload.replace(f"{4:032x}".encode(), f"{9:032x}".encode())
    result = settle([read_batch("store-1", Lane.LEDGER, spoiled)], desk.books)
    assert desk.high == 3
    assert result.nacks[desk.stream].first == 4
    assert result.refusals[0][1].reason == "wrong_hash"
