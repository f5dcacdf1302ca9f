"""Log lines are JSON for machines, and what is private stays out of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from edge_agent.logs import TEXT_LENGTH_MAX, set_up_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    set_up_logs(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_one_json_object_with_the_station_as_its_event(lines: io.StringIO) -> None:
    structlog.get_logger("x").info("record", device="door", sequence=7)
    told = json.loads(lines.getvalue())
    assert told["event"] == "record"
    assert (told["device"], told["sequence"], told["level"]) == ("door", 7, "info")


def test_libraries_speak_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("disk %s", "slow")
    assert json.loads(lines.getvalue())["event"] == "disk slow"


@pytest.mark.parametrize("key", ["uid", "text", "password", "number_hex"])
def test_private_values_are_withheld(lines: io.StringIO, key: str) -> None:
    structlog.get_logger("x").info("sense", **{key: "04a1b2c3d4e5f6"})
    assert "04a1b2c3d4e5f6" not in lines.getvalue()


def test_an_error_carries_its_traceback_in_one_bounded_line(lines: io.StringIO) -> None:
    try:
        {}["x" * 10_000]
    except KeyError:
        structlog.get_logger("x").exception("decide")
    assert lines.getvalue().count("\n") == 1
    assert len(json.loads(lines.getvalue())["exception"]) <= TEXT_LENGTH_MAX + 1


def test_something_unprintable_never_breaks_a_line(lines: io.StringIO) -> None:
    structlog.get_logger("x").info("sense", odd=object(), broken="\ud800")
    assert json.loads(lines.getvalue())["event"] == "sense"
