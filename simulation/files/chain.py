"""The files of a whole chain: the cloud's configuration, everybody's secrets, a folder for each store."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from devices.ntag424.aes import KEY_BYTES
from devices.ntag424.keys import key_from_text
from simulation.files.store import StoreFolder, StorePlan, StorePorts, draw_secret, toml_text
from simulation.processes.ports import choose

_PORTS_PER_STORE = 4
_CARD_MASTER_KEY = "secrets/card-master.key"


class FolderInUse(RuntimeError):
    """Another demo runs with this data folder."""


@dataclass(frozen=True, slots=True)
class ChainPorts:
    """Where everything listens on 127.0.0.1; ``stores`` in the order of the chain's stores."""

    cloud: int
    broker: int
    stores: tuple[StorePorts, ...]

    @classmethod
    def free(cls, stores: int) -> Self:
        """Ports that nobody listens on."""
        cloud, broker, *rest = choose((0,) * (2 + stores * _PORTS_PER_STORE))
        each = zip(*[iter(rest)] * _PORTS_PER_STORE, strict=True)
        return cls(cloud, broker, tuple(StorePorts(*ports) for ports in each))


@dataclass(frozen=True, slots=True)
class ChainFolder:
    """The data folder of a chain. A chain of one store has it in the same folder, others in folders by its id."""

    path: Path
    plans: tuple[StorePlan, ...] = (StorePlan(),)

    @property
    def cloud_toml(self) -> Path:
        return self.path / "cloud.toml"

    @property
    def stores(self) -> tuple[StoreFolder, ...]:
        """One folder per store, in the order of the plans."""
        alone = len(self.plans) == 1
        return tuple(
            StoreFolder(self.path if alone else self.path / plan.gateway_id, plan, self.path / "secrets")
            for plan in self.plans
        )

    def log(self, name: str) -> Path:
        """The log of one of the chain's own processes."""
        return self.path / "log" / f"{name}.log"

    @property
    def medium_key(self) -> bytes:
        """The tenant's key, by which all stores name a card the same."""
        return (self.path / "secrets" / "medium.key").read_bytes()

    @property
    def card_master_key(self) -> bytes:
        """Head office's key, from which those of cards that prove themselves are derived. No store has it."""
        return key_from_text((self.path / _CARD_MASTER_KEY).read_bytes())

    @contextmanager
    def kept_by_one(self) -> Iterator[None]:
        """Keep other demos out of this folder meanwhile. Raises :class:`FolderInUse`, ``OSError``."""
        with (self.path / "demo.lock").open("w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FolderInUse(f"another demo is using {self.path}; stop it or choose another folder") from error
            yield

    def write(self, ports: ChainPorts, programme: Mapping[str, Any]) -> None:
        """Write every configuration and the secrets that are not there yet. Raises ``OSError``.

        ``programme`` is a whole programme file as a table; see docs/programme.md.
        """
        for folder in ("log", "cloud", "secrets"):
            (self.path / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        draw_secret(self.path / "secrets" / "medium.key")
        draw_secret(self.path / _CARD_MASTER_KEY, size=KEY_BYTES)
        for store, its in zip(self.stores, ports.stores, strict=True):
            store.write(its)
        (self.path / "programme.toml").write_text(toml_text(programme), encoding="utf-8")
        self.cloud_toml.write_text(toml_text(self._cloud(ports)), encoding="utf-8")

    def _cloud(self, ports: ChainPorts) -> dict[str, Any]:
        return {
            "medium_key_file": "secrets/medium.key",
            "card_master_key_file": _CARD_MASTER_KEY,
            "programme_file": "programme.toml",
            "web": {"host": "127.0.0.1", "port": ports.cloud},
            "database": {"url": "sqlite:///cloud/cloud.db"},
            "broker": {"host": "127.0.0.1", "port": ports.broker},
            "gateways": [
                {
                    "id": plan.gateway_id,
                    "store_name": plan.name,
                    "secret_file": f"secrets/{plan.gateway_id}.secret",
                }
                for plan in self.plans
            ],
        }
