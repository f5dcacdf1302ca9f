"""What sensors say, in the words of Home Assistant's device classes: one value at a time, and how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

SENSOR_LENGTH_MAX = 80
NAME_LENGTH_MAX = 120


class Measure(StrEnum):
    """What is measured; the value is the ``device_class`` that Home Assistant has for it."""

    WEIGHT = "weight"
    """Grams; the chip's own counts where the reading ``is_raw``."""
    TEMPERATURE = "temperature"
    """Degrees Celsius."""
    HUMIDITY = "humidity"
    """Percent of relative humidity."""
    BATTERY = "battery"
    """Percent."""
    DOOR = "door"
    """1 open, 0 shut. All that follow are 1 or 0."""
    MOTION = "motion"
    OCCUPANCY = "occupancy"
    """A beam that is broken, somebody who is there."""
    PROBLEM = "problem"
    """The sensor says that something is wrong with it."""

    @property
    def is_binary(self) -> bool:
        """Whether it is either so or not."""
        return self in _BINARY

    @property
    def unit(self) -> str:
        """The unit of its values as people read it; empty for what is either so or not."""
        return _UNITS.get(self, "")


_BINARY = frozenset({Measure.DOOR, Measure.MOTION, Measure.OCCUPANCY, Measure.PROBLEM})
_UNITS = {Measure.WEIGHT: "g", Measure.TEMPERATURE: "°C", Measure.HUMIDITY: "%", Measure.BATTERY: "%"}


@dataclass(frozen=True, slots=True)
class SensorRead:
    """One sample. ``sensor`` names it within its device and stays the same for ever; empty: the device is one sensor.

    ``noise`` is the spread (median absolute deviation) of the samples behind the value, in its unit; 0 where unknown.
    ``is_retained``: the state that was found on connecting, of unknown age; it is no event.
    """

    sensor: str
    measure: Measure
    value: float
    is_raw: bool = False
    noise: float = 0.0
    is_retained: bool = False

    def __post_init__(self) -> None:
        if len(self.sensor) > SENSOR_LENGTH_MAX:
            raise ValueError(f"a sensor's name has at most {SENSOR_LENGTH_MAX} characters, not {len(self.sensor)}")
        if not math.isfinite(self.value):
            raise ValueError(f"a reading is a number, not {self.value}")
        if self.measure.is_binary and self.value not in {0.0, 1.0}:
            raise ValueError(f"{self.measure.value} is 0 or 1, not {self.value}")


@dataclass(frozen=True, slots=True)
class SensorFound:
    """A sensor announced itself. Told again when what it says of itself changes."""

    sensor: str
    measure: Measure
    name: str = ""
    maker: str = ""
    product: str = ""
    interval_s: float | None = None
    """How often it reports, where it says so: samples older than that, with some patience, are stale."""
    has_presence: bool = False
    """It reports only changes, and tells by itself whether it is there: a sample's age says nothing."""


@dataclass(frozen=True, slots=True)
class SensorLost:
    """A sensor said, or its bridge did, that it is not there; its next reading says that it is back."""

    sensor: str
    reason: str
    is_for_good: bool = False
    """It was taken back: from now on it is no sensor of this store."""


@dataclass(frozen=True, slots=True)
class SensorBack:
    """A sensor said, or its bridge did, that it is there again; nothing was measured yet."""

    sensor: str


SensorWord = SensorRead | SensorFound | SensorLost | SensorBack
