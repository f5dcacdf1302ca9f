"""Stock through the whole floor: scale to board, journal and alerts; restarts, hands, sales, counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.observations import DeviceState
from devices.readings import Measure, SensorFound, SensorLost, SensorRead
from edge_agent.shelves.calibration import Calibration
from edge_agent.supervision import DeviceCondition
from kiosk_ui.staff.board import ActResult, CountAct, StockState
from tests.unit.edge.shelf_bench import TEA, shelf_bench, stocked

UNIT_G = 120.0


async def test_a_weight_becomes_units_on_the_board_and_one_event(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench)
        view = bench.slot()
        assert (view.units, view.state, view.sources, view.note) == (12, StockState.OK, ("weight",), "")
        assert view.confidence > 90
        (told,) = await bench.events("stock.changed")
        assert (told["slot"], told["units"], told["delta"], told["cause"]) == ("A1", 12, 0, "first")


async def test_ten_thousand_readings_of_a_shelf_at_rest_write_one_row(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        before = (await bench.journal.figures()).copy()
        for second in range(10_000):
            await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 12 * UNIT_G + second % 3))
            bench.ns += 1_000_000_000
        after = await bench.journal.figures()
        assert sum(lane.recorded for lane in after.values()) - sum(lane.recorded for lane in before.values()) == 1


async def test_an_empty_shelf_calls_once_within_five_seconds_and_a_refill_answers_by_itself(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench)
        emptied = bench.clock.now()
        await bench.weigh(0.0, seconds=5)
        alert = bench.open_alerts()["stock_out", "A1"]
        assert (alert.raised_at - emptied).total_seconds() <= 5
        assert (alert.facts["units"], alert.zone, alert.name_zh) == (0, "drinks", "茶")
        await bench.weigh(0.0, seconds=30)
        await bench.weigh(12 * UNIT_G, seconds=12)
        assert bench.open_alerts() == {}
        states = [event["state"] for event in await bench.events("alert.changed") if event["kind"] == "stock_out"]
        assert states == ["raised", "resolved"]


async def test_a_number_between_two_thresholds_neither_calls_nor_takes_back(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for units in (5, 4, 5, 4):
            await bench.weigh(units * UNIT_G, seconds=12)
            assert bench.open_alerts() == {}
        for units in (3, 4, 3, 4, 3):
            await bench.weigh(units * UNIT_G, seconds=12)
            assert set(bench.open_alerts()) == {("low_stock", "A1")}
        await bench.weigh(5 * UNIT_G, seconds=12)
        assert bench.open_alerts() == {}


async def test_a_hand_on_the_shelf_raises_nothing_and_changes_nothing(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 4)
        for force_g in (300, -200, 1_500, 40, -430, 900, 12, 600):
            await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 4 * UNIT_G + force_g))
            await bench.pass_seconds(1)
            assert (bench.slot().units, bench.slot().note) == (4, "hand")
        await stocked(bench, 4)
        assert (bench.slot().units, bench.slot().note) == (4, "")
        assert len(await bench.events("stock.changed")) == 1
        assert bench.open_alerts() == {}


@pytest.mark.parametrize("garbage", [1e9, -1e9, 65_535.0])
async def test_one_garbled_sample_is_as_if_it_had_never_come(tmp_path: Path, garbage: float) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 7)
        await bench.weigh(garbage, seconds=1)
        await stocked(bench, 7)
        assert (bench.slot().units, bench.slot().note) == (7, "")
        assert len(await bench.events("stock.changed")) == 1


async def test_drift_is_followed_and_never_becomes_goods(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for minute in range(240):
            await bench.weigh(6 * UNIT_G + 0.35 * minute, seconds=5)
            await bench.pass_seconds(55, step_s=5)
            assert bench.slot().units == 6
        assert bench.open_alerts() == {}


async def test_something_that_does_not_belong_there_is_told_and_the_goods_go_on_being_counted(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.weigh(8 * UNIT_G + 175, seconds=20)
        assert (bench.slot().units, bench.slot().note) == (8, "wrong_item")
        assert ("wrong_item", "A1") in bench.open_alerts()
        await bench.weigh(6 * UNIT_G + 175, seconds=10)
        assert (bench.slot().units, bench.slot().note) == (6, "wrong_item")
        await bench.weigh(6 * UNIT_G, seconds=20)
        assert (bench.slot().units, bench.slot().note) == (6, "")
        assert bench.open_alerts() == {}


async def test_a_tray_that_is_lifted_off_leaves_the_number_as_it_was(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.weigh(-400.0, seconds=30)
        view = bench.slot()
        assert (view.units, view.note, view.state) == (8, "removed", StockState.UNKNOWN)
        assert bench.open_alerts() == {}
        await stocked(bench, 8)
        assert (bench.slot().units, bench.slot().note) == (8, "")
        assert len(await bench.events("stock.changed")) == 1


async def test_a_slot_that_holds_more_than_fits_is_told(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await bench.weigh(14 * UNIT_G, seconds=70)
        assert bench.slot().state is StockState.OVER
        assert set(bench.open_alerts()) == {("overstock", "A1")}


@pytest.mark.parametrize(
    ("units", "kind"),
    [
        (0, "stock_out"),
        (1, "low_stock"),
        (TEA.reorder_at, "low_stock"),
        (TEA.reorder_at + 1, ""),
        (TEA.capacity, ""),
        (TEA.capacity + 1, "overstock"),
    ],
)
async def test_each_threshold_calls_once_however_long_a_noisy_shelf_lies_beyond_it(
    tmp_path: Path, units: int, kind: str
) -> None:
    async with shelf_bench(tmp_path, TEA) as bench:
        await stocked(bench, 8)
        for second in range(180):
            await bench.weigh(units * UNIT_G + (3.0 if second % 2 else -3.0), seconds=1)
        told = [(event["kind"], event["state"]) for event in await bench.events("alert.changed")]
        assert told == ([(kind, "raised")] if kind else [])
        await bench.weigh(8 * UNIT_G, seconds=30)
        told = [(event["kind"], event["state"]) for event in await bench.events("alert.changed")]
        assert told == ([(kind, "raised"), (kind, "resolved")] if kind else [])


async def test_a_silent_scale_keeps_its_number_as_of_then_and_sales_come_off_it(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        as_of, sure = bench.slot().as_of, bench.slot().confidence
        await bench.pass_seconds(120)
        assert (bench.slot().units, bench.slot().note) == (8, "stale")
        await bench.sell("tea", 2)
        assert (bench.slot().units, bench.slot().sources) == (6, ("weight", "sales"))
        await bench.pass_seconds(4 * 3_600, step_s=60)
        assert bench.slot().as_of is not None
        assert as_of is not None
        assert abs((bench.slot().as_of - as_of).total_seconds()) < 10  # type: ignore[operator]
        assert bench.slot().confidence < sure - 10
        await stocked(bench, 6)
        assert (bench.slot().units, bench.slot().note) == (6, "")
        causes = [event["cause"] for event in await bench.events("stock.changed")]
        assert causes == ["first", "sold"]


async def test_nothing_that_is_sold_while_a_scale_is_silent_is_called_phantom(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 3)
        await bench.tell(SensorLost("scale-1", "gone"))
        await bench.sell(TEA.sku, 5)
        await bench.pass_seconds(30 * 60, step_s=10)
        assert bench.slot().units == 0
        assert await bench.events("stock.discrepancy") == []


async def test_what_was_sold_from_a_weighed_shelf_is_not_taken_off_twice(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await stocked(bench, 6)
        await bench.pass_seconds(120)
        await bench.sell("tea", 2)
        assert bench.slot().units == 6


async def test_what_was_taken_and_never_sold_is_missing_once(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await stocked(bench, 5)
        await bench.sell("tea", 2)
        for _ in range(30):
            await bench.weigh(5 * UNIT_G, seconds=1)
            await bench.pass_seconds(59)
        (told,) = await bench.events("stock.discrepancy")
        assert (told["sku"], told["kind"], told["units"], told["slot"]) == ("tea", "missing", 1, "A1")
        assert bench.open_alerts()["missing", "A1"].facts["units"] == 1


async def test_what_is_called_missing_and_sold_late_is_taken_back(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await stocked(bench, 7)
        await bench.pass_seconds(25 * 60, step_s=5)
        await bench.sell("tea", 1)
        await bench.pass_seconds(5)
        kinds = [event["kind"] for event in await bench.events("stock.discrepancy")]
        assert kinds == ["missing", "found"]
        assert ("missing", "A1") not in bench.open_alerts()


async def test_what_was_sold_and_never_left_the_shelf_is_phantom_once(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.sell("tea", 3)
        for _ in range(30):
            await bench.weigh(8 * UNIT_G, seconds=5)
            await bench.pass_seconds(55, step_s=5)
        (told,) = await bench.events("stock.discrepancy")
        assert (told["kind"], told["units"]) == ("phantom", 3)
        assert ("phantom", "A1") in bench.open_alerts()


async def test_a_refund_is_neither_missing_nor_a_refill(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await stocked(bench, 7)
        await bench.sell("tea", 1)
        await bench.sell("tea", -1)
        await stocked(bench, 8)
        await bench.pass_seconds(30 * 60, step_s=5)
        assert await bench.events("stock.discrepancy") == []
        assert [event["cause"] for event in await bench.events("stock.changed")][-1] == "put_back"


async def test_a_slot_without_a_scale_lives_on_counts_and_sales(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        assert bench.slot("B1").state is StockState.UNKNOWN
        await bench.sell("bun", 1)
        assert bench.slot("B1").units is None
        assert await bench.floor.count("B1", CountAct(units=5, actor="Li")) == ActResult(is_done=True)
        assert (bench.slot("B1").units, bench.slot("B1").sources) == (5, ("count",))
        await bench.sell("bun", 3)
        assert (bench.slot("B1").units, bench.slot("B1").sources) == (2, ("count", "sales"))
        await bench.pass_seconds(10)
        assert set(bench.open_alerts()) == {("low_stock", "B1")}
        await bench.sell("bun", 9)
        assert bench.slot("B1").units == 0
        await bench.floor.count("B1", CountAct(units=10))
        await bench.pass_seconds(10)
        assert bench.open_alerts() == {}


async def test_a_count_of_a_weighed_slot_teaches_its_scale(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await bench.weigh(8 * UNIT_G + 55)
        assert bench.slot().note == "wrong_item"
        await bench.floor.count("A1", CountAct(units=8))
        await bench.weigh(8 * UNIT_G + 55)
        assert (bench.slot().units, bench.slot().note) == (8, "")
        await bench.weigh(7 * UNIT_G + 55)
        assert (bench.slot().units, bench.slot().note) == (7, "")


async def test_a_count_of_what_the_plan_does_not_know_is_refused(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        assert await bench.floor.count("Z9", CountAct(units=5)) == ActResult(is_done=False, reason="gone")


async def test_a_raw_scale_counts_nothing_before_it_was_taught(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for _ in range(6):
            await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 84_000.0, is_raw=True))
            await bench.pass_seconds(1)
        assert (bench.slot().units, bench.slot().note) == (None, "uncalibrated")
        await bench.floor.calibrated(Calibration("bus/scale-1", 12_000, 100_000, bench.clock.now()))
        for _ in range(6):
            await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 84_000.0, is_raw=True))
            await bench.pass_seconds(1)
        assert (bench.slot().units, bench.slot().note) == (6, "")


async def test_a_state_found_on_connecting_is_no_reading(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for _ in range(10):
            await bench.tell(SensorRead("scale-1", Measure.WEIGHT, 0.0, is_retained=True))
            await bench.pass_seconds(1)
        assert bench.slot().units is None
        assert bench.open_alerts() == {}


async def test_a_sensor_that_is_gone_is_one_alert_and_a_device_that_is_gone_is_not_twenty(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for number in range(20):
            await bench.tell(SensorFound(f"scale-{number}", Measure.WEIGHT, interval_s=10))
            await bench.tell(SensorRead(f"scale-{number}", Measure.WEIGHT, 0.0))
        await bench.tell(SensorLost("scale-7", "no answer"))
        await bench.pass_seconds(20)
        for number in range(20):
            if number != 7:
                await bench.tell(SensorRead(f"scale-{number}", Measure.WEIGHT, 0.0))
        await bench.pass_seconds(15)
        offline = [subject for kind, subject in bench.open_alerts() if kind == "device_offline"]
        assert offline == ["bus/scale-7"]
        gone = DeviceCondition("bus", "mqtt_sensors", DeviceState.OFFLINE, "broker gone")
        await bench.floor.device_changed(gone)
        await bench.pass_seconds(120)
        offline = [subject for kind, subject in bench.open_alerts() if kind == "device_offline"]
        assert offline == ["bus/scale-7"]


async def test_twenty_sensors_that_go_together_are_one_alert(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for number in range(20):
            await bench.tell(SensorRead(f"scale-{number}", Measure.WEIGHT, 0.0))
        for number in range(20):
            await bench.tell(SensorLost(f"scale-{number}", "bridge offline"))
        await bench.pass_seconds(60)
        offline = [subject for kind, subject in bench.open_alerts() if kind == "device_offline"]
        assert offline == ["bus/*"]


async def test_a_camera_backs_disputes_and_stands_in_and_never_flickers(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        for fill in (0.6, 0.7, 0.72, 0.66):
            assert bench.floor.seen("A1", fill, 0.9)
            await bench.weigh(8 * UNIT_G, seconds=3)
            assert bench.slot().units == 8
        sure = bench.slot().confidence
        bench.floor.seen("A1", 0.0, 0.9)
        await bench.weigh(8 * UNIT_G, seconds=1)
        assert bench.slot().units == 8
        assert bench.slot().confidence < sure
        assert bench.floor.seen("B1", 0.5, 0.8)
        await bench.pass_seconds(1)
        assert (bench.slot("B1").units, bench.slot("B1").sources) == (5, ("camera",))
        assert not bench.floor.seen("Z9", 0.5, 0.8)


async def test_a_fidgety_slot_records_at_most_every_ten_seconds_and_the_last_word_arrives(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        for units in (8, 7, 8, 7, 8, 7, 8, 7):
            await stocked(bench, units)
        await bench.pass_seconds(12)
        told = await bench.events("stock.changed")
        assert len(told) <= 6
        assert told[-1]["units"] == 7
        assert sum(event["delta"] for event in told) == 7 - 8


async def test_what_was_sold_before_an_account_was_lost_is_not_charged_again(tmp_path: Path) -> None:
    async with shelf_bench(tmp_path) as bench:
        await stocked(bench, 8)
        await bench.sell("tea", 500)
        await bench.journal.write(lambda tx: tx._connection.execute("DELETE FROM baskets"))
        await bench.restart()
        await stocked(bench, 8)
        await bench.pass_seconds(30 * 60, step_s=5)
        assert await bench.events("stock.discrepancy") == []
