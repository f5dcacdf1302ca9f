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
from cloud_crm.landing.facts import FactReader, LandedFacts, MovementFact, moment
from cloud_crm.ledger import repository as ledger
from cloud_crm.ledger.repository import PostingRow
from cloud_crm.points import sales
from cloud_crm.points.books import PointsBooks, Said, members_of
from cloud_crm.points.sales import SaleKey
from cloud_crm.points.settling import SaleDesk
from cloud_crm.points.turning import turn
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import accounts, standings
from cloud_crm.rights.accounts import POINTS, AccountKey
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from loyalty.calendar import business_date
from loyalty.identifiers import MemberId
from loyalty.ledger import PROGRAMME_ISSUED, Rule

SEEN_FRESH_S = 3_600
"""Whoever was at a store longer ago is not taken to be there: only their home is leased."""


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
        self._days: dict[str, date] = {}
        self._doubts: dict[tuple[str, str], datetime | None] = {}

    def run(self) -> Effects:
        facts = self._facts
        told = [fact.row for fact in facts.moves if isinstance(fact, Said)]
        posted = ledger.post(self._connection, told, rfc3339(self._now))
        self._sales.keep_refunds(facts)
        moves = self._new_moves(posted.new)
        self._open(moves)
        for move in moves:
            if isinstance(move, Said):
                self._points.keep(move)
                self._sales.note(move)
            else:
                self._rights.settle(move.key, move.movement, is_posting=False)
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
                found.append(self._around(fact, fallen_back))
        return found

    def _around(self, said: Said, fallen_back: Mapping[SaleKey, SaleKey]) -> Said:
        """With the sale that a refund is of, and with the doubts about a later life of its gateway."""
        row = said.row
        if fallen_back and (of := fallen_back.get(_sale_key(row))) is not None:
            said = said._replace(of_sale=of.sale)
        until = None if said.lease is not None else self._doubtful_until(row.gateway_id, said.incarnation)
        if until is None:
            return said
        zone = self._settings.zones.get(row.gateway_id, "UTC")
        sold = self._sold_at(SaleKey(row.gateway_id, said.of_sale or "")) or moment(row.posted_at)
        is_doubtful = sold is None or sold <= until
        return said._replace(is_doubtful=is_doubtful, doubtful_until=business_date(until, zone))

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
        moved = [move for move in moves if isinstance(move, MovementFact)]
        members = {member for one in said for member in one.members()} | self._sales.members()
        back = {move.key.member for move in moved if move.key.currency == POINTS and move.key.member}
        members |= back
        keys = {points_of(member) for member in members}
        keys.update(move.key for move in moved)
        keys |= accounts.with_free(self._connection, {member for member, _ in self._facts.seen})
        gateways = {one.row.gateway_id for one in said} | {gateway for _, gateway in self._facts.seen}
        gateways |= {move.movement.gateway for move in moved}
        gateways |= {gateway for member in back for gateway in accounts.holders(self._connection, member)}
        self._rights.open(keys, gateways | self._sales.gateways())
        self._keys = keys
        self._points.open(members, said)
        self._points.load_lots({member for one in said for member in self._points.needs_lots(one)})

    def _turn_days(self) -> None:
        """What is over expires before anything is leased again; what need not wait is available at once."""
        first_seen: dict[MemberId, str] = {}
        for member, gateway in self._facts.seen:
            first_seen.setdefault(member, gateway)
        for member in sorted(self._points.members):
            next_day = self._points.next_day(member)
            if next_day is not None:
                home = self._rights.home_of(points_of(member)) or first_seen.get(member, "")
                on = self._today(self._settings.zones.get(home, "UTC"))
                if next_day <= on.isoformat():
                    turn(self._points, self._rights, member, on=on)

    def _lease(self) -> None:
        """Whoever was seen just now is leased what is free; whoever was seen long ago, at home."""
        freshest = self._now - timedelta(seconds=SEEN_FRESH_S)
        mine: dict[MemberId, list[AccountKey]] = {}
        for key in self._keys:
            if self._rights.may_be_leased(key):
                mine.setdefault(key.member, []).append(key)
        for (member, gateway), stamp in self._facts.seen.items():
            keys = mine.get(member)
            if keys is None:
                continue
            at = moment(stamp)
            is_here = at is not None and at >= freshest
            for key in sorted(keys):
                if is_here or self._rights.home_of(key) is None:
                    self._rights.top_up(key, gateway)
                else:
                    self._rights.top_up_home(key)

    def _today(self, zone: str = "UTC") -> date:
        if zone not in self._days:
            self._days[zone] = business_date(self._now, zone)
        return self._days[zone]


def _members(rows: Iterable[PostingRow]) -> set[MemberId]:
    return {member for row in rows for member in members_of(row)}


def _sale_key(row: PostingRow) -> SaleKey:
    return SaleKey(row.gateway_id, row.sale or "")


def _is_of_refund(row: PostingRow) -> bool:
    return row.sale is not None and row.debit != PROGRAMME_ISSUED and row.rule != Rule.REDEMPTION
