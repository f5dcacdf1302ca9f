"""``regulars config check``: tells by content what a file is, and names file, key and remedy of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from provisioning.cli import app
from provisioning.environment import Environment
from provisioning.store_folder import StoreAnswers, write_folder

runner = CliRunner()
ANSWERS = StoreAnswers("store-1", "店", "en", "UTC", "CNY", "127.0.0.1", 1883, "regulars", ("/bin/true",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "store", ANSWERS)
    return tmp_path / "store"


def complaint(*files: Path) -> str:
    result = runner.invoke(app, ["config", "check", *map(str, files)])
    assert result.exit_code == 3, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_files_are_known_by_their_content_and_not_by_their_name(folder: Path) -> None:
    for name, kind in (("edge.toml", "gateway"), ("store.toml", "store"), ("programme.toml", "programme")):
        moved = folder / f"renamed-{kind}.txt"
        (folder / name).rename(moved)
        result = runner.invoke(app, ["config", "check", str(moved)])
        assert result.exit_code == 0, result.output
        assert f"{kind} ({name})" in " ".join(result.output.split())


def replaced(before: str, after: str) -> Callable[[str], str]:
    return lambda text: text.replace(before, after)


@pytest.mark.parametrize(
    ("name", "spoil", "key", "remedy"),
    [
        ("edge.toml", replaced("store_name =", "shop_name ="), "gateway.shop_name", "Did you mean 'store_name'"),
        ("edge.toml", replaced('driver = "pn532"', 'driver = "pn533"'), "devices.reader-1.driver", "installed"),
        ("edge.toml", replaced("gateway.secret", "no.secret"), "gateway.secret_file", "there is no file"),
        ("edge.toml", replaced("[gateway]", "[gateway"), "", "not TOML"),
        ("cloud.toml", replaced("port = 8402", "port = 99999"), "web.port", "65535"),
        ("cloud.toml", replaced("gateway.secret", "no.secret"), "gateways.0.secret_file", "readable file"),
        ("cloud.toml", replaced("medium.key", "no.key"), "medium_key_file", "readable file"),
        ("store.toml", replaced('"UTC"', '"Mars/Base"'), "store.time_zone", "IANA"),
        ("store.toml", replaced("width_cm = 550", "width_cm = 5500"), "", "outside the floor plan"),
        ("programme.toml", replaced("points = 1", "points = 1.5"), "programme.points", "whole number"),
        ("programme.toml", replaced("minimum_minor", "minimum"), "programme.minimum", "known keys"),
        ("planogram.csv", replaced("slot,sku", "slot,article"), "line 1", "Write: slot,sku"),
        ("planogram.csv", replaced(",520,12,4", ",520,12,40"), "line 2: reorder_at", "up to the capacity"),
        ("planogram.csv", replaced("A2,", "A1,"), "line 3: slot", "one line"),
        ("planogram.csv", replaced(",310,12,", ",310,twelve,"), "line 4: capacity", "whole number"),
        ("planogram.csv", replaced("95,10,3,shelves", "95,10,3,attic"), "line 5: zone", "Known zones: counter"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_remedy(
    folder: Path, name: str, spoil: Callable[[str], str], key: str, remedy: str
) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert spoil(text) != text
    file.write_text(spoil(text), encoding="utf-8")
    said = complaint(file)
    assert f"{name}: {key}" in said
    assert remedy in said


def test_all_wrong_files_are_named_not_only_the_first(folder: Path, tmp_path: Path) -> None:
    said = complaint(tmp_path / "nowhere.toml", folder / "edge.toml", tmp_path)
    assert "nowhere.toml: there is no such file" in said
    assert "is a folder" in said
    assert "✓" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no configuration of ours"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[garden]\nrose = 1\n", "it holds garden"),
        (b"x" * (2 * 1024 * 1024), "larger than"),
    ],
)
def test_what_is_no_configuration_is_said_plainly(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "some.toml"
    file.write_bytes(content)
    assert said in complaint(file)


def test_transactions_are_pointed_to_the_replay(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("InvoiceNo,StockCode,Quantity\n", encoding="utf-8")
    assert "regulars demo --sales" in complaint(file)


def test_an_open_secret_is_a_warning_and_no_failure(folder: Path) -> None:
    (folder / "secrets" / "gateway.secret").chmod(0o644)
    result = runner.invoke(app, ["config", "check", str(folder / "edge.toml")])
    assert result.exit_code == 0
    assert "chmod 600" in " ".join(result.output.split())


BUS = """
[[devices]]
name = "bus"
driver = "mqtt_sensors"
username = "gateway"
password_file = "bus.password"
mapping_file = "sensors.toml"
"""
SENSOR = '[[sensors]]\nname = "fridge"\nmeasure = "temperature"\nunit = "{unit}"\ntopic = "kitchen/fridge"\n'


@pytest.fixture
def with_bus(folder: Path) -> Path:
    (folder / "edge.toml").write_text((folder / "edge.toml").read_text() + BUS)
    (folder / "bus.password").write_text("a password of the bus")
    (folder / "bus.password").chmod(0o600)
    (folder / "sensors.toml").write_text(SENSOR.format(unit="°C"), encoding="utf-8")
    return folder


def test_the_sensors_described_by_hand_are_checked_with_the_rest(with_bus: Path) -> None:
    result = runner.invoke(app, ["config", "check", str(with_bus / "edge.toml")])
    assert (result.exit_code, "!" in result.output) == (0, False), result.output
    (with_bus / "sensors.toml").write_text(SENSOR.format(unit="furlong"), encoding="utf-8")
    told = complaint(with_bus / "edge.toml")
    assert "devices.bus.mapping_file" in told
    assert "sensors.toml:1" in told
    assert "furlong" in told
    (with_bus / "sensors.toml").unlink()
    assert "sensors.toml cannot be read" in complaint(with_bus / "edge.toml")


def test_the_password_of_a_device_is_a_secret_like_all_others(with_bus: Path) -> None:
    (with_bus / "bus.password").chmod(0o644)
    result = runner.invoke(app, ["config", "check", str(with_bus / "edge.toml")])
    assert result.exit_code == 0
    assert "chmod 600" in result.output
    assert "bus.password" in " ".join(result.output.split())
    assert "a password of the bus" not in result.output
    (with_bus / "bus.password").unlink()
    assert "devices.bus.password_file" in complaint(with_bus / "edge.toml")


def test_sensors_may_not_be_announced_where_the_gateway_itself_speaks(with_bus: Path) -> None:
    edge = with_bus / "edge.toml"
    whole = edge.read_text() + '\n[home_assistant]\ntopic = "shop"\n'
    edge.write_text(whole)
    assert 'own_topic = "shop"' in complaint(edge)
    edge.write_text(whole.replace('\ndriver = "mqtt_sensors"', '\ndriver = "mqtt_sensors"\nown_topic = "shop"'))
    assert runner.invoke(app, ["config", "check", str(edge)]).exit_code == 0


def test_the_environment_tells_where_a_demo_leaves_word(tmp_path: Path) -> None:
    assert Environment.read({"XDG_RUNTIME_DIR": str(tmp_path)}).runtime_dir == tmp_path / "regulars"
    assert Environment.read({"XDG_RUNTIME_DIR": "relative"}).runtime_dir.is_absolute()
    assert Environment.read({"NO_COLOR": ""}).colour is False


def test_the_watchdog_is_ours_only_when_it_is_meant_for_us() -> None:
    assert Environment.read({"WATCHDOG_USEC": "30000000"}).watchdog_s == 30.0
    assert Environment.read({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_s == 0.0
    assert Environment.read({"WATCHDOG_USEC": "soon"}).watchdog_s == 0.0
    assert Environment.read({"NOTIFY_SOCKET": "@here"}).notify_socket == "@here"
