"""What the conformance suite needs of the virtual hardware under a driver.

A file ``harness_<anything>.py`` beside this one defines, for one registered driver::

    DRIVER = "pn532"
    def harness(place: HarnessPlace) -> Harness: ...

The suite finds it by its file name. It opens the production driver on ``settings()`` and compares
what the driver yields with what ``produce()`` says the hardware showed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from devices.observations import Observation


class Ability(StrEnum):
    """What can go wrong with this kind of hardware; the suite tries what the harness lists."""

    UNPLUG = "unplug"
    """The way to the hardware disappears and comes back (a USB plug, a folder, a busy port)."""
    GARBLE = "garble"
    """Bytes arrive that mean nothing."""
    SILENCE = "silence"
    """The hardware is there and says nothing any more."""


@dataclass(frozen=True)
class HarnessPlace:
    """What a harness may use: an empty folder of its own, and free TCP ports of 127.0.0.1."""

    folder: Path
    free_port: Callable[[], int]


class Harness(Protocol):
    """Virtual hardware under one driver. Healthy and plugged after ``open()``; called in the event loop.

    Hardware that has a state, such as a door, may have an attribute ``former``: what it showed before. A driver may say
    that again, at each opening or now and then, before it says what ``produce()`` showed.
    """

    abilities: frozenset[Ability]

    async def open(self) -> None:
        """Bring the hardware up."""

    def settings(self) -> dict[str, Any]:
        """The ``[[devices]]`` table for this hardware, without ``name`` and ``driver``."""

    async def produce(self) -> Observation:
        """Make the hardware show one new thing (never the same twice) and return what a driver must yield for it.

        Runs beside the driver. May wait for the driver to notice, within a few seconds.
        """

    async def unplug(self) -> None: ...

    async def replug(self) -> None: ...

    async def garble(self) -> None:
        """Send nonsense once (and, for a line that answers, instead of answers until ``heal()``)."""

    async def silence(self) -> None:
        """Say nothing until ``heal()``."""

    async def heal(self) -> None:
        """End ``garble`` or ``silence``."""

    async def close(self) -> None: ...
