"""Messages: each once, to whoever is on duty, held at night, tried again, given up; a dead phone delays nobody."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_agent.alerts.messages import Message
from edge_agent.alerts.sender import Fate, Verdict
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.journal.floor.alerts import PushOutcome
from kiosk_ui.staff.board import AlertState
from tests.unit.edge.alerts_bench import NOON, SENT, AlertBench, Phones, alert_bench, empty, filled

DOWN = Verdict(Fate.FAILED, "unreachable")
TOLD_ALL = {"name": "floor", "url_file": "/floor", "tell": ["raised", "escalated", "acknowledged", "resolved"]}
NIGHT = [{"from": "22:00", "to": "07:00"}]
SHANGHAI = ZoneInfo("Asia/Shanghai")
PUSHED = "regulars.alert.pushed.v1"


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def outcomes(bench: AlertBench) -> list[tuple[str, str]]:
    return [(event["state"], event["outcome"]) for event in await bench.events(PUSHED)]


async def test_an_alert_is_told_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises(empty(name_zh="乌龙茶"))
        assert await bench.delivers() == ["缺货：乌龙茶"]
        await bench.passes(minutes=1)
        await bench.finds(empty())
        await bench.restarts()
        assert await bench.delivers() == []
        assert await outcomes(bench) == [("raised", "sent")]
        assert bench.pusher.outcomes == {}


async def test_each_state_is_told_once_to_those_who_want_it(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, destinations=[TOLD_ALL]) as bench:
        await bench.raises()
        await bench.delivers()
        await bench.passes(minutes=31)
        await bench.delivers()
        await bench.acts("acknowledge")
        await bench.delivers()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        assert await bench.delivers() == []  # "resolved" is told when it has stayed so
        await bench.passes(minutes=10)
        assert await bench.delivers() == ["已恢复。缺货：A1"]
        assert bench.phones.titles() == [
            "缺货：A1",
            "还没有人处理。缺货：A1",
            "已有人处理。缺货：A1",
            "已恢复。缺货：A1",
        ]


async def test_an_alert_that_flaps_for_hours_is_one_message_and_one_that_nobody_came(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, destinations=[TOLD_ALL]) as bench:
        for _ in range(40):
            await bench.raises()
            await bench.delivers()
            await bench.finds(filled())
            await bench.passes(minutes=3)
            await bench.delivers()
        assert bench.phones.titles() == ["缺货：A1", "还没有人处理。缺货：A1"]


async def test_at_night_a_message_waits_until_morning(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, at=shanghai("2026-11-18 23:59:50"), quiet_hours=NIGHT) as bench:
        await bench.raises()
        await bench.passes(hours=6)
        assert await bench.delivers() == []
        await bench.passes(hours=1, seconds=5)
        assert await bench.delivers() == ["缺货：A1"]
        await bench.passes(minutes=29)
        assert bench.state() == "raised"  # the night does not count as time in which nobody came
        await bench.passes(minutes=2)
        assert bench.state() == "escalated"


async def test_an_escalation_goes_over_quiet_hours_and_shifts_and_each_role_is_called_when_it_is_there(
    tmp_path: Path,
) -> None:
    plan: dict[str, Any] = {
        "destinations": [{"name": "floor", "url_file": "/floor"}, {"name": "office", "url_file": "/office"}],
        "shifts": [
            {"name": "day", "role": "staff", "from": "08:00", "to": "22:00", "destinations": ["floor"]},
            {"name": "desk", "role": "manager", "from": "09:00", "to": "18:00", "destinations": ["office"]},
        ],
        "routes": [],
    }
    async with alert_bench(tmp_path, at=shanghai("2026-11-18 23:29:55"), quiet_hours=NIGHT, **plan) as bench:
        await bench.raises()
        await bench.passes(hours=8, minutes=29, seconds=59)
        assert (bench.state(), await bench.delivers()) == ("raised", [])
        await bench.passes(seconds=1)
        assert await bench.delivers() == ["缺货：A1"]
        await bench.passes(minutes=29, seconds=59)
        assert bench.state() == "raised", "nobody could have heard before eight"
        await bench.passes(seconds=1)
        assert (bench.state(), await bench.delivers()) == ("escalated", [])
        await bench.passes(minutes=30)
        assert await bench.delivers() == ["还没有人处理。缺货：A1"]
        assert (bench.phones.titles("floor"), bench.phones.titles("office")) == (
            ["缺货：A1"],
            ["还没有人处理。缺货：A1"],
        )


async def test_what_was_refilled_at_night_wakes_nobody_in_the_morning(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, at=shanghai("2026-11-18 23:00:00"), quiet_hours=NIGHT) as bench:
        await bench.raises()
        await bench.finds(filled())
        await bench.passes(seconds=3)
        await bench.passes(hours=9)
        assert await bench.delivers() == []
        assert await outcomes(bench) == [("raised", "withdrawn")]


async def test_what_is_urgent_rings_at_night(tmp_path: Path) -> None:
    warm = Finding(AlertKind.TEMPERATURE, "fridge", Holds.YES, {"milli": 9_000})
    async with alert_bench(tmp_path, at=shanghai("2026-11-18 23:00:00"), quiet_hours=NIGHT) as bench:
        await bench.raises(warm, after_s=120)
        assert await bench.delivers() == ["温度异常：fridge"]


async def test_somebody_who_came_first_makes_the_message_needless(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("acknowledge")
        assert await bench.delivers() == []
        await bench.passes(minutes=30)
        assert await bench.delivers() == ["还没有人处理。缺货：A1"]


async def test_a_message_withdrawn_by_a_snooze_is_sent_when_the_snooze_ends(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.acts("snooze", minutes=20)
        assert await bench.delivers() == []
        await bench.passes(minutes=20)
        assert await bench.delivers() == ["缺货：A1"]


async def test_a_phone_that_cannot_be_reached_is_tried_again_less_and_less_often(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, push_age_minutes_max=60, roles=["staff"]) as bench:
        bench.phones.answers["floor"] = DOWN
        await bench.raises()
        tries = 0
        for _ in range(120):
            tries += len(await bench.delivers())
            bench.hands.pass_ms(60_000)
        (push,) = [one for one in await bench.pushes() if one.key.state is AlertState.RAISED]
        assert 6 <= tries <= 24  # of raised and escalated together, not 240
        assert (push.outcome, push.reason) == (PushOutcome.FAILED, "too_old")
        assert (await outcomes(bench))[0] == ("raised", "failed")


async def test_what_a_service_refuses_for_good_is_not_tried_again(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        bench.phones.answers["floor"] = Verdict(Fate.REFUSED, "http_403")
        await bench.raises()
        assert len(await bench.delivers()) == 1
        await bench.passes(minutes=20)
        assert await bench.delivers() == []
        (push,) = await bench.pushes()
        assert (push.outcome, push.reason, push.attempts) == (PushOutcome.FAILED, "http_403", 1)
        assert bench.pusher.outcomes == {("floor", PushOutcome.FAILED): 1}


async def test_a_service_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        bench.phones.answers["floor"] = Verdict(Fate.FAILED, "http_429", retry_after_s=600)
        await bench.raises()
        await bench.delivers()
        (push,) = await bench.pushes()
        assert push.due - bench.now() >= timedelta(seconds=600)


async def test_a_gateway_killed_while_sending_sends_once_more_and_then_never_again(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        key = (await bench.pushes())[0].key
        await bench.journal.write(lambda tx: tx.begin_push(key))  # and then the power went
        await bench.restarts()
        assert await bench.delivers() == ["缺货：A1"]
    async with alert_bench(tmp_path / "other") as bench:
        await bench.raises()
        key = (await bench.pushes())[0].key
        for _ in range(2):
            await bench.journal.write(lambda tx: tx.begin_push(key))
        assert await bench.delivers() == []
        assert (await bench.pushes())[0].reason == "interrupted"


async def test_what_was_sent_is_not_sent_again_while_the_journal_cannot_be_written(tmp_path: Path) -> None:
    class ClosesTheJournal(Phones):
        async def send(self, url_file: Path, message: Message) -> Verdict:
            verdict = await super().send(url_file, message)
            await bench.journal.close()
            return verdict

    async with alert_bench(tmp_path) as bench:
        bench.phones = ClosesTheJournal()
        bench.pusher = bench.new_pusher()
        await bench.raises()
        floor = bench.settings.destinations[0]
        with pytest.raises(Exception, match="closed"):
            await bench.pusher.deliver(floor)
        with pytest.raises(Exception, match="closed"):
            await bench.pusher.deliver(floor)
        assert len(bench.phones.told) == 1


async def test_many_messages_at_once_ring_once(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, at=shanghai("2026-11-18 23:00:00"), quiet_hours=NIGHT) as bench:
        await bench.finds(*(empty(f"S{number}") for number in range(12)))
        await bench.passes(seconds=2)
        await bench.passes(hours=8)
        assert await bench.delivers() == ["12 条提醒"]
        assert await bench.delivers() == []
        assert await outcomes(bench) == [("raised", "sent")] * 12


async def test_messages_to_a_destination_that_was_taken_out_are_given_up_with_a_reason(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        bench.settings = bench.settings.model_copy(update={"destinations": ()})
        await bench.new_pusher().drop_unknown()
        assert (await bench.pushes())[0].reason == "no_destination"


async def test_each_role_hears_on_its_own_phone(tmp_path: Path) -> None:
    phones = [{"name": name, "url_file": f"/{name}"} for name in ("staff", "boss")]
    shifts = [
        {"name": "day", "role": "staff", "from": "07:00", "to": "22:00", "destinations": ["staff"]},
        {"name": "office", "role": "manager", "from": "07:00", "to": "22:00", "destinations": ["boss"]},
    ]
    async with alert_bench(tmp_path, destinations=phones, shifts=shifts, routes=[]) as bench:
        await bench.raises()
        await bench.delivers()
        await bench.passes(minutes=31)
        await bench.delivers()
        assert (bench.phones.titles("staff"), bench.phones.titles("boss")) == (
            ["缺货：A1"],
            ["还没有人处理。缺货：A1"],
        )


async def test_a_dead_phone_delays_no_other(tmp_path: Path) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    class OneHangs(Phones):
        async def send(self, url_file: Path, message: Message) -> Verdict:
            if url_file.name == "dead":
                await never.wait()
            reached.set()
            return SENT

    phones = [{"name": name, "url_file": f"/{name}"} for name in ("dead", "alive")]
    routes = [{"destinations": ["dead", "alive"]}]
    async with alert_bench(tmp_path, destinations=phones, routes=routes) as bench:
        bench.phones = OneHangs()
        running = asyncio.create_task(bench.new_pusher().run())
        await bench.raises()
        async with asyncio.timeout(10):
            await reached.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_running_pusher_sends_as_soon_as_something_is_raised(tmp_path: Path) -> None:
    rang = asyncio.Event()

    class Rings(Phones):
        async def send(self, url_file: Path, message: Message) -> Verdict:
            rang.set()
            return await super().send(url_file, message)

    async with alert_bench(tmp_path, at=NOON) as bench:
        bench.phones = Rings()
        running = asyncio.create_task(bench.new_pusher().run())
        await bench.raises()
        async with asyncio.timeout(10):
            await rang.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_twenty_lives_of_an_alert_leave_no_message_waiting(tmp_path: Path) -> None:
    async with alert_bench(tmp_path, destinations=[TOLD_ALL]) as bench:
        for _ in range(20):
            await bench.raises()
            await bench.delivers()
            await bench.finds(filled())
            await bench.passes(minutes=11)
            await bench.passes(minutes=11)
            await bench.delivers()
        assert await bench.journal.read(lambda reader: reader.pushes_waiting()) == {}
        assert bench.phones.titles() == ["缺货：A1", "已恢复。缺货：A1"] * 20
