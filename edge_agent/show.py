"""Station 6: an outcome becomes a screen on the kiosk of its counter. Never waits, never fails a tap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

import structlog

from edge_agent.counters import Counters
from edge_agent.outcomes import (
    MediumUnknown,
    MemberSeen,
    NothingToShow,
    Outcome,
    SaleDecided,
    SaleWaits,
    VisitEnded,
)
from kiosk_ui.kiosk.screens import Claimable, Earned, Goodbye, Greeting, Screen, UnknownCard
from kiosk_ui.kiosk.session import KioskSession

log = structlog.get_logger(__name__)


class Screens:
    """Shows outcomes on the kiosks of this store. ``online`` tells whether the cloud can be reached now."""

    def __init__(self, counters: Counters, kiosks: Mapping[str, KioskSession], *, online: Callable[[], bool]) -> None:
        self._counters = counters
        self._kiosks = kiosks
        self._online = online

    def __call__(self, outcome: Outcome) -> None:
        """Put an outcome on its screen; one that concerns no kiosk is let go."""
        if isinstance(outcome, NothingToShow):
            return
        kiosk = self._kiosks.get(self._counters.kiosk_at(outcome.counter) or "")
        screen = screen_of(outcome, online=self._online())
        if kiosk is None or screen is None:
            return
        try:
            kiosk.show(screen)
        except Exception as bug:
            log.error("show", kiosk=kiosk.kiosk, screen=screen.screen, exc_info=bug)


def screen_of(outcome: Outcome, *, online: bool) -> Screen | None:
    """The screen for an outcome; ``None`` where there is nobody to tell."""
    match outcome:
        case MemberSeen(standing=who, claimable=claimable):
            return Greeting(
                name=who.name,
                balance=who.points,
                as_of=who.as_of,
                online=online,
                language=who.language or None,
                claimable=claimable
                and Claimable(sale=claimable.sale, total_minor=claimable.total_minor, currency=claimable.currency),
            )
        case SaleDecided(standing=who):
            return Earned(
                name=who.name,
                points=outcome.points,
                balance=who.points,
                as_of=who.as_of,
                total_minor=outcome.total_minor,
                currency=outcome.currency,
                language=who.language or None,
            )
        case MediumUnknown():
            return UnknownCard()
        case VisitEnded(name=name, language=language):
            return Goodbye(name=name, language=language)
        case SaleWaits(awaits="claim") | NothingToShow():
            return None
        case SaleWaits():
            return UnknownCard()
        case _:
            assert_never(outcome)
