"""What the floor needs of the alerts, and of shelf lights: declared here by their user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol

from devices.device import Signal
from edge_agent.floor.findings import Finding
from edge_agent.journal import Transaction
from kiosk_ui.staff.board import AlertView


class Steps(Protocol):
    """What follows for the alerts; nothing of it is so before it was written and accepted. Falsy: nothing follows."""

    def __bool__(self) -> bool: ...

    def write(self, tx: Transaction) -> object:
        """Write rows, events and messages. May be run a second time."""
        ...


class Alerts(Protocol):
    """The alert engine. Whoever moves alerts on holds ``turn`` from computing steps to accepting them."""

    turn: asyncio.Lock

    def find(self, now: datetime, findings: Iterable[Finding]) -> Steps:
        """What rooms say is the case."""
        ...

    def tick(self, now: datetime) -> Steps:
        """What time alone brings: dwell, ends of snoozes, escalation."""
        ...

    def accept(self, steps: Any) -> None:
        """Its own steps are durable: from now on it is so."""
        ...

    def clock_moved(self, by: timedelta) -> None:
        """The clock was set: nothing is due for that."""
        ...

    def hold(self, now: datetime, reason: str) -> bool:
        """The journal takes nothing: say so from memory until it does. Whether that is news."""
        ...

    def views(self) -> tuple[AlertView, ...]:
        """Alerts for the board, most urgent first."""
        ...

    def shift(self, now: datetime) -> str | None:
        """Who is on duty, by the plan of shifts."""
        ...

    def is_quiet(self, now: datetime) -> bool:
        """Whether only what is urgent is pushed to phones."""
        ...


class NoAlerts:
    """A floor on which nobody is ever called: what a test of stock alone uses."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()

    def find(self, now: datetime, findings: Iterable[Finding]) -> Steps:  # noqa: ARG002
        return _NOTHING

    def tick(self, now: datetime) -> Steps:  # noqa: ARG002
        return _NOTHING

    def accept(self, steps: Any) -> None:
        """Nothing followed."""

    def clock_moved(self, by: timedelta) -> None:
        """Nothing waits."""

    def hold(self, now: datetime, reason: str) -> bool:  # noqa: ARG002
        return False

    def views(self) -> tuple[AlertView, ...]:
        return ()

    def shift(self, now: datetime) -> str | None:  # noqa: ARG002
        return None

    def is_quiet(self, now: datetime) -> bool:  # noqa: ARG002
        return False


class _Nothing:
    def __bool__(self) -> bool:
        return False

    def write(self, tx: Transaction) -> None:
        """Nothing follows."""


_NOTHING = _Nothing()


class Lights(Protocol):
    """Shelf lights and buzzers; each is looked after by itself, so telling it never waits for it."""

    async def show(self, indicator: str, signal: Signal) -> None:
        """Show it from now on. An indicator of no such name shows nothing."""
        ...
