"""Somebody shows a medium at a counter, or leaves it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cloud_bridge.contract import CardTappedV1, ChoiceMadeV1, CodeScannedV1
from devices.observations import Trust
from edge_agent.decisions.activities import Activities
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.customers import birthday_of
from edge_agent.decisions.people.glance import glance_at
from edge_agent.decisions.people.linking import Linking
from edge_agent.decisions.people.phone_codes import PhoneCodes
from edge_agent.decisions.quoting.baskets import why_not_here
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Recorded, Transaction, Visit
from edge_agent.outcomes import (
    Claimable,
    CouponShown,
    MediumKind,
    MediumUnknown,
    MemberSeen,
    Outcome,
    VisitEnded,
)
from loyalty.identifiers import EventId, MemberId
from loyalty.points.accruals import Activity
from loyalty.terms.earning import ActivityKind


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was shown: of a ``kind`` that can be linked by showing it, or none; and how hard to copy it is."""

    kind: MediumKind | None
    trust: Trust


class Visits:
    """Decides taps, scanned codes and goodbyes."""

    def __init__(self, shop: Shop, linking: Linking, phones: PhoneCodes, activities: Activities) -> None:
        self._shop = shop
        self._activities = activities
        self._linking = linking
        self._phones = phones

    def tapped(self, tx: Transaction, recorded: Recorded, card: CardTappedV1) -> Outcome:
        """A card was held to a reader: it is linked where somebody waits for one, else a visit begins."""
        counter = self._shop.counters.of_device(card.reader)
        linked = self._linking.shown(tx, recorded, counter, card.medium)
        if linked is not None:
            return linked
        return self._begun(
            tx, recorded, Visit(counter, card.medium, None, recorded.at), _Shown("card", Trust(card.trust))
        )

    def scanned(self, tx: Transaction, recorded: Recorded, code: CodeScannedV1) -> Outcome:
        """A member's code was scanned; a phone's has to be fresh and its own."""
        counter = self._shop.counters.of_device(code.scanner)
        visit = Visit(counter, str(code.medium), None, recorded.at)
        if code.phone_at is None:
            coupon = self._coupon(tx, recorded, visit)
            if coupon is not None:
                return coupon
            return self._begun(tx, recorded, visit, _Shown(None, Trust.WEAK))
        return self._phones.judge(tx, recorded, counter, code) or self._begun(
            tx, recorded, visit, _Shown(None, Trust.DYNAMIC)
        )

    def _coupon(self, tx: Transaction, recorded: Recorded, visit: Visit) -> CouponShown | None:
        """The coupon whose own code this is. It says nothing of who stands here, so their visit goes on."""
        entry, terms = tx.coupon_by_code(visit.medium), tx.terms()
        coupon = terms.coupon(entry.coupon) if entry and terms else None
        if entry is None or terms is None or coupon is None:
            return None
        why = why_not_here(entry, entry.member or None, self._shop.day(recorded.at))
        return CouponShown(
            visit.counter, entry.instance, coupon, terms.programme.currency, entry.member, entry.last_day, why
        )

    def _begun(self, tx: Transaction, recorded: Recorded, visit: Visit, shown: _Shown) -> Outcome:
        entry = tx.member_of(visit.medium)
        counter = visit.counter
        is_strong = shown.trust is not Trust.WEAK
        tx.end_visit_link(counter)
        tx.open_visit(replace(visit, member=entry.member if entry else None, is_strong=is_strong))
        if entry is None:
            return MediumUnknown(counter, visit.medium, shown.kind)
        on = self._shop.day(recorded.at)
        for kind in (ActivityKind.VISIT, ActivityKind.BIRTHDAY):
            came_in = Activity(entry.member, kind, on, EventId(recorded.event_id), birthday=birthday_of(entry))
            self._activities.earn(tx, recorded, came_in)
        return MemberSeen(
            counter,
            standing_of(tx, entry.member),
            self._claimable(tx, recorded, counter),
            glance=glance_at(tx, entry, on=on, store=self._shop.store),
            medium=visit.medium,
            trust=shown.trust,
        )

    def left(self, tx: Transaction, recorded: Recorded, choice: ChoiceMadeV1) -> Outcome:
        """The member at a kiosk pressed done."""
        counter = self._shop.counters.of_kiosk(choice.kiosk)
        visit = tx.take_visit(counter, recorded.at - self._shop.windows.visit)
        tx.end_visit_link(counter)
        member = tx.member(MemberId(visit.member)) if visit and visit.member else None
        return VisitEnded(counter, member.name if member else None, (member.language or None) if member else None)

    def _claimable(self, tx: Transaction, recorded: Recorded, counter: str) -> Claimable | None:
        till = self._shop.counters.till_at(counter)
        sale = tx.unclaimed_sale(till, recorded.at - self._shop.windows.claim) if till else None
        if sale is None or sale.total_minor - sale.refunded_minor <= 0:
            return None
        return Claimable(sale.sale, sale.total_minor - sale.refunded_minor, sale.currency)
