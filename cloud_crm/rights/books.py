"""Rights within one transaction: accounts are opened locked, moved by the rules of loyalty.rights, and saved once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from cloud_crm.database import draw_versions
from cloud_crm.rights import accounts, losses, standings
from cloud_crm.rights.accounts import POINTS, AccountKey, KeptAccount
from cloud_crm.rights.tables import rights_movements
from loyalty.identifiers import GatewayId, MemberId
from loyalty.rights import account as rules
from loyalty.rights.account import NOBODY, Account, GrantRequest
from loyalty.rights.losses import recover
from loyalty.rights.movements import GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.sizing import SizingPolicy, grant_size
from loyalty.rights.standing import Standing

_NOT_KEPT = GrantId("")
"""A grant is known by its total; nothing refers to a single one."""


@dataclass(frozen=True, slots=True)
class RightsTerms:
    """How much a gateway is leased, and what the merchant bears at most for each kind of loss, in points."""

    sizing: SizingPolicy = field(default_factory=SizingPolicy)
    loss_cap_points: int = 0


class RightsBooks:
    """Open what is concerned, move it, :meth:`save`. One per transaction: locks are taken by :meth:`open` alone."""

    def __init__(self, connection: Connection, terms: RightsTerms, *, at: str) -> None:
        self._connection = connection
        self._terms = terms
        self._at = at
        self._accounts: dict[AccountKey, KeptAccount] = {}
        self._standings: dict[GatewayId, Standing] = {}
        self._movements: list[tuple[str, int, str, str, int, str, str]] = []
        self.recovered: list[tuple[AccountKey, MovementId, int]] = []
        """Points that had been written off and turned out to be spent, and the fact that told."""

    def open(self, keys: Collection[AccountKey], gateways: Iterable[str]) -> None:
        """Lock the accounts, opened where new, and the standing of every gateway whose part of them may be written."""
        homes = accounts.members_homes(self._connection, keys)
        places = {*homes.values(), *accounts.strangers_homes(self._connection, keys), *gateways}
        self._standings |= standings.shared(self._connection, places - {NOBODY})
        locked = accounts.lock(self._connection, keys)
        for key, kept in locked.items():
            home = homes.get(key.member, kept.home)
            if kept.home != home:
                kept.home, kept.is_changed = home, True
        self._accounts |= locked

    def account(self, key: AccountKey) -> KeptAccount:
        """An account that was opened."""
        return self._accounts[key]

    def known_movements(self, movement_ids: Collection[str]) -> set[str]:
        """Those of these facts that were applied before."""
        query = select(rights_movements.c.movement_id).where(rights_movements.c.movement_id.in_(movement_ids))
        return set(self._connection.scalars(query)) if movement_ids else set()

    def settle(self, key: AccountKey, movement: Movement, *, is_posting: bool) -> None:
        """Apply a fact that was not applied before. Those that are postings are known by the ledger."""
        kept = self._accounts[key]
        gateway = movement.gateway
        standing = self._standings.get(gateway, standings.UNKNOWN)
        settled = rules.settle(kept.books, movement, standing=standing, known=())
        if isinstance(settled, Refusal):
            return
        _put(kept, settled.account, gateway)
        term = kept.term(gateway)
        if movement.incarnation == standing.current:
            term.incarnation = movement.incarnation
            term.returned += movement.points if movement.kind is Kind.RETURNED else 0
        if settled.recovered:
            self.recovered.append((key, movement.movement_id, settled.recovered))
        if not is_posting:
            self._movements.append(
                (movement.movement_id, kept.account_id, gateway, movement.kind, movement.points,
                 movement.incarnation, self._at)
            )  # fmt: skip

    def issue(self, key: AccountKey, points: int) -> None:
        """Points arise (or, below zero, are taken back) in the cloud itself."""
        if points == 0:
            return
        kept = self._accounts[key]
        after = rules.issue(kept.books, points) if points > 0 else rules.unissue(kept.books, -points)
        if isinstance(after, Account):
            _put(kept, after, NOBODY if points < 0 else None)

    def put_in_doubt(self, key: AccountKey, gateway: GatewayId, points: int, name: MovementId) -> None:
        """Points that an earlier life of a gateway may have credited already, and let be spent: as if it told of it."""
        kept = self._accounts[key]
        posted = Movement(name, Kind.EARNED, gateway, Incarnation(""), points)
        credited = rules.credit(kept.books, posted, in_doubt=True, known=())
        if not isinstance(credited, Refusal):
            _put(kept, credited.account, gateway)
            if credited.recovered:
                self.recovered.append((key, name, credited.recovered))

    def home_of(self, key: AccountKey) -> GatewayId | None:
        """The gateway that is leased first."""
        return self._accounts[key].home

    def may_be_leased(self, key: AccountKey) -> bool:
        """Whether something is free, or the account has no home yet."""
        kept = self._accounts[key]
        return kept.books.avail > 0 or kept.home is None

    def standing(self, gateway: str) -> Standing:
        """How the cloud stands with a gateway that was opened; what is retired is not told."""
        return self._standings.get(GatewayId(gateway), standings.UNKNOWN)

    def top_up_home(self, key: AccountKey) -> None:
        """Something became free: lease it where the member is at home."""
        home = self._accounts[key].home
        if home is not None:
            self.top_up(key, home)

    def top_up(self, key: AccountKey, gateway: GatewayId) -> None:
        """The member was seen at a gateway: lease what is free, at home first."""
        kept = self._accounts[key]
        if kept.home is None:
            kept.home, kept.is_changed = gateway, True
        for lessee in (gateway,) if kept.home == gateway else (kept.home, gateway):
            if kept.books.avail:
                points = grant_size(kept.books, lessee, home=kept.home, policy=self._terms.sizing)
                if points > 0:
                    self.lease(key, lessee, points)

    def lease(self, key: AccountKey, gateway: GatewayId, points: int) -> Refusal | None:
        """Grant to the current incarnation of a gateway; why not, where it cannot be."""
        kept = self._accounts[key]
        standing = self._standings.get(gateway, standings.UNKNOWN)
        if standing.current is None:
            return Refusal.REVOKED
        request = GrantRequest(_NOT_KEPT, gateway, standing.current, points)
        granted = rules.grant(kept.books, request, standing=standing)
        if isinstance(granted, Refusal):
            return granted
        _put(kept, granted.account, gateway)
        kept.term(gateway).incarnation = standing.current
        kept.told.add(gateway)
        return None

    def recall(self, key: AccountKey, points: int) -> None:
        """Ask those who hold most for ``points`` in all; what was asked before and not yet returned counts."""
        kept = self._accounts[key]
        wanted = points
        for gateway, lease in sorted(kept.books.leases.items(), key=lambda one: -one[1].held):
            term = kept.term(gateway)
            asked = max(0, term.recalled - term.returned)
            more = min(max(0, wanted - asked), max(0, lease.held - asked))
            wanted -= asked + more
            if more:
                term.recalled += more
                kept.touched.add(gateway)
                kept.told.add(gateway)

    def show_goodwill(self, key: AccountKey, points: int) -> bool:
        """Give points at the merchant's expense; whether the cap has room."""
        kept = self._accounts[key]
        done = rules.goodwill(kept.books, losses.lock(self._connection, cap=self._terms.loss_cap_points), points)
        if isinstance(done, Refusal):
            return False
        losses.keep(self._connection, done.losses)
        _put(kept, done.account)
        return True

    def write_off(self, key: AccountKey, gateway: GatewayId, points: int) -> Refusal | None:
        """Give up points in suspense; why not, where it cannot be."""
        kept = self._accounts[key]
        loss = losses.lock(self._connection, cap=self._terms.loss_cap_points)
        done = rules.write_off(kept.books, loss, gateway, points)
        if isinstance(done, Refusal):
            return done
        losses.keep(self._connection, done.losses)
        _put(kept, done.account, gateway)
        return None

    def save(self) -> None:
        """Write everything back. Draws replica versions, so nothing may be locked after it."""
        if self.recovered:
            self._recover()
        told = [(kept, gateway) for kept in self._accounts.values() for gateway in sorted(kept.told)]
        for (kept, gateway), version in zip(told, draw_versions(self._connection, len(told)), strict=True):
            kept.term(gateway).version = version
        accounts.save(self._connection, self._accounts.values())
        accounts.add_movements(self._connection, self._movements)

    def _recover(self) -> None:
        loss = losses.lock(self._connection, cap=self._terms.loss_cap_points)
        losses.keep(self._connection, recover(loss, sum(points for _, _, points in self.recovered)))


def _put(kept: KeptAccount, after: Account, gateway: GatewayId | None = None) -> None:
    kept.books = after
    kept.is_changed = True
    if gateway is not None:
        kept.touched.add(gateway)


def points_of(member: MemberId) -> AccountKey:
    """The key of a member's points."""
    return AccountKey(member, POINTS)
