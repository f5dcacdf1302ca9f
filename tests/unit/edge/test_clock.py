"""Time at the edge: it only goes forward, and says how good it is."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import AHEAD_MS_MAX, BUILD_DATE_MS, HybridClock, Stamp, datetime_of, ms_of, system_clock
from tests.unit.edge.journal_bench import Hands

YEAR_MS = 365 * 86_400_000


def test_a_stamp_says_the_wall_time_where_a_time_server_has_set_it() -> None:
    hands = Hands()
    stamp = hands.clock().tick()
    assert stamp.ms == hands.wall_ns // 1_000_000
    assert stamp.timequality == "synchronised"
    assert stamp.time == "2026-07-01T00:00:00.000Z"
    assert stamp.hlc == f"{stamp.ms:015d}-00000"
    assert (stamp.boot_id, stamp.monotonic_ns) == ("bench", hands.elapsed_ns)


def test_stamps_within_one_millisecond_count() -> None:
    clock = Hands().clock()
    assert [clock.tick().hlc[-5:] for _ in range(3)] == ["00000", "00001", "00002"]


def test_a_full_counter_borrows_the_next_millisecond() -> None:
    clock = Hands().clock()
    stamps = [clock.tick() for _ in range(100_002)]
    assert stamps[99_999].hlc.endswith("-99999")
    assert stamps[100_000].ms == stamps[0].ms + 1
    assert stamps[100_000].hlc.endswith("-00000")
    assert stamps[100_001].hlc.endswith("-00001")


def test_before_the_clock_is_set_time_starts_at_the_build_date_and_runs() -> None:
    hands = Hands()
    hands.wall_ns, hands.synchronised = 0, False
    clock = hands.clock()
    assert clock.tick().ms == BUILD_DATE_MS
    hands.pass_ms(5_000)
    stamp = clock.tick()
    assert stamp.ms == BUILD_DATE_MS + 5_000
    assert stamp.timequality == "floor"


def test_a_clock_set_back_by_an_hour_does_not_take_time_back() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.tick()
    hands.wall_ns -= 3_600 * 10**9
    hands.elapsed_ns += 250 * 10**6
    after = clock.tick()
    assert after.ms == before.ms + 250
    assert after.timequality == "floor"


def test_a_clock_trimmed_back_a_little_keeps_its_quality() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.tick()
    hands.wall_ns -= 300 * 10**6
    after = clock.tick()
    assert after.hlc > before.hlc
    assert after.timequality == "synchronised"


def test_an_unset_clock_ten_years_ahead_is_not_believed() -> None:
    hands = Hands()
    hands.synchronised = False
    clock = hands.clock()
    before = clock.tick()
    hands.wall_ns += 10 * YEAR_MS * 10**6
    hands.elapsed_ns += 10**9
    after = clock.tick()
    assert after.ms == before.ms + 1_000
    assert after.timequality == "floor"


def test_a_time_server_is_believed_ten_years_ahead() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.tick()
    hands.pass_ms(10 * YEAR_MS)
    assert clock.tick().ms == before.ms + 10 * YEAR_MS


def test_an_unset_clock_is_believed_within_reason_and_says_so() -> None:
    hands = Hands(days=AHEAD_MS_MAX // 86_400_000 - 1)
    hands.synchronised = False
    stamp = hands.clock().tick()
    assert stamp.ms == hands.wall_ns // 1_000_000
    assert stamp.timequality == "unsynchronised"


def test_quality_follows_the_time_server_within_a_second() -> None:
    hands = Hands()
    hands.synchronised = False
    clock = hands.clock()
    assert clock.tick().timequality == "unsynchronised"
    hands.synchronised = True
    hands.pass_ms(1_000)
    assert clock.tick().timequality == "synchronised"


def test_no_stamp_is_below_the_last_one_of_the_journal() -> None:
    hands = Hands()
    clock = hands.clock()
    last = f"{hands.wall_ns // 1_000_000 + 3_600_000:015d}-00041"
    clock.never_before(last)
    assert clock.tick().hlc > last
    clock.never_before("000000000000001-00000")
    assert clock.tick().hlc > last


def test_now_does_not_tick_and_never_runs_behind_the_stamps() -> None:
    hands = Hands()
    clock = hands.clock()
    stamp = clock.tick()
    hands.wall_ns -= 3_600 * 10**9
    assert clock.now() == datetime_of(stamp.ms)
    assert clock.now() == datetime_of(stamp.ms)
    hands.elapsed_ns += 2 * 10**9
    assert clock.now() - datetime_of(stamp.ms) == timedelta(seconds=2)
    assert clock.monotonic() == pytest.approx(hands.elapsed_ns / 1e9)


@given(seed=st.integers(0, 2**32))
def test_stamps_ascend_whatever_the_wall_clock_does(seed: int) -> None:
    jumps = random.Random(seed)
    hands = Hands()
    clock = hands.clock()
    stamps: list[Stamp] = []
    for _ in range(60):
        hands.wall_ns = max(0, hands.wall_ns + jumps.choice((0, 1, 10**6, -(10**9), 10**12, -(10**18), 10**18)))
        hands.elapsed_ns += jumps.choice((0, 10**6, 10**9))
        hands.synchronised = jumps.random() < 0.5
        stamps.append(clock.tick())
    texts = [stamp.hlc for stamp in stamps]
    assert texts == sorted(set(texts))
    assert all(ms_of(stamp.hlc) == stamp.ms >= BUILD_DATE_MS for stamp in stamps)


def test_the_clock_of_this_machine_ticks() -> None:
    clock = system_clock()
    first, second = clock.tick(), clock.tick()
    assert first.hlc < second.hlc
    assert first.timequality in {"synchronised", "unsynchronised", "floor"}
    assert isinstance(clock, HybridClock)
