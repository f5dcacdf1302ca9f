"""The wire as an AsyncAPI 3 document, generated from the models that both ends run on.

``python -m cloud_bridge.asyncapi > docs/asyncapi.json`` writes the committed copy.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from cloud_bridge.contract import EVENT_TYPES
from cloud_bridge.envelope import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, GENESIS_HASH, Envelope
from cloud_bridge.receipts import Ack, Applied, Hello, Message, Nack, Presence, Quarantined, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Down, Lane, Up

DOCUMENT_VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_ADDRESS = "regulars/v1/{gatewayId}/"
_UP: dict[Up, type[Message]] = {Up.HELLO: Hello, Up.APPLIED: Applied, Up.PRESENCE: Presence}
_DOWN: dict[Down, type[Message]] = {
    Down.ACK: Ack,
    Down.NACK: Nack,
    Down.REPLICA: ReplicaStep,
    Down.RIGHTS: RightsStanding,
    Down.QUARANTINE: Quarantined,
}

_DESCRIPTION = f"""\
Events of a store, from its gateway to whoever subscribes, and the receipts that make them safe.

**A message on a lane** is a JSON array of 1 to {BATCH_EVENTS_MAX} events, at most {BATCH_BYTES_MAX} bytes, QoS \
1. An event is a CloudEvents 1.0 JSON object of at most {EVENT_BYTES_MAX} bytes; its attributes stand in the \
body, so MQTT 3.1.1 is enough. `data` is described under `components.schemas` by the event's `type`; ignore \
fields and types you do not know.

**Order and repetition.** In one `incarnation`, each lane is numbered by `sequence` from 1 without holes. A \
message may come twice or late: keep the highest `sequence` you applied, skip what is not above it.

**Verify a lane.** `hash` is the SHA-256, in hexadecimal, of the event without its `hash` attribute in canonical \
form (RFC 8785): object members sorted by name, no white space, UTF-8, characters above U+001F and other than \
`"` and `\\` written as they are. All names are ASCII and all numbers are integers, so any JSON library that \
sorts keys can write it. `prevhash` is the `hash` of the event before it; before the first one it is \
`{GENESIS_HASH}`.

**A gap** (`regulars.journal.gap.v1`) stands in the place of rows `first` to `last`, which are lost: its \
`sequence` is `first`, its `prevhash` the hash of row `first` - 1, and the row after `last` has `last_hash` as \
its `prevhash`. Its own `hash` is not part of the chain. `signature` is the HMAC-SHA256, keyed by the gateway's \
secret, of `gatewayid/incarnation/lane/first/last/last_hash/reason`.
"""


def document() -> dict[str, Any]:
    """The whole document, in a stable order."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Regulars: store events", "version": DOCUMENT_VERSION, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channels() -> dict[str, Any]:
    gateway = {"gatewayId": {"description": "1 to 63 of a-z, 0-9 and '-'"}}
    channels: dict[str, Any] = {}
    for lane in Lane:
        channels[f"up_{lane}"] = _channel(f"up/{lane}", "Batch", f"The {lane} lane.")
    for up, spoken in _UP.items():
        channels[f"up_{up}"] = _channel(f"up/{up}", spoken.__name__, _first_line(spoken))
    for down, told in _DOWN.items():
        channels[f"down_{down}"] = _channel(f"down/{down}", told.__name__, _first_line(told))
    return {name: channel | {"parameters": gateway} for name, channel in channels.items()}


def _channel(tail: str, message: str, description: str) -> dict[str, Any]:
    return {
        "address": _ADDRESS + tail,
        "description": description,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operations() -> dict[str, Any]:
    """As a subscriber beside the cloud sees it: gateways send on up/…, receive on down/…."""
    up = {f"send_{name}": _operation("send", f"up_{name}") for name in (*Lane, *Up)}
    down = {f"receive_{name}": _operation("receive", f"down_{name}") for name in Down}
    return up | down


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "bindings": {"mqtt": {"qos": 1}}}


def _messages() -> dict[str, Any]:
    named = {model.__name__: {"payload": {"$ref": _REF.format(model=model.__name__)}} for model in _spoken()}
    return {"Batch": {"payload": {"$ref": _REF.format(model="Batch")}}} | named


def _schemas() -> dict[str, Any]:
    models: list[type[BaseModel]] = [Envelope, *EVENT_TYPES.values(), *_spoken()]
    _, generated = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: dict[str, Any] = dict(sorted(generated["$defs"].items()))
    by_type = {name: model.__name__ for name, model in EVENT_TYPES.items()}
    schemas["Batch"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": BATCH_EVENTS_MAX,
        "items": {"$ref": _REF.format(model="Event")},
    }
    schemas["Event"] = {
        "allOf": [{"$ref": _REF.format(model="Envelope")}],
        "oneOf": [
            {
                "properties": {"type": {"const": name}, "data": {"$ref": _REF.format(model=model)}},
                "required": ["type", "data"],
            }
            for name, model in sorted(by_type.items())
        ]
        + [{"properties": {"type": {"not": {"enum": sorted(by_type)}}}}],
    }
    return schemas


def _spoken() -> list[type[Message]]:
    return [*_UP.values(), *_DOWN.values()]


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def text() -> str:
    """The document as committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
