"""The virtual scanner's faults: what comes out of its line in each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.scanner import VirtualScanner

CODE = "2000000000015"


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[VirtualScanner]:
    with VirtualScanner(tmp_path / "scanner", seed=3) as plugged:
        yield plugged


def heard(scanner: VirtualScanner) -> bytes:
    """What lies on the line now."""
    line = os.open(scanner.port.link, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return os.read(line, 4_096)
    except BlockingIOError:
        return b""
    finally:
        os.close(line)


def test_a_silent_scanner_sends_nothing(scanner: VirtualScanner) -> None:
    scanner.fail(FaultKind.SILENT)
    assert not scanner.scan(CODE)
    assert heard(scanner) == b""


def test_a_frozen_scanner_stops_in_the_middle_of_a_code(scanner: VirtualScanner) -> None:
    scanner.fail(FaultKind.FROZEN)
    assert not scanner.scan(CODE)
    assert heard(scanner) == CODE.encode()[:7]


def test_a_loose_contact_sends_anything_but_the_code(scanner: VirtualScanner) -> None:
    scanner.fail(FaultKind.GARBAGE)
    assert not scanner.scan(CODE)
    noise = heard(scanner)
    assert len(noise) > len(CODE)
    assert CODE.encode() not in noise


def test_an_unplugged_scanner_comes_back_with_its_path(scanner: VirtualScanner) -> None:
    scanner.fail(FaultKind.UNPLUGGED)
    assert not scanner.port.link.exists()
    assert not scanner.scan(CODE)
    scanner.heal()
    assert scanner.scan(CODE)
    assert heard(scanner) == CODE.encode() + b"\r\n"


def test_a_scanner_has_no_card_to_tear_away(scanner: VirtualScanner) -> None:
    with pytest.raises(UnsupportedFault, match="torn_card"):
        scanner.fail(FaultKind.TORN_CARD)
