"""API shapes of coupons."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_bridge.payload import Key, Member
from cloud_crm.members.schemas import Reason

ISSUE_MEMBERS_MAX = 10_000
ISSUE_CODES_MAX = 10_000


class IssueBody(BaseModel):
    """To whom a coupon is issued: to members, or as single-use codes that anybody may show."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: Annotated[Key, Field(description="Name of the campaign; the same key issues to the same member once ever")]
    members: Annotated[tuple[Member, ...], Field(max_length=ISSUE_MEMBERS_MAX)] = ()
    codes: Annotated[int, Field(ge=0, le=ISSUE_CODES_MAX, description="How many single-use codes")] = 0
    gateway: Annotated[
        str, Field(max_length=63, description="Store where the codes can be used even offline; else where first shown")
    ] = ""
    reason: Reason

    @model_validator(mode="after")
    def _one_kind(self) -> IssueBody:
        if bool(self.members) == bool(self.codes):
            raise ValueError("write members, or codes, and not both")
        return self


class WithdrawBody(BaseModel):
    """Why a coupon is taken back."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Reason


class InstanceView(BaseModel):
    """One coupon that was given."""

    instance: str
    coupon: str
    name: str
    member: str
    source: str
    issued_by: str
    issued_at: str
    last_day: str
    worth_minor: int
    used_at: str | None
    used_gateway: str
    used_sale: str
    withdrawn_at: str | None

    @property
    def is_open(self) -> bool:
        """Whether it may still be used."""
        return self.used_at is None and self.withdrawn_at is None


class RefusedView(BaseModel):
    """Who did not get one, and why."""

    member: str
    why: str


class IssueAnswer(BaseModel):
    """What became of an issue: ``codes`` are shown this once, only their hashes are kept."""

    issued: list[InstanceView]
    codes: list[str]
    refused: list[RefusedView]


class CouponView(BaseModel):
    """A coupon of the programme, what is gone of its budget, and how its instances fare. A limit of 0 is none."""

    coupon: str
    name: str
    kind: str
    starts: str
    ends: str
    member_uses_max: int
    campaign_uses_max: int
    liability_minor_max: int
    liability_minor: int
    currency: str
    issued: int
    used: int
    open: int
    withdrawn: int
    in_programme: bool
