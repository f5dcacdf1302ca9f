"""The staff board's stream: parts go out when a reader would see a difference, large ones seldom, none to nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from devices.observations import DeviceState
from devices.readings import Measure
from kiosk_ui.gallery import BOARD
from kiosk_ui.live import LiveHub, LiveReader
from kiosk_ui.staff.board import (
    ALERTS_EVENT,
    BOARD_CHANNEL,
    SENSORS_EVENT,
    SLOTS_EVENT,
    AlertView,
    BoardAlerts,
    BoardSensors,
    BoardSlots,
    SensorView,
    SlotView,
)
from kiosk_ui.staff.board_stream import REPEAT_S, BoardStream

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SLOT = BOARD.slots[0].model_copy(update={"as_of": NOON})


def sensor(number: int = 0, value: float = 5.5) -> SensorView:
    return SensorView(
        sensor=f"bus/{number}", device="bus", name="", measure=Measure.TEMPERATURE, value=value,
        unit="°C", state=DeviceState.ONLINE, age_s=0.0,
    )  # fmt: skip


@dataclass
class Shop:
    """A floor whose parts are put there by hand; counts how often each was assembled."""

    slot_views: tuple[SlotView, ...] = (SLOT,)
    sensor_views: tuple[SensorView, ...] = (sensor(),)
    alert_views: tuple[AlertView, ...] = ()
    assembled: list[str] = field(default_factory=list)
    now_s: float = 0.0

    def slots(self) -> BoardSlots:
        self.assembled.append(SLOTS_EVENT)
        return BoardSlots(at=NOON + timedelta(seconds=self.now_s), slots=self.slot_views)

    def sensors(self) -> BoardSensors:
        self.assembled.append(SENSORS_EVENT)
        return BoardSensors(at=NOON + timedelta(seconds=self.now_s), sensors=self.sensor_views)

    def alerts(self) -> BoardAlerts:
        self.assembled.append(ALERTS_EVENT)
        return BoardAlerts(at=NOON + timedelta(seconds=self.now_s), alerts=self.alert_views)


class Watched:
    """A stream with somebody in front of it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.hub = LiveHub(heartbeat_s=0.05)
        self.hub.declare(BOARD_CHANNEL)
        self.stream = BoardStream(self.hub, monotonic=lambda: shop.now_s)
        self._read: str | None = None

    async def after(self, seconds: float) -> list[str]:
        """Time passes, and the floor is shown: the parts that went out, in this order."""
        self.shop.now_s += seconds
        async with self.hub.reader(BOARD_CHANNEL, after=self._read or self.hub.cursor()) as reader:
            self.stream.show(self.shop)
            names = [name async for name in _names(reader)]
        self._read = self.hub.cursor()
        return names


async def _names(reader: LiveReader) -> AsyncIterator[str]:
    async for event in reader.events():
        if event.name == "beat":
            return
        if event.name != "sync":
            yield event.name


@asynccontextmanager
async def watched(**shop: object) -> AsyncIterator[Watched]:
    watch = Watched(Shop(**shop))  # type: ignore[arg-type]
    assert await watch.after(0.0) == [SLOTS_EVENT, SENSORS_EVENT, ALERTS_EVENT]
    yield watch


async def test_what_looks_the_same_is_not_sent_again() -> None:
    async with watched() as watch:
        watch.shop.sensor_views = (sensor().model_copy(update={"age_s": 17.0}),)
        watch.shop.slot_views = (SLOT.model_copy(update={"as_of": NOON + timedelta(seconds=17)}),)
        assert await watch.after(17.0) == []


async def test_only_the_part_that_changed_is_sent() -> None:
    async with watched(alert_views=BOARD.alerts) as watch:
        watch.shop.sensor_views = (sensor(value=6.0),)
        assert await watch.after(1.0) == [SENSORS_EVENT]
        watch.shop.slot_views = (SLOT.model_copy(update={"units": 1}),)
        assert await watch.after(1.0) == [SLOTS_EVENT]
        watch.shop.alert_views = BOARD.alerts[1:]
        assert await watch.after(1.0) == [ALERTS_EVENT]


async def test_a_slot_goes_before_the_alert_that_speaks_of_it() -> None:
    async with watched() as watch:
        watch.shop.alert_views, watch.shop.slot_views = BOARD.alerts, BOARD.slots
        assert await watch.after(1.0) == [SLOTS_EVENT, ALERTS_EVENT]


async def test_two_hundred_sensors_go_out_once_a_second_and_nothing_is_assembled_for_nothing() -> None:
    async with watched(sensor_views=tuple(sensor(number) for number in range(200))) as watch:
        sent = []
        for quarter in range(1, 17):
            watch.shop.sensor_views = tuple(sensor(number, value=float(quarter)) for number in range(200))
            sent += await watch.after(0.25)
        assert sent == [SENSORS_EVENT] * 4
        assert watch.shop.assembled.count(SENSORS_EVENT) == 5


async def test_what_was_passed_over_says_when_it_is_due() -> None:
    async with watched(sensor_views=tuple(sensor(number) for number in range(200))) as watch:
        watch.shop.now_s += 0.25
        async with watch.hub.reader(BOARD_CHANNEL):
            assert watch.stream.show(watch.shop) == 0.75
            watch.shop.now_s += 0.75
            assert watch.stream.show(watch.shop) is None


async def test_the_age_of_what_is_stale_is_told_to_the_minute() -> None:
    async with watched() as watch:
        sent = []
        for seconds in range(10, 130, 10):
            watch.shop.sensor_views = (sensor().model_copy(update={"age_s": float(seconds), "is_stale": True}),)
            sent += await watch.after(1.0)
        assert sent == [SENSORS_EVENT] * 3


async def test_every_part_is_repeated_now_and_then_for_pages_opened_in_between() -> None:
    async with watched() as watch:
        assert await watch.after(REPEAT_S - 1) == []
        assert await watch.after(1) == [SLOTS_EVENT, SENSORS_EVENT, ALERTS_EVENT]


async def test_nothing_is_assembled_for_nobody_and_whoever_comes_later_gets_everything() -> None:
    async with watched() as watch:
        watch.shop.assembled.clear()
        assert watch.stream.show(watch.shop) is None
        assert watch.shop.assembled == []
        assert await watch.after(1.0) == [SLOTS_EVENT, SENSORS_EVENT, ALERTS_EVENT]
