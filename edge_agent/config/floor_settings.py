"""``[floor]``: the planogram, and what counts as low, as missing, as too warm or as open for too long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_agent.config.problems import contradiction

LIMITS_MAX = 64
SensorName = Annotated[str, Field(min_length=1, max_length=160)]
Celsius = Annotated[float, Field(ge=-100, le=200)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TemperatureLimits(_Section):
    """``[[floor.temperatures]]``: between what a fridge, a freezer or a room must stay."""

    sensor: SensorName = Field(description="Name of the sensor: DEVICE, or DEVICE/SENSOR")
    low: Celsius | None = Field(default=None, description="Lowest temperature in °C; without it, none is too low")
    high: Celsius | None = Field(default=None, description="Highest temperature in °C; without it, none is too high")
    hysteresis: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.5, description="How far inside its limits it must be again, in °C, before it is well"
    )

    @model_validator(mode="after")
    def _limits_are_apart(self) -> Self:
        if self.low is None and self.high is None:
            raise contradiction(f"the sensor {self.sensor!r} has no limit", "Give it low, high, or both.")
        if self.low is not None and self.high is not None and self.high - self.low <= 2 * self.hysteresis:
            raise contradiction(
                f"between low {self.low:g} and high {self.high:g} is no room for a hysteresis of {self.hysteresis:g}",
                "Set the limits further apart, or hysteresis lower.",
            )
        return self


class FloorSettings(_Section):
    """``[floor]``: the shelves and what is watched on them."""

    planogram_file: Path | None = Field(
        default=None, description="The store's planogram.csv; without it, no stock is kept. Read at each start"
    )
    basket_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = Field(
        default=20, description="Minutes from the shelf to the till; what was taken and not sold by then is missing"
    )
    reorder_margin: Annotated[int, Field(ge=0, le=1_000)] = Field(
        default=1, description="Units above reorder_at from which a slot is no longer low"
    )
    settle_s: Annotated[float, Field(ge=0.5, le=30)] = Field(
        default=2.5, description="Seconds for which a weight must keep still before it is believed"
    )
    settle_samples: Annotated[int, Field(ge=3, le=32)] = Field(
        default=4, description="Samples that must agree before a weight is believed"
    )
    drift_g_max: Annotated[float, Field(ge=0, le=10_000)] = Field(
        default=100.0, description="Grams of slow drift of a scale that are followed; 0: none"
    )
    scale_stale_s: Annotated[float, Field(ge=5, le=3_600)] = Field(
        default=60.0,
        description="Age in seconds at which a weight is old, where the scale does not say how often it reports",
    )
    door_open_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = Field(
        default=5, description="Minutes after which a door that stands open is told of; 0: never"
    )
    buzzer: Annotated[str, Field(max_length=160)] = Field(
        default="", description="Indicator that sounds while nobody has taken on an urgent alert; empty: none"
    )
    temperatures: tuple[TemperatureLimits, ...] = Field(
        default=(), max_length=LIMITS_MAX, description="Limits of temperature, sensor by sensor"
    )

    @model_validator(mode="after")
    def _one_line_for_each_sensor(self) -> Self:
        names = [limits.sensor for limits in self.temperatures]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise contradiction(
                f"two temperatures are of the sensor {twice!r}", "Give each sensor one [[floor.temperatures]]."
            )
        return self
