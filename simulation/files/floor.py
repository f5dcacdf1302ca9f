"""The files of a store's floor: its planogram, and what its gateway's configuration says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulation.floor.hardware import BUS_DEVICE, FRIDGE, scales_of, thing_sensor
from simulation.floor.plan import FloorPlan, planogram_csv

_FRIDGE_HIGH_C = 8.0


def write_planogram(path: Path, plan: FloorPlan, *, has_lights: bool) -> None:
    """Write ``planogram.csv``. Raises ``OSError``."""
    lights = _lights(plan) if has_lights else {}
    path.write_text(planogram_csv(plan, scales=scales_of(plan), lights=lights), encoding="utf-8")


def lights_of(plan: FloorPlan, driver: str, folder: Path) -> list[dict[str, Any]]:
    """The ``[[indicators]]`` tables of a light at each weighed slot; its driver is told a ``path`` in ``folder``."""
    return [{"name": name, "driver": driver, "path": str(folder / name)} for name in _lights(plan).values()]


def _lights(plan: FloorPlan) -> dict[str, str]:
    return {slot.slot: f"light-{slot.slot.lower()}" for slot in plan.slots if slot.is_weighed}


def bus_device(port: int) -> dict[str, Any]:
    """The ``[[devices]]`` table of everything on the store's bus."""
    return {"name": BUS_DEVICE, "driver": "mqtt_sensors", "host": "127.0.0.1", "port": port}


def floor_tables(planogram: Path, *, bus: int) -> dict[str, Any]:
    """``[floor]`` and ``[alerts]`` for a day that is sixty times as fast: what would take an hour takes a minute.

    Home Assistant is told on the store's bus, as most stores have it.

    A hand and a scale take as long as ever, so that what is settled keeps its meaning.
    """
    return {
        "home_assistant": {"host": "127.0.0.1", "port": bus},
        "floor": {
            "planogram_file": str(planogram),
            "basket_minutes": 1,
            "settle_s": 1.5,
            "door_open_minutes": 1,
            "temperatures": [{"sensor": thing_sensor(FRIDGE), "high": _FRIDGE_HIGH_C}],
        },
        "alerts": {
            "kinds": {
                "low_stock": {"raise_after_s": 2, "clear_after_s": 2},
                "overstock": {"raise_after_s": 4, "clear_after_s": 2},
                "wrong_item": {"raise_after_s": 4, "clear_after_s": 2},
                "temperature": {"raise_after_s": 5, "clear_after_s": 5},
                "door_open": {"raise_after_s": 2},
                "device_offline": {"raise_after_s": 5, "clear_after_s": 3},
            }
        },
    }
