"""Station 6: an outcome becomes a screen on the kiosk of its counter. Never waits, never fails a tap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

import structlog

from edge_agent.counters import Counters
from edge_agent.kiosk.coupon_cards import coupon_card
from edge_agent.kiosk.greetings import earned_of, greeting_of
from edge_agent.kiosk.results import linked_of, screen_after
from edge_agent.kiosk.visits import KioskVisit, KioskVisits
from edge_agent.outcomes import (
    CannotBeDone,
    CardRefused,
    CouponShown,
    FormDecided,
    MediumLinked,
    MediumUnknown,
    MemberSeen,
    NothingToShow,
    Outcome,
    SaleDecided,
    SaleWaits,
    VisitEnded,
)
from kiosk_ui.kiosk.form_screens import FormReason
from kiosk_ui.kiosk.screens import Goodbye, MyCoupons, Problem, Screen, UnknownCard
from kiosk_ui.kiosk.session import KioskSession
from loyalty.checkout.coupons import Why

log = structlog.get_logger(__name__)


class Screens:
    """Shows outcomes on the kiosks of this store. ``online`` tells whether the cloud can be reached now."""

    def __init__(
        self,
        counters: Counters,
        kiosks: Mapping[str, KioskSession],
        visits: KioskVisits,
        *,
        online: Callable[[], bool],
    ) -> None:
        self._counters = counters
        self._kiosks = kiosks
        self._visits = visits
        self._online = online

    def __call__(self, outcome: Outcome) -> None:
        """Put an outcome on its screen; one that concerns no kiosk is let go."""
        if isinstance(outcome, NothingToShow):
            return
        kiosk = self._kiosks.get(self._counters.kiosk_at(outcome.counter) or "")
        if kiosk is None:
            return
        try:
            screen = self._screen_of(kiosk.kiosk, outcome)
            if screen is not None:
                kiosk.show(screen)
        except Exception as bug:
            log.error("show", kiosk=kiosk.kiosk, outcome=type(outcome).__name__, exc_info=bug)

    def _screen_of(self, kiosk: str, outcome: Outcome) -> Screen | None:
        """The screen for an outcome; ``None`` where there is nobody to tell."""
        match outcome:
            case MemberSeen():
                visit = self._begun(kiosk, outcome)
                return greeting_of(
                    visit, outcome.standing, outcome.glance, online=self._online(), claimable=outcome.claimable
                )
            case MediumUnknown():
                visit = self._visits.begin(kiosk, outcome.counter)
                visit.medium, visit.kind = outcome.medium, outcome.kind
                return UnknownCard(visit=visit.token, can_register=outcome.kind == "card")
            case SaleDecided():
                return earned_of(self._visit_of(kiosk, outcome.standing.member), outcome)
            case MediumLinked():
                return linked_of(self._of_whom_it_was_linked(kiosk, outcome), outcome)
            case FormDecided():
                return screen_after(self._visits.at(kiosk), outcome, online=self._online())
            case CannotBeDone(reason=reason):
                return self._refusal(kiosk, reason)
            case CardRefused():
                return self._refusal(kiosk, FormReason.CARD_UNPROVEN)
            case CouponShown():
                return self._coupon(kiosk, outcome)
            case VisitEnded(name=name, language=language):
                return Goodbye(name=name, language=language)
            case SaleWaits(awaits="link"):
                return UnknownCard()
            case SaleWaits() | NothingToShow():
                return None
            case _:
                assert_never(outcome)

    def _begun(self, kiosk: str, seen: MemberSeen) -> KioskVisit:
        visit = self._visits.begin(kiosk, seen.counter)
        visit.member, visit.medium, visit.trust = seen.standing.member, seen.medium, seen.trust
        return visit

    def _of_whom_it_was_linked(self, kiosk: str, linked: MediumLinked) -> KioskVisit | None:
        """The member's own visit; where staff replaced a card, none has to be under way."""
        visit = self._visit_of(kiosk, linked.standing.member)
        if visit is not None:
            visit.awaits_link = False
        return visit

    def _refusal(self, kiosk: str, reason: str) -> Problem:
        """What was shown was refused. Whoever stands here goes on; it did not begin a visit of its own."""
        visit = self._visits.at(kiosk)
        shown = self._kiosks[kiosk].screen
        return Problem(
            visit=visit.token if visit else "",
            name=shown.name if visit else None,
            language=shown.language if visit else None,
            reason=reason,
        )

    def _coupon(self, kiosk: str, shown: CouponShown) -> MyCoupons:
        """The one coupon that was scanned, for whoever stands here or for nobody yet."""
        visit = self._visits.at(kiosk)
        on_screen = self._kiosks[kiosk].screen
        why = shown.why
        if visit is not None and shown.holder not in {"", visit.member}:
            why = Why.NOT_FOR_THIS_MEMBER.value
        card = coupon_card(shown.instance, shown.last_day, shown.coupon, currency=shown.currency, why=why)
        return MyCoupons(
            visit=visit.token if visit else "",
            name=on_screen.name if visit else None,
            language=on_screen.language if visit else None,
            coupons=(card,),
            online=self._online(),
        )

    def _visit_of(self, kiosk: str, member: str) -> KioskVisit | None:
        visit = self._visits.at(kiosk)
        return visit if visit is not None and visit.member == member else None
