"""``regulars cards``: what a card printer gets is what a store can verify, and nobody else reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.ntag424.keys import KeyNumber, key_from_text, store_keys
from devices.ntag424.sun import find_message, is_signed, reading_of
from devices.virtual.ntag424 import Ntag424
from provisioning.cli import app

runner = CliRunner()
MASTER = bytes(range(16))
UID = bytes.fromhex("04A1B2C3D4E5F6")


@pytest.fixture
def office(tmp_path: Path) -> Path:
    (tmp_path / "medium.key").write_bytes(b"m" * 32)
    (tmp_path / "master.key").write_text(MASTER.hex() + "\n")
    config = tmp_path / "cloud.toml"
    config.write_text('medium_key_file = "medium.key"\ncard_master_key_file = "master.key"\n')
    return config


def test_a_card_made_by_the_plan_is_verified_by_a_store(office: Path, tmp_path: Path) -> None:
    out, meta = tmp_path / "card.json", tmp_path / "meta.key"
    made = runner.invoke(app, ["cards", "keys", UID.hex(), "--out", str(out), "--config", str(office)])
    shared = runner.invoke(app, ["cards", "meta-key", "--out", str(meta), "--config", str(office)])
    assert (made.exit_code, shared.exit_code) == (0, 0), made.output + shared.output
    plan = json.loads(out.read_text())
    card = Ntag424(UID, {KeyNumber(int(number)): bytes.fromhex(key) for number, key in plan["keys"].items()})
    message = find_message(card.read_link())
    assert message is not None
    reading = reading_of(message, key_from_text(meta.read_bytes()))
    assert reading is not None
    assert is_signed(message, reading, store_keys(MASTER, UID).message)


def test_the_holes_in_the_link_are_where_the_plan_says(office: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.json"
    runner.invoke(app, ["cards", "keys", UID.hex(), "--out", str(out), "--config", str(office)])
    plan = json.loads(out.read_text())
    file = b"\x00\x00\xd1\x01\x00U\x00" + plan["ndef"].encode()
    assert file[plan["picc_data_offset"] :].startswith(b"0" * 32 + b"&cmac=")
    assert file[plan["cmac_offset"] :] == b"0" * 16


def test_keys_are_in_a_file_of_their_owner_and_in_no_output(office: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.json"
    made = runner.invoke(app, ["cards", "keys", UID.hex(), "--out", str(out), "--config", str(office)])
    assert out.stat().st_mode & 0o077 == 0
    for key in [*json.loads(out.read_text())["keys"].values(), MASTER.hex(), UID.hex()]:
        assert key.lower() not in made.output.lower()


def test_a_file_that_is_there_is_never_written_over(office: Path, tmp_path: Path) -> None:
    out = tmp_path / "card.json"
    out.write_text("mine")
    refused = runner.invoke(app, ["cards", "keys", UID.hex(), "--out", str(out), "--config", str(office)])
    assert refused.exit_code == 1
    assert "is there already" in refused.output
    assert out.read_text() == "mine"


@pytest.mark.parametrize("uid", ["", "04A1B2C3", "zz" * 7, "04A1B2C3D4E5F601"])
def test_a_number_that_no_such_card_has_is_refused(office: Path, tmp_path: Path, uid: str) -> None:
    out = tmp_path / "card.json"
    refused = runner.invoke(app, ["cards", "keys", uid, "--out", str(out), "--config", str(office)])
    assert refused.exit_code == 2
    assert not out.exists()


@pytest.mark.parametrize("link", ["https://x/?a=b", "x" * 200, "https://x/\n"])
def test_a_link_that_fits_no_card_is_refused(office: Path, tmp_path: Path, link: str) -> None:
    out = tmp_path / "card.json"
    refused = runner.invoke(
        app, ["cards", "keys", UID.hex(), "--out", str(out), "--config", str(office), "--link", link]
    )
    assert refused.exit_code == 1
    assert "no link for a card" in refused.output


def test_without_a_master_key_the_remedy_is_said(office: Path, tmp_path: Path) -> None:
    office.write_text('medium_key_file = "medium.key"\n')
    refused = runner.invoke(app, ["cards", "meta-key", "--out", str(tmp_path / "k"), "--config", str(office)])
    assert refused.exit_code == 1
    assert "openssl rand -hex 16" in refused.output
