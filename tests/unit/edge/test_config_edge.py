"""A wrong ``edge.toml`` gets one message with the file, the key, what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from devices.device import Device, Driver
from devices.registry import UnknownDriver, load_driver
from edge_agent.config import ConfigError, EdgeSettings, read_secret, too_open

GOOD = """
[gateway]
id = "shop-1"
store = "high-street"
store_name = "High Street 掌柜"
data_dir = "data"
secret_file = "secrets/gateway"
medium_key_file = "secrets/medium"

[broker]
host = "127.0.0.1"

[[counters]]
name = "front"
kiosk = "front"
till = "till-1"
readers = ["door"]

[[devices]]
name = "door"
driver = "knocker"
path = "knocker.pty"
strength = 3
"""


class _KnockerSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Path = Field(description="Where the knocker is attached")
    strength: int = Field(default=1, ge=1, le=10, description="How hard it knocks")


def _open(_: _KnockerSettings) -> Device:
    raise AssertionError("reading a configuration opens no device")


_KNOCKER = Driver("knocker", "Knocks on a door", _KnockerSettings, _open)


def drivers(name: str) -> Driver[Any]:
    if name != "knocker":
        raise UnknownDriver(name, ("knocker",))
    return _KNOCKER


def write(folder: Path, text: str = GOOD) -> Path:
    (folder / "secrets").mkdir(exist_ok=True)
    for name in ("gateway", "medium", "operator"):
        file = folder / "secrets" / name
        file.write_text(f"{name} secret of many bytes\n")
        file.chmod(0o600)
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def problem_with(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        EdgeSettings.load(write(folder, text), drivers=drivers)
    assert "\n" not in str(caught.value)
    assert str(folder / "edge.toml") in str(caught.value)
    return caught.value


def test_a_good_file_is_read_and_paths_are_relative_to_it(tmp_path: Path) -> None:
    settings = EdgeSettings.load(write(tmp_path), drivers=drivers)
    assert settings.gateway.data_dir == tmp_path / "data"
    assert settings.web.port == 8401
    device = settings.devices[0]
    assert _KNOCKER.configure(device.settings).path == tmp_path / "knocker.pty"
    assert read_secret(settings.gateway.secret_file) == b"gateway secret of many bytes"


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    error = problem_with(tmp_path, GOOD.replace('host = "127.0.0.1"', "host = 127.0.0.1"))
    assert "line 11" in error.problem


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ("till =", "tlil =", "counters[1].tlil", "Did you mean 'till'?"),
        ("[broker]", "[brokers]", "brokers", "Did you mean 'broker'?"),
        ('host = "127.0.0.1"', 'host = "127.0.0.1"\nport = "x"', "broker.port", "1883, or 8883"),
        ('id = "shop-1"', "", "gateway.id", "missing"),
        ('id = "shop-1"', 'id = "Shop 1"', "gateway.id", "a-z, 0-9"),
        ('driver = "knocker"', 'driver = "bell"', "devices.door.driver", "installed: knocker"),
        ("strength = 3", "strength = 30", "devices.door.strength", "How hard it knocks"),
        ("strength = 3", "strenght = 3", "devices.door.strenght", "Did you mean 'strength'?"),
        ('readers = ["door"]', 'readers = ["gate"]', "", "Known [[devices]]: door"),
        ('secret_file = "secrets/gateway"', 'secret_file = "nowhere"', "gateway.secret_file", "there is no file"),
        ('host = "127.0.0.1"', 'host = "b"\npassword_file = "secrets"', "broker.password_file", "cannot be read"),
        ("[broker]", '[web]\nhost = "0.0.0.0"\n[broker]', "", "Set web.operator_password_file"),
        ('name = "door"', 'name = "door"\nname = "door"', "", "line 21"),
        (
            "strength = 3",
            'strength = 3\n[[devices]]\nname="door"\ndriver="knocker"',
            "",
            "two devices are called 'door'",
        ),
        ("[[counters]]", '[[counters]]\nname="b"\nkiosk="b"\nreaders=["door"]\n[[counters]]', "", "at two counters"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_remedy(
    tmp_path: Path, old: str, new: str, key: str, says: str
) -> None:
    assert old in GOOD
    error = problem_with(tmp_path, GOOD.replace(old, new, 1))
    assert error.key == key
    assert says in str(error)
    assert error.remedy


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file.*regulars init"):
        EdgeSettings.load(tmp_path / "edge.toml", drivers=drivers)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 10, b"[[[[", b"x" * (1024 * 1024 + 1)])
def test_garbage_is_refused_with_a_message(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"edge\.toml: "):
        EdgeSettings.load(path, drivers=drivers)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "secrets" / "medium").write_text(" \n")
    with pytest.raises(ConfigError, match=r"gateway\.medium_key_file: .* is empty"):
        EdgeSettings.load(path, drivers=drivers)


def test_a_short_key_is_refused_and_never_shown(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "secrets" / "gateway").write_text("hunter2\n")
    with pytest.raises(ConfigError, match=r"gateway\.secret_file: .* holds 7 bytes.*openssl") as caught:
        EdgeSettings.load(path, drivers=drivers)
    assert "hunter2" not in str(caught.value)


def test_a_secret_others_can_read_is_warned_of(tmp_path: Path) -> None:
    settings = EdgeSettings.load(write(tmp_path), drivers=drivers)
    assert too_open(settings.gateway.secret_file) is None
    settings.gateway.secret_file.chmod(0o644)
    assert "chmod 600" in str(too_open(settings.gateway.secret_file))


def test_others_may_reach_the_pages_when_a_password_is_set(tmp_path: Path) -> None:
    web = '[web]\nhost = "0.0.0.0"\noperator_password_file = "secrets/operator"\n[broker]'
    settings = EdgeSettings.load(write(tmp_path, GOOD.replace("[broker]", web)), drivers=drivers)
    assert not settings.web.is_loopback


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.9", True), ("::1", True), ("localhost", True), ("::", False), ("shop", False)]
)
def test_only_this_machines_own_addresses_need_no_password(tmp_path: Path, host: str, own: bool) -> None:
    text = GOOD.replace("[broker]", f'[web]\nhost = "{host}"\noperator_password_file = "secrets/operator"\n[broker]')
    assert EdgeSettings.load(write(tmp_path, text), drivers=drivers).web.is_loopback is own


def test_every_setting_is_described() -> None:
    undescribed = [
        f"{section.__name__}.{key}"
        for section in _sections(EdgeSettings)
        for key, field in section.model_fields.items()
        if not field.description
    ]
    assert undescribed == []


def _sections(schema: type[BaseModel]) -> set[type[BaseModel]]:
    found = {schema}
    for field in schema.model_fields.values():
        for candidate in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                found |= _sections(candidate)
    return found


def test_the_known_drivers_are_those_installed() -> None:
    with pytest.raises(UnknownDriver, match="pn532"):
        load_driver("no-such-driver")
