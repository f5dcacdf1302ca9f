"""Messages of the bus, sorted out: who said what, who is there, who used a name first."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from devices.observations import ConditionChanged, DeviceState, Observation
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead
from devices.sensors.discovery import Discovery
from devices.sensors.mapping import parse_mapping
from devices.sensors.switchboard import ANNOUNCEMENTS_MAX, BAD_IN_A_ROW_MAX, Switchboard
from devices.sensors.zigbee2mqtt import Zigbee2Mqtt
from devices.store_bus import Heard

CONFIG = "homeassistant/sensor/shelf-1/a1/config"
SCALE = {"dev_cla": "weight", "unit_of_meas": "g", "stat_t": "w", "avty_t": "s", "uniq_id": "a1"}
DOOR: dict[str, Any] = {
    "type": "binary",
    "name": "contact",
    "property": "contact",
    "value_on": False,
    "value_off": True,
}
BATTERY = {"type": "numeric", "name": "battery", "property": "battery", "unit": "%"}
NAME = "0x00158d0001"


class Bench:
    """A switchboard, and a clock that stands until it is told."""

    def __init__(self, *, sensors_max: int = 10) -> None:
        self.board = Switchboard([Discovery(), Zigbee2Mqtt()], sensors_max=sensors_max)
        self.now_s = 1_000.0

    def hear(self, topic: str, payload: Any, *, kept: bool = False) -> list[Observation]:
        raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return self.board.hear(Heard(topic, raw, kept), self.now_s)

    def zigbee(self, *exposes: dict[str, Any], name: str = "front", vendor: str = "Aqara") -> list[Observation]:
        device = {
            "ieee_address": NAME,
            "friendly_name": name,
            "definition": {"vendor": vendor, "exposes": list(exposes)},
        }
        return self.hear("zigbee2mqtt/bridge/devices", [{"type": "Coordinator", "definition": None}, device])


def test_a_sensor_is_found_then_its_topics_are_wanted_then_it_is_read() -> None:
    bench = Bench()
    (found,) = bench.hear(CONFIG, SCALE)
    assert isinstance(found, SensorFound)
    assert bench.board.take_wanted() == ["w", "s"]
    assert bench.hear("w", b"12.5") == [SensorRead("a1", Measure.WEIGHT, 12.5)]


def test_what_was_kept_is_a_state_and_no_event() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE, kept=True)
    assert bench.hear("w", b"12.5", kept=True) == [SensorRead("a1", Measure.WEIGHT, 12.5, is_retained=True)]


def test_the_same_announcement_again_says_nothing() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    bench.board.take_wanted()
    assert bench.hear(CONFIG, SCALE) == []
    assert bench.hear(CONFIG, {**SCALE, "icon": "mdi:scale"}) == []
    assert bench.board.take_wanted() == []


def test_a_last_will_loses_the_sensor_and_its_birth_brings_it_back() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    (lost,) = bench.hear("s", b"offline")
    assert isinstance(lost, SensorLost)
    assert bench.hear("s", b"offline") == []
    assert bench.hear("s", b"online") == [SensorBack("a1")]


def test_a_state_that_was_kept_does_not_bring_back_who_is_gone() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    bench.hear("s", b"offline", kept=True)
    read, lost = bench.hear("w", b"5", kept=True)
    assert isinstance(read, SensorRead)
    assert isinstance(lost, SensorLost)


def test_a_reading_says_that_its_sensor_is_there_whatever_its_will_said() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    bench.hear("s", b"offline")
    assert bench.hear("w", b"5") == [SensorRead("a1", Measure.WEIGHT, 5.0)]
    assert bench.hear("w", b"6") == [SensorRead("a1", Measure.WEIGHT, 6.0)]


def test_an_announcement_taken_back_loses_the_sensor_and_its_topics() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    (lost,) = bench.hear(CONFIG, b"")
    assert isinstance(lost, SensorLost)
    assert bench.board.take_unwanted() == ["w", "s"]
    assert bench.hear("w", b"5") == []
    assert len(bench.board) == 0


def test_of_two_that_use_one_name_the_first_stays_and_the_second_is_reported() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    (condition,) = bench.hear("homeassistant/sensor/shelf-2/a1/config", {**SCALE, "stat_t": "w2"})
    assert isinstance(condition, ConditionChanged)
    assert condition.state is DeviceState.DEGRADED
    assert "a1" in condition.reason
    assert "shelf-2" in condition.reason
    assert bench.hear("w2", b"9") == []
    assert bench.hear("w", b"5") == [SensorRead("a1", Measure.WEIGHT, 5.0)]


def test_another_unit_under_the_same_name_is_an_error_until_the_first_is_taken_back() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    in_kg = {**SCALE, "unit_of_meas": "kg"}
    found, lost, condition = bench.hear(CONFIG, in_kg)
    assert isinstance(found, SensorFound)
    assert isinstance(lost, SensorLost)
    assert isinstance(condition, ConditionChanged)
    assert "'g' and now 'kg'" in lost.reason
    assert bench.hear("w", b"1.5") == []
    bench.hear(CONFIG, b"")
    bench.hear(CONFIG, in_kg)
    assert SensorRead("a1", Measure.WEIGHT, 1500.0) in bench.hear("w", b"1.5")


def test_the_unit_it_had_before_makes_it_well_again() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    bench.hear(CONFIG, {**SCALE, "unit_of_meas": "kg"})
    found, condition = bench.hear(CONFIG, SCALE)
    assert isinstance(found, SensorFound)
    assert condition == ConditionChanged(DeviceState.ONLINE, "")
    assert bench.hear("w", b"5") == [SensorRead("a1", Measure.WEIGHT, 5.0)]


def test_a_sensor_that_cannot_be_understood_is_found_lost_and_explained() -> None:
    bench = Bench()
    found, lost, condition = bench.hear(CONFIG, {**SCALE, "val_tpl": "{{ states('x') }}"})
    assert isinstance(found, SensorFound)
    assert isinstance(lost, SensorLost)
    assert "states" in lost.reason
    assert isinstance(condition, ConditionChanged)
    assert bench.board.take_wanted() == []


def test_one_disturbance_is_nothing_and_three_in_a_row_lose_the_sensor_once() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    told = [bench.hear("w", b"\xff garbage") for _ in range(BAD_IN_A_ROW_MAX + 3)]
    assert told[: BAD_IN_A_ROW_MAX - 1] == [[]] * (BAD_IN_A_ROW_MAX - 1)
    assert told[BAD_IN_A_ROW_MAX - 1][0] == SensorLost("a1", "it says bytes that are no text")
    assert told[BAD_IN_A_ROW_MAX:] == [[]] * 3
    read, condition = bench.hear("w", b"5")
    assert read == SensorRead("a1", Measure.WEIGHT, 5.0)
    assert condition == ConditionChanged(DeviceState.ONLINE, "")


def test_a_probe_that_says_it_has_no_value_is_lost_at_once() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    assert SensorLost("a1", "it says that it has no value") in bench.hear("w", b"nan")


def test_a_broken_announcement_takes_nothing_back() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    (condition,) = bench.hear(CONFIG, b"{ torn")
    assert isinstance(condition, ConditionChanged)
    assert bench.hear("w", b"5") == [SensorRead("a1", Measure.WEIGHT, 5.0)]


def test_more_sensors_than_allowed_are_reported_and_not_listened_to() -> None:
    bench = Bench(sensors_max=2)
    for number in range(5):
        config = {**SCALE, "uniq_id": f"s{number}", "stat_t": f"w/{number}"}
        told = bench.hear(f"homeassistant/sensor/n/s{number}/config", config)
    assert len(bench.board) == 2
    assert any(isinstance(one, ConditionChanged) and "more than 2 sensors" in one.reason for one in told)


def test_a_storm_of_announcements_is_bounded() -> None:
    bench = Bench(sensors_max=3)
    for number in range(ANNOUNCEMENTS_MAX + 50):
        bench.hear(f"homeassistant/sensor/n/s{number}/config", {**SCALE, "uniq_id": f"s{number}"})
    assert len(bench.board) == 3
    assert len(bench.board.complaints) <= 200


def test_a_sensor_that_comes_and_goes_does_not_change_the_condition_without_end() -> None:
    bench = Bench()
    bench.hear(CONFIG, SCALE)
    changes = 0
    for _ in range(200):
        for payload in (*(b"x",) * BAD_IN_A_ROW_MAX, b"5"):
            bench.now_s += 0.01
            changes += sum(isinstance(told, ConditionChanged) for told in bench.hear("w", payload))
    assert changes <= 7


def test_nobody_takes_over_the_topic_of_another_announcement() -> None:
    bench = Bench()
    bench.hear("homeassistant/sensor/evil/x/config", {**SCALE, "uniq_id": "evil", "stat_t": CONFIG})
    assert any(isinstance(told, SensorFound) and told.sensor == "a1" for told in bench.hear(CONFIG, SCALE))


def test_a_zigbee_door_is_one_sensor_with_all_it_exposes() -> None:
    bench = Bench()
    door, battery = bench.zigbee(DOOR, BATTERY)
    assert isinstance(door, SensorFound)
    assert isinstance(battery, SensorFound)
    assert (door.sensor, door.measure, door.name) == (NAME, Measure.DOOR, "front")
    assert bench.hear("zigbee2mqtt/front", {"contact": False, "battery": 90, "linkquality": 5}) == [
        SensorRead(NAME, Measure.DOOR, 1.0),
        SensorRead(NAME, Measure.BATTERY, 90.0),
    ]
    assert bench.hear("zigbee2mqtt/front", {"battery": 80}) == [SensorRead(NAME, Measure.BATTERY, 80.0)]


def test_a_zigbee_device_goes_with_its_radio_and_with_its_bridge_and_is_told_once() -> None:
    for gone, back in ((b'{"state":"offline"}', b'{"state":"online"}'), (b"offline", b"online")):
        for topic in ("zigbee2mqtt/front/availability", "zigbee2mqtt/bridge/state"):
            bench = Bench()
            bench.zigbee(DOOR, BATTERY)
            lost = [told for told in bench.hear(topic, gone) if isinstance(told, SensorLost)]
            assert len(lost) == 1
            assert bench.hear(topic, back) == [SensorBack(NAME)]


def test_a_bridge_that_is_back_does_not_bring_back_a_device_that_is_gone() -> None:
    bench = Bench()
    bench.zigbee(DOOR)
    bench.hear("zigbee2mqtt/front/availability", b"offline")
    bench.hear("zigbee2mqtt/bridge/state", b"offline")
    assert bench.hear("zigbee2mqtt/bridge/state", b"online") == []


def test_where_availability_is_spoken_the_age_of_a_sample_says_nothing() -> None:
    bench = Bench()
    bench.zigbee(DOOR)
    told = bench.hear("zigbee2mqtt/front/availability", b"online")
    assert any(isinstance(one, SensorFound) and one.has_presence for one in told)


def test_a_device_renamed_keeps_its_name_here() -> None:
    bench = Bench()
    bench.zigbee(DOOR)
    (found,) = bench.zigbee(DOOR, name="back")
    assert isinstance(found, SensorFound)
    assert found.sensor == NAME
    assert bench.hear("zigbee2mqtt/back", {"contact": True}) == [SensorRead(NAME, Measure.DOOR, 0.0)]
    assert bench.hear("zigbee2mqtt/front", {"contact": False}) == []


def test_a_device_that_left_the_bridge_is_lost() -> None:
    bench = Bench()
    bench.zigbee(DOOR)
    assert isinstance(bench.hear("zigbee2mqtt/bridge/devices", [])[0], SensorLost)


def test_two_ends_of_one_device_are_two_sensors() -> None:
    bench = Bench()
    left = {**DOOR, "property": "contact_left", "endpoint": "left"}
    assert [one.sensor for one in bench.zigbee(DOOR, left) if isinstance(one, SensorFound)] == [
        NAME,
        f"{NAME}.contact_left",
    ]


def test_a_low_battery_degrades_with_the_name_of_its_device_until_it_was_changed() -> None:
    bench = Bench()
    bench.zigbee(DOOR, BATTERY)
    _, condition = bench.hear("zigbee2mqtt/front", {"battery": 9})
    assert condition == ConditionChanged(DeviceState.DEGRADED, "front: its battery is low")
    assert len(bench.hear("zigbee2mqtt/front", {"battery": 18})) == 1
    _, condition = bench.hear("zigbee2mqtt/front", {"battery": 100})
    assert condition == ConditionChanged(DeviceState.ONLINE, "")


def test_a_mapped_topic_with_a_wildcard_finds_its_sensors_as_they_speak() -> None:
    mapping = parse_mapping(
        '[[sensors]]\nname = "fridge-{1}"\ntopic = "shop/+/temp"\nmeasure = "temperature"\nunit = "°C"\n'
    )
    board = Switchboard([mapping], sensors_max=2)
    assert board.filters() == ("shop/+/temp",)
    found, read = board.hear(Heard("shop/7/temp", b"4.5"), 0.0)
    assert isinstance(found, SensorFound)
    assert read == SensorRead("fridge-7", Measure.TEMPERATURE, 4.5)
    assert board.hear(Heard("shop/7/temp", b"4.6"), 0.0) == [SensorRead("fridge-7", Measure.TEMPERATURE, 4.6)]
    assert board.take_wanted() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DOOR, "features"]), inner, max_size=3)
    ),
    max_leaves=6,
)
EXPOSED = st.dictionaries(st.sampled_from([*DOOR, "unit", "endpoint"]), JSON, max_size=6).map(
    lambda odd: {**DOOR, **odd}
)
DEVICES = st.lists(
    JSON | st.fixed_dictionaries(
        {"ieee_address": JSON | st.just(NAME), "friendly_name": JSON | st.just("front"),
         "definition": JSON | st.fixed_dictionaries({"exposes": JSON | st.lists(EXPOSED, max_size=3)})}
    ),
    max_size=3,
)  # fmt: skip


@given(DEVICES, st.binary(max_size=20) | JSON.map(orjson.dumps))
def test_no_list_of_devices_and_no_state_breaks_anything(devices: Any, state: bytes) -> None:
    bench = Bench()
    bench.hear("zigbee2mqtt/bridge/devices", devices)
    bench.hear("zigbee2mqtt/front", state)
    bench.hear("zigbee2mqtt/front/availability", state)


TOPICS = st.sampled_from(
    [CONFIG, "homeassistant/device/d/config", "zigbee2mqtt/bridge/devices", "zigbee2mqtt/bridge/state",
     "zigbee2mqtt/front", "zigbee2mqtt/front/availability", "w", "s", "shelf-1/status"]
)  # fmt: skip
PAIRED = {"ieee_address": NAME, "friendly_name": "front", "definition": {"exposes": [DOOR, BATTERY]}}
GOOD = [
    *(b"online", b"offline", b"12.5", b""),
    orjson.dumps(SCALE),
    orjson.dumps({"cmps": {"a": {"p": "sensor", **SCALE}}}),
    orjson.dumps([PAIRED]),
    orjson.dumps({"contact": False, "battery": 3}),
]


@given(st.lists(st.tuples(TOPICS, st.sampled_from(GOOD) | st.binary(max_size=30), st.booleans()), max_size=30))
def test_whatever_is_said_in_whatever_order_a_reading_is_only_of_a_sensor_that_was_found(
    said: list[tuple[str, bytes, bool]],
) -> None:
    board = Switchboard([Discovery(), Zigbee2Mqtt()], sensors_max=3)
    known: set[str] = set()
    for at, (topic, payload, kept) in enumerate(said):
        for told in board.hear(Heard(topic, payload, kept), float(at)):
            if isinstance(told, SensorFound):
                known.add(told.sensor)
            if isinstance(told, SensorRead):
                assert told.sensor in known
    assert len(board) <= 3
