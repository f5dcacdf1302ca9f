"""What nobody could work out again is kept twice until the cloud has it: who joined, with which card, which coupon.

Postings and rights are told again from the books when their rows are damaged (:mod:`.recovery`). A registration or a
coupon given out is in no book in the words that the cloud needs, so those words are kept beside the lane.
"""

from __future__ import annotations

from cloud_bridge.contract import EVENT_TYPES, CouponIssuedV1, MediumLinkedV1, MemberRegisteredV1, PinChangedV1
from cloud_bridge.payload import EventData
from edge_agent.journal.database import Statements

TABLES = ("CREATE TABLE second_copies(place INTEGER PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL)",)
"""What the second step of the schema adds for this room."""

KEPT_TWICE = frozenset({MemberRegisteredV1.type, MediumLinkedV1.type, PinChangedV1.type, CouponIssuedV1.type})
"""The cloud takes each of these once, however often it is told."""


def keep(connection: Statements, place: int, data: EventData) -> None:
    """Keep an event's payload a second time, if it is of a kind that needs it."""
    if data.type in KEPT_TWICE:
        text = data.model_dump_json(exclude_none=True)
        connection.execute("INSERT OR REPLACE INTO second_copies VALUES (?, ?, ?)", (place, data.type, text))


def forget(connection: Statements, through: int) -> None:
    """The cloud has everything up to a place."""
    connection.execute("DELETE FROM second_copies WHERE place <= ?", (through,))


def lost(connection: Statements, first: int, last: int) -> list[tuple[int, EventData]]:
    """Payloads of lost rows that still hold: a card blocked since, or a PIN changed again, is not told once more."""
    rows = connection.execute(
        "SELECT place, type, data FROM second_copies WHERE place BETWEEN ? AND ? ORDER BY place", (first, last)
    ).fetchall()
    told = [(place, EVENT_TYPES[kind].model_validate_json(data)) for place, kind, data in rows]
    return [(place, data) for place, data in told if _holds(connection, data)]


def _holds(connection: Statements, data: EventData) -> bool:
    match data:
        case MediumLinkedV1(medium=medium, member=member):
            row = connection.execute("SELECT member FROM local_media WHERE medium = ?", (medium,)).fetchone()
            return row is not None and row[0] == member
        case PinChangedV1(member=member, sealed=sealed):
            row = connection.execute("SELECT sealed FROM local_pins WHERE member = ?", (member,)).fetchone()
            return row is not None and row[0] == sealed
        case _:
            return True
