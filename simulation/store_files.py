"""The files of the simulated store and its cloud: configuration and fresh secrets in one folder."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GATEWAY_ID = "demo-store"
KIOSK = "kiosk-1"
TILL = "till-1"
STORE_NAME = "西湖店 West Lake"
_SECRET_BYTES = 32


class FolderInUse(RuntimeError):
    """Another demo runs with this data folder."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens on 127.0.0.1. ``cable`` is where the gateway believes the broker to be."""

    kiosk: int
    cloud: int
    control: int
    till: int
    broker: int
    cable: int


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The data folder of a demo. Secrets and configuration that are there already are kept."""

    path: Path

    @property
    def edge_toml(self) -> Path:
        return self.path / "edge.toml"

    @property
    def cloud_toml(self) -> Path:
        return self.path / "cloud.toml"

    @property
    def reader(self) -> Path:
        """Where the virtual card reader is plugged in."""
        return self.path / "dev" / "reader"

    @property
    def scanner(self) -> Path:
        """Where the virtual scanner is plugged in."""
        return self.path / "dev" / "scanner"

    def log(self, name: str) -> Path:
        """The log of one child process."""
        return self.path / "log" / f"{name}.log"

    def secret(self, name: str) -> bytes:
        """The content of a secret file."""
        return self._secret_file(name).read_bytes()

    @contextmanager
    def kept_by_one(self) -> Iterator[None]:
        """Keep other demos out of this folder meanwhile. Raises :class:`FolderInUse`, ``OSError``."""
        with (self.path / "demo.lock").open("w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FolderInUse(f"another demo is using {self.path}; stop it or choose another folder") from error
            yield

    def write(self, ports: Ports, *, currency: str) -> None:
        """Write what is to be written. Raises ``OSError``."""
        for folder in ("dev", "log", "edge", "cloud", "secrets"):
            (self.path / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("gateway.secret", "medium.key", "till.key"):
            _draw_secret(self._secret_file(name))
        self.edge_toml.write_text(toml_text(self._edge(ports)), encoding="utf-8")
        self.cloud_toml.write_text(toml_text(self._cloud(ports, currency)), encoding="utf-8")

    def _secret_file(self, name: str) -> Path:
        return self.path / "secrets" / name

    def _edge(self, ports: Ports) -> dict[str, Any]:
        return {
            "gateway": {
                "id": GATEWAY_ID,
                "store": GATEWAY_ID,
                "store_name": STORE_NAME,
                "data_dir": "edge",
                "secret_file": "secrets/gateway.secret",
                "medium_key_file": "secrets/medium.key",
            },
            "web": {"host": "127.0.0.1", "port": ports.kiosk},
            "broker": {"host": "127.0.0.1", "port": ports.cable},
            "counters": [
                {"name": "counter-1", "kiosk": KIOSK, "till": TILL, "readers": ["reader-1"], "scanners": ["scanner-1"]}
            ],
            "devices": [
                {"name": "reader-1", "driver": "pn532", "path": "dev/reader"},
                {"name": "scanner-1", "driver": "serial_scanner", "port": str(self.scanner)},
                {
                    "name": "tills",
                    "driver": "till_feed",
                    "host": "127.0.0.1",
                    "port": ports.till,
                    "secret_file": "secrets/till.key",
                },
            ],
        }

    @staticmethod
    def _cloud(ports: Ports, currency: str) -> dict[str, Any]:
        return {
            "medium_key_file": "secrets/medium.key",
            "web": {"host": "127.0.0.1", "port": ports.cloud},
            "database": {"url": "sqlite:///cloud/cloud.db"},
            "broker": {"host": "127.0.0.1", "port": ports.broker},
            "gateways": [{"id": GATEWAY_ID, "store_name": STORE_NAME, "secret_file": "secrets/gateway.secret"}],
            "programme": {
                "name": "掌柜会员 Regulars",
                "currency": currency,
                "points": 1,
                "per_minor": 100,
                "minimum_minor": 0,
            },
        }


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


def _draw_secret(file: Path) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as target:
        target.write(secrets.token_bytes(_SECRET_BYTES).hex().encode())
