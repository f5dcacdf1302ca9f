"""``regulars devices``: what is attached, beside a real gateway process and without one, in plain words."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from rich.console import Console
from typer.testing import CliRunner

from devices.observations import SaleCompleted, SaleLine
from devices.tills.till_folder import DRIVER as TILL_FOLDER
from devices.virtual.scanner import VirtualScanner
from devices.virtual.wedge import VirtualWedge
from provisioning.cli import app
from provisioning.commands.devices.showing import device_table, sensor_table
from provisioning.commands.devices.trial import in_words, what_to_do
from tests.started import Started

runner = CliRunner()
_READY_S = 60.0
_ENDED_S = 20.0
PASSWORD = "a-password-of-the-operator"
CONFIG = """
[gateway]
id = "store-1"
store = "store-1"
store_name = "High Street"
data_dir = "data"
secret_file = "secret"
medium_key_file = "secret"
[web]
port = {port}
operator_password_file = "password"
[broker]
port = {nobody}
[[counters]]
name = "counter-1"
kiosk = "front"
scanners = ["wedge-1"]
[[devices]]
name = "wedge-1"
driver = "wedge_scanner"
path = "wedge"
[[devices]]
name = "scanner-1"
driver = "serial_scanner"
port = "{folder}/no-such-scanner"
[[devices]]
name = "sales"
driver = "till_folder"
folder = "sales"
till = "till-1"
currency = "EUR"
poll_s = 0.05
"""


@pytest.fixture
def store(tmp_path: Path, free_port: Callable[[], int]) -> Path:
    """The folder of a store with a scanner that types, one that is not plugged in, and a till that drops files."""
    (tmp_path / "sales").mkdir()
    config = CONFIG.format(port=free_port(), nobody=free_port(), folder=tmp_path)
    (tmp_path / "edge.toml").write_text(config)
    for name, text in (("secret", "0123456789abcdef"), ("password", PASSWORD)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.fixture
def wedge(store: Path) -> Iterator[VirtualWedge]:
    with VirtualWedge(store / "wedge") as wedge:
        yield wedge


@pytest.fixture
def gateway(store: Path, wedge: VirtualWedge) -> Iterator[subprocess.Popen[bytes]]:
    """A real gateway process."""
    command = [sys.executable, "-m", "provisioning.cli", "edge", "--config", str(store / "edge.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            Started(process, ready=b'"step": "ready"').wait(_READY_S)
            yield process
        finally:
            process.terminate()
            process.wait(_ENDED_S)


def ask(store: Path, *arguments: str) -> tuple[int, str]:
    result = runner.invoke(app, ["devices", *arguments, "--config", str(store / "edge.toml")])
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


def test_every_driver_and_indicator_that_is_installed_is_listed() -> None:
    listed = json.loads(runner.invoke(app, ["devices", "list", "--drivers", "--json"]).output)
    assert {"pn532", "wedge_scanner", "till_feed"} <= {row["driver"] for row in listed}
    assert all(row["summary"] for row in listed)


def test_without_a_gateway_the_list_is_what_is_configured(store: Path) -> None:
    status, said = ask(store, "list", "--json")
    assert status == 0
    assert [(row["name"], row["state"]) for row in json.loads(said)] == [
        ("wedge-1", "not running"),
        ("scanner-1", "not running"),
        ("sales", "not running"),
    ]


def test_a_hundred_sensors_are_a_line_each_and_leave_room_for_what_is_wrong() -> None:
    sensors = [
        {"sensor": f"bus/{n:03}", "measure": "weight", "value": 4.5, "unit": "g", "age_s": 2.0, "is_stale": n == 7}
        for n in range(100)
    ]
    found = [
        {
            "name": "bus",
            "driver": "mqtt_sensors",
            "state": "degraded",
            "reason": "bus/007 says nothing",
            "sensors": sensors,
        }
    ]
    terminal = Console(width=80, record=True, file=io.StringIO())
    terminal.print(device_table(found, title="store"), sensor_table(found))
    lines = terminal.export_text().splitlines()
    assert sum("bus/" in line and "weight" in line and "4.5 g" in line for line in lines) == 100
    assert any("100, 1 stale" in line and "bus/007 says" in line for line in lines)
    assert any("bus/007" in line and "(stale)" in line for line in lines)
    assert len(lines) < 115


def test_watching_without_a_gateway_says_how_to_start_one(store: Path) -> None:
    status, said = ask(store, "watch")
    assert status == 1
    assert "regulars edge" in said


def test_beside_a_running_gateway_list_test_and_watch_show_what_it_sees(
    store: Path, gateway: subprocess.Popen[bytes], wedge: VirtualWedge
) -> None:
    status, said = ask(store, "list", "--json")
    assert status == 0
    found = {row["name"]: row for row in json.loads(said)}
    assert found["wedge-1"]["state"] == "online"
    assert found["scanner-1"]["state"] == "offline"
    assert found["scanner-1"]["remedy"]
    assert found["touch-front"]["driver"] == "kiosk_touch"

    status, said = ask(store, "test", "scanner-1", "--seconds", "0.5")
    assert status == 3
    assert "scanner-1 is offline" in said

    hand = Repeatedly(lambda number: wedge.type(f"code-{number}"))
    with hand:
        status, said = ask(store, "test", "wedge-1", "--seconds", "3")
    assert status == 0
    assert "the gateway heard from it" in said

    assert follow_until(store, "scanner-1") == 0


class Repeatedly:
    """A hand that does something again and again, until it is held."""

    def __init__(self, do: Callable[[int], object]) -> None:
        self._do = do
        self._held = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._held.wait(0.2):
            number += 1
            self._do(number)


def follow_until(store: Path, words: str) -> int:
    """Watch until these words are shown, then press Ctrl-C; returns the exit status."""
    command = [sys.executable, "-m", "provisioning.cli", "devices", "watch", "--config", str(store / "edge.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            Started(process, ready=words.encode()).wait(_READY_S)
            process.send_signal(signal.SIGINT)
            return process.wait(_ENDED_S)
        finally:
            process.kill()


def test_a_wrong_password_is_named_and_not_shown(store: Path, gateway: subprocess.Popen[bytes]) -> None:
    (store / "password").write_text("another-password")
    status, said = ask(store, "list")
    assert status == 1
    assert "does not take the operator's password" in said
    assert "another-password" not in said
    assert base64.b64encode(b"another-password").decode() not in said


def test_a_device_is_tried_without_a_gateway_and_what_it_saw_is_said_without_the_code(
    store: Path, wedge: VirtualWedge
) -> None:
    with Repeatedly(lambda number: wedge.type(f"secret-{number}")):
        status, said = ask(store, "test", "wedge-1", "--seconds", "2")
    assert status == 0
    assert "saw a code of" in said
    assert "secret-" not in said


def test_a_device_that_sees_nothing_is_a_failed_test_with_a_remedy(store: Path, wedge: VirtualWedge) -> None:
    status, said = ask(store, "test", "wedge-1", "--seconds", "0.2")
    assert status == 3
    assert "nothing was seen" in said
    assert "scan a code" in said


def test_a_device_that_cannot_be_opened_says_why_and_what_to_do(store: Path) -> None:
    status, said = ask(store, "test", "scanner-1", "--seconds", "0.2")
    assert status == 3
    assert "there is no such port" in said
    assert "ls /dev/serial/by-id" in said


def test_a_sale_that_a_test_sees_is_left_for_the_gateway(store: Path) -> None:
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    row = "1,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
    (store / "sales" / "1.csv").write_text(f"{header}\n{row}\n")
    status, said = ask(store, "test", "sales", "--seconds", "10")
    assert status == 0
    assert "saw a sale of 1 lines at till-1" in said
    assert (store / "sales" / "1.csv").exists()


def test_an_unknown_device_is_refused_with_those_that_are_known(store: Path) -> None:
    status, said = ask(store, "test", "reader-9")
    assert status == 1
    assert "wedge-1, scanner-1, sales" in said


def test_what_to_do_fits_the_device() -> None:
    assert "sale" in what_to_do(TILL_FOLDER)


def test_a_scanner_on_a_line_is_tried_too(store: Path) -> None:
    with VirtualScanner(store / "no-such-scanner") as scanner, Repeatedly(lambda n: scanner.scan(f"{n:08d}")):
        status, said = ask(store, "test", "scanner-1", "--seconds", "2")
    assert status == 0
    assert "saw a code of 8 characters" in said


def test_a_sale_is_told_by_its_lines(store: Path) -> None:
    from datetime import UTC, datetime

    sale = SaleCompleted("1", "till-1", "EUR", 0, (SaleLine("1", "a", 1, 0),), datetime(2026, 1, 1, tzinfo=UTC))
    assert in_words(sale) == "a sale of 1 lines at till-1"
