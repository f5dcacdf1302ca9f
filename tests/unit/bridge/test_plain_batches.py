"""The quick reader of batches takes what the careful one takes, says the same of it, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from cloud_bridge.contract import EVENT_TYPES, CardTappedV1, SaleCompletedV1, SaleLineV1, ScreenShownV1
from cloud_bridge.envelope import BATCH_EVENTS_MAX, EVENT_BYTES_MAX, GENESIS_HASH, Position, seal
from cloud_bridge.landing.batches import read_batch, read_carefully, read_plainly
from cloud_bridge.landing.plain_form import plain_form
from cloud_bridge.payload import EventData
from cloud_bridge.topics import Lane
from tests.contract.golden_events import examples

STORE, INCARNATION, LEDGER = "store-1", "ab" * 16, Lane.LEDGER


def sealed(data: EventData | dict[str, Any], kind: str = "", *, sequence: int = 1, **place: Any) -> bytes:
    position = {
        "gateway_id": STORE,
        "incarnation": INCARNATION,
        "lane": "ledger",
        "prevhash": GENESIS_HASH,
        "hlc": "001700000000000-00001",
        "time": "2026-01-01T12:00:00.000Z",
        "timequality": "synchronised",
        "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    }
    fields = data.model_dump(mode="json", exclude_none=True) if isinstance(data, BaseModel) else data
    name = data.type if isinstance(data, EventData) else kind
    return seal(name, fields, Position(sequence=sequence, **(position | place))).body


def resealed(body: bytes, old: bytes, new: bytes) -> bytes:
    """Changed as bytes, then hashed as they are: by a writer that does not care for the canonical form."""
    assert old in body
    bare = body[: body.rindex(b',"hash":"')].replace(old, new, 1)
    return b'%b,"hash":"%b"}' % (bare, hashlib.sha256(bare + b"}").hexdigest().encode())


def batch(*bodies: bytes) -> bytes:
    return b"[" + b",".join(bodies) + b"]"


def agreed(payload: bytes) -> bool:
    """Whether the quick reader took it; if so it must have said what the careful one says."""
    quick, careful = read_plainly(STORE, LEDGER, payload), read_carefully(STORE, LEDGER, payload)
    assert quick is None or quick == careful
    assert read_batch(STORE, LEDGER, payload) == careful
    return quick is not None


TAP = CardTappedV1(reader="front", medium="0" * 32, technology="nfc", trust="weak")
SALE = SaleCompletedV1.model_validate(
    {
        "sale": "S1",
        "till": "till-1",
        "currency": "GBP",
        "total_minor": -2550,
        "sold_at": "2026-01-01T12:00:00+00:00",
        "lines": [
            {"sku": "84", "name": "茶杯 ½", "qty": -2, "unit_minor": 1275},
            {"sku": "", "qty": 0, "unit_minor": 0},
        ],
    }
)

MINOR = st.integers(-(10**13), 10**13)
NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
LINE = st.builds(
    SaleLineV1,
    sku=st.text(st.characters(codec="utf-8"), max_size=80),
    name=st.text(st.characters(codec="utf-8"), max_size=200),
    qty=st.integers(-1_000_000, 1_000_000),
    unit_minor=MINOR,
)
ANY_DATA: st.SearchStrategy[EventData] = st.one_of(
    st.builds(
        CardTappedV1, reader=NAME, medium=st.from_regex("[0-9a-f]{32}", fullmatch=True), technology=NAME, trust=NAME
    ),
    st.builds(
        SaleCompletedV1,
        sale=NAME,
        till=NAME,
        currency=st.just("GBP"),
        total_minor=MINOR,
        sold_at=st.text(st.characters(codec="utf-8"), max_size=40),
        lines=st.lists(LINE, max_size=3).map(tuple),
        refund_of=st.none() | NAME,
    ),
    st.builds(ScreenShownV1, kiosk=NAME, screen=NAME, latency_us=st.integers(0, 10**12)),
)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_type_has_a_plain_form(name: str) -> None:
    assert plain_form(EVENT_TYPES[name]) is not None


@pytest.mark.parametrize("data", examples(), ids=lambda data: type(data).__name__)
def test_what_a_store_writes_is_taken_quickly(data: EventData) -> None:
    form, body = plain_form(type(data)), sealed(data)
    assert form is not None
    assert form.fullmatch(body.decode()) or isinstance(data, SaleCompletedV1)  # whose golden text needs escapes
    assert agreed(batch(body))


def test_text_beyond_ascii_is_in_plain_form_too() -> None:
    form = plain_form(SaleCompletedV1)
    assert form is not None
    assert form.fullmatch(sealed(SALE).decode())


def test_an_event_that_must_be_parsed_does_not_hold_up_its_batch() -> None:
    quoted = SALE.model_copy(update={"sale": 'the 12" stand \\ "x"'})
    unknown = sealed({"anything": [1, {"type": "x"}]}, "regulars.future.v9", sequence=3)
    assert agreed(batch(sealed(TAP), sealed(quoted, sequence=2), unknown, sealed(SALE, sequence=4)))
    assert agreed(batch(unknown, sealed(TAP, sequence=4)))


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_DATA, min_size=1, max_size=4))
def test_any_events_that_may_be_written_are_taken_alike(written: list[EventData]) -> None:
    assert agreed(batch(*(sealed(data, sequence=index) for index, data in enumerate(written, 1))))


@settings(max_examples=1_500, deadline=None)
@given(st.data())
def test_a_batch_with_any_bytes_changed_is_read_alike(data: st.DataObject) -> None:
    payload = batch(sealed(TAP), sealed(SALE, sequence=2))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        gone = data.draw(st.sampled_from([0, 0, 1, 2, 40]))
        pieces = [b"", b"0", b"-", b" ", b'"', b"\\", b",", b"{", b"}", b"[", b"]", b'"a":1,', b"\xff", b"\xc2\xa0"]
        payload = payload[:at] + data.draw(st.sampled_from(pieces)) + payload[at + gone :]
    agreed(payload)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_any_bytes_changed_under_a_hash_that_fits_them_are_read_alike(data: st.DataObject) -> None:
    body = sealed(data.draw(st.sampled_from([TAP, SALE])))
    end = body.rindex(b',"hash":"')
    at = data.draw(st.integers(0, end))
    to = min(end, at + data.draw(st.sampled_from([0, 1, 2, 20])))
    pieces = [
        b"",
        b"0",
        b"-0",
        b" ",
        b'\\"',
        b"\\u0041",
        b"1e2",
        b"1.0",
        b'"a":1,',
        b'"lines":[],',
        b"\x7f",
        b"null",
        b"A",
    ]
    agreed(batch(resealed(body, body[at:to], data.draw(st.sampled_from(pieces))) if to > at else body))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"qty":0', b'"qty":-0'),
        (b'"qty":0', b'"qty":00'),
        (b'"qty":0', b'"qty":9999999'),
        (b'"qty":0', b'"qty":0,"qty":0'),
        (b'"data":{', b'"data": {'),
        (b'"data":{', b'"data":{"aa":1,"aa":2,'),
        (b'"data":{', b'"data":{},"data":{'),
        (b'"lines":[', b'"lines":[,'),
        (b'"till":"till-1"', b'"till":"\\u0074ill-1"'),
        (b'"till":"till-1"', b'"till":"' + b"x" * 81 + b'"'),
        (b'"till":"till-1"', b'"till":""'),
        (b'"till":"till-1"', b'"till":"\xed\xa0\x80"'),
        (b'"till":"till-1"', b'"till":null'),
        (b'"currency":"GBP"', b'"currency":"GBP\\n"'),
        (b'"sequence":1', b'"sequence":01'),
        (b'"sequence":1', b'"sequence":2'),
        (b'"gatewayid":"store-1"', b'"gatewayid":"store-2"'),
        (b'"lane":"ledger"', b'"lane":"telemetry"'),
        (b'"specversion":"1.0"', b'"specversion":"1x0"'),
        (b'"specversion":"1.0"', b'"specversion":"1.0","specversion":"1.0"'),
        (b'"time":"2026-01-01T12:00:00.000Z"', b'"time":"' + b"9" * 41 + b'"'),
    ],
)
def test_what_only_looks_canonical_is_not_taken_for_it(old: bytes, new: bytes) -> None:
    body = resealed(sealed(SALE), old, new)
    assert not agreed(batch(body))
    assert not agreed(batch(sealed(TAP), body))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"qty":0', b'"qty":0.0'),
        (b'"qty":0', b'"qty":"0"'),
        (b'"hlc":"001700000000000-00001"', '"hlc":"٠٠١٧٠٠٠٠٠٠٠٠٠٠٠-00001"'.encode()),
        (b'"type":"regulars.sale', b'"type":"regulars.sold'),
    ],
)
def test_what_the_careful_reader_lets_pass_is_parsed_for_it(old: bytes, new: bytes) -> None:
    body = resealed(sealed(SALE), old, new)
    form = plain_form(SaleCompletedV1)
    assert form is not None
    assert not form.fullmatch(body.decode())
    agreed(batch(body))
    agreed(batch(sealed(TAP), body))


def test_an_event_hidden_in_a_payload_is_not_read_as_one() -> None:
    hidden = sealed(TAP).decode()
    outer = sealed({"a": orjson.loads(hidden), "b": hidden, "type": "regulars.card.tapped.v1"}, "regulars.future.v9")
    assert agreed(batch(outer))
    assert not agreed(b'[{"a":' + hidden.encode() + b"}]")
    assert not agreed(b"[[" + hidden.encode() + b"]]")
    assert not agreed(batch(sealed(TAP)).replace(b"]", b",]"))
    assert not agreed(batch(sealed(TAP), b""))
    assert not agreed(batch(sealed(TAP)) + batch(sealed(TAP)))


def test_the_limits_are_the_same_for_both_readers() -> None:
    full = [sealed(TAP, sequence=n) for n in range(1, BATCH_EVENTS_MAX + 1)]
    assert agreed(batch(*full))
    assert not agreed(batch(*full, sealed(TAP, sequence=101)))
    assert agreed(batch(sealed(TAP, sequence=2**31 - 1)))
    assert not agreed(
        batch(
            resealed(sealed(TAP), b'/1","inc', b'/2147483648","inc').replace(b'"sequence":1', b'"sequence":2147483648')
        )
    )
    lines = tuple(SALE.lines[:1] * 2_000)
    largest = sealed(SALE.model_copy(update={"lines": lines}))
    assert len(largest) < EVENT_BYTES_MAX
    assert agreed(batch(largest))
