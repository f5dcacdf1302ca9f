"""``[home_assistant]``: where the store's sensors, stock and alerts are announced to Home Assistant."""

from __future__ import annotations

from pydantic import Field

from devices.store_bus import BusSettings
from devices.store_bus.settings import OWN_TOPIC


class HomeAssistantSettings(BusSettings):
    """``[home_assistant]``: the MQTT broker that Home Assistant listens to; often the in-store bus itself."""

    discovery_prefix: str = Field(
        default="homeassistant",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Where Home Assistant looks for announcements, as set there",
    )
    topic: str = Field(
        default=OWN_TOPIC,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Everything said lies below TOPIC/GATEWAY",
    )
    sensor_interval_s: float = Field(
        default=10.0, ge=0, le=3_600, description="Least seconds between two values of one weight or climate sensor"
    )
