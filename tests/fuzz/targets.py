"""What is fuzzed: one target per parser, each with the promise that its inputs must not break.

``feed`` takes any bytes and raises only when a promise is broken. The promises are the same everywhere: errors are
the parser's own, what is yielded is within its bounds, and after garbage a good message is read as a fresh parser
reads it.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cloud_bridge.envelope import EnvelopeError, verify
from cloud_bridge.landing.batches import read_batch
from cloud_bridge.receipts import Ack, Hello, Nack
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Lane, TopicError, parse
from devices.card_readers.pn532_frames import FrameDecoder
from devices.code_scanners.lines import LineFormat, LineFramer, ScannedLine
from devices.code_scanners.phone_code import phone_code
from devices.contacts.w1_text import NoTemperature, temperature
from devices.input_events.events import EventDecoder, TimeBits
from devices.input_events.typed_lines import LineTyping, TypingSettings, typed_format
from devices.input_events.uids import UidFormat
from devices.ntag424.ev2 import Handshake, Refused
from devices.ntag424.ndef import LinkUnreadable, link_in
from devices.ntag424.sun import find_message, is_signed, reading_of
from devices.observations import CODE_LENGTH_MAX, CardUid
from devices.sensors.discovery import Discovery
from devices.sensors.mapping import MappingError, parse_mapping
from devices.sensors.payload import Payload, Unreadable
from devices.sensors.switchboard import Switchboard
from devices.sensors.template import TemplateRefused, understand
from devices.sensors.zigbee2mqtt import Zigbee2Mqtt
from devices.shelf.hx711_frames import BITS, HIGHEST, LOWEST, Flaw, Frame, sample
from devices.shelf.samples import Reading, Samples
from devices.store_bus.messages import Heard
from devices.tills.csv_receipts import receipts
from devices.tills.csv_rows import CsvSettings
from devices.tills.message_fields import MessageRejected
from devices.tills.quote_message import parse_quote
from devices.tills.sale_message import parse_sale
from devices.tills.signature import is_signed as is_signed_by_till
from devices.virtual.wedge import typed_records
from edge_agent.config.problems import ConfigError, parse_toml
from edge_agent.shelves.planogram import COLUMNS, load_planogram

_KEY = bytes(range(1, 17))
_PN532_GOOD = bytes.fromhex("0000ff06fad54b0101000800d600") + bytes.fromhex("0000ff00ff00")
_SALE = {
    "sale_id": "R-1",
    "till": "till-1",
    "currency": "CNY",
    "lines": [{"sku": "4006381333931", "name": "Milk", "quantity": 2, "unit_minor": 129}],
    "total_minor": 258,
    "sold_at": "2026-01-31T17:05:00+08:00",
}
_BASKET = {"key": "K-1", "till": "till-1", "currency": "CNY", "lines": _SALE["lines"], "points": 10}
_CONFIG_TOPIC = "homeassistant/sensor/shelf/a1/config"
_CONFIG = {
    "name": "a1",
    "unique_id": "a1",
    "device_class": "weight",
    "unit_of_measurement": "g",
    "state_topic": "shelf/a1",
    "value_template": "{{ value_json.weight | float }}",
}
_CSV = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
_CSV_ROW = "1,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
_W1 = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
_SUN = "https://x.example/t?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"


@dataclass(frozen=True, slots=True)
class Target:
    """One parser. ``seeds`` are inputs that it takes, from which others are made; ``modules`` where it lives."""

    name: str
    feed: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    share: float = 1.0
    """How many inputs it gets, beside the others: less for one that reads files."""


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """The first byte says where the rest is cut in two."""
    place = data[0] % (len(data) or 1) if data else 0
    return data[1 : 1 + place], data[1 + place :]


def _pn532(data: bytes) -> None:
    head, tail = _cut(data)
    cut, whole = FrameDecoder(), FrameDecoder()
    assert cut.feed(head) + cut.feed(tail) == whole.feed(head + tail), "the same bytes, the same frames"
    cut.reset()
    assert cut.feed(_PN532_GOOD) == FrameDecoder().feed(_PN532_GOOD), "after a reset it is as new"


def _scanner(data: bytes) -> None:
    head, tail = _cut(data)
    for line_format in (LineFormat(), LineFormat(b"<", b">>", "gb18030"), LineFormat(encoding="latin-1")):
        cut, whole = LineFramer(line_format), LineFramer(line_format)
        told = cut.feed(head) + cut.feed(tail)
        assert told == whole.feed(head + tail), "the same bytes, the same codes"
        assert all(1 <= len(one.text) <= CODE_LENGTH_MAX for one in told if isinstance(one, ScannedLine))
        cut.silence()
        assert not cut.mid_code
        good = line_format.prefix + b"]E04006381333931" + (line_format.suffix or b"\r\n")
        assert cut.feed(good) == [ScannedLine("4006381333931", "ean13")], "after a silence it is as new"


def _wedge(data: bytes) -> None:
    head, tail = _cut(data)
    bits = TimeBits.NARROW if data[:1] > b"\x80" else TimeBits.WIDE
    cut, whole = EventDecoder(bits), EventDecoder(bits)
    assert cut.feed(head) + cut.feed(tail) == whole.feed(head + tail), "the same bytes, the same events"
    lines = LineTyping(TypingSettings(path=Path("x"), time_bits=64), typed_format(aim_ids=True))
    told = lines.feed(head) + lines.feed(tail)
    assert all(1 <= len(one.text) <= CODE_LENGTH_MAX for one in told if isinstance(one, ScannedLine))
    lines.silence()
    again = lines.feed(typed_records("4006381333931", time_bits=TimeBits.WIDE))
    assert [one.text.swapcase() for one in again if isinstance(one, ScannedLine)] == ["4006381333931"]


def _uids(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for uid_format in (UidFormat(), UidFormat("decimal"), UidFormat("decimal", "reversed", 10)):
        uid = uid_format.uid(text)
        assert uid is None or (isinstance(uid, CardUid) and 4 <= len(uid.number) <= 10)


def _hx711(data: bytes) -> None:
    samples = Samples(3, stuck_after=5)
    for place in range(0, len(data) - 4, 5):
        part = data[place : place + 5]
        frame = Frame(
            int.from_bytes(part[:3], "big") & ((1 << BITS) - 1), part[3] * 1e-6, part[4] * 1e-5, bool(part[4] & 1)
        )
        found = sample(frame, total_s_max=0.002)
        assert isinstance(found, Flaw) or LOWEST < found < HIGHEST
        said = samples.take(found)
        if isinstance(said, Reading):
            assert LOWEST <= said.counts <= HIGHEST


def _w1(data: bytes) -> None:
    found = temperature(data.decode("latin-1"))
    assert isinstance(found, NoTemperature) or -55.0 <= found <= 125.0


def _sale(data: bytes) -> None:
    try:
        sale = parse_sale(data)
    except MessageRejected as refusal:
        assert refusal.problems
    else:
        assert sale.total_minor == sum(line.quantity * line.unit_minor for line in sale.lines)
    assert not is_signed_by_till(data.decode("latin-1"), b"{}", b"a secret of sixteen bytes or more")


def _quote(data: bytes) -> None:
    try:
        parse_quote(data)
    except MessageRejected as refusal:
        assert refusal.problems


def _csv(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for said in receipts(text.splitlines(), settings=CsvSettings("GBP")):
        assert said is not None
    good = list(receipts((_CSV + _CSV_ROW).splitlines(), settings=CsvSettings("GBP")))
    assert len(good) == 1


def _discovery(data: bytes) -> None:
    board = Switchboard([Discovery(), Zigbee2Mqtt()], sensors_max=50)
    board.hear(Heard(_CONFIG_TOPIC, json.dumps(_CONFIG).encode(), is_retained=True), 0.0)
    known = len(board)
    for topic in ("homeassistant/sensor/x/y/config", "homeassistant/device/x/config", "zigbee2mqtt/bridge/devices"):
        board.hear(Heard(topic, data), 1.0)
    board.hear(Heard("shelf/a1", data), 2.0)
    assert len(board) >= known, "what was announced well stays"
    told = board.hear(Heard("shelf/a1", b'{"weight": 12.5}'), 3.0)
    assert any(getattr(one, "value", None) == 12.5 for one in told), "and is heard as before"


def _template(data: bytes) -> None:
    head, tail = _cut(data)
    try:
        template = understand("{{" + head.decode("utf-8", "replace") + "}}")
    except TemplateRefused:
        return
    try:
        template(Payload(tail))
    except Unreadable:
        return


def _mapping(data: bytes) -> None:
    try:
        parse_mapping(data.decode("utf-8", "replace"))
    except MappingError as error:
        assert str(error)


def _sun(data: bytes) -> None:
    message = find_message(data.decode("utf-8", "replace"))
    if message is None:
        return
    reading = reading_of(message, _KEY)
    if reading is not None:
        assert not is_signed(message, reading, _KEY), "nobody forges a signature by chance"


def _ndef(data: bytes) -> None:
    try:
        link_in(data)
    except LinkUnreadable:
        return


def _ev2(data: bytes) -> None:
    head, tail = _cut(data)
    handshake = Handshake(_KEY, bytes(16))
    with contextlib.suppress(Refused):
        assert len(handshake.answer(head)) == 38
    try:
        handshake.finish(tail)
    except Refused:
        return
    raise AssertionError("nobody guesses a proof")


def _phone(data: bytes) -> None:
    found = phone_code(data.decode("utf-8", "replace"))
    assert found is None or 0 <= found.at_s <= 2**53


def _batch(data: bytes) -> None:
    for lane in Lane:
        batch = read_batch("store-1", lane, data)
        assert batch.events or batch.refused is not None or not data.strip(b"[] \t\r\n")


def _envelope(data: bytes) -> None:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(event, dict):
        return
    try:
        verify(event)
    except EnvelopeError:
        return


def _downlink(data: bytes) -> None:
    for message in (ReplicaStep, Ack, Nack, Hello):
        try:
            message.model_validate_json(data)
        except ValidationError:
            continue


def _topic(data: bytes) -> None:
    try:
        parse(data.decode("utf-8", "replace"))
    except TopicError:
        return


_FOLDER = tempfile.TemporaryDirectory(prefix="regulars-fuzz-")


def _planogram(data: bytes) -> None:
    file = Path(_FOLDER.name) / "planogram.csv"
    file.write_bytes(data)
    try:
        load_planogram(file)
    except ConfigError as error:
        assert error.remedy


def _toml(data: bytes) -> None:
    file = Path(_FOLDER.name) / "edge.toml"
    file.write_bytes(data)
    try:
        parse_toml(file)
    except ConfigError as error:
        assert error.remedy


def _text(value: object) -> bytes:
    return json.dumps(value).encode()


TARGETS: tuple[Target, ...] = (
    Target("pn532_frames", _pn532, (b"\x05" + _PN532_GOOD, b"\x02" + _PN532_GOOD[:9])),
    Target("scanner_lines", _scanner, (b"\x03]Q1code\r\nnext\r\n", b"\x02<\xe4>>", b"\x01" + b"x" * 200)),
    Target("input_events", _wedge, (b"\x20" + typed_records("Ab-1", time_bits=TimeBits.WIDE),), share=0.5),
    Target("typed_uids", _uids, (b"04A1B2C3", b"0077705923", b"04:a1:b2:c3:d4:e5:80")),
    Target("hx711_bits", _hx711, (bytes.fromhex("0123450a0b") * 6, bytes.fromhex("7fffff0103") * 4)),
    Target("w1_text", _w1, (_W1.encode(),)),
    Target("till_sales", _sale, (_text(_SALE),)),
    Target("till_baskets", _quote, (_text(_BASKET),)),
    Target("till_csv", _csv, ((_CSV + _CSV_ROW).encode(),), share=0.5),
    Target(
        "sensor_announcements", _discovery, (_text(_CONFIG), b'[{"ieee_address": "0x1"}]', b'{"cmps": {"a": {}}}'), 0.5
    ),
    Target("sensor_templates", _template, (b"\x10value_json.weight|float{}", b"\x06value{1}")),
    Target("sensor_mapping", _mapping, (b'[[sensors]]\ntopic = "a/b"\nmeasure = "weight"\n',), share=0.5),
    Target("sun_links", _sun, (_SUN.encode(), b"https://x/?uid=04A1B2C3D4E580&ctr=000001&cmac=0011223344556677")),
    Target("ndef_links", _ndef, (b"\xd1\x01\x0bU\x04x.example/",)),
    Target("ev2_answers", _ev2, (b"\x12" + bytes(16) + b"\x91\xaf" + bytes(32) + b"\x91\x00",)),
    Target("phone_codes", _phone, (b"RG1." + b"A" * 118, b"RGE1." + b"A" * 139)),
    Target("cloud_batches", _batch, (b"[]", b'[{"id":"x","source":"/gateways/store-1","sequence":1,"data":{}}]')),
    Target("cloud_envelopes", _envelope, (b'{"id":"x","hash":"00","prevhash":"00","data":{}}',)),
    Target("downlink_messages", _downlink, (b'{"epoch":"e","from_version":0,"to_version":1}', b'{"first":1}')),
    Target("topics", _topic, (b"regulars/v1/store-1/up/ledger", b"regulars/v1/store-1/down/ack")),
    Target("planograms", _planogram, (",".join(COLUMNS).encode() + b"\n",), share=0.2),
    Target("toml_files", _toml, (b'[gateway]\nid = "store-1"\n[[devices]]\nname = "a"\n',), share=0.2),
)


def by_name(name: str) -> Target:
    """The target called ``name``. Raises ``KeyError``."""
    return {target.name: target for target in TARGETS}[name]


__all__ = ["TARGETS", "Target", "by_name"]
