"""``[[devices]]``: what a device is called, driven and powered by; ``[supervision]``: how patient the gateway is."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_agent.config.problems import contradiction

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Word = Annotated[str, Field(min_length=1, max_length=500)]

COMMAND_WORDS_MAX = 32


class SupervisionSettings(BaseModel):
    """``[supervision]``: how patient the gateway is with its devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert_after_s: float = Field(
        default=60.0, ge=1, le=86_400, description="How long a device may be offline before somebody is called"
    )
    observations_per_s_max: int = Field(
        default=5_000,
        ge=10,
        le=100_000,
        description="How much one device may say in a second; the rest waits, and the device is called degraded",
    )


class DeviceTable(BaseModel):
    """``[[devices]]``: a name, a driver, and beside them the settings of that driver."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name = Field(description="Name of the device, unique at this gateway")
    driver: str = Field(min_length=1, max_length=40, description="Driver that reads it")
    silence_s_max: float | None = Field(
        default=None,
        ge=0.1,
        le=86_400,
        description=(
            "Seconds of silence after which a device that reports regularly hangs and is opened again; "
            "leave it out for readers and scanners, which are silent while nobody uses them"
        ),
    )
    power: Name | None = Field(
        default=None, description="Indicator (a relay) through which the device is powered, to switch it off and on"
    )
    power_command: tuple[Word, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=COMMAND_WORDS_MAX,
        description=(
            "Program that switches its power, as a list of words; it is run with off and then with on as its "
            'last word, such as ["uhubctl", "-l", "1-1", "-p", "2", "-a"]'
        ),
    )
    power_off_s: float = Field(default=5.0, ge=0.5, le=60, description="How long its power stays off")

    @property
    def settings(self) -> dict[str, Any]:
        """The driver's own settings, its paths relative to the configuration file resolved."""
        return dict(self.model_extra or {})

    def with_settings(self, settings: dict[str, Any]) -> DeviceTable:
        """The same device with other settings of its driver."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return DeviceTable(**own, **settings)

    @model_validator(mode="after")
    def _one_way_to_power(self) -> Self:
        if self.power is not None and self.power_command is not None:
            problem, remedy = f"{self.name} has both power and power_command", "Keep one of them."
            raise contradiction(problem, remedy)
        return self
