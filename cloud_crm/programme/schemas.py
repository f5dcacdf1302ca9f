"""API shapes of the programme."""

from __future__ import annotations

from pydantic import BaseModel


class ProgrammeView(BaseModel):
    """A programme in force, who set it, since when, and its replica version."""

    name: str
    currency: str
    points: int
    per_minor: int
    minimum_minor: int
    source: str
    since: str
    version: int
