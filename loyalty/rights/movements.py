"""What gateway and cloud tell each other about rights: facts upwards, grants downwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from loyalty.identifiers import GatewayId

Incarnation = NewType("Incarnation", str)
"""One unbroken life of a gateway's disk; a restored or copied disk begins another."""

MovementId = NewType("MovementId", str)
"""Names the business fact (a sale, a reward taken), never a message: sent again under a new incarnation, it stays."""

GrantId = NewType("GrantId", str)

POINTS_MAX = 1_000_000_000
"""The most points one movement, grant or reservation may name."""


class Kind(StrEnum):
    """What happened to points at a gateway."""

    EARNED = "earned"
    UNEARNED = "unearned"
    """A purchase was given back, so what it earned is taken back."""
    REDEEMED = "redeemed"
    RESTORED = "restored"
    """What was redeemed was given back, so the member has the points again."""
    RETURNED = "returned"
    """The gateway ends (part of) its lease. Nobody else can."""


class Refusal(StrEnum):
    """Why nothing moved. A refusal is an answer, not an error."""

    NOT_A_NUMBER_OF_POINTS = "not_a_number_of_points"
    DUPLICATE = "duplicate"
    OTHER_GATEWAY = "other_gateway"
    OTHER_INCARNATION = "other_incarnation"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    FROZEN = "frozen"
    NOT_ENOUGH_RIGHTS = "not_enough_rights"
    NOT_ENOUGH_AVAILABLE = "not_enough_available"
    NOT_IN_SUSPENSE = "not_in_suspense"
    RESERVATIONS_FULL = "reservations_full"
    NO_SUCH_RESERVATION = "no_such_reservation"
    MADE_ELSEWHERE = "made_elsewhere"
    ALREADY_RESTORED = "already_restored"
    OVER_THE_CAP = "over_the_cap"


@dataclass(frozen=True, slots=True)
class Movement:
    """One fact of a gateway about one account. ``points`` > 0; :class:`Kind` gives the direction.

    ``incarnation`` is the one in which it happened, also when a later one sends it: it says whose lease it settles.
    ``original`` names the redemption that a restoration undoes.
    """

    movement_id: MovementId
    kind: Kind
    gateway: GatewayId
    incarnation: Incarnation
    points: int
    original: MovementId | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The cloud leases ``points`` more to one incarnation of one gateway.

    ``total`` is everything granted to that incarnation so far, this grant included. It makes a grant heal the loss of
    those before it, and makes a repeated or overtaken one recognisable for good with a single number kept.
    """

    grant_id: GrantId
    gateway: GatewayId
    incarnation: Incarnation
    points: int
    total: int


def whole(points: int) -> bool:
    """Whether this is a number of points that may move: 1 to :data:`POINTS_MAX`."""
    return 0 < points <= POINTS_MAX
