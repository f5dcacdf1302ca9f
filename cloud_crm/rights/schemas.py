"""API shapes of rights."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

REASON_CHARS_MAX = 200
Reason = Annotated[
    str,
    Field(min_length=1, max_length=REASON_CHARS_MAX, pattern=r"^[^\x00-\x1f]+$", description="Why; kept for the audit"),
]
ActKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Drawn by the caller, once per act")]
Points = Annotated[int, Field(ge=1, le=10**9, description="Whole points")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Revocation(_Asked):
    """Give a gateway up, or let it back in."""

    reason: Reason


class WriteOff(_Asked):
    """Give up what is in suspense of one gateway: of one member, or of all members as far as the cap goes."""

    reason: Reason
    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    points: Points | None = None
    key: ActKey | None = None

    @model_validator(mode="after")
    def _a_part_is_named(self) -> Self:
        if self.points is not None and (self.member is None or self.key is None):
            raise ValueError("a number of points needs the member, and a key of the act, so that it counts once")
        return self


class Goodwill(_Asked):
    """Points at the merchant's expense. ``key`` names the act: the same key gives once."""

    reason: Reason
    points: Points
    key: ActKey


class LossView(BaseModel):
    """What the merchant bears. Each side is capped for itself."""

    cap: int
    written_off: int
    goodwill: int


class HoldingView(BaseModel):
    """One gateway's part of one member's account."""

    member: str
    currency: str
    held: int
    suspense: int
    written_off: int
    recalled: int


class ActionView(BaseModel):
    """What an operator did."""

    action: str
    actor: str
    reason: str
    member: str | None
    points: int
    at: str


class GatewayRights(BaseModel):
    """What is out at one gateway."""

    gateway: str
    standing: str = Field(description="greeted, revoked, or new: never greeted")
    incarnation: str | None
    earlier_incarnations: int
    accounts: int = Field(description="Accounts of which it holds something now")
    points_held: int
    coupons_held: int
    points_owed: int = Field(description="Taken back there beyond what it held: paid by later earning")
    points_in_suspense: int = Field(description="Held by earlier incarnations: spent or not, nobody has told")
    points_written_off: int
    points_recalled: int
    losses: LossView
    in_suspense: list[HoldingView] = Field(description="The largest, at most so many as a page shows")
    actions: list[ActionView]


class PlaceView(BaseModel):
    """One gateway's part of one member's points."""

    gateway: str
    held: int
    suspense: int


class MemberRights(BaseModel):
    """Where every point of a member is: ``available + out + suspense = balance``, always."""

    member: str
    balance: int
    available: int = Field(description="Leased to nobody: may go to any store the member is seen in")
    out: int = Field(description="Leased to stores, which may let them be redeemed without asking")
    suspense: int = Field(description="Held by stores that were restored or given up: spent or not, nobody has told")
    places: list[PlaceView]


class Done(BaseModel):
    """Points that were moved, and those that the cap left where they were."""

    points: int
    left: int
