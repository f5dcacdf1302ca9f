"""From the bytes of one message to a batch of checked events. Pure: no store, no I/O, never raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple, cast

import orjson
from pydantic import ValidationError

from cloud_bridge.contract import EVENT_TYPES, JournalGapV1, PointsPostedV1
from cloud_bridge.envelope import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, Envelope
from cloud_bridge.landing.plain_form import OPEN_END_GROUP, plain_form
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import SEQUENCE_MAX
from cloud_bridge.topics import Lane

_DETAIL_LENGTH_MAX = 200
_validate = Envelope.__pydantic_validator__.validate_python
_READERS: dict[str, Callable[[Any], EventData]] = {
    name: payload.__pydantic_validator__.validate_python for name, payload in EVENT_TYPES.items()
}
_EFFECTS: dict[str, Callable[[str], PointsPostedV1 | JournalGapV1]] = {
    PointsPostedV1.type: PointsPostedV1.__pydantic_validator__.validate_json,
    JournalGapV1.type: JournalGapV1.__pydantic_validator__.validate_json,
}
_PLAIN_FORMS = {name: form for name, payload in EVENT_TYPES.items() if (form := plain_form(payload)) is not None}
_TYPE_KEY = '"type":"'
_END = re.compile(r',"hash":"[0-9a-f]{64}"\}(?=,\{|\]\Z)')
_same_in_a_batch = itemgetter("specversion", "datacontenttype", "source", "gatewayid", "incarnation", "lane")
_own_to_each = itemgetter("time", "hlc", "timequality", "traceparent", "prevhash", "hash")
_SOUND = re.compile(
    r"[^\n]{0,40}\n[0-9]{15}-[0-9]{5}\n(?:synchronised|unsynchronised|floor)"
    r"\n00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\n[0-9a-f]{64}\n[0-9a-f]{64}"
)


class Received(NamedTuple):
    """One event that passed every check which needs no store: shape, source, size, own hash.

    ``body`` is its RFC 8785 canonical form without ``hash``: what was hashed, ready to be stored.
    ``effect`` is the typed payload where landing acts on it (points posted, a gap), else ``None``: every
    payload of a known type was checked, but most are only stored.
    """

    sequence: int
    hash: str
    prevhash: str
    id: str
    type: str
    time: str
    hlc: str
    body: bytes
    effect: PointsPostedV1 | JournalGapV1 | None

    @property
    def data(self) -> EventData | None:
        """The payload, typed, read from ``body`` at each call; ``None`` for a type this version does not know."""
        payload = EVENT_TYPES.get(self.type)
        return None if payload is None else payload.model_validate(orjson.loads(self.body)["data"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event or a whole message was not taken. ``detail`` names the place, never content."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one lane of one incarnation, as one message brought them, in its order.

    ``refused`` tells of the first bad event: the ``events`` are those before it. ``incarnation`` is
    empty when not even the first event could be read.
    """

    gateway_id: str
    incarnation: str
    lane: Lane
    events: tuple[Received, ...]
    refused: Refusal | None = None


class _RefusedError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.refusal = Refusal(reason, detail[:_DETAIL_LENGTH_MAX])


def read_batch(gateway_id: str, lane: Lane, payload: bytes) -> Batch:
    """Read a message that came on this gateway's lane, whatever its bytes are."""
    return read_plainly(gateway_id, lane, payload) or read_carefully(gateway_id, lane, payload)


def read_plainly(gateway_id: str, lane: Lane, payload: bytes) -> Batch | None:
    """What :func:`read_carefully` returns, several times faster; ``None`` where it must look itself.

    The message is cut into stretches that are each known to be one whole JSON object, with nothing but
    commas between them: what any parser would see. An event in its plain form is canonical as it
    stands, so its hash is taken over what came. Tests hold the two readers to each other.
    """
    if len(payload) > BATCH_BYTES_MAX or payload[:1] != b"[" or payload[-1:] != b"]":
        return None
    try:
        return _cut(gateway_id, lane, payload.decode())
    except (ValueError, _RefusedError):
        return None


def _cut(gateway_id: str, lane: Lane, text: str) -> Batch | None:
    events: list[Received] = []
    incarnation, at, end = "", 1, len(text) - 1
    while len(events) < BATCH_EVENTS_MAX:
        kind_at = text.find(_TYPE_KEY, at) + len(_TYPE_KEY)
        form = _PLAIN_FORMS.get(kind := text[kind_at : text.find('"', kind_at)])
        match = form.match(text, at) if form is not None else None
        if match is None:
            incarnation, event, at = _parsed_alone(text, at, (gateway_id, incarnation, lane))
        else:
            data, gateway, hlc, event_id, own, its_lane, digits, prevhash, time, _, claimed = match.groups()
            incarnation = incarnation or own
            body = text[at : match.start(OPEN_END_GROUP)].encode() + b"}"
            if own != incarnation or gateway != gateway_id or its_lane != lane or sha256(body).hexdigest() != claimed:
                return None
            read = _EFFECTS.get(kind)
            effect = read(data) if read is not None else None
            event = Received(int(digits), claimed, prevhash, event_id, kind, time, hlc, body, effect)
            at = match.end()
        if event.sequence > SEQUENCE_MAX or len(event.body) > EVENT_BYTES_MAX:
            return None
        events.append(event)
        if at == end:
            return Batch(gateway_id, incarnation, lane, tuple(events))
        if text[at] != ",":
            return None
        at += 1
    return None


def _parsed_alone(text: str, at: int, belongs: tuple[str, str, Lane]) -> tuple[str, Received, int]:
    """An event not in its plain form: where it seems to end, it must prove to be one JSON object.

    Returns its incarnation, itself, and where it ends.
    """
    end = _END.search(text, at)
    if end is None:
        raise ValueError(at)
    item = orjson.loads(text[at : end.end()])
    gateway_id, incarnation, lane = belongs
    if not (incarnation and _is_plainly_sound(item, belongs)):
        envelope = _envelope("", item)
        incarnation = incarnation or envelope.incarnation
        _check_belonging("", envelope, (gateway_id, incarnation, lane))
    return incarnation, _received(lane, 0, item), end.end()


def read_carefully(gateway_id: str, lane: Lane, payload: bytes) -> Batch:
    """Parse a message, look at each event, and name what is wrong with the first that is not taken."""
    events: list[Received] = []
    incarnation = ""
    try:
        for index, item in enumerate(_items(payload)):
            if not (events and _is_plainly_sound(item, (gateway_id, incarnation, lane))):
                place = f"{lane}[{index}]"
                envelope = _envelope(place, item)
                incarnation = incarnation or envelope.incarnation
                _check_belonging(place, envelope, (gateway_id, incarnation, lane))
            events.append(_received(lane, index, item))
    except _RefusedError as refused:
        return Batch(gateway_id, incarnation, lane, tuple(events), refused.refusal)
    return Batch(gateway_id, incarnation, lane, tuple(events))


def _is_plainly_sound(item: Any, belongs: tuple[str, str, Lane]) -> bool:
    """Whether an event is one that :class:`Envelope` and :func:`_check_belonging` take, seen at a glance.

    A third of their cost, for the many events that are as they should be. False decides nothing:
    then those two look, and say what is wrong.
    """
    gateway_id, incarnation, lane = belongs
    try:
        sequence, data = item["sequence"], item["data"]
        return (
            _same_in_a_batch(item)
            == ("1.0", "application/json", f"regulars/v1/{gateway_id}", gateway_id, incarnation, lane)
            and type(sequence) is int
            and 1 <= sequence <= SEQUENCE_MAX
            and item["id"] == f"{incarnation}/{lane.value}/{sequence}"
            and item["type"] in EVENT_TYPES
            and type(data) is dict
            and _SOUND.fullmatch("\n".join(_own_to_each(item))) is not None
        )
    except (KeyError, TypeError):
        return False


def _items(payload: bytes) -> list[Any]:
    if len(payload) > BATCH_BYTES_MAX:
        raise _RefusedError("oversized", f"{len(payload)} bytes; at most {BATCH_BYTES_MAX}")
    try:
        items = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _RefusedError("not_json", f"at byte {error.pos} of {len(payload)}") from error
    if not isinstance(items, list):
        raise _RefusedError("not_a_batch", f"expected an array of events, not {type(items).__name__}")
    if not 1 <= len(items) <= BATCH_EVENTS_MAX:
        raise _RefusedError("not_a_batch", f"{len(items)} events; 1 to {BATCH_EVENTS_MAX} are taken")
    return items


def _envelope(place: str, item: Any) -> Envelope:
    try:
        return cast("Envelope", _validate(item))
    except ValidationError as error:
        raise _RefusedError("malformed", f"{place}: {_where(error)}") from error


def _check_belonging(place: str, envelope: Envelope, belongs: tuple[str, str, Lane]) -> None:
    """An event speaks only for the gateway on whose topic it came, and a batch for one incarnation."""
    gateway_id, incarnation, lane = belongs
    if envelope.gatewayid != gateway_id or envelope.source != f"regulars/v1/{gateway_id}":
        raise _RefusedError("wrong_gateway", f"{place} names another gateway than its topic")
    if envelope.lane != lane:
        raise _RefusedError("wrong_lane", f"{place} names another lane than its topic")
    if envelope.incarnation != incarnation:
        raise _RefusedError("mixed_incarnations", f"{place} is of another incarnation than the batch")
    if envelope.id != f"{incarnation}/{lane}/{envelope.sequence}":
        raise _RefusedError("wrong_id", f"{place}: id is not incarnation/lane/sequence")


def _received(lane: Lane, index: int, item: dict[str, Any]) -> Received:
    """Verify the hash of an event whose envelope is sound, and read its payload. Takes ``hash`` out of it."""
    claimed = item.pop("hash")
    try:
        body = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise _RefusedError("malformed", f"{lane}[{index}] is nested too deeply") from error
    if len(body) > EVENT_BYTES_MAX:
        raise _RefusedError("oversized", f"{lane}[{index}] has {len(body)} bytes; at most {EVENT_BYTES_MAX}")
    if sha256(body).hexdigest() != claimed:
        raise _RefusedError("wrong_hash", f"{lane}[{index}] does not match its hash")
    kind = item["type"]
    read = _READERS.get(kind)
    try:
        data = None if read is None else read(item["data"])
    except ValidationError as error:
        raise _RefusedError("malformed", f"{lane}[{index}].data ({kind}): {_where(error)}") from error
    effect = data if isinstance(data, PointsPostedV1 | JournalGapV1) else None
    return Received(
        item["sequence"], claimed, item["prevhash"], item["id"], kind, item["time"], item["hlc"], body, effect
    )


def _where(error: ValidationError) -> str:
    """Fields and kinds of fault, without the values: they may be personal."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'event'} {fault['type']}" for fault in faults[:3])
