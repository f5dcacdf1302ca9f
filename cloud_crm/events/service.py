"""Questions to the recorded events, and the line each makes in a live feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from cloud_bridge.landing.batches import Received
from cloud_crm.database import Database
from cloud_crm.events import repository
from cloud_crm.events.repository import StoredEvent
from cloud_crm.events.schemas import EventPage, EventView, FeedItem

_GLANCE = (
    "reader",
    "scanner",
    "till",
    "kiosk",
    "device",
    "sale",
    "choice",
    "screen",
    "state",
    "awaits",
    "reason",
)
_GLANCE_OF = {
    "regulars.alert.changed.v1": ("kind", "subject", "state"),
    "regulars.stock.changed.v1": ("slot", "units", "cause"),
    "regulars.stock.discrepancy.v1": ("kind", "slot", "units"),
}
"""What says most of events whose own words are not among the usual ones."""
_GLANCE_FIELDS_MAX = 3
_TEXT_LENGTH_MAX = 40


class EventService:
    """The recorded events of one tenant, read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, *, position: int, limit: int, gateway_id: str | None) -> EventPage:
        """Events that landed after a position, oldest first."""
        with self._database.read() as connection:
            found, reached = repository.after(connection, position=position, limit=limit, gateway_id=gateway_id)
        views = [EventView(position=event.position, event=orjson.loads(event.sealed)) for event in found]
        return EventPage(events=views, next=reached)

    def newest(self, gateway_id: str, *, limit: int) -> list[FeedItem]:
        """A store's latest events, newest first, as feed lines."""
        with self._database.read() as connection:
            found = repository.newest(connection, gateway_id, limit=limit)
        return [feed_item_of_stored(event) for event in found]


def feed_item_of_stored(stored: StoredEvent) -> FeedItem:
    """The feed line of an event in the database."""
    event = orjson.loads(stored.sealed)
    return _item(stored.lane, stored.sequence, event)


def feed_item(lane: str, received: Received) -> FeedItem:
    """The feed line of an event that has just landed."""
    return _item(lane, received.sequence, orjson.loads(received.body))


def _item(lane: str, sequence: int, event: Mapping[str, Any]) -> FeedItem:
    found = [event["data"].get(name) for name in _GLANCE_OF.get(event["type"], _GLANCE)]
    words = [str(value)[:_TEXT_LENGTH_MAX] for value in found if isinstance(value, str | int) and value != ""]
    return FeedItem(
        lane=lane,
        sequence=sequence,
        type=event["type"],
        time=event["time"] if _is_time(event["time"]) else None,
        glance=" · ".join(words[:_GLANCE_FIELDS_MAX]),
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
