"""Tries one device without a gateway: opens its driver, and says in plain words what it sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from typing import Any

from devices.device import Device, DeviceFault, Driver, IndicatorDriver, Signal
from devices.observations import (
    CardTapped,
    ChoiceMade,
    CodeScanned,
    ConditionChanged,
    FormFilled,
    Observation,
    QuoteAsked,
    SaleCompleted,
)
from devices.readings import SensorBack, SensorFound, SensorLost, SensorRead

OPEN_S_MAX = 20.0
SEEN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went: how much was seen, and why it ended early, if it did."""

    seen: int
    fault: DeviceFault | None = None


async def try_device(device: Device, *, seconds: float, say: Callable[[str], None]) -> Trial:
    """Open the device and say what it sees for so long.

    A sale ends it: it is not recorded here, so its till is told that it was not taken and sends it again.
    """
    seen = 0
    try:
        async with asyncio.timeout(OPEN_S_MAX):
            opened = await device.__aenter__()
    except DeviceFault as fault:
        return Trial(seen, fault)
    except TimeoutError:
        return Trial(seen, DeviceFault(f"did not open within {OPEN_S_MAX:g} s", remedy="Check its cable and power"))
    try:
        observations = opened.observations()
        # Closed at its ``yield`` when it is left, which tells whoever waits there that nothing was taken.
        closing = aclosing(observations) if isinstance(observations, AsyncGenerator) else nullcontext()
        async with asyncio.timeout(seconds), closing:
            async for observation in observations:
                seen += not isinstance(observation, ConditionChanged)
                say(in_words(observation))
                if _is_owed_an_answer(observation) or seen >= SEEN_MAX:
                    break
    except TimeoutError:
        pass
    except DeviceFault as fault:
        return Trial(seen, fault)
    finally:
        await opened.__aexit__(None, None, None)
    return Trial(seen)


async def try_indicator(driver: IndicatorDriver[Any], settings: Any, *, seconds: float) -> Trial:
    """Blink for so long, then be off."""
    indicator = driver.open(settings)
    try:
        async with asyncio.timeout(OPEN_S_MAX):
            await indicator.__aenter__()
        try:
            await indicator.show(Signal.BLINK)
            await asyncio.sleep(seconds)
            await indicator.show(Signal.OFF)
        finally:
            await indicator.__aexit__(None, None, None)
    except DeviceFault as fault:
        return Trial(0, fault)
    except TimeoutError:
        return Trial(0, DeviceFault(f"did not open within {OPEN_S_MAX:g} s", remedy="Check its cable and power"))
    return Trial(1)


def what_to_do(driver: Driver[Any]) -> str:
    """What somebody should do with the device, so that it sees something."""
    name = driver.name
    if "till" in name:
        return "ring up a sale (it is not recorded by this test, and comes again later)"
    if any(word in name for word in ("scanner", "camera", "wedge")) and name != "uid_wedge":
        return "scan a code"
    if any(word in name for word in ("pn532", "acr122u", "rcs380", "uid", "reader")):
        return "hold a card to it"
    return "touch what it measures: press the shelf, open the door, warm the probe"


def in_words(observation: Observation) -> str:
    """One observation for a technician. Numbers of cards and texts of codes stay out of terminals, too."""
    match observation:
        case CardTapped():
            return f"a card: {observation.uid} ({observation.technology}, {observation.trust.value})"
        case CodeScanned():
            return f"a code of {len(observation.text)} characters ({observation.symbology})"
        case SaleCompleted():
            return f"a sale of {len(observation.lines)} lines at {observation.till}"
        case QuoteAsked():
            return f"a basket of {len(observation.lines)} lines at {observation.till}"
        case SensorRead():
            unit = " counts" if observation.is_raw else observation.measure.unit and f" {observation.measure.unit}"
            return f"{_sensor(observation.sensor)}{observation.measure.value} {observation.value:g}{unit}"
        case SensorFound():
            return (
                f"{_sensor(observation.sensor)}announced itself: {observation.measure.value} {observation.name}".strip()
            )
        case SensorLost():
            return f"{_sensor(observation.sensor)}is away: {observation.reason}"
        case SensorBack():
            return f"{_sensor(observation.sensor)}is there again"
        case ConditionChanged():
            return f"it says: {observation.state.value}. {observation.reason}".strip()
        case ChoiceMade() | FormFilled():
            return "a finger on the screen"


def _sensor(name: str) -> str:
    return f"{name}: " if name else ""


def _is_owed_an_answer(observation: Observation) -> bool:
    return isinstance(observation, (SaleCompleted, QuoteAsked, FormFilled, ChoiceMade))
