"""What the cloud sends down: members, media and programme, as resumable versioned steps.

Every change in the cloud gets the next ``version``. A step carries all rows changed after
``from_version`` up to ``to_version``; a step from 0 replaces everything the gateway had (a
snapshot is nothing but the steps from 0). ``epoch`` names one life of the cloud's database: when it
differs from the gateway's, the gateway starts again from 0.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cloud_bridge.contract import Medium, Member
from cloud_bridge.receipts import Count, Head, Incarnation, Message
from cloud_bridge.topics import Lane

STEP_ROWS_MAX = 1_000
STEP_BYTES_MAX = 512 * 1024


class ReplicaMember(Message):
    """One member as the store needs them: a name to greet with, and the cloud's balance."""

    member: Member
    name: Annotated[str, Field(max_length=80)]
    language: Annotated[str, Field(max_length=10)] = ""
    balance: int
    version: Count


class ReplicaMedium(Message):
    """A medium and whose it is; ``member`` is ``None`` once it is unlinked or blocked."""

    medium: Medium
    member: Member | None
    version: Count


class ReplicaProgramme(Message):
    """The programme now in force; see :class:`loyalty.programme.Programme`."""

    name: str
    currency: str
    points: int
    per_minor: int
    minimum_minor: int
    version: Count


class ReplicaStep(Message):
    """Cloud → gateway. Balances include this gateway's rows up to ``included`` (per lane head)."""

    epoch: Annotated[str, Field(max_length=40)]
    from_version: Count
    to_version: Count
    latest_version: Count
    as_of: Annotated[str, Field(max_length=40, description="RFC 3339, the cloud's clock")]
    incarnation: Incarnation
    included: dict[Lane, Head] = Field(default_factory=dict)
    programme: ReplicaProgramme | None = None
    members: Annotated[tuple[ReplicaMember, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    media: Annotated[tuple[ReplicaMedium, ...], Field(max_length=STEP_ROWS_MAX)] = ()
    removed: Annotated[tuple[Member, ...], Field(max_length=STEP_ROWS_MAX)] = ()
