"""The command as people meet it: help everywhere, one message per failure, an exit status that tells."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner

from provisioning.cli import COMMANDS, app
from provisioning.command_reference import command_pages, render

ROOT = Path(__file__).resolve().parents[3]
runner = CliRunner()


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A gateway that is started inside this process takes all logs to a stream which ends with its test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_every_command_has_help_and_an_example() -> None:
    pages = command_pages()
    assert {page.path[0] for page in pages} == set(COMMANDS)
    for page in pages:
        assert len(page.help) > 20, page.path
        assert "Example" in page.example, page.path
        assert all(option.help for option in page.options), page.path


def test_no_word_of_a_help_text_is_taken_for_markup() -> None:
    for page in command_pages():
        for text in (page.help, page.example, *(option.help for option in (*page.arguments, *page.options))):
            assert Text.from_markup(text).plain == text, page.path


def test_the_commands_page_says_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == render(), "write it anew: python -m provisioning.command_reference > docs/commands.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_printed_for(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_an_unknown_command_is_a_usage_error() -> None:
    result = runner.invoke(app, ["dance"])
    assert result.exit_code == 2
    assert "No such command" in result.output


@pytest.mark.parametrize(
    ("options", "status", "remedy"),
    [
        (("--sales-currency", "pounds"), 2, "ISO 4217"),
        (("--report", "."), 1, "Name a file"),
        (("--data", "/proc/none/such"), 1, "Choose another place"),
    ],
)
def test_a_demo_that_cannot_be_played_says_so_before_it_starts(
    options: tuple[str, str], status: int, remedy: str
) -> None:
    result = runner.invoke(app, ["demo", "--headless", *options])
    assert result.exit_code == status, result.output
    assert remedy in result.output
    assert "Traceback" not in result.output


def test_a_failure_is_one_message_with_its_remedy_and_no_traceback(tmp_path: Path) -> None:
    result = runner.invoke(app, ["journal", "verify", "--config", str(tmp_path / "edge.toml")])
    assert result.exit_code == 1
    assert "there is no such file" in result.output
    assert "regulars init" in result.output
    assert "Traceback" not in result.output


def test_debug_shows_where_a_failure_comes_from(tmp_path: Path) -> None:
    result = runner.invoke(app, ["--debug", "journal", "verify", "--config", str(tmp_path / "edge.toml")])
    assert result.exception is not None
    assert type(result.exception).__name__ == "CommandFailure"


@pytest.mark.parametrize("uid", ["zz", "04A1", "04" * 11])
def test_a_card_number_that_is_none_is_refused(uid: str) -> None:
    result = runner.invoke(app, ["tap", uid])
    assert result.exit_code == 1
    assert "no card number" in result.output


def test_a_tap_without_a_demo_says_how_to_start_one(tmp_path: Path) -> None:
    result = runner.invoke(app, ["tap", "04A1B2C3D4E5F6"], env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert result.exit_code == 1
    assert "regulars demo" in result.output


def test_a_wrong_configuration_stops_gateway_and_cloud_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("[gateway]\nid = 'Store 7'\n", encoding="utf-8")
    for command in ("edge", "cloud"):
        result = runner.invoke(app, [command, "--config", str(config)])
        assert result.exit_code == 1
        assert "wrong.toml: " in result.output.replace("\n", "")


def test_a_gateway_does_not_carry_the_cloud_and_the_demo_in_its_memory() -> None:
    program = (
        "import sys, provisioning.cli as cli; cli.import_module('provisioning.commands.edge');"
        "print([name for name in ('sqlalchemy', 'cloud_crm', 'simulation', 'amqtt', 'cv2') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
