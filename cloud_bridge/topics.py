"""MQTT topics, built and parsed here and nowhere else.

``regulars/v1/{gateway_id}/up/{lane or channel}`` and ``regulars/v1/{gateway_id}/down/{kind}``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_PREFIX = "regulars/v1"
_GATEWAY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


class Lane(StrEnum):
    """A stream of journal rows with its own gapless sequence and hash chain."""

    LEDGER = "ledger"
    """Never dropped, never expires, sent first."""
    TELEMETRY = "telemetry"
    """Bounded; the oldest may be dropped, with a counted reason; flushed by size or every 15 s."""


class Up(StrEnum):
    """Channels beside the lanes on which a gateway speaks."""

    HELLO = "hello"
    """On connecting and as a heartbeat: incarnation, heads, applied replica version, figures."""
    APPLIED = "applied"
    """A replica version is durable at the gateway."""
    PRESENCE = "presence"
    """Retained; the broker writes ``offline`` here as the gateway's last will."""


class Down(StrEnum):
    """What the cloud says to one gateway."""

    ACK = "ack"
    """Retained: the heads the cloud has applied."""
    NACK = "nack"
    REPLICA = "replica"
    RIGHTS = "rights"
    """Whether the incarnation that said hello may redeem."""
    QUARANTINE = "quarantine"


class TopicError(ValueError):
    """A topic or gateway id that does not fit the scheme."""


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A gateway speaks on a lane or a channel."""

    gateway_id: str
    channel: Lane | Up


@dataclass(frozen=True, slots=True)
class DownTopic:
    """The cloud speaks to a gateway."""

    gateway_id: str
    kind: Down


def check_gateway_id(gateway_id: str) -> str:
    """Return it, or raise :class:`TopicError`: lower-case letters, digits and hyphens, 1 to 63."""
    if not _GATEWAY.match(gateway_id):
        raise TopicError(f"gateway id {gateway_id!r:.80}: use 1 to 63 of a-z, 0-9 and '-'")
    return gateway_id


def up(gateway_id: str, channel: Lane | Up) -> str:
    """The topic on which a gateway publishes."""
    return f"{_PREFIX}/{check_gateway_id(gateway_id)}/up/{channel}"


def down(gateway_id: str, kind: Down) -> str:
    """The topic on which the cloud publishes to one gateway."""
    return f"{_PREFIX}/{check_gateway_id(gateway_id)}/down/{kind}"


def all_up() -> str:
    """The filter with which the cloud subscribes to every gateway."""
    return f"{_PREFIX}/+/up/+"


def all_down(gateway_id: str) -> str:
    """The filter with which a gateway subscribes to all that is said to it."""
    return f"{_PREFIX}/{check_gateway_id(gateway_id)}/down/+"


def parse(topic: str) -> UpTopic | DownTopic:
    """Read a topic. Raises :class:`TopicError` for anything not built here."""
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != _PREFIX:
        raise TopicError(f"not a topic of ours: {topic!r:.120}")
    _, _, gateway_id, direction, tail = parts
    check_gateway_id(gateway_id)
    try:
        if direction == "down":
            return DownTopic(gateway_id, Down(tail))
        if direction == "up":
            return UpTopic(gateway_id, Lane(tail) if tail in set(Lane) else Up(tail))
    except ValueError as error:
        raise TopicError(f"unknown channel in topic {topic!r:.120}") from error
    raise TopicError(f"unknown direction in topic {topic!r:.120}")
