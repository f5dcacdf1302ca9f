"""Findings become alerts: dwelt on, told once, passed on, put off and ended; and it all outlives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.alerts.engine import ALERTS_OPEN_MAX
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.journal.floor.alerts import KeptAlert, StaleAlertError
from kiosk_ui.staff.board import AlertState, Severity
from tests.unit.edge.alerts_bench import alert_bench, empty, filled

LOW = Finding(AlertKind.LOW_STOCK, "A1", Holds.YES, {"units": 3})
NOT_LOW = Finding(AlertKind.LOW_STOCK, "A1", Holds.NO, {"units": 12})
COPIED = Finding(AlertKind.CARD_COPIED, "f" * 32, Holds.YES)


async def test_an_empty_shelf_is_raised_at_once_and_once(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(empty())
        await bench.passes(seconds=1)
        await bench.finds(empty())
        await bench.passes(seconds=1)
        (view,) = bench.alerts.views()
        assert (view.kind, view.subject, view.state, view.severity) == (
            "stock_out",
            "A1",
            AlertState.RAISED,
            Severity.WARNING,
        )
        assert (view.zone, view.facts["units"]) == ("drinks", 0)
        assert await bench.states() == ["raised"]


async def test_what_was_so_for_less_than_its_dwell_is_nobodys_business(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(LOW)
        await bench.passes(seconds=2)
        await bench.finds(NOT_LOW)
        await bench.passes(hours=1)
        assert bench.alerts.views() == ()
        assert await bench.states() == []


async def test_refilling_resolves_it_and_nobody_has_to_say_so(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.finds(filled())
        assert bench.state() == "raised"
        await bench.passes(seconds=3)
        (view,) = bench.alerts.views()
        assert (view.state, view.facts["units"]) == (AlertState.RESOLVED, 12)
        last = (await bench.events())[-1]
        assert (last["state"], last["reason"], last["actor"]) == ("resolved", "cleared", "")


async def test_being_unsure_changes_nothing(tmp_path: Path) -> None:
    unsure = Finding(AlertKind.STOCK_OUT, "A1", Holds.UNSURE)
    async with alert_bench(tmp_path) as bench:
        await bench.finds(unsure)
        await bench.passes(hours=1)
        assert bench.alerts.views() == ()
        await bench.raises()
        await bench.finds(unsure)
        await bench.passes(seconds=60)
        assert bench.state() == "raised"


async def test_a_shelf_that_is_empty_is_not_also_low(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(LOW, empty())
        await bench.passes(seconds=10)
        assert [view.kind for view in bench.alerts.views()] == ["stock_out"]


async def test_running_out_takes_the_place_of_running_low_in_one_step(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises(LOW)
        await bench.finds(empty())
        await bench.passes(seconds=1)
        assert [(v.kind, v.state.value) for v in bench.alerts.views()] == [
            ("stock_out", "raised"),
            ("low_stock", "resolved"),
        ]
        assert (await bench.events())[-1]["reason"] == "superseded"


async def test_a_shelf_half_refilled_is_low_again(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises(LOW)
        await bench.finds(empty())
        await bench.passes(seconds=1)
        await bench.finds(filled(units=3))
        await bench.passes(seconds=3)
        await bench.passes(seconds=1)
        open_ones = [v.kind for v in bench.alerts.views() if v.state is not AlertState.RESOLVED]
        assert open_ones == ["low_stock"]


async def test_what_comes_back_within_minutes_is_the_same_alert(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        first = await bench.raises()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(minutes=9)
        again = await bench.raises()
        assert (again.id, again.state) == (first.id, AlertState.RAISED)
        assert await bench.states() == ["raised", "resolved", "raised"]


async def test_what_comes_back_is_told_as_it_is_now_and_not_as_it_was_when_all_was_well(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.raises()
        ended, again = (await bench.events())[-2:]
        assert (ended["state"], ended["units"]) == ("resolved", 12)
        assert (again["state"], again["reason"], again["units"]) == ("raised", "came_back", 0)


async def test_what_comes_back_later_is_a_new_alert(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        first = await bench.raises()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(minutes=10, seconds=1)
        assert (await bench.raises()).id != first.id


async def test_an_alert_that_flaps_goes_to_the_next_role_once_nobody_took_it_for_as_long(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        for _ in range(5):
            await bench.passes(minutes=5)
            await bench.finds(filled())
            await bench.passes(seconds=3)
            await bench.restarts()
            await bench.passes(minutes=9)
            await bench.raises(after_s=0)
        await bench.passes(minutes=5)
        assert await bench.states() == ["raised", *(["resolved", "raised"] * 5), "escalated"]
        assert bench.alerts.views()[0].escalation == 1


async def test_minutes_in_which_it_was_not_so_are_nobodys_fault(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.passes(minutes=25)
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(minutes=9)
        await bench.raises(after_s=0)
        await bench.passes(minutes=4)
        assert bench.state() == "raised"
        await bench.passes(minutes=1)
        assert bench.state() == "escalated"


async def test_whoever_saw_to_it_is_given_the_whole_time_again(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.passes(minutes=25)
        await bench.acts("acknowledge")
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(minutes=9)
        await bench.raises(after_s=0)
        await bench.passes(minutes=29)
        assert bench.state() == "raised"
        await bench.passes(minutes=1)
        assert bench.state() == "escalated"


async def test_a_card_that_is_copied_twice_is_two_alerts(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        first = await bench.raises(COPIED)
        assert (await bench.acts("resolve")).is_done
        await bench.passes(minutes=1)
        assert len(bench.alerts.views()) == 1
        await bench.finds(COPIED)
        assert bench.alerts.views()[0].id != first.id


async def test_an_alert_nobody_takes_goes_to_the_next_role_and_no_further(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.passes(minutes=29)
        assert bench.state() == "raised"
        await bench.passes(minutes=1, seconds=1)
        assert (bench.state(), bench.alerts.views()[0].escalation) == ("escalated", 1)
        await bench.passes(hours=48)
        assert await bench.states() == ["raised", "escalated"]


async def test_what_is_urgent_waits_five_minutes(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises(Finding(AlertKind.TEMPERATURE, "fridge", Holds.YES, {"milli": 9_500}), after_s=120)
        await bench.passes(minutes=5)
        assert bench.state() == "escalated"


async def test_somebody_who_is_on_it_and_gives_up_lets_it_go_on(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("acknowledge")
        await bench.passes(minutes=29)
        assert bench.alerts.views()[0].claimed_by == "Li Wei"
        await bench.passes(minutes=1)
        assert (bench.state(), bench.alerts.views()[0].claimed_by) == ("escalated", None)
        assert (await bench.events())[-1]["reason"] == "released"


async def test_a_snooze_ends_and_the_alert_is_back(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("snooze", minutes=20)
        assert bench.alerts.views()[0].until is not None
        await bench.passes(minutes=19)
        assert bench.state() == "snoozed"
        await bench.passes(minutes=1)
        assert (bench.state(), bench.alerts.views()[0].until) == ("raised", None)
        await bench.passes(minutes=30)
        assert bench.state() == "escalated"


async def test_a_snoozed_alert_that_is_over_ends_in_silence(tmp_path: Path) -> None:
    tells_all = [{"name": "floor", "url_file": "/floor", "tell": ["raised", "resolved"]}]
    async with alert_bench(tmp_path, destinations=tells_all) as bench:
        await bench.raises()
        await bench.delivers()
        await bench.acts("snooze")
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(hours=1)
        assert bench.state() == "resolved"
        assert await bench.delivers() == []


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.raises(Finding(AlertKind.WRONG_ITEM, "B2", Holds.YES), after_s=10)
        await bench.acts("snooze", minutes=10, alert=next(v.id for v in bench.alerts.views() if v.subject == "B2"))
        before = bench.alerts.views()
        await bench.restarts()
        assert bench.alerts.views() == before
        await bench.passes(minutes=10)
        assert {v.subject: v.state.value for v in bench.alerts.views()} == {"A1": "raised", "B2": "raised"}
        await bench.passes(minutes=20)
        assert next(v.state.value for v in bench.alerts.views() if v.subject == "A1") == "escalated"


async def test_findings_said_again_after_a_restart_raise_nothing_again(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        first = await bench.raises()
        await bench.restarts()
        assert (await bench.raises()).id == first.id
        assert await bench.states() == ["raised"]


async def test_an_alert_that_came_back_after_a_restart_is_the_same_one(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        first = await bench.raises()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.restarts()
        assert (await bench.raises()).id == first.id


async def test_a_clock_that_jumps_back_raises_and_ends_nothing(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("snooze", minutes=30)
        bench.hands.wall_ns -= 7 * 86_400 * 1_000_000_000
        await bench.finds(empty())
        await bench.passes(seconds=30)
        assert (bench.state(), await bench.states()) == ("snoozed", ["raised", "snoozed"])


async def test_a_write_that_fails_is_tried_again_and_nobody_was_told(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(LOW)
        bench.hands.pass_ms(3_000)
        lost = bench.alerts.tick(bench.now())
        assert lost
        assert bench.alerts.views() == ()
        await bench.passes(seconds=1)
        assert await bench.states() == ["raised"]


async def test_steps_computed_from_what_has_changed_are_not_written(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.finds(filled())
        bench.hands.pass_ms(3_000)
        one, other = bench.alerts.tick(bench.now()), bench.alerts.tick(bench.now())
        await bench.journal.write(one.write)
        with pytest.raises(StaleAlertError, match="not at its step 1"):
            await bench.journal.write(other.write)


async def test_two_open_alerts_of_one_subject_cannot_be_kept(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        kept = bench.alerts.named(bench.alerts.views()[0].id)
        assert isinstance(kept, KeptAlert)
        twin = KeptAlert("f" * 32, kept.kind, "A1", kept.severity, kept.state, kept.raised_at, kept.changed_at)
        with pytest.raises(Exception, match="UNIQUE"):
            await bench.journal.write(lambda tx: tx.keep_alert(twin))


async def test_a_kind_that_is_switched_off_is_not_raised(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, kinds={"stock_out": {"is_raised": False}, "low_stock": {"severity": "info"}}) as b:
        await b.finds(empty(), LOW)
        await b.passes(minutes=1)
        assert [v.kind for v in b.alerts.views()] == []


async def test_a_store_may_be_more_patient_than_the_product(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, kinds={"stock_out": {"raise_after_s": 60, "severity": "urgent"}}) as bench:
        await bench.finds(empty())
        await bench.passes(seconds=59)
        assert bench.alerts.views() == ()
        await bench.passes(seconds=1)
        assert bench.alerts.views()[0].severity is Severity.URGENT


async def test_the_board_has_what_to_do_first_at_its_top(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(
            Finding(AlertKind.OVERSTOCK, "C", Holds.YES),
            empty("B"),
            Finding(AlertKind.DURABILITY, "journal", Holds.YES),
        )
        await bench.passes(minutes=1)
        await bench.raises(empty("D"))
        await bench.acts("acknowledge", alert=next(v.id for v in bench.alerts.views() if v.subject == "B"))
        # B was taken on: what nobody has in hand comes first, however mild.
        assert [v.subject for v in bench.alerts.views()] == ["journal", "D", "C", "B"]


async def test_more_than_a_thousand_troubles_are_one_trouble(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(*(empty(f"S{number}") for number in range(ALERTS_OPEN_MAX + 10)))
        await bench.passes(seconds=2)
        assert len(bench.alerts.views()) == ALERTS_OPEN_MAX
        assert bench.alerts.unraised == 10
        assert bench.alerts.open_by_kind()[AlertKind.STOCK_OUT] == ALERTS_OPEN_MAX


async def test_facts_that_cannot_be_kept_are_made_so(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        hostile = {f"k{n}": "v" for n in range(50)}
        view = await bench.raises(empty(name_zh="\ud800" + "长" * 999, units=-(10**30), **hostile))
        assert len(view.facts) <= 16
        await bench.restarts()
        assert bench.alerts.views()[0].name_zh == "?" + "长" * 199
