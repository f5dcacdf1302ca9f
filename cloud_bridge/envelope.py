"""One event as it is journalled, sent and stored: CloudEvents 1.0 JSON, sealed into a hash chain.

``hash`` is the SHA-256 of the RFC 8785 canonical form of the event without its ``hash`` attribute;
``prevhash`` is the ``hash`` of the event before it in its lane (64 zeros before the first). Anyone
with a JSON parser can verify a lane; nobody can change a row without breaking every later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

EVENT_BYTES_MAX = 192 * 1024
ATTRIBUTE_BYTES_MAX = 1_024
"""More than all attributes of an event together; what is left is for ``data``."""
BATCH_EVENTS_MAX = 100
BATCH_BYTES_MAX = 256 * 1024
GENESIS_HASH = "0" * 64

_CANONICAL = orjson.OPT_SORT_KEYS


class EnvelopeError(ValueError):
    """An event that is malformed, too large, or whose hash does not fit its body."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in its lane an event goes, and when it happened as far as the gateway knows."""

    gateway_id: str
    incarnation: str
    lane: str
    sequence: int
    prevhash: str
    hlc: str
    time: str
    timequality: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event ready for the journal: ``body`` is the whole JSON object, ``hash`` included."""

    sequence: int
    hash: str
    body: bytes


class Envelope(BaseModel):
    """An event as received. Validated; ``hash`` verified by :func:`verify`."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    specversion: Annotated[str, Field(pattern=r"^1\.0$")]
    id: Annotated[str, Field(min_length=1, max_length=120)]
    source: Annotated[str, Field(min_length=1, max_length=120)]
    type: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$", max_length=80)]
    time: Annotated[str, Field(max_length=40)]
    datacontenttype: Annotated[str, Field(pattern=r"^application/json$")]
    gatewayid: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    incarnation: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    lane: Annotated[str, Field(pattern=r"^(ledger|telemetry)$")]
    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)]
    hlc: Annotated[str, Field(pattern=r"^[0-9]{15}-[0-9]{5}$")]
    timequality: Annotated[str, Field(pattern=r"^(synchronised|unsynchronised|floor)$")]
    traceparent: Annotated[str, Field(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
    prevhash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    data: dict[str, Any]


def seal(event_type: str, data: dict[str, Any], position: Position) -> Sealed:
    """Give an event its place and its hash. Raises :class:`EnvelopeError` when it is too large.

    ``data`` must be JSON-ready and hold no floats (see :mod:`cloud_bridge.contract`).
    """
    event = {
        "specversion": "1.0",
        "id": f"{position.incarnation}/{position.lane}/{position.sequence}",
        "source": f"regulars/v1/{position.gateway_id}",
        "type": event_type,
        "time": position.time,
        "datacontenttype": "application/json",
        "gatewayid": position.gateway_id,
        "incarnation": position.incarnation,
        "lane": position.lane,
        "sequence": position.sequence,
        "hlc": position.hlc,
        "timequality": position.timequality,
        "traceparent": position.traceparent,
        "prevhash": position.prevhash,
        "data": data,
    }
    canonical = orjson.dumps(event, option=_CANONICAL)
    if len(canonical) > EVENT_BYTES_MAX:
        raise EnvelopeError(f"{event_type} is {len(canonical)} bytes; at most {EVENT_BYTES_MAX} are carried")
    digest = hashlib.sha256(canonical).hexdigest()
    return Sealed(position.sequence, digest, b'%b,"hash":"%b"}' % (canonical[:-1], digest.encode()))


Unsealed = tuple[bytes, str, int, str, str, str, str]
"""A row that waits for its hash: data in RFC 8785 form (without floats), type, sequence, hlc, time, timequality,
traceparent. A plain tuple, because one is made for every event."""


class LaneSealer:
    """:func:`seal` for the rows of one lane of one incarnation, several times faster; a test holds it to ``seal``.

    It writes the canonical form directly: the attributes' order is known, and the names in them come
    from this house's own patterns and need no escaping.
    """

    __slots__ = ("_after_hlc", "_after_id", "_after_sequence", "_before_hlc", "prefix")

    def __init__(self, *, gateway_id: str, incarnation: str, lane: str) -> None:
        self.prefix = f"{incarnation}/{lane}/"
        """What the ids of this lane begin with."""
        self._before_hlc = f',"datacontenttype":"application/json","gatewayid":"{gateway_id}","hlc":"'
        self._after_hlc = f'","id":"{self.prefix}'
        self._after_id = f'","incarnation":"{incarnation}","lane":"{lane}","prevhash":"'
        self._after_sequence = f',"source":"regulars/v1/{gateway_id}","specversion":"1.0","time":"'

    def seal(self, prevhash: str, rows: Sequence[Unsealed]) -> tuple[str, list[bytes]]:
        """The hash of the last row, and the bodies of all, each chained to the one before."""
        before_hlc, after_hlc, after_id = self._before_hlc, self._after_hlc, self._after_id
        # Copying an empty digest is cheaper than asking OpenSSL for a new one.
        fresh = hashlib.sha256().copy
        rest = of_kind = of_time = of_trace = ""
        bodies = []
        for data, kind, sequence, hlc, time, timequality, traceparent in rows:
            if traceparent is not of_trace or kind is not of_kind or time is not of_time:
                # The same objects for most rows of a unit of work, and so is what follows the sequence.
                of_kind, of_time, of_trace = kind, time, traceparent
                rest = (
                    f'{self._after_sequence}{time}","timequality":"{timequality}"'
                    f',"traceparent":"{traceparent}","type":"{kind}"'
                )
            text = f'{before_hlc}{hlc}{after_hlc}{sequence}{after_id}{prevhash}","sequence":{sequence}{rest}'
            open_ended = b'{"data":' + data + text.encode()
            digest = fresh()
            digest.update(open_ended)
            digest.update(b"}")
            prevhash = digest.hexdigest()
            bodies.append(open_ended + b',"hash":"' + prevhash.encode() + b'"}')
        return prevhash, bodies


def hash_of(event: dict[str, Any]) -> str:
    """The hash an event should carry. ``event`` is the parsed object, with or without ``hash``."""
    bare = {key: value for key, value in event.items() if key != "hash"}
    return hashlib.sha256(orjson.dumps(bare, option=_CANONICAL)).hexdigest()


def verify(event: dict[str, Any]) -> None:
    """Raise :class:`EnvelopeError` unless the event carries the hash of its own body."""
    if event.get("hash") != hash_of(event):
        raise EnvelopeError(f"event {event.get('id', '?')!r:.120} does not match its hash")
