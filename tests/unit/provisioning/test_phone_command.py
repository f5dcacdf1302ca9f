"""``regulars phone``: a phone on paper, whose codes a gateway takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.code_scanners.phone_code import PhoneCode, PhoneKey, PhoneLink, phone_code
from edge_agent.clock import system_clock
from provisioning.cli import app

runner = CliRunner()


def test_a_key_is_made_once_for_its_owner_alone_and_its_codes_are_signed(tmp_path: Path) -> None:
    key = tmp_path / "phone.key"
    link = runner.invoke(app, ["phone", "--key", str(key), "--link"])
    code = runner.invoke(app, ["phone", "--key", str(key)])
    assert (link.exit_code, code.exit_code) == (0, 0)
    assert key.stat().st_mode & 0o077 == 0
    asked, shown = phone_code(link.output.strip()), phone_code(code.output.strip())
    assert isinstance(asked, PhoneLink)
    assert isinstance(shown, PhoneCode)
    assert asked.is_signed()
    assert shown.is_signed_by(asked.public_key)
    assert abs(shown.at_s - system_clock().now().timestamp()) < 60


def test_the_code_can_be_drawn_for_a_scanner(tmp_path: Path) -> None:
    drawn = runner.invoke(app, ["phone", "--key", str(tmp_path / "phone.key"), "--qr"])
    assert "█" in drawn.output


@pytest.mark.parametrize("content", ["", "no hex", "00" * 31])
def test_a_file_that_holds_something_else_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    key = tmp_path / "phone.key"
    key.write_text(content)
    refused = runner.invoke(app, ["phone", "--key", str(key)])
    assert refused.exit_code == 1
    assert "holds no phone's key" in refused.output
    assert key.read_text() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    refused = runner.invoke(app, ["phone", "--key", str(tmp_path / "missing" / "phone.key")])
    assert refused.exit_code == 1
    assert "cannot be written" in refused.output


def test_a_kept_key_stays_the_same(tmp_path: Path) -> None:
    key = tmp_path / "phone.key"
    mine = PhoneKey.from_bytes(b"k" * 32)
    key.write_text(mine.to_bytes().hex())
    shown = phone_code(runner.invoke(app, ["phone", "--key", str(key)]).output.strip())
    assert isinstance(shown, PhoneCode)
    assert shown.is_signed_by(mine.public_key)
