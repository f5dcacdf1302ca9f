"""API shapes of what is to be looked at."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud_crm.members.schemas import Reason


class DisputeView(BaseModel):
    """A fact that a store told and that could not be applied."""

    event: str
    gateway: str
    kind: str = Field(description="The event's type")
    reason: str = Field(description="Why, as a word")
    member: str
    at: str


class DoubleView(BaseModel):
    """A member who gave the phone number of another."""

    member: str
    name: str
    joined_on: str
    duplicate_of: str
    first_name: str
    first_joined_on: str
    referred_by: str | None = Field(description="Who brought them, and is not paid for it until somebody has looked")


class OpenDisputes(BaseModel):
    """All that is to be looked at."""

    disputes: list[DisputeView]
    doubles: list[DoubleView]


class Settlement(BaseModel):
    """Somebody has looked at a fact, and done what was to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    event: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]+$", description="As listed")]
    reason: Reason
