"""Somebody shows a medium at a counter, or leaves it."""

from __future__ import annotations

from cloud_bridge.contract import ChoiceMadeV1
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Recorded, Transaction, Visit
from edge_agent.outcomes import Claimable, MediumUnknown, MemberSeen, Outcome, VisitEnded
from loyalty.identifiers import MemberId


class Visits:
    """Decides taps, scanned codes and goodbyes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def shown(self, tx: Transaction, recorded: Recorded, device: str, medium: str) -> Outcome:
        """A card or code was shown at a reader or scanner: a visit begins at its counter."""
        counter = self._shop.counters.of_device(device)
        entry = tx.member_of(medium)
        tx.open_visit(Visit(counter=counter, medium=medium, member=entry.member if entry else None, at=recorded.at))
        if entry is None:
            return MediumUnknown(counter)
        return MemberSeen(counter, standing_of(tx, entry.member), self._claimable(tx, recorded, counter))

    def left(self, tx: Transaction, recorded: Recorded, choice: ChoiceMadeV1) -> Outcome:
        """The member at a kiosk pressed done."""
        counter = self._shop.counters.of_kiosk(choice.kiosk)
        visit = tx.take_visit(counter, recorded.at - self._shop.windows.visit)
        member = tx.member(MemberId(visit.member)) if visit and visit.member else None
        return VisitEnded(counter, member.name if member else None, (member.language or None) if member else None)

    def _claimable(self, tx: Transaction, recorded: Recorded, counter: str) -> Claimable | None:
        till = self._shop.counters.till_at(counter)
        sale = tx.unclaimed_sale(till, recorded.at - self._shop.windows.claim) if till else None
        if sale is None or sale.total_minor - sale.refunded_minor <= 0:
            return None
        return Claimable(sale.sale, sale.total_minor - sale.refunded_minor, sale.currency)
