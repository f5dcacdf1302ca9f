"""Everything there is in one history: members' accounts, gateways and their copies, and what is on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from loyalty.identifiers import GatewayId
from loyalty.rights.account import Account
from loyalty.rights.invariants import Truth
from loyalty.rights.losses import LossAccount
from loyalty.rights.movements import Grant, Incarnation, Movement, MovementId
from loyalty.rights.sizing import SizingPolicy
from loyalty.rights.standing import Standing
from loyalty.rights.wallet import Redemption, Wallet
from simulation.swarm.rules import Rules

Handler = Callable[["World", Any], None]


@dataclass(slots=True)
class Purse:
    """One account of one member: the cloud's books, and the truth beside them."""

    number: int
    home: GatewayId
    single_home: bool
    coupon: bool
    truth: Truth
    account: Account
    posted: int
    """What the balance must be by the facts applied, write-offs and goodwill."""
    applied: set[MovementId] = field(default_factory=set)
    facts: dict[MovementId, Movement] = field(default_factory=dict)
    grants: dict[GatewayId, Grant] = field(default_factory=dict)
    """The last grant to each gateway, sent again until it is heard."""
    earned: dict[MovementId, int] = field(default_factory=dict)
    """Purchases and the points of them that can still be given back."""
    redeemed: dict[MovementId, int] = field(default_factory=dict)
    """Redemptions and the points of them that can still really be undone."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A disk at one moment: what a restore or a copy brings back."""

    wallets: tuple[Wallet, ...]
    journal: tuple[tuple[int, Movement], ...]
    acknowledged: int
    redemptions: dict[MovementId, Redemption]
    facts_written: int
    incarnation: Incarnation
    decided: frozenset[MovementId]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A sale as the till remembers it: its disk is another one than the gateway's."""

    name: MovementId
    number: int
    points: int
    incarnation: Incarnation
    """The gateway's when it was sold."""


@dataclass(slots=True)
class Gateway:
    """One machine that bears a gateway's name; after cloning there are two with the same name.

    ``witness`` is the length of the journal at the last redemption, kept on other storage where there is one.
    ``forked`` is the length of the journal when its disk last fell back unnoticed.
    """

    name: GatewayId
    incarnation: Incarnation
    wallets: list[Wallet]
    snapshot: Snapshot | None = None
    journal: list[tuple[int, Movement]] = field(default_factory=list)
    acknowledged: int = 0
    redemptions: dict[MovementId, Redemption] = field(default_factory=dict)
    sessions: list[tuple[int, str]] = field(default_factory=list)
    facts_written: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    decided: set[MovementId] = field(default_factory=set)
    has_witness: bool = False
    witness: int = 0
    is_proven: bool = True
    """False from a start without a witness until the cloud has welcomed it: it only earns."""
    forked: int | None = None
    restored: bool = False
    boots: int = 0
    heard: bool = False
    online: bool = True
    alive: bool = True

    @property
    def is_first_life(self) -> bool:
        """Whether this disk was never restored or copied."""
        return not self.restored

    def may_spend(self, number: int) -> bool:
        """Whether rights in this wallet are within reach: not where the disk fell back and only a welcome could thaw.

        That welcome brings what was forgotten to light.
        """
        return self.forked is None or not self.wallets[number].frozen

    def photograph(self) -> Snapshot:
        """The disk as it is now."""
        return Snapshot(
            tuple(self.wallets), tuple(self.journal), self.acknowledged, dict(self.redemptions), self.facts_written,
            self.incarnation, frozenset(self.decided),
        )  # fmt: skip

    def next_fact(self, wallet: Wallet) -> MovementId:
        """An identifier no fact bore before in this incarnation."""
        self.facts_written += 1
        return MovementId(f"{wallet.incarnation}/{self.facts_written}")


@dataclass(slots=True)
class Faults:
    """Chances of the network, each 0 to 1."""

    lost: float
    late: float
    twice: float


@dataclass(slots=True)
class Tally:
    """What a history, or many, amounted to.

    ``affordable`` are redemptions at a store that was offline, of an amount the member chose and rightly had, and
    ``accepted`` those that the store allowed: of members who shop in one store, of those who shop anywhere, and of
    either after a gateway was restored, copied, dead or revoked, or at one that started offline without a witness.
    """

    steps: int = 0
    redemptions: int = 0
    affordable: int = 0
    accepted: int = 0
    affordable_roaming: int = 0
    accepted_roaming: int = 0
    affordable_disturbed: int = 0
    accepted_disturbed: int = 0

    def add(self, other: Tally) -> None:
        """Take another history's figures in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class World:
    """A history in progress."""

    rng: Random
    rules: Rules
    faults: Faults
    policy: SizingPolicy
    purses: list[Purse]
    gateways: list[Gateway]
    standings: dict[GatewayId, Standing]
    losses: LossAccount
    tally: Tally
    wire: list[tuple[Handler, Any]] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)
    """The last row applied of each journal, by the incarnation on its envelope."""
    violations: list[str] = field(default_factory=list)
    days: int = 0
    serial: int = 0
    disturbed: bool = False
    """A disk was restored or copied, or a gateway died: no ordinary day any more."""

    def new_incarnation(self, name: GatewayId) -> Incarnation:
        """An incarnation nobody had before."""
        self.serial += 1
        return Incarnation(f"{name}{self.serial}")

    def send(self, handler: Handler, message: Any) -> None:
        """Hand a message to the network, which may lose, delay or repeat it."""
        faults = self.faults
        luck = self.rng.random()
        if luck < faults.lost:
            return
        if luck < faults.lost + faults.late:
            self.wire.append((handler, message))
            return
        handler(self, message)
        if luck > 1 - faults.twice:
            self.wire.append((handler, message))
