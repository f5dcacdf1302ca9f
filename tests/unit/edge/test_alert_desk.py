"""What staff do at the board: durable, by name, one after the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.floor.findings import AlertKind, Finding, Holds
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.board import AlertState, CountAct
from tests.unit.edge.alerts_bench import alert_bench, empty, filled


async def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told_who(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        answers = await asyncio.gather(bench.acts("acknowledge", "Li Wei"), bench.acts("acknowledge", "Zhang Min"))
        won, lost = sorted(answers, key=lambda answer: not answer.is_done)
        assert won.alert is not None
        assert won.alert.claimed_by in {"Li Wei", "Zhang Min"}
        assert (lost.is_done, lost.reason) == (False, "claimed")
        assert lost.alert is not None
        assert lost.alert.claimed_by == won.alert.claimed_by
        assert await bench.states() == ["raised", "acknowledged"]


async def test_whoever_taps_twice_is_told_that_it_is_done(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        assert (await bench.acts("acknowledge")).is_done
        assert (await bench.acts("acknowledge", " Li  Wei ")).is_done
        assert await bench.states() == ["raised", "acknowledged"]


async def test_two_who_give_no_name_are_not_one_person(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        assert (await bench.acts("acknowledge", "")).is_done
        assert (await bench.acts("acknowledge", "")).reason == "claimed"


async def test_what_a_sensor_says_is_not_resolved_by_hand(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        refused = await bench.acts("resolve")
        assert (refused.is_done, refused.reason) == (False, "still_so")
        await bench.finds(filled())
        assert (await bench.acts("resolve")).is_done
        assert (await bench.acts("resolve")).reason == "already_resolved"


async def test_an_alert_whose_sensor_is_gone_for_good_can_be_put_away(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.restarts()  # the slot is not in the plan any more: nobody speaks of it
        assert (await bench.acts("resolve")).is_done


async def test_what_nobody_kept_is_gone(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        answer = await bench.acts("acknowledge", alert="0" * 32)
        assert (answer.is_done, answer.reason, answer.alert) == (False, "gone", None)


async def test_what_is_awake_cannot_be_woken(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        assert (await bench.acts("wake")).reason == "not_snoozed"
        await bench.acts("snooze")
        assert (await bench.acts("wake")).is_done
        assert bench.state() == "raised"


async def test_above_the_manager_there_is_nobody(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        assert (await bench.acts("escalate")).is_done
        assert (await bench.acts("escalate")).reason == "highest"


async def test_who_did_it_is_in_the_books_and_the_board_shows_it(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        answer = await bench.acts("acknowledge", "Li Wei")
        assert answer.alert is not None
        assert answer.alert.state is AlertState.ACKNOWLEDGED
        assert (await bench.events())[-1]["actor"] == "Li Wei"
        assert bench.shown == 1
        assert (await bench.desk.board()).alerts[0] == answer.alert


async def test_an_act_that_cannot_be_journalled_is_not_said_to_be_done(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.journal.close()
        with pytest.raises(TouchError):
            await bench.acts("acknowledge")
        assert bench.state() == "raised"


async def test_a_claim_that_outlived_a_restart_is_still_theirs(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("acknowledge")
        await bench.restarts()
        answer = await bench.acts("acknowledge", "Zhang Min")
        assert answer.alert is not None
        assert (answer.reason, answer.alert.claimed_by) == ("claimed", "Li Wei")


async def test_a_door_and_a_shelf_are_claimed_by_themselves(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.finds(empty(), Finding(AlertKind.DOOR_OPEN, "back", Holds.YES))
        await bench.passes(minutes=2)
        await bench.acts("acknowledge", alert=next(v.id for v in bench.alerts.views() if v.subject == "back"))
        assert {v.subject: v.claimed_by for v in bench.alerts.views()} == {"A1": None, "back": "Li Wei"}


async def test_counts_go_to_whoever_keeps_the_stock(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        assert (await bench.desk.count("A1", CountAct(units=3))).is_done
