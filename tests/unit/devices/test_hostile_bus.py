"""Whoever may write on the bus may write anything: no message ends the hearing or makes the gateway hear itself."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from devices.observations import ConditionChanged, Observation
from devices.readings import Measure, SensorFound, SensorLost, SensorRead
from devices.sensors.discovery import Discovery
from devices.sensors.payload import NESTING_MAX, Unreadable, parse_json
from devices.sensors.switchboard import SENSORS_OF_NODE_MAX, Switchboard
from devices.sensors.zigbee2mqtt import Zigbee2Mqtt
from devices.store_bus import Heard

SCALE: dict[str, Any] = {"dev_cla": "weight", "unit_of_meas": "g", "stat_t": "n/w", "avty_t": "n/s", "uniq_id": "u1"}
KEYS = ("enc", "pl_on", "pl_off", "pl_avail", "p", "avty", "avty_mode", "o", "dev", "stat_t", "~", "val_tpl", "cmps")
EXPOSED = {"type": "binary", "name": "occupancy", "property": "occupancy", "value_on": True, "value_off": False}
DEEP = b"[" * 1_000 + b"]" * 1_000
MARKED = b'"\\u001b[31m\\u202e@everyone\\n<script>"'
HOSTILE = (
    DEEP,
    b'{"t":' * 900 + b"1" + b"}" * 900,
    b'[{"t":"n/s","pl_avail":' + DEEP + b"}]",
    MARKED,
    b"1e308",
    b"null",
)
STATES = (DEEP, b"1e308", b"nan", b"\xff", b'{"state":' + DEEP + b"}", b"9" * 400)


def hear_all(topic: str, announcement: bytes) -> tuple[Switchboard, list[Observation]]:
    board = Switchboard([Discovery(), Zigbee2Mqtt()], sensors_max=50)
    told = board.hear(Heard(topic, announcement), 0.0)
    for wanted in board.take_wanted():
        for state in STATES:
            told += board.hear(Heard(wanted, state), 100.0)
    return board, told


def still_hears(board: Switchboard) -> bool:
    """Whether a sensor that means well is heard beside it."""
    board.hear(
        Heard("homeassistant/sensor/good/a/config", orjson.dumps({**SCALE, "stat_t": "w", "uniq_id": "good"})), 200.0
    )
    return any(isinstance(one, SensorRead) and one.value == 12.5 for one in board.hear(Heard("w", b"12.5"), 201.0))


def spoilt(table: dict[str, Any], key: str, value: bytes) -> bytes:
    return orjson.dumps({**table, key: "@@"}).replace(b'"@@"', value)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", KEYS)
def test_no_field_of_an_announcement_ends_the_hearing(key: str, value: bytes) -> None:
    door = {**SCALE, "dev_cla": "door"}
    for topic, said in (
        ("homeassistant/sensor/n/a/config", spoilt(SCALE, key, value)),
        ("homeassistant/binary_sensor/n/a/config", spoilt(door, key, value)),
        ("homeassistant/device/n/a/config", b'{"cmps":{"a":' + spoilt({**SCALE, "p": "sensor"}, key, value) + b"}}"),
    ):
        board, _ = hear_all(topic, said)
        assert still_hears(board)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", EXPOSED)
def test_no_field_of_a_list_of_devices_ends_the_hearing(key: str, value: bytes) -> None:
    device = (
        b'[{"friendly_name":"f","ieee_address":"0x1","definition":{"exposes":[' + spoilt(EXPOSED, key, value) + b"]}}]"
    )
    board, _ = hear_all("zigbee2mqtt/bridge/devices", device)
    assert still_hears(board)


@pytest.mark.parametrize(
    "template",
    [
        "{{ (value|int) * (value|int) }}",
        "{{ " + "*".join(["(value|int)"] * 16) + " }}",
        "{{ value_json|lower }}",
        "{{ value_json == value_json }}",
        "{{ -(value|int) * (value|int) }}",
    ],
)
@pytest.mark.parametrize("kind", ["sensor", "binary_sensor"])
def test_no_template_makes_a_number_or_a_text_without_end(kind: str, template: str) -> None:
    table = {**SCALE, "val_tpl": template, "avty": [{"t": "n/s", "val_tpl": template}]} | (
        {"dev_cla": "door"} if kind == "binary_sensor" else {}
    )
    board, told = hear_all(f"homeassistant/{kind}/n/a/config", orjson.dumps(table))
    assert not [one for one in told if isinstance(one, SensorRead)]
    assert still_hears(board)


def test_json_is_nested_as_deep_as_bridges_nest_it_and_no_deeper() -> None:
    assert parse_json(b"[" * NESTING_MAX + b"]" * NESTING_MAX, bytes_max=1_000)
    with pytest.raises(Unreadable, match="nested"):
        parse_json(b"[" * (NESTING_MAX + 2) + b"]" * (NESTING_MAX + 2), bytes_max=1_000)


@pytest.mark.parametrize(
    "change",
    [
        {"stat_t": "regulars/shop-1/sensors/u1"},
        {"stat_t": "regulars"},
        {"avty_t": "regulars/shop-1/status"},
        {"~": "regulars/shop-1", "stat_t": "~/slots/a1"},
        {"avty_t": None, "avty": [{"t": "regulars/shop-1/sensors/u1"}]},
    ],
)
def test_a_sensor_said_to_speak_where_the_gateway_speaks_is_refused(change: dict[str, Any]) -> None:
    board = Switchboard([Discovery()], sensors_max=5)
    told = board.hear(Heard("homeassistant/sensor/n/a/config", orjson.dumps({**SCALE, **change})), 0.0)
    assert [type(one) for one in told] == [SensorFound, SensorLost, ConditionChanged]
    assert "gateway's own" in str(told[1])
    assert board.take_wanted() == []


def test_who_cannot_be_read_keeps_a_name_from_nobody() -> None:
    board = Switchboard([Discovery()], sensors_max=1)
    board.hear(Heard("homeassistant/sensor/thief/a/config", orjson.dumps({**SCALE, "unit_of_meas": "furlong"})), 0.0)
    board.hear(Heard("homeassistant/sensor/n/a/config", orjson.dumps(SCALE)), 1.0)
    assert board.hear(Heard("n/w", b"5"), 2.0)[:1] == [SensorRead("u1", Measure.WEIGHT, 5.0)]
    board.hear(Heard("homeassistant/sensor/thief/a/config", b""), 3.0)
    assert board.hear(Heard("n/w", b"6"), 4.0)[:1] == [SensorRead("u1", Measure.WEIGHT, 6.0)]


def test_who_could_not_be_read_and_now_can_was_on_no_topic_to_leave() -> None:
    board = Switchboard([Discovery()], sensors_max=5)
    topic = "homeassistant/sensor/n/a/config"
    for unreadable in ({"stat_t": None}, {"unit_of_meas": "furlong"}, {"stat_t": "#"}):
        board.hear(Heard(topic, orjson.dumps({**SCALE, **unreadable})), 0.0)
        board.hear(Heard(topic, b""), 1.0)
        board.hear(Heard(topic, orjson.dumps(SCALE)), 2.0)
        assert board.take_unwanted() == []
        assert board.take_wanted() == ["n/w", "n/s"]
        board.hear(Heard(topic, b""), 3.0)
        assert sorted(board.take_unwanted()) == ["n/s", "n/w"]


def test_one_node_leaves_room_for_the_sensors_of_all_others() -> None:
    board = Switchboard([Discovery()], sensors_max=SENSORS_OF_NODE_MAX + 50)
    for number in range(SENSORS_OF_NODE_MAX + 100):
        table = {**SCALE, "stat_t": f"n/{number}", "uniq_id": f"crowd-{number}"}
        board.hear(Heard(f"homeassistant/sensor/crowd/{number}/config", orjson.dumps(table)), 0.0)
    assert len(board) == SENSORS_OF_NODE_MAX
    assert still_hears(board)


def test_a_topic_that_only_begins_alike_is_anybodys() -> None:
    board = Switchboard([Discovery(own_topic="shop")], sensors_max=5)
    board.hear(Heard("homeassistant/sensor/n/a/config", orjson.dumps({**SCALE, "stat_t": "shopping/w"})), 0.0)
    assert "shopping/w" in board.take_wanted()


def test_what_the_bus_says_reaches_terminals_without_their_commands() -> None:
    device = b'[{"friendly_name":"a+b","ieee_address":' + MARKED + b',"definition":{"exposes":[]}}]'
    (told,) = Switchboard([Zigbee2Mqtt()], sensors_max=5).hear(Heard("zigbee2mqtt/bridge/devices", device), 0.0)
    assert isinstance(told, ConditionChanged)
    assert told.reason.isprintable()
    assert "@everyone" in told.reason
