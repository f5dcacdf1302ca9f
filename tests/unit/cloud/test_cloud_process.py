"""The cloud as a process: it starts, is ready, and stops at once, also with live pages open."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.unit.cloud.conftest import CLOUD_TOML, MEDIUM_KEY
from tests.unit.cloud.store_days import SECRET

STOP_WITHIN_S = 3.0  # two seconds are promised; one more for a machine that is busy with other tests

_RUN = """
import logging, pathlib, sys
from cloud_crm.app import run
from cloud_crm.config import load_settings
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
run(load_settings(pathlib.Path(sys.argv[1])))
"""


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    return free_port()


@pytest.fixture
def configuration(tmp_path: Path, port: int, free_port: Callable[[], int]) -> Path:
    (tmp_path / "medium.key").write_bytes(MEDIUM_KEY)
    (tmp_path / "store.secret").write_bytes(SECRET)
    sections = f"[web]\nport = {port}\n[broker]\nport = {free_port()}\n"
    (tmp_path / "cloud.toml").write_text(CLOUD_TOML + sections, encoding="utf-8")
    return tmp_path / "cloud.toml"


@contextmanager
def running(configuration: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _RUN, str(configuration)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Uvicorn running" in line for line in process.stdout), "it never listened"
            yield process
        finally:
            process.kill()


def open_stream(port: int) -> socket.socket:
    """A page that listens to the fleet; returned once the first bytes of the stream are here."""
    page = socket.create_connection(("127.0.0.1", port), timeout=5)
    page.sendall(f"GET /live/fleet HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    assert b"200 OK" in page.recv(4_096)
    return page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_and_starts_again_on_the_same_port(
    configuration: Path, port: int, number: signal.Signals
) -> None:
    for _ in range(2):
        with running(configuration) as process:
            assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            pages = [open_stream(port) for _ in range(3)]
            process.send_signal(number)
            assert process.wait(timeout=STOP_WITHIN_S) == 0
            for page in pages:
                page.close()


def test_without_a_broker_it_serves_and_says_that_it_is_not_ready(configuration: Path, port: int) -> None:
    with running(configuration):
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        assert (ready.status_code, ready.json()) == (503, {"database": True, "broker": False})
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
