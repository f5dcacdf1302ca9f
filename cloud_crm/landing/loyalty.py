"""What landing does to points and rights: once for a transaction, batched by member.

Order, so that nobody waits in a circle: postings, standings, accounts, loss account, replica versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from cloud_bridge.landing.store import Landed
from cloud_crm.clock import rfc3339
from cloud_crm.landing.facts import FactReader, LandedFacts, MovementFact, PostingFact, moment
from cloud_crm.ledger import repository as ledger
from cloud_crm.ledger.repository import PostingRow
from cloud_crm.points import sales
from cloud_crm.points.books import PointsBooks, Said
from cloud_crm.points.sales import SaleKey
from cloud_crm.points.settling import SaleDesk
from cloud_crm.points.turning import turn
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import accounts, standings
from cloud_crm.rights.accounts import POINTS, AccountKey
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from loyalty.calendar import business_date
from loyalty.identifiers import MemberId
from loyalty.ledger import PROGRAMME_ISSUED, Rule, member_of

SEEN_FRESH_S = 3_600
"""Whoever was at a store longer ago is not taken to be there: only their home is leased."""
MEMBER_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True)
class LoyaltySettings:
    """What landing must know of the tenant: the stores' time zones, their names at tills, terms of rights."""

    zones: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    rights: RightsTerms = field(default_factory=RightsTerms)


class LoyaltyLanding:
    """Applies the loyalty effects of landed events in the caller's transaction."""

    def __init__(self, settings: LoyaltySettings | None = None) -> None:
        self._settings = settings or LoyaltySettings()

    def effects(self, connection: Connection, landed: Sequence[Landed], *, now: datetime) -> Effects:
        """Post, settle, lease. Everything that is new counts once, in the order in which it landed."""
        reader = FactReader(self._settings.zones, self._settings.stores, now=now)
        facts = reader.read(landed)
        return _Turn(connection, self._settings, facts, now).run()


@dataclass(frozen=True, slots=True)
class Effects:
    """Members whose points changed, and postings that could not stand."""

    members: frozenset[str]
    disputed: Sequence[PostingRow]


class _Turn:
    """One transaction's facts being applied."""

    def __init__(self, connection: Connection, settings: LoyaltySettings, facts: LandedFacts, now: datetime) -> None:
        self._connection = connection
        self._settings = settings
        self._facts = facts
        self._now = now
        at = rfc3339(now)
        terms = programmes.terms_in_force(connection)
        self._rights = RightsBooks(connection, settings.rights, at=at)
        self._points = PointsBooks(connection, self._rights, programmes.lot_terms_of(terms), at=at)
        self._sales = SaleDesk(connection, self._points, self._rights, terms.programme if terms else None)
        self._doubts: dict[tuple[str, str], datetime | None] = {}

    def run(self) -> Effects:
        facts = self._facts
        told = [fact.row for fact in facts.moves if isinstance(fact, PostingFact)]
        posted = ledger.post(self._connection, told, rfc3339(self._now))
        self._sales.keep_refunds(facts)
        moves = self._new_moves(posted.new)
        self._open(moves)
        for move in moves:
            if isinstance(move, MovementFact):
                self._rights.settle(move.key, move.movement, is_posting=False)
            else:
                self._points.keep(move)
                self._sales.note(move)
        self._sales.settle(facts, on=self._today())
        self._sales.recover(on=self._today())
        self._turn_days()
        self._lease()
        self._points.save()
        self._rights.save()
        self._sales.save()
        return Effects(frozenset(_members((*posted.new, *self._points.own))), posted.disputed)

    def _new_moves(self, new: Sequence[PostingRow]) -> list[Said | MovementFact]:
        """Facts that were not applied before, each once."""
        fresh = {row.posting_id: row for row in new}
        fallen_back = sales.given_back(self._connection, {_sale_key(row) for row in new if _is_of_refund(row)})
        movements = {fact.movement.movement_id for fact in self._facts.moves if isinstance(fact, MovementFact)}
        known = set(self._rights.known_movements(movements))
        found: list[Said | MovementFact] = []
        for fact in self._facts.moves:
            if isinstance(fact, MovementFact):
                if fact.movement.movement_id not in known:
                    known.add(fact.movement.movement_id)
                    found.append(fact)
            elif fresh.get(fact.row.posting_id) is fact.row:
                found.append(self._said(fact, fallen_back))
        return found

    def _said(self, fact: PostingFact, fallen_back: Mapping[SaleKey, SaleKey]) -> Said:
        row = fact.row
        of = fallen_back.get(_sale_key(row))
        of_sale = row.sale if of is None else of.sale
        until = None if fact.lease is not None else self._doubtful_until(row.gateway_id, fact.incarnation)
        if until is None:
            return Said(row, fact.on, fact.lease, fact.original, of_sale)
        zone = self._settings.zones.get(row.gateway_id, "UTC")
        sold = self._sold_at(SaleKey(row.gateway_id, of_sale or "")) or moment(row.posted_at)
        return Said(
            row, fact.on, fact.lease, fact.original, of_sale,
            is_doubtful=sold is None or sold <= until,
            doubtful_until=business_date(until, zone),
        )  # fmt: skip

    def _doubtful_until(self, gateway_id: str, incarnation: str) -> datetime | None:
        """When a later life of a gateway began, as far as the cloud knows; ``None`` for the first."""
        key = (gateway_id, incarnation)
        if key not in self._doubts:
            lives = standings.lives(self._connection, gateway_id)
            later = [life for life in lives[1:] if life.incarnation == incarnation]
            self._doubts[key] = moment(later[0].greeted_at) if later else None
        return self._doubts[key]

    def _sold_at(self, key: SaleKey) -> datetime | None:
        here = next((fact.sold_at for fact in self._facts.sales if fact.key == key), None)
        return moment(here or sales.sold_at(self._connection, key) or "")

    def _open(self, moves: Sequence[Said | MovementFact]) -> None:
        said = [move for move in moves if isinstance(move, Said)]
        members = {member for one in said for member in _members([one.row])} | self._sales.members()
        returned = [move.key for move in moves if isinstance(move, MovementFact) and move.key.currency == POINTS]
        back = {key.member for key in returned if key.member}
        members |= back
        keys = {points_of(member) for member in members}
        keys |= {move.key for move in moves if isinstance(move, MovementFact)}
        keys |= accounts.with_free(self._connection, {member for member, _ in self._facts.seen})
        gateways = {one.row.gateway_id for one in said} | {gateway for _, gateway in self._facts.seen}
        gateways |= {move.movement.gateway for move in moves if isinstance(move, MovementFact)}
        gateways |= {gateway for member in back for gateway in accounts.holders(self._connection, member)}
        self._rights.open(keys, gateways | self._sales.gateways())
        self._keys = keys
        self._points.open(members, said)
        self._points.load_lots({member for one in said for member in self._points.needs_lots(one)})

    def _turn_days(self) -> None:
        """What is over expires before anything is leased again; what need not wait is available at once."""
        for member in sorted(self._points.members):
            home = self._rights.home_of(points_of(member)) or next(
                (gateway for one, gateway in self._facts.seen if one == member), ""
            )
            on = business_date(self._now, self._settings.zones.get(home, "UTC"))
            if self._points.is_due(member, on):
                turn(self._points, self._rights, member, on=on)

    def _lease(self) -> None:
        """Whoever was seen just now is leased what is free; whoever was seen long ago, at home."""
        freshest = self._now - timedelta(seconds=SEEN_FRESH_S)
        mine: dict[MemberId, list[AccountKey]] = {}
        for key in self._keys:
            mine.setdefault(key.member, []).append(key)
        for (member, gateway), stamp in self._facts.seen.items():
            at = moment(stamp)
            is_here = at is not None and at >= freshest
            for key in sorted(mine.get(member, ())):
                if is_here or self._rights.home_of(key) is None:
                    self._rights.top_up(key, gateway)
                else:
                    self._rights.top_up_home(key)

    def _today(self) -> date:
        return business_date(self._now, "UTC")


def _members(rows: Iterable[PostingRow]) -> set[MemberId]:
    """The members whose points these postings move. Names longer than any id of ours have no books."""
    accounts_named = {account for row in rows for account in (row.debit, row.credit)}
    found = {member_of(account) for account in accounts_named}
    return {member for member in found if member and len(member) <= MEMBER_LENGTH_MAX}


def _sale_key(row: PostingRow) -> SaleKey:
    return SaleKey(row.gateway_id, row.sale or "")


def _is_of_refund(row: PostingRow) -> bool:
    return row.sale is not None and row.debit != PROGRAMME_ISSUED and row.rule != Rule.REDEMPTION
