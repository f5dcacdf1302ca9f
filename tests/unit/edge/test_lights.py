"""Indicators, looked after: a broken lamp delays nobody, is seen to be broken, and shows again once mended."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from devices.device import DeviceFault, IndicatorDriver, Signal
from devices.indicators.gpio_indicators import LED_DRIVER, OutputSettings
from devices.observations import DeviceState, Observation
from devices.virtual.gpio_header import VirtualHeader
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.config.indicator_settings import IndicatorTable
from edge_agent.floor.lights import Lights
from edge_agent.supervision import Backoff, DeviceCondition, Pace, Supervisor

SHOWN_WITHIN_S = 10.0


class Lamp:
    """A lamp with a plug. It remembers what it showed."""

    def __init__(self) -> None:
        self.shown: list[Signal] = []
        self.is_plugged = True
        self.openings = 0
        self.happened = asyncio.Condition()

    async def __aenter__(self) -> Self:
        if not self.is_plugged:
            raise DeviceFault("no lamp", remedy="plug it in")
        self.openings += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def show(self, signal: Signal) -> None:
        async with self.happened:
            if not self.is_plugged:
                raise DeviceFault("no lamp", remedy="plug it in")
            self.shown.append(signal)
            self.happened.notify_all()

    async def until_shown(self, signal: Signal) -> None:
        async with asyncio.timeout(SHOWN_WITHIN_S), self.happened:
            await self.happened.wait_for(lambda: bool(self.shown) and self.shown[-1] is signal)


class StuckLamp(Lamp):
    """A lamp that takes for ever to show anything."""

    async def show(self, signal: Signal) -> None:
        self.shown.append(signal)
        await asyncio.Event().wait()


def driver(lamp: Lamp) -> IndicatorDriver[Any]:
    return IndicatorDriver(name="lamp", summary="a lamp", settings=OutputSettings, open=lambda _: lamp)


def table(name: str, **changes: Any) -> IndicatorTable:
    return IndicatorTable.model_validate({"name": name, "driver": "lamp", "pin": 17} | changes)


class Store:
    def __init__(self) -> None:
        self.changes: asyncio.Queue[DeviceCondition] = asyncio.Queue()

    async def handle(self, device: str, observation: Observation) -> None:
        raise AssertionError(f"{device} observed {observation}")

    async def changed(self, condition: DeviceCondition) -> None:
        await self.changes.put(condition)

    async def alarm(self, condition: DeviceCondition, is_needed: bool) -> None:
        pass

    async def until(self, name: str, state: DeviceState) -> DeviceCondition:
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while (condition := await self.changes.get()).name != name or condition.state is not state:
                pass
        return condition


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def lit(lights: Lights) -> AsyncIterator[Store]:
    store, loop = Store(), asyncio.get_running_loop()
    pace = Pace(
        backoff=Backoff(random.Random(1).random), sleep=at_once, monotonic=loop.time, now=lambda: datetime.now(UTC)
    )
    supervisor = Supervisor(lights.attached(), handle=store.handle, changed=store.changed, alarm=store.alarm, pace=pace)
    running = asyncio.create_task(supervisor.run())
    try:
        yield store
    finally:
        await supervisor.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_is_wanted_is_shown_and_the_same_again_is_not_shown_twice() -> None:
    lamp = Lamp()
    lights = Lights([(table("shelf-light"), driver(lamp))])
    async with lit(lights):
        await lamp.until_shown(Signal.OFF)
        await lights.show("shelf-light", Signal.BLINK)
        await lamp.until_shown(Signal.BLINK)
        await lights.show("shelf-light", Signal.BLINK)
        await lights.show("shelf-light", Signal.ON)
        await lamp.until_shown(Signal.ON)
    assert lamp.shown == [Signal.OFF, Signal.BLINK, Signal.ON]


async def test_a_relay_that_powers_a_device_is_on_from_the_start() -> None:
    lamp = Lamp()
    async with lit(Lights([(table("reader-power", at_start="on"), driver(lamp))])):
        await lamp.until_shown(Signal.ON)


async def test_a_lamp_that_was_gone_shows_what_it_should_by_then() -> None:
    lamp = Lamp()
    lamp.is_plugged = False
    lights = Lights([(table("shelf-light"), driver(lamp))])
    async with lit(lights) as store:
        condition = await store.until("shelf-light", DeviceState.OFFLINE)
        assert condition.reason == "no lamp"
        await lights.show("shelf-light", Signal.BLINK)
        await lights.show("shelf-light", Signal.ALARM)
        lamp.is_plugged = True
        await lamp.until_shown(Signal.ALARM)
    assert lamp.shown == [Signal.ALARM]


async def test_a_lamp_that_breaks_is_seen_to_be_broken_and_mends() -> None:
    lamp = Lamp()
    lights = Lights([(table("shelf-light"), driver(lamp))])
    async with lit(lights) as store:
        await lamp.until_shown(Signal.OFF)
        lamp.is_plugged = False
        await lights.show("shelf-light", Signal.ON)
        await store.until("shelf-light", DeviceState.OFFLINE)
        lamp.is_plugged = True
        await lamp.until_shown(Signal.ON)
        await store.until("shelf-light", DeviceState.ONLINE)
    assert lamp.openings >= 2


async def test_a_lamp_that_hangs_delays_neither_the_floor_nor_another_lamp() -> None:
    stuck, lamp = StuckLamp(), Lamp()
    lights = Lights([(table("stuck"), driver(stuck)), (table("works"), driver(lamp))])
    async with lit(lights):
        await lamp.until_shown(Signal.OFF)
        for signal in (Signal.ON, Signal.BLINK, Signal.ALARM):
            await lights.show("stuck", signal)
            await lights.show("works", signal)
            await lamp.until_shown(signal)


async def test_an_indicator_of_no_such_name_shows_nothing() -> None:
    lights = Lights([])
    await lights.show("nowhere", Signal.ON)
    assert lights.shown() == {}


async def test_a_real_led_driver_on_virtual_pins_shines_through_all_of_it() -> None:
    header = VirtualHeader()
    lights = Lights([(table("led", pins=header), LED_DRIVER)])
    async with lit(lights):
        await lights.show("led", Signal.ON)
        assert await asyncio.to_thread(header.wait_for_level, 17, True, timeout_s=SHOWN_WITHIN_S)
    assert header.pin(17).function == "input"


async def test_a_lamp_that_is_tried_out_blinks_and_then_shows_what_it_is_to_show() -> None:
    lamp = Lamp()
    lights = Lights([(table("light"), driver(lamp))])
    async with lit(lights):
        await lights.show("light", Signal.ON)
        await lamp.until_shown(Signal.ON)
        trying = asyncio.create_task(lights.try_out("light", seconds=60.0))
        await lamp.until_shown(Signal.BLINK)
        assert lights.shown() == {"light": Signal.ON}
        trying.cancel()  # whoever asked went away
        await lamp.until_shown(Signal.ON)
    assert await lights.try_out("light", seconds=0.0)
    assert not await lights.try_out("lamp", seconds=60.0)


# --- what edge.toml may say of them ---

EDGE = """
[gateway]
id = "store-1"
store = "store-1"
store_name = "High Street"
data_dir = "data"
secret_file = "secret"
medium_key_file = "secret"
[broker]
[[counters]]
name = "counter-1"
kiosk = "front"
[[indicators]]
name = "shelf-light"
driver = "gpio_led"
pin = 17
"""


def loaded(folder: Path, more: str) -> EdgeSettings:
    secret = folder / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    path = folder / "edge.toml"
    path.write_text(EDGE + more)
    return EdgeSettings.load(path)


def test_indicators_are_configured_by_name_and_driver(tmp_path: Path) -> None:
    [light] = loaded(tmp_path, "").indicators
    assert (light.name, light.driver, light.at_start) == ("shelf-light", "gpio_led", Signal.OFF)
    assert light.settings == {"pin": 17}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[[indicators]]\nname = "b"\ndriver = "gpio_lamp"\npin = 4', r"indicators\.b\.driver: .*gpio_relay"),
        ('[[indicators]]\nname = "b"\ndriver = "gpio_led"\npin = 40', r"indicators\.b\.pin"),
        ('[[indicators]]\nname = "b"\ndriver = "gpio_led"\npin = 4\nspeling = 1', "speling"),
        ('[[indicators]]\nname = "b"\ndriver = "gpio_led"\npin = 4\nat_start = "dim"', "at_start"),
        ('[[indicators]]\nname = "shelf-light"\ndriver = "gpio_led"\npin = 4', "two .* are called 'shelf-light'"),
        (
            '[[devices]]\nname = "r"\ndriver = "pn532"\npath = "/dev/x"\npower = "relay-9"',
            r"powered through 'relay-9', which is not configured\. Known \[\[indicators\]\]: shelf-light",
        ),
    ],
)
def test_a_wrong_indicator_is_named_with_its_place_and_a_remedy(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(tmp_path, more)
