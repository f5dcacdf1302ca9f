"""What the two ends tell each other about the lanes, beside the events themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud_bridge.topics import Lane

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Incarnation = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
SEQUENCE_MAX = 2**31 - 1
Count = Annotated[int, Field(ge=0, le=2**53)]


class Message(BaseModel):
    """The root of all receipts; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Head(Message):
    """The last row of a lane that has been applied (or written): its sequence and hash."""

    sequence: Annotated[int, Field(ge=0, le=SEQUENCE_MAX)]
    hash: Hash


class Ack(Message):
    """Cloud → gateway, retained: everything up to each head is applied and durable."""

    incarnation: Incarnation
    lanes: dict[Lane, Head]


class Nack(Message):
    """Cloud → gateway: rows ``first`` to ``last`` of a lane are missing or came too early; send from ``first``."""

    incarnation: Incarnation
    lane: Lane
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]


class Quarantined(Message):
    """Cloud → gateway: two different bodies claim one sequence; nothing is applied until an operator looked."""

    incarnation: Incarnation
    lane: Lane
    sequence: Annotated[int, Field(ge=1)]
    reason: Annotated[str, Field(max_length=300)]


class LaneFigures(Message):
    """The loss ledger of one lane: ``recorded = acked + queued + dropped``, always."""

    recorded: Count
    acked: Count
    queued: Count
    dropped: Count
    dropped_by_reason: dict[str, Count] = {}
    oldest_unsent_age_s: Count = 0


class Hello(Message):
    """Gateway → cloud, on connecting and every 15 s: who speaks, where it stands, how it fares."""

    incarnation: Incarnation
    replica_epoch: Annotated[str, Field(max_length=40)] = ""
    replica_version: Count = 0
    lanes: dict[Lane, LaneFigures] = {}
    heads: dict[Lane, Head] = {}
    software: Annotated[str, Field(max_length=40)] = ""
    boot: Annotated[str, Field(max_length=40, description="Drawn at each start; comes back in RightsStanding")] = ""
    devices: dict[str, str] = {}


class Applied(Message):
    """Gateway → cloud: this version of the replica is durable here."""

    epoch: Annotated[str, Field(max_length=40)]
    version: Count


class Presence(Message):
    """Gateway → cloud, retained: connected or not. The broker says ``false`` as the last will."""

    online: bool


class RightsStanding(Message):
    """Cloud → gateway, the answer to every Hello: whether this incarnation may redeem.

    ``welcome``: thaw. ``superseded``: another incarnation has taken over, begin a new one. ``revoked``: freeze. Where
    it is not welcome the gateway gives back all it holds. ``incarnation`` is the one that greeted. ``is_first``: the
    cloud knows no earlier one of this gateway, so no receipt can have been told by a life before.
    """

    incarnation: Incarnation
    standing: Literal["welcome", "superseded", "revoked"]
    is_first: bool = False
    boot: Annotated[
        str, Field(max_length=40, description="The start that greeted: an answer to an earlier one is void")
    ] = ""
