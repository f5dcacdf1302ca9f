"""Sales within one transaction: what postings say of them, and the settlement of those given back in several stores."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from cloud_crm.landing.facts import LandedFacts
from cloud_crm.points import repository, sales, undoing
from cloud_crm.points.books import Own, PointsBooks, Said
from cloud_crm.points.sales import Change, SaleKey, SharedSale
from cloud_crm.points.undoing import Undo
from cloud_crm.rights.accounts import POINTS
from cloud_crm.rights.books import RightsBooks
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import (
    PROGRAMME_ISSUED,
    PROGRAMME_LOST,
    PROGRAMME_REDEEMED,
    Posting,
    Rule,
    available,
    member_of,
    pending,
)
from loyalty.points.settlement import outstanding
from loyalty.programme import Programme

_CAUSE = EventId("late news")


class SaleDesk:
    """Sums up sales as postings land, and posts what those given back elsewhere still lack."""

    def __init__(
        self, connection: Connection, points: PointsBooks, rights: RightsBooks, programme: Programme | None
    ) -> None:
        """Before the first ``programme`` nothing was earned: sums are kept, and nothing is settled."""
        self._connection = connection
        self._points = points
        self._rights = rights
        self._programme = programme
        self._changes: dict[SaleKey, Change] = {}
        self._shared: dict[SaleKey, SharedSale] = {}
        self._asked: list[Undo] = []

    def keep_refunds(self, facts: LandedFacts) -> None:
        """Keep receipts that give others back; those whose own store cannot decide make the sale a shared one."""
        sales.keep_refunds(self._connection, facts.refunds)
        foreign = {fact.of for fact in facts.refunds if fact.of.gateway_id != fact.key.gateway_id}
        deferred = set(sales.given_back(self._connection, facts.unknown_there).values())
        if foreign or deferred:
            sales.share(self._connection, foreign | deferred)
        self._find_shared(facts, foreign | deferred)

    def members(self) -> set[MemberId]:
        """Members whose shared sales may be settled now."""
        return {MemberId(sale.member) for sale in self._shared.values() if sale.member is not None}

    def gateways(self) -> set[str]:
        """Gateways that redeemed on those sales."""
        return {key.gateway_id for key in self._shared}

    def note(self, said: Said) -> None:
        """Sum up what one posting means for its sale."""
        if said.of_sale is None:
            return
        row = said.row
        change = self._changes.setdefault(SaleKey(row.gateway_id, said.of_sale), Change())
        change.member = change.member or member_of(row.credit) or member_of(row.debit)
        _count(change, row.debit, row.credit, row.points)

    def settle(self, facts: LandedFacts, *, on: date) -> None:
        """Write the sums; then post what shared sales lack."""
        sales.keep(self._connection, facts.sales, self._changes)
        self._changes = {}
        for key in sorted(self._shared):
            sale = sales.read_shared(self._connection, key)
            if sale.member is not None and MemberId(sale.member) in self._points.members:
                self._settle(sale, MemberId(sale.member), on)
        sales.keep(self._connection, (), self._changes)

    def recover(self, *, on: date) -> None:
        """Points written off that turned out to be spent: the write-off is taken back, the redemption stands."""
        for key, movement, points in self._rights.recovered:
            if key.currency == POINTS:
                name = posting_id("recovery", movement)
                posting = Posting(name, PROGRAMME_LOST, available(key.member), points, Rule.RECOVERY, _CAUSE)
                self._points.post(Own(posting, on, moves_rights=False), key.member)

    def save(self) -> None:
        """Ask for what is to be undone. Draws replica versions."""
        undoing.ask(self._connection, self._asked)

    def _find_shared(self, facts: LandedFacts, certain: set[SaleKey]) -> None:
        known = sales.shared(self._connection, facts.gateways())
        for key in (known & facts.sold() if known else set()) | certain:
            self._shared[key] = sales.read_shared(self._connection, key)

    def _settle(self, sale: SharedSale, member: MemberId, on: date) -> None:
        if sale.sum is None or self._programme is None:
            return
        lacking = outstanding(self._programme, sale.sum)
        name = (sale.key.gateway_id, sale.key.sale, str(sale.settlements))
        if lacking.take_back:
            change = self._changes.setdefault(sale.key, Change())
            for posting in self._taken(sale, member, lacking.take_back, name):
                self._points.post(Own(posting, on, sale.key.sale, self._accruals(sale, member)), member)
            change.taken_back += lacking.take_back
            sales.settled(self._connection, sale.key)
        if lacking.restored > sale.sum.restored:
            self._undo(sale, lacking.restored, on)

    def _taken(self, sale: SharedSale, member: MemberId, points: int, name: tuple[str, ...]) -> list[Posting]:
        """Points of the sale that still wait go first; below zero: points are given again."""
        cause = EventId(f"{sale.key.gateway_id}/sale"[:80])
        if points < 0:
            key = posting_id("settlement", *name)
            return [Posting(key, PROGRAMME_ISSUED, available(member), -points, Rule.SETTLEMENT, cause)]
        own = self._accruals(sale, member)
        lots = self._points.points(member).account.lots
        waiting = min(points, sum(lot.points for lot in lots if lot.pending and lot.accrual in own))
        moves = (("settlement-pending", pending(member), waiting), ("settlement", available(member), points - waiting))
        return [
            Posting(posting_id(kind, *name), account, PROGRAMME_ISSUED, moved, Rule.SETTLEMENT, cause)
            for kind, account, moved in moves
            if moved
        ]

    def _accruals(self, sale: SharedSale, member: MemberId) -> frozenset[PostingId]:
        origins = self._points.points(member).origins
        return frozenset(accrual for accrual, its in origins.items() if (its.gateway_id, its.sale) == tuple(sale.key))

    def _undo(self, sale: SharedSale, restored: int, on: date) -> None:
        """Ask whoever redeemed on this sale to restore; where that incarnation is gone, the merchant bears it."""
        for made in repository.redeemed_by_sale(self._connection, sale.key.gateway_id, sale.key.sale):
            part = min(made.points, restored)
            restored -= part
            undo = Undo(made, part)
            if made.lease is not None and made.lease == self._rights.standing(made.gateway_id).current:
                self._asked.append(undo)
            else:
                undoing.compensate(self._connection, undo, self._points, self._rights, on=on)


def _count(change: Change, debit: str, credit: str, points: int) -> None:
    if debit == PROGRAMME_ISSUED and member_of(credit) is not None:
        change.earned += points
    elif credit == PROGRAMME_ISSUED:
        change.taken_back += points
    elif credit == PROGRAMME_REDEEMED:
        change.redeemed += points
    elif debit == PROGRAMME_REDEEMED:
        change.restored += points
