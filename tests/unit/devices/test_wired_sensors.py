"""Contacts at pins and thermometers on the 1-wire bus."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from devices.contacts.debounce import Debounce
from devices.contacts.ds18b20 import BAD_ANSWERS_MAX, Ds18b20, Ds18b20Settings
from devices.contacts.gpio_contact import GpioContact, GpioContactSettings
from devices.contacts.w1_text import NoTemperature, temperature
from devices.device import DeviceFault, Trouble
from devices.observations import ConditionChanged, DeviceState
from devices.readings import Measure, SensorFound, SensorRead
from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.gpio_header import VirtualHeader
from devices.virtual.wired import VirtualContact, VirtualThermometer

PIN = 17
SEEN_WITHIN_S = 20.0
GOOD = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"


# --- debounce ---


def test_a_level_is_told_once_it_stayed() -> None:
    contact = Debounce(0.05, is_on=False)
    contact.see(True, 1.0)
    assert contact.settled(1.04) is None
    assert contact.due_s() == pytest.approx(1.05)
    assert contact.settled(1.05) is True
    assert contact.settled(9.0) is None


def test_bounces_are_never_told() -> None:
    contact = Debounce(0.05, is_on=False)
    for at_s in (1.0, 1.01, 1.02, 1.03):
        contact.see(int(at_s * 100) % 2 == 0, at_s)
    contact.see(False, 1.035)
    assert contact.due_s() is None
    assert contact.settled(9.0) is None


def test_the_time_counts_from_the_last_bounce() -> None:
    contact = Debounce(0.05, is_on=False)
    contact.see(True, 1.0)
    contact.see(False, 1.03)
    contact.see(True, 1.04)
    assert contact.settled(1.06) is None
    assert contact.settled(1.09) is True


# --- contacts ---


def contact(header: VirtualHeader, **changes: Any) -> GpioContact:
    return GpioContact(GpioContactSettings.model_validate({"pin": PIN, "pins": header, "debounce_s": 0} | changes))


@pytest.mark.parametrize(
    ("settings", "is_high", "value"),
    [
        ({"measure": "door"}, True, 1.0),
        ({"measure": "door"}, False, 0.0),
        ({"measure": "motion", "pull": "none"}, True, 1.0),
        ({"measure": "occupancy", "on_when": "low"}, False, 1.0),
        ({"measure": "occupancy", "on_when": "low", "pull": "down"}, True, 0.0),
    ],
)
async def test_the_level_at_opening_is_told_as_found(settings: dict[str, Any], is_high: bool, value: float) -> None:
    header = VirtualHeader()
    VirtualContact(header, PIN, is_high=is_high)
    async with contact(header, **settings) as device:
        seen = await anext(device.observations())
    assert seen == SensorRead("", Measure(settings["measure"]), value, is_retained=True)


async def test_a_cut_wire_at_a_pulled_up_pin_looks_like_an_open_door() -> None:
    async with contact(VirtualHeader()) as device:
        seen = await anext(device.observations())
    assert seen == SensorRead("", Measure.DOOR, 1.0, is_retained=True)


async def test_every_change_is_told_once_and_bounces_are_not() -> None:
    header = VirtualHeader()
    door = VirtualContact(header, PIN)
    async with contact(header, debounce_s=0.005) as device:
        stream = device.observations()
        await anext(stream)
        for is_open in (True, False, True):
            door.bounce()
            door.go(high=is_open)
            async with asyncio.timeout(SEEN_WITHIN_S):
                assert await anext(stream) == SensorRead("", Measure.DOOR, float(is_open))


async def test_an_edge_that_the_library_missed_turns_nothing_inside_out() -> None:
    header = VirtualHeader()
    door = VirtualContact(header, PIN)
    async with contact(header) as device:
        stream = device.observations()
        await anext(stream)
        door.is_high = True  # the edge was lost
        door.go(high=True)
        assert await anext(stream) == SensorRead("", Measure.DOOR, 1.0)


async def test_a_door_at_which_nothing_happens_says_now_and_then_that_it_is_still_shut() -> None:
    loop_time = [100.0]
    header = VirtualHeader()
    VirtualContact(header, PIN)
    settings = GpioContactSettings.model_validate({"pin": PIN, "pins": header})
    async with GpioContact(settings, clock=lambda: loop_time[0], told_again_s=0.01) as device:
        stream = device.observations()
        await anext(stream)
        async with asyncio.timeout(SEEN_WITHIN_S):
            assert await anext(stream) == SensorRead("", Measure.DOOR, 0.0)


# --- thermometers ---


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD, 23.125),
        (GOOD.rstrip("\n"), 23.125),
        ("5e ff 4b 46 7f ff 02 10 d1 : crc=d1 YES\n5e ff 4b 46 7f ff 02 10 d1 t=-10125\n", -10.125),
        (GOOD.replace("YES", "NO"), NoTemperature.GARBLED),
        (GOOD.replace("23125", "85000"), NoTemperature.POWER_ON),
        (GOOD.replace("23125", "125001"), NoTemperature.OUT_OF_RANGE),
        (GOOD.replace("23125", "-55001"), NoTemperature.OUT_OF_RANGE),
        (f"{'00 ' * 9}: crc=00 YES\n{'00 ' * 9}t=0\n", NoTemperature.EMPTY),
        (GOOD.replace("72 01", "72 02", 1), NoTemperature.GARBLED),
        (GOOD[:-10], NoTemperature.GARBLED),
        (GOOD + GOOD, NoTemperature.GARBLED),
        (GOOD + " " * 500, NoTemperature.GARBLED),
        (GOOD.replace("23125", "٢٣١٢٥"), NoTemperature.GARBLED),
        ("", NoTemperature.GARBLED),
    ],
)
def test_what_the_kernel_writes_is_a_temperature_or_says_why_not(text: str, told: float | NoTemperature) -> None:
    assert temperature(text) == told


def test_no_damaged_text_is_ever_taken_for_another_temperature() -> None:
    chance = random.Random(2)
    letters = "0123456789abcdefYESNOt=:-\n "
    for _ in range(20_000):
        at = chance.randrange(len(GOOD))
        damaged = GOOD[:at] + chance.choice(letters) + GOOD[at + chance.randrange(3) :]
        told = temperature(damaged)
        assert isinstance(told, NoTemperature) or told == 23.125 or "t=23125\n" not in damaged


def thermometer(path: Path, **changes: Any) -> Ds18b20:
    return Ds18b20(Ds18b20Settings.model_validate({"path": path, "interval_s": 0.01} | changes))


@pytest.mark.parametrize("kind", [FaultKind.SILENT, FaultKind.GARBAGE])
async def test_several_bad_answers_are_told_and_recovered_from(tmp_path: Path, kind: FaultKind) -> None:
    fridge = VirtualThermometer(tmp_path / "28-1" / "w1_slave", celsius=4.25)
    async with thermometer(fridge.path) as device, asyncio.timeout(SEEN_WITHIN_S):
        stream = device.observations()
        assert await anext(stream) == SensorFound("", Measure.TEMPERATURE, product="DS18B20", interval_s=0.01)
        assert await anext(stream) == SensorRead("", Measure.TEMPERATURE, 4.25)
        fridge.fail(kind)
        while not isinstance(seen := await anext(stream), ConditionChanged):
            assert seen == SensorRead("", Measure.TEMPERATURE, 4.25)
        assert seen.state is DeviceState.DEGRADED
        fridge.heal()
        assert await anext(stream) == ConditionChanged(DeviceState.ONLINE, "")
        assert await anext(stream) == SensorRead("", Measure.TEMPERATURE, 4.25)
    assert BAD_ANSWERS_MAX > 1


async def test_a_thermometer_that_is_gone_is_a_fault_at_opening_and_while_reading(tmp_path: Path) -> None:
    fridge = VirtualThermometer(tmp_path / "28-1" / "w1_slave")
    async with asyncio.timeout(SEEN_WITHIN_S):
        async with thermometer(fridge.path) as device:
            stream = device.observations()
            await anext(stream)
            fridge.fail(FaultKind.UNPLUGGED)
            with pytest.raises(DeviceFault, match="no such thermometer"):
                while True:
                    await anext(stream)
        with pytest.raises(DeviceFault) as caught:
            async with thermometer(fridge.path):
                pass
    assert caught.value.key is Trouble.GONE
    assert "w1-gpio" in caught.value.remedy


async def test_what_cannot_be_read_is_told_as_not_answering(tmp_path: Path) -> None:
    async with asyncio.timeout(SEEN_WITHIN_S), thermometer(tmp_path) as device:  # a folder
        stream = device.observations()
        await anext(stream)
        with pytest.raises(DeviceFault, match="does not answer") as caught:
            await anext(stream)
    assert caught.value.key is Trouble.SILENT


def test_a_thermometer_has_no_cards_to_tear(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFault):
        VirtualThermometer(tmp_path / "w1_slave").fail(FaultKind.TORN_CARD)
