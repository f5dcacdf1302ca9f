"""The files of a simulated store: its gateway's configuration, and where its hardware is plugged in."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.files.floor import bus_device, floor_tables, lights_of, write_planogram
from simulation.floor.plan import FloorPlan

GATEWAY_ID = "demo-store"
STORE_NAME = "西湖店 West Lake"
STORE_ZONE = "Asia/Shanghai"
COUNTERS_MAX = 8
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class CounterNames:
    """What the things at counter ``number`` (from 1) are called."""

    number: int

    @property
    def counter(self) -> str:
        return f"counter-{self.number}"

    @property
    def kiosk(self) -> str:
        return f"kiosk-{self.number}"

    @property
    def till(self) -> str:
        return f"till-{self.number}"

    @property
    def reader(self) -> str:
        return f"reader-{self.number}"

    @property
    def scanner(self) -> str:
        return f"scanner-{self.number}"


KIOSK = CounterNames(1).kiosk
TILL = CounterNames(1).till


@dataclass(frozen=True, slots=True)
class StorePlan:
    """Which store: the id of its gateway, its name as people read it, how many counters, where the sun stands.

    Up to ``pin_above_points`` a card that can be copied is enough to redeem.
    """

    gateway_id: str = GATEWAY_ID
    name: str = STORE_NAME
    counters: int = 2
    timezone: str = STORE_ZONE
    pin_above_points: int = 0
    floor: FloorPlan | None = None
    """The shelves with their sensors, if it has any."""
    light_driver: str = ""
    """What opens the light at each weighed slot; without it there are none."""

    def __post_init__(self) -> None:
        if not 1 <= self.counters <= COUNTERS_MAX:
            raise ValueError(f"a simulated store has 1 to {COUNTERS_MAX} counters, not {self.counters}")

    @property
    def names(self) -> tuple[CounterNames, ...]:
        """Each counter's names, in their order."""
        return tuple(CounterNames(number) for number in range(1, self.counters + 1))


@dataclass(frozen=True, slots=True)
class StorePorts:
    """Where one store listens on 127.0.0.1. ``cable`` is where its gateway believes the broker to be.

    ``bus`` is the broker of the store's own sensors, in a store that has a floor.
    """

    kiosk: int
    till: int
    cable: int
    bus: int = 0


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The folder of one store; ``secrets`` is the chain's folder of secret files.

    Secrets and configuration that are there already are kept.
    """

    path: Path
    plan: StorePlan
    secrets: Path

    @property
    def edge_toml(self) -> Path:
        return self.path / "edge.toml"

    @property
    def data_dir(self) -> Path:
        """Where the gateway keeps its journal."""
        return self.path / "edge"

    @property
    def planogram(self) -> Path:
        """Which article stands where."""
        return self.path / "planogram.csv"

    def reader(self, names: CounterNames) -> Path:
        """Where the virtual card reader of a counter is plugged in."""
        return self.path / "dev" / names.reader

    def scanner(self, names: CounterNames) -> Path:
        """Where the virtual scanner of a counter is plugged in."""
        return self.path / "dev" / names.scanner

    def log(self, name: str) -> Path:
        """The log of one child process."""
        return self.path / "log" / f"{name}.log"

    @property
    def till_key(self) -> bytes:
        """The secret with which this store's tills sign."""
        return self._till_key_file.read_bytes()

    def write(self, ports: StorePorts) -> None:
        """Write what is to be written. Raises ``OSError``."""
        for folder in ("dev", "log", "edge"):
            (self.path / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        draw_secret(self.secrets / f"{self.plan.gateway_id}.secret")
        draw_secret(self._till_key_file)
        if self.plan.floor is not None:
            write_planogram(self.planogram, self.plan.floor, has_lights=bool(self.plan.light_driver))
        self.edge_toml.write_text(toml_text(self._edge(ports)), encoding="utf-8")

    @property
    def _till_key_file(self) -> Path:
        return self.secrets / f"{self.plan.gateway_id}-till.key"

    def _edge(self, ports: StorePorts) -> dict[str, Any]:
        plan = self.plan
        return {
            "gateway": {
                "id": plan.gateway_id,
                "store": plan.gateway_id,
                "store_name": plan.name,
                "timezone": plan.timezone,
                "data_dir": str(self.data_dir),
                "secret_file": str(self.secrets / f"{plan.gateway_id}.secret"),
                "medium_key_file": str(self.secrets / "medium.key"),
            },
            "web": {"host": "127.0.0.1", "port": ports.kiosk},
            "broker": {"host": "127.0.0.1", "port": ports.cable},
            "rights": {"pin_above_points": plan.pin_above_points},
            "counters": [
                {
                    "name": names.counter,
                    "kiosk": names.kiosk,
                    "till": names.till,
                    "readers": [names.reader],
                    "scanners": [names.scanner],
                }
                for names in plan.names
            ],
            "devices": [
                *self._hardware(),
                self._tills(ports),
                *([] if plan.floor is None else [bus_device(ports.bus)]),
            ],
            **self._floor_tables(ports.bus),
        }

    def _floor_tables(self, bus: int) -> dict[str, Any]:
        floor, driver = self.plan.floor, self.plan.light_driver
        if floor is None:
            return {}
        lights = {"indicators": lights_of(floor, driver, self.path / "dev")} if driver else {}
        return {**floor_tables(self.planogram, bus=bus), **lights}

    def _hardware(self) -> Iterator[dict[str, Any]]:
        for names in self.plan.names:
            yield {"name": names.reader, "driver": "pn532", "path": str(self.reader(names))}
            yield {"name": names.scanner, "driver": "serial_scanner", "port": str(self.scanner(names))}

    def _tills(self, ports: StorePorts) -> dict[str, Any]:
        return {
            "name": "tills",
            "driver": "till_feed",
            "host": "127.0.0.1",
            "port": ports.till,
            "secret_file": str(self._till_key_file),
        }


def draw_secret(file: Path, *, size: int = _SECRET_BYTES) -> None:
    """Write a fresh secret that only this user can read, unless one is there. Raises ``OSError``."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as target:
        target.write(secrets.token_bytes(size).hex().encode())


def toml_text(table: Mapping[str, Any]) -> str:
    """TOML of tables, arrays of tables and plain values: what configuration of ours is made of."""
    return "\n".join(_lines(table)).strip() + "\n"


def _lines(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    sections = {key: value for key, value in table.items() if isinstance(value, Mapping) or _is_tables(value)}
    for key, value in table.items():
        if key not in sections:
            # JSON's text, numbers, booleans and arrays are TOML's.
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in sections.items():
        name = f"{prefix}{key}"
        for item in value if isinstance(value, list) else (value,):
            yield f"\n[[{name}]]" if isinstance(value, list) else f"\n[{name}]"
            yield from _lines(item, f"{name}.")


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
