"""How the link to the cloud stands, as staff and status pages show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Link(StrEnum):
    """Where the connection stands."""

    OFFLINE = "offline"
    """No broker. The store works on; everything is kept."""
    CONNECTING = "connecting"
    UNANSWERED = "unanswered"
    """The broker is there, the cloud behind it does not answer."""
    ONLINE = "online"
    STUCK = "stuck"
    """The cloud answers, but one batch does not get through, however small."""
    QUARANTINED = "quarantined"
    """The cloud and this journal disagree. Nothing is sent until an operator has looked."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """A state, since when (UTC), and why."""

    state: Link
    since: datetime
    detail: str = ""


class LinkBoard:
    """Keeps the state in force and tells a listener of each change, once."""

    def __init__(self, now: Callable[[], datetime], listener: Callable[[LinkState], None]) -> None:
        self._now = now
        self._listener = listener
        self.current = LinkState(Link.CONNECTING, now())

    def show(self, state: Link, detail: str = "") -> None:
        """Put up a state; the time stays when only the detail differs."""
        if (state, detail) == (self.current.state, self.current.detail):
            return
        since = self.current.since if state is self.current.state else self._now()
        self.current = LinkState(state, since, detail)
        self._listener(self.current)
