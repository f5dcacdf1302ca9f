"""Golden files: what the edge writes today is byte for byte what is pinned, and the cloud still reads all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cloud_bridge.contract import EVENT_TYPES
from cloud_bridge.landing.batches import read_batch
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.payload import EventData
from cloud_bridge.topics import Lane
from edge_agent.journal.lanes.events import canonical
from tests.contract.golden_events import EARLIER, SECRET, examples, pinned, sealed
from tests.unit.bridge.memory_store import MemoryBooks

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def test_every_event_type_has_a_golden_file() -> None:
    assert {path.stem for path in FILES} == EARLIER | set(pinned())
    assert set(EVENT_TYPES) <= {path.stem for path in FILES}


@pytest.mark.parametrize("name", pinned())
def test_the_edge_writes_what_is_pinned(name: str) -> None:
    assert sealed(pinned()[name]).body == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", pinned())
def test_the_journal_writes_the_payload_that_is_pinned(name: str) -> None:
    assert b'{"data":' + canonical(pinned()[name]) + b',"datacontenttype"' in (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_examples_fill_every_field_that_can_be_filled(name: str) -> None:
    filled: dict[type[BaseModel], set[str]] = {EVENT_TYPES[name]: set()}
    for data in examples():
        if data.type == name:
            for part in _parts(data):
                filled.setdefault(type(part), set()).update(part.model_fields_set)
    assert {kind.__name__: fields for kind, fields in filled.items()} == {
        kind.__name__: set(kind.model_fields) for kind in filled
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_cloud_reads_what_was_pinned(path: Path) -> None:
    body = path.read_bytes()
    event = json.loads(body)
    batch = read_batch("store-1", Lane(event["lane"]), b"[" + body + b"]")
    assert batch.refused is None
    (received,) = batch.events
    assert isinstance(received.data, EVENT_TYPES[event["type"]])
    assert received.data.model_dump(mode="json", exclude_unset=True) == event["data"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_hash_is_that_of_the_canonical_form(path: Path) -> None:
    event = json.loads(path.read_bytes())
    claimed = event.pop("hash")
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == claimed


def test_a_field_added_later_does_not_stop_this_version() -> None:
    for data in examples():
        event = json.loads(sealed(data).body)
        del event["hash"]
        event |= {"addedlater": "x", "data": event["data"] | {"added_later": 7}}
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        event["hash"] = hashlib.sha256(canonical).hexdigest()
        batch = read_batch("store-1", data.lane, json.dumps([event]).encode())
        assert batch.refused is None
        assert batch.events[0].data == data


def test_the_signature_of_a_pinned_gap_is_accepted() -> None:
    books = MemoryBooks()
    books.secrets["store-1"] = SECRET
    batch = read_batch("store-1", Lane.LEDGER, b"[" + (GOLDEN / "regulars.journal.gap.v1.json").read_bytes() + b"]")
    assert settle([batch], books).refusals == []


def _parts(data: EventData) -> Iterator[BaseModel]:
    """A payload and the parts it is made of."""
    yield data
    for name in type(data).model_fields:
        value = getattr(data, name)
        if isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, BaseModel))
