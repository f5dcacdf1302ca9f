"""The service manager hears ready, alive and stopping; without one nothing is said."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.service_notify import ServiceNotifier


class Manager:
    """The listening end, as systemd would hold it."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._socket.bind(address)

    def hears(self) -> str:
        return self._socket.recv(4096).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[Manager, str]]:
    address = str(tmp_path / "notify")
    manager = Manager(address)
    yield manager, address
    manager.close()


def test_ready_and_stopping_are_told(manager: tuple[Manager, str]) -> None:
    listening, address = manager
    notifier = ServiceNotifier(address)
    notifier.ready()
    notifier.stopping()
    assert listening.hears().splitlines()[0] == "READY=1"
    assert listening.hears() == "STOPPING=1"


def test_an_abstract_socket_is_reached(free_port: object) -> None:
    name = "regulars-notify-test"
    listening = Manager(f"\0{name}")
    ServiceNotifier(f"@{name}").ready()
    assert listening.hears().startswith("READY=1")
    listening.close()


def test_without_a_service_manager_nothing_happens() -> None:
    ServiceNotifier().ready()


def test_a_service_manager_that_is_gone_does_not_stop_the_gateway(tmp_path: Path) -> None:
    ServiceNotifier(str(tmp_path / "gone")).stopping()


async def test_the_watchdog_is_petted_only_after_the_proof_of_life(manager: tuple[Manager, str]) -> None:
    listening, address = manager
    alive = asyncio.Event()
    asked = asyncio.Event()

    async def journal_answers() -> None:
        asked.set()
        await alive.wait()

    petting = asyncio.create_task(ServiceNotifier(address, watchdog_s=60).keep_alive(journal_answers))
    await asyncio.wait_for(asked.wait(), 5)
    listening._socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.hears()
    listening._socket.settimeout(5)
    alive.set()
    assert await asyncio.to_thread(listening.hears) == "WATCHDOG=1"
    petting.cancel()
