"""What every test may ask for: ports, brokers, data. Nothing here knows the code under test."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path

import hypothesis
import pytest

from tests.brokers import AmqttBroker, Broker, MosquittoBroker
from tests.postgres import PostgresServer, server_programs

ROOT = Path(__file__).resolve().parent.parent

# The same examples in every run, and no clock deciding over a test on a busy machine.
hypothesis.settings.register_profile("regulars", derandomize=True, deadline=None)
hypothesis.settings.load_profile("regulars")


def _shared_data() -> Path | None:
    candidate = Path(os.environ.get("REGULARS_DATA", ROOT.parent / "shared" / "data"))
    return candidate if candidate.is_dir() else None


def _missing(marker: str) -> str | None:
    """Why a test with this marker cannot run here, or ``None``."""
    if marker == "needs_mosquitto" and not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        return "mosquitto is not installed (apt-get install mosquitto)"
    if marker == "needs_chromium" and not shutil.which("chromium"):
        return "chromium is not installed (apt-get install chromium fonts-noto-cjk)"
    if marker == "needs_postgres" and (server_programs() is None or not importlib.util.find_spec("psycopg")):
        return "PostgreSQL is not installed (apt-get install postgresql; pip install 'regulars[cloud]')"
    if marker == "needs_zbar" and not (find_library("zbar") and importlib.util.find_spec("pyzbar")):
        return "zbar is not installed (apt-get install libzbar0; pip install 'regulars[vision]')"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run, saying why; in CI a missing package is a failure, absent data is not."""
    in_ci = os.environ.get("CI") == "true"
    for item in items:
        if item.get_closest_marker("needs_shared_data") and _shared_data() is None:
            item.add_marker(pytest.mark.skip(reason="the evaluation data is not here (set REGULARS_DATA)"))
        for marker in ("needs_mosquitto", "needs_chromium", "needs_postgres", "needs_zbar"):
            reason = _missing(marker) if item.get_closest_marker(marker) else None
            if reason and in_ci:
                raise pytest.UsageError(f"{item.nodeid}: {reason}")
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def shared_data() -> Path:
    """The folder of evaluation data; mark the test ``needs_shared_data``."""
    data = _shared_data()
    assert data is not None, "mark this test with needs_shared_data"
    return data


def _draw_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a loopback port nobody listens on."""
    return _draw_port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL on loopback, one for the session; mark the test ``needs_postgres``."""
    with PostgresServer(_draw_port()) as server:
        yield server


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    """A running Mosquitto on loopback; mark the test ``needs_mosquitto``."""
    with MosquittoBroker(free_port(), tmp_path) as broker:
        yield broker


@pytest.fixture
def amqtt_broker(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    """A running amqtt broker in a process of its own."""
    with AmqttBroker(free_port(), tmp_path) as broker:
        yield broker


@pytest.fixture(params=["amqtt", pytest.param("mosquitto", marks=pytest.mark.needs_mosquitto)])
def any_broker(request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    """Each broker in turn."""
    kind = MosquittoBroker if request.param == "mosquitto" else AmqttBroker
    with kind(free_port(), tmp_path) as broker:
        yield broker
