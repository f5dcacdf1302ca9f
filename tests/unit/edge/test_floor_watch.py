"""What the floor watches beside stock: temperatures, doors, its own journal; and whom it shows things to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from devices.device import Signal
from devices.observations import DeviceState
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead
from edge_agent.alerts.engine import Alerts
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.floor_settings import FloorSettings, TemperatureLimits
from edge_agent.floor.alerting import NoAlerts
from edge_agent.floor.board_view import FloorView
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.floor.sensors import SENSORS_MAX
from edge_agent.floor.shown import ShelfLights, publish_board
from edge_agent.floor.watch.contacts import BURST_MAX
from edge_agent.shelves.shelves import ShelfRules, Shelves
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.board import ALERTS_SHOWN_MAX, BOARD_CHANNEL, SLOTS_EVENT, AlertState, CountAct, Severity
from kiosk_ui.staff.board_stream import BoardStream
from tests.unit.edge.shelf_bench import BUN, TEA, ShelfBench, shelf_bench

FRIDGE = FloorSettings(
    temperatures=(TemperatureLimits(sensor="bus/fridge", high=8.0, hysteresis=0.5),), door_open_minutes=5
)


async def warm(bench: ShelfBench, celsius: float, *, seconds: int) -> None:
    for _ in range(0, seconds, 10):
        await bench.tell(SensorRead("fridge", Measure.TEMPERATURE, celsius))
        await bench.pass_seconds(10, step_s=5)


async def test_a_warm_fridge_calls_and_is_well_only_when_it_is_clearly_cold_again(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA, settings=FRIDGE) as bench:
        await warm(bench, 7.0, seconds=60)
        assert bench.open_alerts() == {}
        await warm(bench, 9.25, seconds=200)
        assert bench.open_alerts()["temperature", "bus/fridge"].facts["milli"] == 9_250
        await warm(bench, 7.8, seconds=200)
        assert ("temperature", "bus/fridge") in bench.open_alerts()
        await warm(bench, 7.4, seconds=200)
        assert bench.open_alerts() == {}


async def test_a_quarter_of_an_hour_of_climate_is_one_event(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        for celsius in (4.0, 6.0, 5.0):
            await warm(bench, celsius, seconds=300)
        await warm(bench, 5.0, seconds=30)
        (told,) = await bench.events("climate.measured")
        assert (told["lowest"], told["mean"], told["highest"], told["samples"]) == (4_000, 5_000, 6_000, 90)
        assert 890 <= told["seconds"] <= 910


async def test_a_door_left_open_calls_and_shutting_it_answers(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA, settings=FRIDGE) as bench:
        await bench.tell(SensorRead("back", Measure.DOOR, 0.0, is_retained=True))
        await bench.tell(SensorRead("back", Measure.DOOR, 1.0))
        await bench.pass_seconds(4 * 60, step_s=5)
        assert bench.open_alerts() == {}
        await bench.pass_seconds(65, step_s=5)
        assert ("door_open", "bus/back") in bench.open_alerts()
        await bench.tell(SensorRead("back", Measure.DOOR, 0.0))
        await bench.pass_seconds(10)
        assert bench.open_alerts() == {}
        assert [event["is_on"] for event in await bench.events("contact.changed")] == [True, False]


async def test_a_contact_that_bounces_or_never_rests_fills_no_journal(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        for number in range(400):
            await bench.tell(SensorRead("beam", Measure.OCCUPANCY, float(number % 2)))
            await bench.tell(SensorRead("beam", Measure.OCCUPANCY, float((number + 1) % 2)))
            await bench.tell(SensorRead("beam", Measure.OCCUPANCY, float(number % 2)))
            await bench.pass_seconds(1)
        await bench.pass_seconds(60)
        told = [event["is_on"] for event in await bench.events("contact.changed")]
        assert len(told) <= BURST_MAX + 460 / 30 + 1
        assert told[-1] is True
        assert all(before is not after for before, after in pairwise(told))


async def test_a_finding_of_another_room_reaches_the_alerts_at_once(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        await bench.floor.find(Finding(AlertKind.CARD_COPIED, "reader-1", Holds.YES, {"reason": "counter"}))
        assert set(bench.open_alerts()) == {("card_copied", "reader-1")}


async def test_with_more_alerts_than_a_board_holds_the_most_urgent_are_shown(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        mild = (Finding(AlertKind.OVERSTOCK, f"slot-{number}", Holds.YES) for number in range(ALERTS_SHOWN_MAX + 10))
        for finding in mild:
            await bench.floor.find(finding)
        await bench.floor.find(Finding(AlertKind.CARD_COPIED, "reader-1", Holds.YES))
        await bench.pass_seconds(120, step_s=30)
        assert len(bench.floor.alert_views()) == ALERTS_SHOWN_MAX + 11
        shown = bench.floor.board().alerts
        assert len(shown) == ALERTS_SHOWN_MAX
        assert shown[0].kind == "card_copied"


async def test_what_cannot_be_journalled_is_not_shown_and_is_tried_again(tmp_path: Path) -> None:
    """The disk is full of something else: nothing is invented, nothing is lost, and it goes on by itself."""
    async with shelf_bench(tmp_path, TEA) as bench:
        await bench.weigh(8 * 120.0)
        bench.disk.is_full = True
        await bench.weigh(0.0)
        assert bench.slot().units == 8
        (held,) = bench.open_alerts().values()
        assert (held.kind, held.is_recorded) == ("durability", False)
        with pytest.raises(TouchError):
            await bench.floor.count("A1", CountAct(units=3))
        assert bench.slot().units == 8
        bench.disk.is_full = False
        await bench.weigh(0.0, seconds=2)
        assert bench.slot().units == 0
        assert set(bench.open_alerts()) == {("stock_out", "A1"), ("durability", "journal")}
        await bench.weigh(0.0, seconds=70)
        assert set(bench.open_alerts()) == {("stock_out", "A1")}


async def test_a_journal_that_writes_and_promises_less_is_told(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        bench.disk.trouble = "disk full: the ballast was released"
        await bench.pass_seconds(2)
        assert bench.open_alerts()["durability", "journal"].facts["reason"] == bench.disk.trouble
        bench.disk.trouble = ""
        await bench.pass_seconds(70)
        assert bench.open_alerts() == {}


async def test_a_shelf_light_blinks_where_to_refill_until_somebody_is_on_it(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        lights = ShelfLights((TEA,), bench.lights, buzzer="buzzer")
        await bench.weigh(12 * 120.0)
        await lights.show(bench.floor.alert_views())
        await bench.weigh(0.0, seconds=8)
        await lights.show(bench.floor.alert_views())
        (alert,) = bench.floor.alert_views()
        for state, urgency in ((AlertState.ACKNOWLEDGED, Severity.WARNING), (AlertState.RAISED, Severity.URGENT)):
            await lights.show([alert.model_copy(update={"state": state, "severity": urgency})])
        await lights.show([])
        assert bench.lights.shown == {
            "light-1": [Signal.OFF, Signal.BLINK, Signal.ON, Signal.BLINK, Signal.OFF],
            "buzzer": [Signal.OFF, Signal.ALARM, Signal.OFF],
        }


async def test_the_board_is_published_only_while_somebody_looks(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        bench.hub.declare(BOARD_CHANNEL)
        stream = BoardStream(bench.hub, monotonic=bench.clock.monotonic)
        view = FloorView(
            "Store",
            bench.clock.now,
            bench.clock.monotonic,
            alerts_of=NoAlerts,
            shelves_of=lambda: Shelves((TEA,), ShelfRules()),
            heard=bench.floor.sensors,
        )
        turns = asyncio.Semaphore(0)

        async def sleep(_: float) -> None:
            await turns.acquire()

        before = bench.hub.newest
        publishing = asyncio.create_task(publish_board(stream, view, bench.floor.changed, sleep=sleep))
        turns.release()
        await bench.weigh(240.0, seconds=3)
        assert bench.hub.newest == before
        async with bench.hub.reader(BOARD_CHANNEL) as reader:
            turns.release()
            await bench.weigh(240.0, seconds=3)
            event = await anext(event async for event in reader.events() if event.name == SLOTS_EVENT)
            assert '"slot":"A1"' in event.json
        publishing.cancel()


async def test_the_hour_at_which_a_shift_or_the_night_begins_is_shown_at_once(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, BUN) as bench:
        hour = {name: (bench.clock.now() + timedelta(hours=h)).time() for name, h in {"from": 1, "to": 2}.items()}
        shifts = [{"name": "late", "role": "staff", **hour}]
        plan = AlertSettings.model_validate({"shifts": shifts, "quiet_hours": [hour]})
        bench.load_alerts = lambda reader: Alerts.load(reader, plan)
        await bench.restart()
        await bench.pass_seconds(3_000, step_s=10)
        assert (bench.floor.board().shift, bench.floor.board().is_quiet) == (None, False)
        listener = bench.floor.changed.listener()
        shown = asyncio.create_task(listener.wait())
        await bench.pass_seconds(500, step_s=10)
        assert not shown.done()
        await bench.pass_seconds(60)
        async with asyncio.timeout(5):
            await shown
        assert (bench.floor.board().shift, bench.floor.board().is_quiet) == ("late", True)


async def test_live_readings_of_a_scale_are_heard_raw_and_in_order(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        with bench.floor.listen("bus/scale-1") as hearing:
            for counts in (100.0, 101.0, 102.0):
                await bench.tell(SensorRead("scale-1", Measure.WEIGHT, counts, is_raw=True))
            await bench.tell(SensorRead("scale-2", Measure.WEIGHT, 5.0, is_raw=True))
            heard = [(await anext(hearing)).value for _ in range(3)]
        assert heard == [100.0, 101.0, 102.0]


async def test_the_board_shows_every_sensor_with_its_age(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        await bench.tell(SensorFound("fridge", Measure.TEMPERATURE, name="冰箱", interval_s=10))
        await bench.tell(SensorRead("fridge", Measure.TEMPERATURE, 5.5))
        await bench.pass_seconds(40, step_s=5)
        (view,) = bench.floor.board().sensors
        assert (view.sensor, view.name, view.value, view.unit) == ("bus/fridge", "冰箱", 5.5, "°C")
        assert (view.age_s, view.is_stale) == (40.0, True)


async def test_a_probe_of_two_measures_is_lost_and_back_as_a_whole(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        for name in ("probe", "other"):
            for measure in (Measure.TEMPERATURE, Measure.HUMIDITY):
                await bench.tell(SensorRead(name, measure, 5.5))
        await bench.tell(SensorLost("probe", reason="battery empty"))
        assert {(view.sensor, view.measure) for view in bench.floor.board().sensors if view.reason} == {
            ("bus/probe", Measure.TEMPERATURE),
            ("bus/probe", Measure.HUMIDITY),
        }
        await bench.tell(SensorBack("probe"))
        assert [view.reason for view in bench.floor.board().sensors] == [""] * 4


async def test_a_planned_scale_finds_room_however_many_sensors_there_are(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        for number in range(SENSORS_MAX + 5):
            await bench.tell(SensorFound(f"crowd-{number}", Measure.BATTERY))
        assert bench.floor.sensors.refused == 5
        await bench.weigh(5 * 120.0, seconds=12)
        assert bench.slot().units == 5
        assert TEA.scale in {one.id for one in bench.floor.sensors.all()}


async def test_a_sensor_that_was_taken_back_for_good_leaves_no_alert_that_nobody_can_end(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        await bench.tell(SensorRead("probe", Measure.TEMPERATURE, 5.5))
        await bench.tell(SensorLost("probe", reason="battery empty"))
        await bench.pass_seconds(900, step_s=5)
        assert [(alert.subject, alert.state) for alert in bench.floor.alert_views()] == [("bus/probe", "raised")]
        await bench.tell(SensorLost("probe", reason="it took its announcement back", is_for_good=True))
        await bench.pass_seconds(300, step_s=5)
        assert [(alert.subject, alert.state) for alert in bench.floor.alert_views()] == [("bus/probe", "resolved")]
        assert bench.floor.board().sensors == ()


async def test_a_planned_scale_that_was_taken_back_is_lost_and_not_forgotten(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        await bench.weigh(5 * 120.0, seconds=12)
        scale = TEA.scale.removeprefix("bus/")
        await bench.tell(SensorLost(scale, reason="it took its announcement back", is_for_good=True))
        assert [(view.sensor, view.state) for view in bench.floor.board().sensors] == [(TEA.scale, DeviceState.OFFLINE)]
