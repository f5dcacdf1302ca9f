"""Staff act for a member: refunds, corrections, lost cards, forgotten PINs. Each with who, in which role, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from cloud_bridge.contract import (
    MediumBlockedV1,
    PinChangedV1,
    PointsPostedV1,
    PostingV1,
    SaleCompletedV1,
    StaffActedV1,
)
from edge_agent.decisions.people.filled import KEY, Filled, refused
from edge_agent.decisions.shop import Shop
from edge_agent.journal import AwaitedLink, LocalMedium, Recorded, StaffAct, Transaction
from edge_agent.outcomes import FormDecided, Outcome
from edge_agent.rights.desk import RightsDesk
from kiosk_ui.kiosk.form_screens import FormReason
from kiosk_ui.staff.members import Role, StaffForm
from loyalty.identifiers import EventId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available

REASON = "reason"
STAFF_TILL = "staff"
REPLACE_WINDOW = timedelta(minutes=5)
"""How long the counter waits for the card that takes a lost one's place."""
PIN_RESET_WINDOW = timedelta(minutes=15)
"""How long a member may then choose a new PIN with their card alone."""

ALLOWED: dict[str, frozenset[str]] = {
    Role.CLERK: frozenset({StaffForm.REFUND, StaffForm.BLOCK, StaffForm.REPLACE}),
    Role.MANAGER: frozenset(StaffForm),
}
"""What each role may do; what is not named here, nobody may."""

Decide = Callable[[Transaction, Recorded], Outcome]


class StaffActions:
    """Decides forms of the staff page. ``decide`` decides the refund that a form brings about."""

    def __init__(self, shop: Shop, rights: RightsDesk, *, decide: Decide) -> None:
        self._shop = shop
        self._rights = rights
        self._decide = decide

    def decide(self, tx: Transaction, filled: Filled) -> FormDecided:
        """Do it, if the role may and a reason is given; who did it is written down with what was done."""
        fact = filled.fact
        if fact.form not in ALLOWED.get(fact.role, frozenset()) or not fact.actor:
            return refused(tx, filled, FormReason.NOT_ALLOWED_HERE)
        if tx.member(filled.member) is None or not filled.fields.get(REASON):
            return refused(tx, filled, FormReason.CORRECT_FIELDS)
        match fact.form:
            case StaffForm.REFUND:
                refusal = self._refund(tx, filled)
            case StaffForm.ADJUST:
                refusal = self._adjust(tx, filled)
            case StaffForm.BLOCK:
                refusal = self._block(tx, filled)
            case StaffForm.REPLACE:
                refusal = self._replace(tx, filled)
            case _:
                refusal = self._reset_pin(tx, filled)
        if refusal is not None:
            return refused(tx, filled, refusal)
        acted = StaffActedV1(
            cause=filled.recorded.event_id,
            action=fact.form,
            actor=fact.actor,
            role=fact.role,
            reason=filled.fields[REASON],
            member=filled.member,
            subject=fact.subject,
        )
        tx.record(acted, traceparent=filled.recorded.traceparent)
        tx.keep_staff_act(
            StaffAct(
                event_id=filled.recorded.event_id,
                action=fact.form,
                actor=fact.actor,
                role=fact.role,
                reason=filled.fields[REASON],
                member=filled.member,
            )
        )
        return FormDecided(filled.counter, fact.place, fact.form, filled.answered())

    def _refund(self, tx: Transaction, filled: Filled) -> str | None:
        """Give money back for a receipt of this store, as its till would have told it."""
        sale = tx.sale(filled.fact.subject)
        amount_minor = int(filled.fields["amount"])
        if sale is None or sale.member != filled.member or sale.refund_of is not None:
            return FormReason.HELD_ELSEWHERE
        if not 0 < amount_minor <= sale.total_minor - sale.refunded_minor:
            return FormReason.CORRECT_FIELDS
        name = hashlib.sha256(filled.fields.get(KEY, filled.recorded.event_id).encode()).hexdigest()[:32]
        refund = SaleCompletedV1(
            sale=f"staff-refund-{name}",
            till=STAFF_TILL,
            currency=sale.currency,
            total_minor=-amount_minor,
            sold_at=filled.recorded.at.isoformat(),
            refund_of=sale.sale,
        )
        self._decide(tx, tx.record(refund, traceparent=filled.recorded.traceparent))
        return None

    def _adjust(self, tx: Transaction, filled: Filled) -> str | None:
        """Give or take points. What was spent already becomes a debt, as with a refund."""
        points, member, recorded = int(filled.fields["points"]), filled.member, filled.recorded
        name = posting_id("adjustment", self._shop.store, filled.fields.get(KEY, recorded.event_id))
        account = available(member)
        debit, credit = (PROGRAMME_ISSUED, account) if points > 0 else (account, PROGRAMME_ISSUED)
        move = self._rights.earn if points > 0 else self._rights.unearn
        lease = move(tx, member, name, abs(points), sold_at=recorded.at)
        posting = Posting(name, debit, credit, abs(points), Rule.ADJUSTMENT, EventId(recorded.event_id))
        told = PostingV1(id=name, debit=debit, credit=credit, points=abs(points), lease=lease)
        posted = tx.record(
            PointsPostedV1(cause=recorded.event_id, member=member, rule=Rule.ADJUSTMENT.value, postings=(told,)),
            traceparent=recorded.traceparent,
        )
        tx.post([posting], posted)
        return None

    def _block(self, tx: Transaction, filled: Filled) -> str | None:
        """The card or phone is nobody's from now on."""
        medium = filled.fact.subject
        if medium not in tx.media_of(filled.member):
            return FormReason.HELD_ELSEWHERE
        tx.record(
            MediumBlockedV1(
                cause=filled.recorded.event_id,
                medium=medium,
                member=filled.member,
                reason=filled.fields[REASON],
            ),
            traceparent=filled.recorded.traceparent,
        )
        tx.keep_medium(LocalMedium(medium, None, "card"), filled.recorded)
        return None

    def _replace(self, tx: Transaction, filled: Filled) -> str | None:
        """Block a lost card; the next card shown at the counter takes its place."""
        counter = filled.fields.get("counter", "")
        if counter not in {known.name for known in self._shop.counters.all}:
            return FormReason.CORRECT_FIELDS
        refusal = self._block(tx, filled)
        if refusal is None:
            until = filled.recorded.at + REPLACE_WINDOW
            tx.await_link(AwaitedLink(counter, filled.member, "card", until))
        return refusal

    def _reset_pin(self, tx: Transaction, filled: Filled) -> str | None:
        """The old PIN is gone, and for a while the member may choose a new one."""
        recorded = filled.recorded
        tx.record(
            PinChangedV1(cause=recorded.event_id, member=filled.member, sealed=""), traceparent=recorded.traceparent
        )
        tx.keep_pin(filled.member, "", recorded)
        tx.forget_wrong_pins(filled.member)
        tx.allow_pin(filled.member, recorded.at + PIN_RESET_WINDOW)
        return None
