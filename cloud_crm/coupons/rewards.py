"""Coupons that points bought in a store and that only head office can give: all stores share their limits.

The store has taken the points. Where a coupon is left, it is given and lent to that store; where none is, the store
is asked to give the points back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from cloud_bridge.contract import RewardTakenV1
from cloud_bridge.landing.batches import Received
from cloud_bridge.landing.store import Landed
from cloud_crm.clock import rfc3339
from cloud_crm.coupons import issuing
from cloud_crm.coupons.issuing import Issuer, Wanted
from cloud_crm.coupons.landing import REWARD
from cloud_crm.gateways.days import StoreDays
from cloud_crm.members import records
from cloud_crm.members.records import DisputeRow
from cloud_crm.points import repository, undoing
from cloud_crm.points.books import PointsBooks
from cloud_crm.points.repository import Redeemed
from cloud_crm.points.undoing import Undo
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import standings
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from loyalty.identifiers import PostingId

_NO_REDEMPTION = "reward_without_redemption"


class RewardCoupons:
    """Gives them, in the transaction that lands what the stores say."""

    def __init__(self, days: StoreDays, rights: RightsTerms) -> None:
        self._days = days
        self._rights = rights

    def apply(self, connection: Connection, landed: Landed, now: datetime) -> set[str]:
        """Answer every such reward of these events; returns the members it concerns. Repeating changes nothing."""
        concerned = set()
        for event in landed.events:
            if event.type == RewardTakenV1.type:
                said = event.data
                if isinstance(said, RewardTakenV1) and said.coupon is not None:
                    self._answer(connection, landed.stream.gateway_id, event, said, now)
                    concerned.add(said.member)
        return concerned

    def _answer(
        self, connection: Connection, gateway_id: str, event: Received, said: RewardTakenV1, now: datetime
    ) -> None:
        at = rfc3339(now)
        name = PostingId(said.redemption)
        made = repository.redeemed(connection, [name]).get(name)
        if made is None or made.member != said.member or made.gateway_id != gateway_id:
            dispute = DisputeRow(event.id, gateway_id, event.type, _NO_REDEMPTION, said.member, at)
            records.add_dispute(connection, dispute)
            return
        terms = programmes.terms_in_force(connection)
        issuer = Issuer(REWARD, gateway_id, at, self._days.on(gateway_id, now))
        # The key is the redemption itself: then the instance has the name that the store would have given it.
        wanted = Wanted(said.coupon or "", said.redemption, said.member, gateway=gateway_id)
        issued = issuing.issue(connection, terms, [wanted], issuer)[0].row if terms is not None else None
        if issued is None:
            self._undo(connection, made, now)

    def _undo(self, connection: Connection, made: Redeemed, now: datetime) -> None:
        """Whoever redeemed gives back; where that incarnation is gone, the merchant bears it."""
        undo = Undo(made, made.points)
        if made.lease is not None and made.lease == standings.read(connection, made.gateway_id).current:
            undoing.ask(connection, [undo])
            return
        terms, at = programmes.terms_in_force(connection), rfc3339(now)
        rights = RightsBooks(connection, self._rights, at=at)
        rights.open([points_of(made.member)], ())
        books = PointsBooks(connection, rights, programmes.lot_terms_of(terms), at=at)
        books.open([made.member])
        undoing.compensate(connection, undo, books, rights, on=self._days.on(made.gateway_id, now))
        books.save()
        rights.save()
