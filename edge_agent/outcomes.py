"""What came of one observation: the values station 5 hands to station 6. Business refusals are among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty.decide import Reason
from loyalty.identifiers import MemberId


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a member is to this store, now: the balance is as of the cloud's last word plus what happened here."""

    member: MemberId
    name: str
    language: str
    points: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Claimable:
    """A purchase paid at this counter a moment ago that nobody has claimed."""

    sale: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """A medium of a known member was shown."""

    counter: str
    standing: Standing
    claimable: Claimable | None


@dataclass(frozen=True, slots=True)
class MediumUnknown:
    """A medium that no member owns was shown; it is recorded, its points will wait."""

    counter: str


@dataclass(frozen=True, slots=True)
class SaleDecided:
    """A purchase or refund was decided for a member. ``points`` is signed; 0 with the reason why."""

    counter: str
    standing: Standing
    points: int
    total_minor: int
    currency: str
    refused: Reason | None


@dataclass(frozen=True, slots=True)
class SaleWaits:
    """A sale is kept whose points cannot be decided yet: ``link``, ``sale`` or ``claim`` is awaited."""

    counter: str
    awaits: str


@dataclass(frozen=True, slots=True)
class VisitEnded:
    """The member pressed done."""

    counter: str
    name: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class NothingToShow:
    """Recorded, and of no concern to any screen."""


Outcome = MemberSeen | MediumUnknown | SaleDecided | SaleWaits | VisitEnded | NothingToShow
