"""The store's own MQTT bus: sensors speak on it, Home Assistant listens. The uplink to the cloud is another wire."""

from devices.store_bus.bus import StoreBus
from devices.store_bus.messages import Heard, LastWill
from devices.store_bus.settings import BusSettings, BusTls

__all__ = ["BusSettings", "BusTls", "Heard", "LastWill", "StoreBus"]
