"""Golden files: what the edge writes today is byte for byte what is pinned, and the cloud still reads it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from cloud_bridge.contract import EVENT_TYPES, EventData
from cloud_bridge.landing.batches import read_batch
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.topics import Lane
from tests.contract.golden_events import SECRET, examples, sealed
from tests.unit.bridge.memory_store import MemoryBooks

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def test_every_event_type_has_a_golden_file() -> None:
    assert {path.stem for path in FILES} == set(EVENT_TYPES)


@pytest.mark.parametrize("data", examples(), ids=lambda data: data.type)
def test_the_edge_writes_what_is_pinned(data: EventData) -> None:
    assert sealed(data).body == (GOLDEN / f"{data.type}.json").read_bytes()


@pytest.mark.parametrize("data", examples(), ids=lambda data: data.type)
def test_the_example_fills_every_field_that_can_be_filled(data: EventData) -> None:
    alternatives = {"regulars.code.scanned.v1": {"medium"}}
    assert set(type(data).model_fields) - data.model_fields_set <= alternatives.get(data.type, set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_cloud_reads_what_was_pinned(path: Path) -> None:
    body = path.read_bytes()
    lane = Lane(json.loads(body)["lane"])
    batch = read_batch("store-1", lane, b"[" + body + b"]")
    assert batch.refused is None
    (event,) = batch.events
    assert isinstance(event.data, EVENT_TYPES[path.stem])
    written = json.loads(body)["data"]
    read = event.data.model_dump(mode="json")
    assert {key: read[key] for key in written} == written


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
