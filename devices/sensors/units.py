"""From the device classes and units that sensors name to what is measured here. An unknown unit is refused."""

from __future__ import annotations

from dataclasses import dataclass

from devices.readings import Measure


@dataclass(frozen=True, slots=True)
class Conversion:
    """``value × factor + offset`` is the value in the unit of its measure; outside the limits it is no measurement."""

    factor: float = 1.0
    offset: float = 0.0
    lowest: float = -1e9
    highest: float = 1e9

    def convert(self, value: float) -> float:
        """The value in the measure's own unit. Raises ``ValueError`` outside what can be measured."""
        converted = value * self.factor + self.offset
        if not self.lowest <= converted <= self.highest:
            raise ValueError("a value that cannot be measured")
        return round(converted, 6)


_WEIGHT = (-1e7, 1e7)
_TEMPERATURE = (-90.0, 200.0)
_PERCENT = (-5.0, 105.0)
"""Cheap humidity probes say 101 %."""

_CONVERSIONS: dict[Measure, dict[str, Conversion]] = {
    Measure.WEIGHT: {
        "mg": Conversion(0.001, 0.0, *_WEIGHT),
        "g": Conversion(1.0, 0.0, *_WEIGHT),
        "kg": Conversion(1_000.0, 0.0, *_WEIGHT),
        "oz": Conversion(28.349_523_125, 0.0, *_WEIGHT),
        "lb": Conversion(453.592_37, 0.0, *_WEIGHT),
        "st": Conversion(6_350.293_18, 0.0, *_WEIGHT),
    },
    Measure.TEMPERATURE: {
        "°C": Conversion(1.0, 0.0, *_TEMPERATURE),
        "°F": Conversion(5 / 9, -160 / 9, *_TEMPERATURE),
        "K": Conversion(1.0, -273.15, *_TEMPERATURE),
    },
    Measure.HUMIDITY: {"%": Conversion(1.0, 0.0, *_PERCENT)},
    Measure.BATTERY: {"%": Conversion(1.0, 0.0, *_PERCENT)},
}
_SPELLINGS = {"℃": "°C", "C": "°C", "℉": "°F", "F": "°F", "lbs": "lb", "G": "g", "KG": "kg", "Kg": "kg"}

SENSOR_CLASSES = {
    "weight": Measure.WEIGHT,
    "temperature": Measure.TEMPERATURE,
    "humidity": Measure.HUMIDITY,
    "battery": Measure.BATTERY,
}
"""Home Assistant's device classes of sensors that tell numbers."""

BINARY_CLASSES = {
    "door": Measure.DOOR,
    "garage_door": Measure.DOOR,
    "opening": Measure.DOOR,
    "window": Measure.DOOR,
    "motion": Measure.MOTION,
    "moving": Measure.MOTION,
    "occupancy": Measure.OCCUPANCY,
    "presence": Measure.OCCUPANCY,
    "problem": Measure.PROBLEM,
    "battery": Measure.PROBLEM,
}
"""Those that are either so or not; a ``battery`` that is on is low."""


def conversion(measure: Measure, unit: str) -> Conversion:
    """How to get from ``unit`` to the unit of ``measure``. Raises ``ValueError`` that lists the units known."""
    known = _CONVERSIONS.get(measure, {})
    found = known.get(_SPELLINGS.get(unit, unit))
    if found is None:
        said = f"in {unit[:16]!r}" if unit else "without a unit"
        raise ValueError(f"it tells {measure.value} {said}; known units: {', '.join(known)}")
    return found


def measure_of_unit(unit: str) -> Measure | None:
    """What a unit alone makes certain: kilograms are weight, but percent may be anything."""
    plain = _SPELLINGS.get(unit, unit)
    for measure in (Measure.WEIGHT, Measure.TEMPERATURE):
        if plain in _CONVERSIONS[measure] and plain != "K":
            return measure
    return None
