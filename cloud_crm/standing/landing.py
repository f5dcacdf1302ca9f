"""What landed facts do to people here, in one call: people first, then coupons, then where all concerned stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection

from cloud_bridge.contract import MemberChangedV1, MemberRegisteredV1, PointsPostedV1, SaleCompletedV1
from cloud_bridge.landing.store import Landed
from cloud_bridge.topics import Lane
from cloud_crm.clock import rfc3339
from cloud_crm.coupons import repository as coupons
from cloud_crm.coupons.landing import coupon_effects
from cloud_crm.coupons.rewards import RewardCoupons
from cloud_crm.coupons.rights import OneRight, lease_rights
from cloud_crm.landing.facts import moment
from cloud_crm.members import repository as members
from cloud_crm.members.landing import PeopleLanding
from cloud_crm.points import sales
from cloud_crm.points.activities import Promising
from cloud_crm.points.sales import SaleKey
from cloud_crm.points.visit_caps import PaidVisit, hold_caps
from cloud_crm.programme import repository as programmes
from cloud_crm.rights.books import RightsTerms
from cloud_crm.standing import repository
from cloud_crm.standing.keeping import StandingKeeper
from loyalty.identifiers import MemberId
from loyalty.ledger import Rule

_DETAILS = frozenset({MemberRegisteredV1.type, MemberChangedV1.type})


class LandedPeople:
    """Called once per transaction, after the postings of the same facts were booked. ``key``: the tenant's medium key.

    Nothing that a store says stops landing: what cannot be applied is kept as a dispute.
    """

    def __init__(self, key: bytes, keeper: StandingKeeper, rights: RightsTerms | None = None) -> None:
        self._people = PeopleLanding(key)
        self._keeper = keeper
        self._rights = rights or RightsTerms()
        self._rewards = RewardCoupons(keeper.days, self._rights)

    def apply(self, connection: Connection, landed: Sequence[Landed], now: datetime) -> None:
        """Everything that these events mean for members and their coupons."""
        at = rfc3339(now)
        told = [one for one in landed if one.stream.lane is Lane.LEDGER and one.events]
        for one in told:
            self._people.effects(connection, one, at=at)
        concerned: set[str] = set()
        for gateway_id, some in _concerned(connection, told).items():
            _settle_in(connection, some, gateway_id, at)
            concerned |= some
        for one in told:
            concerned |= coupon_effects(connection, one, at=at)
            concerned |= self._rewards.apply(connection, one, now)
        concerned |= self._hold_caps(connection, told, now)
        self._keeper.refresh(connection, concerned, now)

    def _hold_caps(self, connection: Connection, told: Sequence[Landed], now: datetime) -> set[str]:
        """Each store pays visits by its own count; what is too much in all is taken back."""
        visits = [
            PaidVisit(MemberId(said.member), self._keeper.days.on(one.stream.gateway_id, moment(event.time) or now))
            for one in told
            for event in one.events
            if isinstance(said := event.effect, PointsPostedV1) and said.rule == Rule.VISIT
        ]
        terms = programmes.terms_in_force(connection) if visits else None
        if terms is None:
            return set()
        return hold_caps(connection, terms, visits, Promising(terms.lots, self._rights, rfc3339(now)))


def _settle_in(connection: Connection, some: set[str], gateway_id: str, at: str) -> None:
    """Whoever had no home has one now, and so have their coupons."""
    new = members.settle_in(connection, some, gateway_id)
    held = coupons.open_of(connection, new)
    lease_rights(connection, [OneRight(row.member_id, row.instance, gateway_id) for row in held], at=at)


def _concerned(connection: Connection, landed: Sequence[Landed]) -> dict[str, set[str]]:
    """Members whose purchases, points or details these events change, by the gateway that tells.

    Of receipts whose points landed with them the member is known; the others are looked up.
    """
    found: dict[str, set[str]] = {}
    for one in landed:
        gateway_id = one.stream.gateway_id
        some = found.setdefault(gateway_id, set())
        receipts: set[SaleKey] = set()
        posted: set[SaleKey] = set()
        for event in one.events:
            if isinstance(said := event.effect, PointsPostedV1):
                some.add(said.member)
                posted.add(SaleKey(gateway_id, _plain(said.sale or "")))
            elif event.type == SaleCompletedV1.type:
                receipts.add(SaleKey(gateway_id, _plain(orjson.loads(event.body)["data"]["sale"])))
            elif event.type in _DETAILS:
                some.add(str(getattr(event.data, "member", "")))
        receipts -= posted
        if receipts:
            returned = sales.given_back(connection, receipts).values()
            some |= repository.buyers(connection, [*receipts, *returned])
    return found


def _plain(text: str) -> str:
    """As texts are kept: PostgreSQL's hold no NUL."""
    return text.replace("\x00", "\ufffd")
