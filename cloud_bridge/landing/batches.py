"""From the bytes of one message to a batch of checked events. Pure: no store, no I/O, never raises."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_bridge.contract import EventData
from cloud_bridge.topics import Lane


@dataclass(frozen=True, slots=True)
class Received:
    """One event that passed every check which needs no store: shape, source, size, own hash.

    ``body`` is its RFC 8785 canonical form without ``hash``: what was hashed, ready to be stored.
    ``data`` is typed; ``None`` for a type this version does not know (stored, without effect).
    """

    sequence: int
    hash: str
    prevhash: str
    id: str
    type: str
    time: str
    hlc: str
    body: bytes
    data: EventData | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event or a whole message was not taken. ``detail`` names the place, never content."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one lane of one incarnation, as one message brought them, in its order.

    ``refused`` tells of the first bad event: the ``events`` are those before it.
    """

    gateway_id: str
    incarnation: str
    lane: Lane
    events: tuple[Received, ...]
    refused: Refusal | None = None
