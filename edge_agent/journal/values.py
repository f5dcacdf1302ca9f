"""What goes into the journal and comes out of it, and the errors of this room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cloud_bridge.envelope import BATCH_EVENTS_MAX
from cloud_bridge.payload import EventData
from cloud_bridge.topics import Lane, check_gateway_id
from edge_agent.clock import datetime_of, ms_of
from loyalty.identifiers import GatewayId, MemberId
from loyalty.rights.movements import Incarnation, Movement
from loyalty.rights.wallet import Redemption

IN_FLIGHT_ROWS_MAX = 16 * BATCH_EVENTS_MAX
"""The most rows an uplink may have sent without knowing whether they arrived."""


class JournalError(Exception):
    """The root of this room's errors. ``place`` is a file or a row, ``remedy`` what a technician can do."""

    def __init__(self, problem: str, *, place: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}. {remedy}")
        self.problem = problem
        self.place = place
        self.remedy = remedy


class JournalFull(JournalError):
    """There is no room for another row; nothing was recorded."""


class JournalClosed(JournalError):
    """The journal was closed, or is closing; nothing was recorded."""


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where the journal lies and how much it may hold.

    ``secret`` signs gap statements. ``disk_bytes_max`` 0 means what the file system has.
    ``acked_rows_kept`` rows per lane stay after their acknowledgement, for people to look at.
    """

    path: Path
    gateway_id: str
    secret: bytes
    telemetry_rows_max: int = 50_000
    disk_bytes_max: int = 0
    ballast_bytes: int = 4 * 1024 * 1024
    acked_rows_kept: int = 1_000
    in_flight_rows_max: int = IN_FLIGHT_ROWS_MAX

    def __post_init__(self) -> None:
        check_gateway_id(self.gateway_id)
        if not self.secret:
            raise ValueError("the journal needs the gateway's secret to sign gap statements")


class Recorded(NamedTuple):
    """An event in its place in the journal. ``attempts`` counts decisions that were begun on it before."""

    event_id: str
    lane: Lane
    sequence: int
    incarnation: str
    hlc: str
    traceparent: str
    data: EventData
    attempts: int = 0

    @property
    def at(self) -> datetime:
        """When it was recorded, as far as the gateway knows."""
        return datetime_of(ms_of(self.hlc))


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A receipt as the books keep it. Amounts in minor units; ``points`` is what stands of it, signed."""

    sale: str
    till: str
    currency: str
    total_minor: int
    refunded_minor: int
    points: int
    member: MemberId | None
    medium: str | None
    refund_of: str | None
    fingerprint: str
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody showed a medium at a counter; ``member`` when the replica knew whose it is.

    ``is_strong``: what they showed cannot be copied.
    """

    counter: str
    medium: str
    member: MemberId | None
    at: datetime
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Deferred:
    """The fact ``event_id`` cannot be decided before ``key`` (a medium, a sale …) arrives."""

    event_id: str
    awaits: str
    key: str


@dataclass(frozen=True, slots=True)
class BalanceAsOf:
    """The cloud's balance of ``as_of`` plus what this store posted since."""

    points: int
    as_of: datetime | None


class ExpiringPoints(NamedTuple):
    """Available points whose last day is ``last_day``."""

    last_day: date
    points: int


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A member as the replica holds them. ``balance`` is the cloud's, without later postings of this store.

    So are ``pending`` and ``owed`` (points), ``qualifying`` (what counts towards a tier) and ``purchases``.
    ``birthday`` is MM-DD or empty, ``pin`` the sealed verifier or empty, ``contact`` a phone number with its middle
    hidden.
    """

    member: MemberId
    name: str
    language: str
    balance: int
    as_of: datetime | None
    included_sequence: int
    joined_on: date | None = None
    birthday: str = ""
    tier: str | None = None
    tier_ends: date | None = None
    qualifying: int = 0
    purchases: int = 0
    pending: int = 0
    owed: int = 0
    expiring: tuple[ExpiringPoints, ...] = ()
    referral_code: str = ""
    was_referred: bool = False
    contact: str = ""
    consents: dict[str, bool] = field(default_factory=dict)
    pin: str = ""


@dataclass(frozen=True, slots=True)
class Usable:
    """What a member has, and how much of it can be spent here and now: "you can use 120 of 480 points here".

    ``balance`` is what is available anywhere, without points past their last day; never below 0: what is missing is
    ``owed``. All but ``points`` is the cloud's word of ``as_of`` plus what happened here since.
    """

    points: int
    balance: int
    pending: int
    owed: int
    as_of: datetime | None
    is_frozen: bool
    """Nothing can be redeemed here until the cloud has been heard."""


class StandingWord(StrEnum):
    """What the cloud says of an incarnation: see :class:`cloud_bridge.receipts.RightsStanding`."""

    WELCOME = "welcome"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class RightsState:
    """The incarnation in force, when it ``began``, and what the cloud has said of it.

    ``is_first``: no life of this gateway went before. While ``is_frozen``, wallets only earn and give back.
    """

    gateway: GatewayId
    incarnation: Incarnation
    began: datetime
    standing: StandingWord | None
    is_first: bool
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class KeptRedemption:
    """A redemption made here: whose, of what (``points`` or ``coupon/INSTANCE``), for which sale, when."""

    redemption: Redemption
    member: str
    currency: str
    sale: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptMovement:
    """A movement of rights that has happened here."""

    movement: Movement
    member: str
    currency: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A fact whose decision kept failing; a person must look at it."""

    event_id: str
    type: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the journal holds beside its lanes."""

    undecided: int
    set_aside: int
    deferred: int
    sales: int
    postings: int
    members: int
    media: int


@dataclass(frozen=True, slots=True)
class TailRow:
    """One journal row for people: ``state`` is ``acked`` or ``queued``; ``body`` the sealed JSON."""

    incarnation: str
    lane: Lane
    sequence: int
    state: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Rows ``first`` to ``last`` that are missing or do not fit the hash chain.

    ``before_hash`` is the hash of row ``first - 1``, ``last_hash`` that of row ``last``: the good
    rows on both sides carry them.
    """

    number: int
    incarnation: str
    lane: Lane
    first: int
    last: int
    before_hash: str
    last_hash: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a look at every row found. ``gaps`` are losses already stated; ``damages`` are new."""

    rows: int
    gaps: int
    damages: tuple[Damage, ...]

    @property
    def ok(self) -> bool:
        """Whether every row that should be here is here, unchanged."""
        return not self.damages


def day_told(text: str) -> date | None:
    """A local date as the cloud writes them; ``None`` for what is none: a member must not suffer for a wrong day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
