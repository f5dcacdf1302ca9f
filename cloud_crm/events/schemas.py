"""API shapes of events."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class EventView(BaseModel):
    """One recorded event: the sealed CloudEvent, and where it landed here."""

    position: int
    event: dict[str, Any]


class EventPage(BaseModel):
    """Events, oldest first; go on with ``?after=`` ``next``."""

    events: list[EventView]
    next: int = Field(description="Nothing up to this position needs to be asked for again")


class FeedItem(BaseModel):
    """One line of a store's live feed."""

    lane: str
    sequence: int
    type: str
    time: str | None = Field(description="The store's stamp; absent when it is no time")
    glance: str = Field(description="What is worth a glance, without names or numbers of media")
