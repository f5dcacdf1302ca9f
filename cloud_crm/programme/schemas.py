"""API shapes of the programme."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ConcernView(BaseModel):
    """A doubt about a programme that can be used: the key, what would happen, what to write instead."""

    key: str
    says: str
    remedy: str


class ProgrammeView(BaseModel):
    """A programme in force, who set it, since when, and its replica version."""

    name: str
    currency: str
    points: int
    per_minor: int
    minimum_minor: int
    source: str
    set_by: str
    since: str
    version: int
    document: dict[str, Any] = Field(description="The whole programme file")
    warnings: list[ConcernView] = Field(description="What is doubtful about it, above all where it would lose money")
