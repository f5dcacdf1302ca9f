"""Landing reads whatever bytes come: taken whole, taken in part, or refused with a reason; never more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_bridge.envelope import BATCH_BYTES_MAX, Envelope, hash_of
from cloud_bridge.landing.batches import read_batch
from cloud_bridge.landing.sequencing import settle
from cloud_bridge.topics import Lane
from tests.unit.bridge.memory_outbox import MemoryOutbox, tap
from tests.unit.bridge.memory_store import MemoryBooks


def bodies(count: int) -> list[dict[str, Any]]:
    outbox = MemoryOutbox()
    return [json.loads(outbox.record(tap(number)).body) for number in range(1, count + 1)]


def resealed(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changed = event | changes
    return changed | {"hash": hash_of(changed)}


def refusal(events: object, gateway: str = "store-1", lane: Lane = Lane.LEDGER) -> str | None:
    payload = events if isinstance(events, bytes) else json.dumps(events).encode()
    batch = read_batch(gateway, lane, payload)
    return batch.refused.reason if batch.refused else None


def test_a_good_batch_is_taken_whole() -> None:
    batch = read_batch("store-1", Lane.LEDGER, json.dumps(bodies(3)).encode())
    assert [event.sequence for event in batch.events] == [1, 2, 3]
    assert batch.refused is None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b'[{"specversion":', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "not_a_batch"),
        (b"[]", "not_a_batch"),
        (b"[" + b"1," * 100 + b"1]", "not_a_batch"),
        (b"[1]", "malformed"),
        (b"[null]", "malformed"),
        (b'[{"specversion":"1.0"}]', "malformed"),
        (b"[NaN]", "not_json"),
        (b" " * (BATCH_BYTES_MAX + 1), "oversized"),
    ],
)
def test_bytes_that_are_no_batch_are_refused_by_name(payload: bytes, reason: str) -> None:
    assert refusal(payload) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gatewayid": "store-2"}, "wrong_gateway"),
        ({"source": "regulars/v1/store-2"}, "wrong_gateway"),
        ({"lane": "telemetry"}, "wrong_lane"),
        ({"id": "something else"}, "wrong_id"),
        ({"sequence": 0}, "malformed"),
        ({"sequence": 2**31}, "malformed"),
        ({"sequence": 2**62}, "malformed"),
        ({"hlc": "now"}, "malformed"),
        ({"prevhash": "0"}, "malformed"),
        ({"type": "Not A Type"}, "malformed"),
        ({"data": []}, "malformed"),
        ({"data": {"reader": "r"}}, "malformed"),
        ({"data": {"reader": 7, "medium": "0" * 32, "technology": "t", "trust": "weak"}}, "malformed"),
    ],
)
def test_an_event_that_is_wrong_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    assert refusal([resealed(bodies(1)[0], **changes)]) == reason


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("field", sorted(Envelope.model_fields))
@pytest.mark.parametrize("value", [None, 1, True, "", "x", "1", "\n", [], {}, "a" * 64 + "\n", "٣" * 64])
def test_the_glance_takes_nothing_that_the_envelope_refuses(position: int, field: str, value: Any) -> None:
    events = bodies(2)
    events[position] = (
        resealed(events[position], **{field: value}) if field != "hash" else events[position] | {field: value}
    )
    try:
        Envelope.model_validate(events[position])
        sound = events[position]["sequence"] == position + 1 and field not in (
            "id",
            "source",
            "gatewayid",
            "incarnation",
            "lane",
            "data",
        )
    except ValidationError:
        sound = False
    assert (refusal(events) is None) == sound


def test_an_event_without_one_of_its_attributes_is_refused_wherever_it_stands() -> None:
    for field in Envelope.model_fields:
        for position in (0, 1):
            events = bodies(2)
            del events[position][field]
            assert refusal(events) == "malformed"


def test_a_changed_body_under_the_old_hash_is_refused() -> None:
    event = bodies(1)[0]
    event["data"]["medium"] = "f" * 32
    assert refusal([event]) == "wrong_hash"


def test_an_event_nested_too_deeply_to_be_written_again_is_refused() -> None:
    event = bodies(1)[0]
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    event["data"]["extra"] = deep
    assert refusal([event]) == "malformed"


def test_an_event_that_is_too_large_is_refused() -> None:
    event = bodies(1)[0]
    event["data"]["padding"] = "x" * (200 * 1024)
    assert refusal([resealed(event)]) == "oversized"


def test_incarnations_do_not_mix_in_a_batch() -> None:
    first, second = bodies(2)
    other = "f" * 32
    second = resealed(second, incarnation=other, id=f"{other}/ledger/2")
    assert refusal([first, second]) == "mixed_incarnations"


def test_what_stands_before_a_bad_event_is_taken() -> None:
    events = bodies(5)
    events[3]["data"]["medium"] = "f" * 32
    batch = read_batch("store-1", Lane.LEDGER, json.dumps(events).encode())
    assert [event.sequence for event in batch.events] == [1, 2, 3]
    assert batch.refused is not None
    assert batch.refused.reason == "wrong_hash"


def test_a_type_of_a_later_version_is_taken_without_effect() -> None:
    event = resealed(bodies(1)[0], type="regulars.drone.landed.v9", data={"height_mm": 3})
    batch = read_batch("store-1", Lane.LEDGER, json.dumps([event]).encode())
    assert batch.refused is None
    assert batch.events[0].data is None


def test_a_refusal_never_quotes_what_was_sent() -> None:
    event = resealed(bodies(1)[0], data={"reader": "Wang Fang 13800138000", "medium": "Wang Fang"})
    batch = read_batch("store-1", Lane.LEDGER, json.dumps([event]).encode())
    assert batch.refused is not None
    assert "Wang" not in batch.refused.detail


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_no_bytes_raise(payload: bytes) -> None:
    settle([read_batch("store-1", Lane.LEDGER, payload)], MemoryBooks())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*bodies(1)[0], "extra"]), _JSON), min_size=1, max_size=3), st.booleans())
def test_no_event_with_strange_fields_raises_or_breaks_the_books(changes: list[tuple[str, Any]], reseal: bool) -> None:
    event = bodies(1)[0] | dict(changes)
    try:
        event = resealed(event) if reseal else event
        payload = json.dumps([event]).encode()
    except (TypeError, ValueError):
        return  # cannot be written as JSON at all
    books = MemoryBooks()
    result = settle([read_batch("store-1", Lane.LEDGER, payload)], books)
    assert result.applied in (0, 1)
    for stream, head in books.heads.items():
        assert stream.gateway_id == "store-1"
        assert head.sequence == 1
