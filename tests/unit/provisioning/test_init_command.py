"""``regulars init``: a folder whose every file is in order, never over something that is there."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.config import EdgeSettings
from provisioning.cli import app
from provisioning.config_kinds import check
from provisioning.store_folder import CONFIGURATION, SECRETS, UNITS, StoreAnswers, UnfitPath, write_folder

runner = CliRunner()
ANSWERS = StoreAnswers(
    gateway="store-7",
    store_name='He said "掌柜" \\ 100 %',
    locale="zh-CN",
    time_zone="Asia/Shanghai",
    currency="CNY",
    broker_host="mqtt.example.com",
    broker_port=8883,
    user="regulars",
    command=("/bin/true",),
)


def init(folder: Path, *options: str) -> str:
    result = runner.invoke(app, ["init", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_file_it_writes_passes_its_own_check(tmp_path: Path) -> None:
    init(tmp_path / "store")
    for name in CONFIGURATION:
        assert check(tmp_path / "store" / name).warnings == ()


def test_what_was_answered_stands_in_the_files(tmp_path: Path) -> None:
    init(tmp_path / "s", "--gateway", "store-7", "--store-name", "Ünïcode 店", "--broker", "[::1]:8883")
    settings = EdgeSettings.load(tmp_path / "s" / "edge.toml")
    assert (settings.gateway.id, settings.gateway.store_name) == ("store-7", "Ünïcode 店")
    assert (settings.broker.host, settings.broker.port) == ("::1", 8883)
    cloud = tomllib.loads((tmp_path / "s" / "cloud.toml").read_text(encoding="utf-8"))
    assert cloud["gateways"][0]["id"] == "store-7"


def test_quotes_and_percent_signs_survive(tmp_path: Path) -> None:
    write_folder(tmp_path / "s", ANSWERS)
    assert EdgeSettings.load(tmp_path / "s" / "edge.toml").gateway.store_name == ANSWERS.store_name


def test_secrets_are_drawn_anew_and_closed_to_others(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(tmp_path / name, ANSWERS)
    for name in SECRETS:
        first, second = (tmp_path / folder / "secrets" / name for folder in ("one", "two"))
        assert len(bytes.fromhex(first.read_text())) == 32
        assert first.read_bytes() != second.read_bytes()
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "one" / "secrets").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", [*CONFIGURATION, *UNITS, "secrets/medium.key"])
def test_nothing_is_overwritten_and_nothing_is_written_beside_it(tmp_path: Path, name: str) -> None:
    taken = tmp_path / "s" / name
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    result = runner.invoke(app, ["init", str(tmp_path / "s")])
    assert result.exit_code == 1
    assert "already there" in result.output.replace("\n", "")
    assert taken.read_text() == "mine"
    assert [path for path in (tmp_path / "s").rglob("*") if path.is_file()] == [taken]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gateway", "Store 7"), "use 1 to 63 of a-z"),
        (("--currency", "yuan"), "currency"),
        (("--time-zone", "Mars/Base"), "no such time zone"),
        (("--store-name", ""), "1 to 70"),
        (("--user", "root; rm"), "system user"),
    ],
)
def test_answers_that_cannot_be_are_refused_before_anything_is_written(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    result = runner.invoke(app, ["init", str(tmp_path / "s"), *options])
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "s").exists()


def test_a_path_that_a_unit_cannot_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitPath, match="cannot carry"):
        write_folder(tmp_path / "my store", ANSWERS)
    assert not (tmp_path / "my store").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (systemd)")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, unit: str) -> None:
    write_folder(tmp_path / "100%store", ANSWERS)
    path = tmp_path / "100%store" / unit
    if unit == "regulars-kiosk.service" and not Path("/usr/bin/chromium").exists():
        pytest.skip("chromium is not installed, and systemd-analyze looks for it (apt-get install chromium)")
    result = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    complaints = [line for line in result.stderr.splitlines() if unit in line]
    assert complaints == []
    assert result.returncode == 0, result.stderr


def test_the_gateways_unit_is_watched_and_fenced_in(tmp_path: Path) -> None:
    write_folder(tmp_path / "s", ANSWERS)
    unit = (tmp_path / "s" / "regulars-edge.service").read_text(encoding="utf-8")
    for line in (
        "Type=notify",
        "WatchdogSec=30",
        "Restart=always",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "DevicePolicy=closed",
        "DeviceAllow=char-ttyUSB rw",
        "DeviceAllow=char-gpiochip rw",
        f"ReadWritePaths={tmp_path}/s/data",
    ):
        assert line in unit.splitlines()
