"""``[[indicators]]``: lamps, buzzers and relays, by name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from devices.device import Signal
from edge_agent.config.device_settings import Name


class IndicatorTable(BaseModel):
    """``[[indicators]]``: a name, a driver, and beside them the settings of that driver."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Name = Field(description="Name of the indicator, unique among indicators and devices")
    driver: str = Field(min_length=1, max_length=40, description="Driver that switches it")
    at_start: Signal = Field(
        default=Signal.OFF, description="What it shows until it is told otherwise; on for a relay that powers a device"
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The driver's own settings, its paths relative to the configuration file resolved."""
        return dict(self.model_extra or {})

    def with_settings(self, settings: dict[str, Any]) -> IndicatorTable:
        """The same indicator with other settings of its driver."""
        return IndicatorTable(name=self.name, driver=self.driver, at_start=self.at_start, **settings)
