"""Announcements in Home Assistant's format become plans; what is no sensor of ours, or not clear, does not."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Measure
from devices.sensors.discovery import COMPONENTS_MAX, CONFIG_BYTES_MAX, Discovery
from devices.sensors.payload import NoValue, Payload, Unreadable
from devices.sensors.plans import Announcement, Mode, SensorPlan

RULES = Discovery()
SCALE = {
    "dev_cla": "weight",
    "unit_of_meas": "kg",
    "name": "A1",
    "stat_t": "shelf-1/sensor/a1/state",
    "avty_t": "shelf-1/status",
    "uniq_id": "shelf1-a1",
    "exp_aft": 30,
    "dev": {"ids": "0011", "name": "Shelf 1", "mf": "Espressif", "mdl": "esp32dev", "sw": "2025.10.0"},
}


def announced(topic: str, config: Any) -> Announcement:
    said = RULES.read(topic, config if isinstance(config, bytes) else orjson.dumps(config))
    assert said is not None
    return said


def plan_of(config: dict[str, Any], component: str = "sensor") -> SensorPlan:
    (plan,) = announced(f"homeassistant/{component}/node/thing/config", config).plans
    return plan


def value(plan: SensorPlan, payload: bytes) -> float | None:
    return plan.reading.read(Payload(payload))


def test_a_scale_in_kilograms_is_read_in_grams() -> None:
    plan = plan_of(SCALE)
    assert plan.refusal == ""
    assert plan.key == ("shelf1-a1", Measure.WEIGHT)
    assert plan.topic == "shelf-1/sensor/a1/state"
    assert (plan.found.name, plan.found.maker, plan.found.product) == ("Shelf 1 A1", "Espressif", "esp32dev")
    assert plan.found.interval_s == 10.0
    assert value(plan, b"1.25") == 1250.0


@pytest.mark.parametrize(
    ("unit", "said", "grams"),
    [("g", b"12.5", 12.5), ("lb", b"1", 453.592_37), ("oz", b"2", 56.699_046), ("mg", b"5", 0.005)],
)  # fmt: skip
def test_units_of_weight(unit: str, said: bytes, grams: float) -> None:
    assert value(plan_of({**SCALE, "unit_of_meas": unit}), said) == pytest.approx(grams)


@pytest.mark.parametrize(
    ("unit", "said", "celsius"), [("°C", b"-18.5", -18.5), ("°F", b"32", 0.0), ("K", b"273.15", 0.0)]
)
def test_units_of_temperature(unit: str, said: bytes, celsius: float) -> None:
    plan = plan_of({"dev_cla": "temperature", "unit_of_meas": unit, "stat_t": "t"})
    assert value(plan, said) == pytest.approx(celsius)


@pytest.mark.parametrize("unit", ["stones", "", "%", None, 5, "counts"])
def test_an_unknown_unit_is_refused_and_not_guessed(unit: Any) -> None:
    plan = plan_of({**SCALE, "unit_of_meas": unit})
    assert "known units: mg, g, kg" in plan.refusal
    assert plan.topic == ""


def test_a_unit_that_leaves_no_doubt_says_what_is_measured() -> None:
    bare = {key: value for key, value in SCALE.items() if key != "dev_cla"}
    assert plan_of(bare).found.measure is Measure.WEIGHT
    assert announced("homeassistant/sensor/n/t/config", {**bare, "unit_of_meas": "%"}).plans == ()


@pytest.mark.parametrize(
    ("device_class", "measure"),
    [("door", Measure.DOOR), ("garage_door", Measure.DOOR), ("opening", Measure.DOOR), ("window", Measure.DOOR),
     ("motion", Measure.MOTION), ("moving", Measure.MOTION), ("occupancy", Measure.OCCUPANCY),
     ("presence", Measure.OCCUPANCY), ("problem", Measure.PROBLEM), ("battery", Measure.PROBLEM)],
)  # fmt: skip
def test_what_is_either_so_or_not(device_class: str, measure: Measure) -> None:
    plan = plan_of({"dev_cla": device_class, "stat_t": "s", "pl_on": "open", "pl_off": "closed"}, "binary_sensor")
    assert plan.found.measure is measure
    assert (value(plan, b"open"), value(plan, b"closed")) == (1.0, 0.0)
    with pytest.raises(Unreadable):
        value(plan, b"ajar")


def test_a_truth_in_json_fits_payloads_that_are_truths() -> None:
    config = {"dev_cla": "door", "stat_t": "s", "val_tpl": "{{ value_json.contact }}", "pl_on": False, "pl_off": True}
    plan = plan_of(config, "binary_sensor")
    assert value(plan, b'{"contact": false}') == 1.0
    assert value(plan, b'{"contact": true}') == 0.0
    assert value(plan, b'{"battery": 3}') is None


def test_one_that_only_ever_says_on_is_refused_with_its_reason() -> None:
    assert "off_delay" in plan_of({"dev_cla": "motion", "stat_t": "s", "off_dly": 5}, "binary_sensor").refusal


def test_what_cannot_be_understood_is_named_in_the_refusal() -> None:
    assert "'states'" in plan_of({**SCALE, "val_tpl": "{{ states('x') }}"}).refusal


@pytest.mark.parametrize("said", [b"nan", b"None", b"unknown", b"unavailable", b"NaN"])
def test_a_sensor_may_say_that_it_has_no_value(said: bytes) -> None:
    with pytest.raises(NoValue):
        value(plan_of(SCALE), said)


@pytest.mark.parametrize(
    "said", [b"1e400", b"inf", b"1,5", b"0x10", b"1_000", "١".encode(), b"--1", b"\xff", b"9" * 40]
)
def test_what_is_no_number_is_not_one(said: bytes) -> None:
    with pytest.raises(Unreadable):
        value(plan_of(SCALE), said)


def test_a_weight_that_nothing_has_is_no_weight() -> None:
    with pytest.raises(Unreadable, match="cannot be measured"):
        value(plan_of(SCALE), b"1e9")


def test_the_base_topic_stands_for_the_tilde() -> None:
    plan = plan_of({**SCALE, "~": "shelves/1", "stat_t": "~/a1", "avty_t": "~/status"})
    assert plan.topic == "shelves/1/a1"
    assert [presence.topic for presence in plan.presence] == ["shelves/1/status"]


def test_a_list_of_availabilities_with_its_mode() -> None:
    listed = [
        {"t": "~/a", "pl_avail": "1", "pl_not_avail": "0"},
        {"topic": "bridge", "val_tpl": "{{ value_json.state }}"},
    ]
    plan = plan_of({**SCALE, "~": "x", "avty_t": None, "avty": listed, "avty_mode": "all"})
    first, second = plan.presence
    assert (first.topic, first.says(Payload(b"1")), first.says(Payload(b"0"))) == ("x/a", True, False)
    assert second.says(Payload(b'{"state": "offline"}')) is False
    assert second.says(Payload(b"nonsense")) is None
    assert plan.mode is Mode.ALL


def test_a_device_announces_all_its_components_at_once() -> None:
    config = {
        "dev": {"ids": ["x"], "name": "Fridge"},
        "o": {"name": "firmware"},
        "avty_t": "fridge/status",
        "stat_t": "fridge/state",
        "cmps": {
            "t": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°C", "val_tpl": "{{ value_json.t }}",
                  "uniq_id": "fridge_t"},
            "d": {"p": "binary_sensor", "dev_cla": "door", "stat_t": "fridge/door", "uniq_id": "fridge_d"},
            "gone": {"p": "sensor"},
            "lamp": {"p": "light", "cmd_t": "x"},
            "odd": 5,
        },
    }  # fmt: skip
    said = announced("homeassistant/device/fridge/config", config)
    assert {plan.key: plan.topic for plan in said.plans} == {
        ("fridge_t", Measure.TEMPERATURE): "fridge/state",
        ("fridge_d", Measure.DOOR): "fridge/door",
    }
    assert all(plan.presence[0].topic == "fridge/status" for plan in said.plans)


def test_the_longer_keys_say_the_same() -> None:
    config = {"device": {"name": "F"}, "components": {"t": {"platform": "sensor", "device_class": "humidity",
              "unit_of_measurement": "%", "state_topic": "h"}}}  # fmt: skip
    (plan,) = announced("homeassistant/device/n/f/config", config).plans
    assert plan.key == ("n.f.t", Measure.HUMIDITY)


def test_two_nodes_of_an_older_firmware_do_not_share_a_name() -> None:
    names = {
        announced(f"homeassistant/sensor/{node}/a1/config", {**SCALE, "uniq_id": "ESPsensora1"}).plans[0].found.sensor
        for node in ("shelf-1", "shelf-2")
    }
    assert names == {"shelf-1.a1", "shelf-2.a1"}


def test_what_the_gateway_itself_announces_is_not_heard_back() -> None:
    said = announced("homeassistant/sensor/x/y/config", {**SCALE, "o": {"name": "Regulars"}})
    assert said.plans == ()


def test_diagnostics_of_a_chip_are_no_sensors_of_the_store() -> None:
    heat = {"dev_cla": "temperature", "unit_of_meas": "°C", "stat_t": "t", "ent_cat": "diagnostic"}
    assert announced("homeassistant/sensor/x/chip/config", heat).plans == ()
    battery = {"dev_cla": "battery", "unit_of_meas": "%", "stat_t": "b", "ent_cat": "diagnostic"}
    assert len(announced("homeassistant/sensor/x/battery/config", battery).plans) == 1


def test_an_empty_message_takes_the_announcement_back() -> None:
    assert announced("homeassistant/sensor/x/y/config", b"").plans == ()


@pytest.mark.parametrize(
    "payload", [b"{", b"[]", b"5", b'"x"', b"\xff\xfe", b"[" * 5_000, b"{" + b" " * CONFIG_BYTES_MAX + b"}"]
)
def test_what_is_no_configuration_is_a_problem_that_names_its_topic(payload: bytes) -> None:
    said = announced("homeassistant/sensor/x/y/config", payload)
    assert said.plans == ()
    assert "homeassistant/sensor/x/y/config" in said.problems[0]


@pytest.mark.parametrize("topic", ["#", "a/+", "$SYS/x", "", 5, None, "x" * 300, "a\0b"])
def test_a_topic_that_is_none_is_refused(topic: Any) -> None:
    plan = plan_of({**SCALE, "stat_t": topic})
    assert plan.refusal
    assert plan.topic == ""


def test_a_device_of_too_many_components_is_cut_and_reported() -> None:
    many = {str(n): {"p": "sensor", "dev_cla": "weight", "unit_of_meas": "g", "stat_t": f"w/{n}"} for n in range(100)}
    said = announced("homeassistant/device/d/config", {"cmps": many})
    assert len(said.plans) == COMPONENTS_MAX
    assert said.problems


@pytest.mark.parametrize(
    "topic",
    ["homeassistant/light/x/config", "homeassistant/sensor/a b/config", "other/sensor/x/config",
     "homeassistant/config", "homeassistant/sensor/a/b/c/config"],
)  # fmt: skip
def test_other_topics_are_none_of_ours(topic: str) -> None:
    assert RULES.read(topic, orjson.dumps(SCALE)) is None


PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    PLAIN | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
KEYS = st.sampled_from(
    [*SCALE, "val_tpl", "avty", "avty_mode", "cmps", "o", "~", "pl_on", "p", "ent_cat", "e", "off_dly"]
)


@given(
    st.dictionaries(KEYS, JSON, max_size=8),
    st.sampled_from(["sensor", "binary_sensor", "device"]),
    st.binary(max_size=40),
)
def test_no_announcement_and_no_message_breaks_anything(change: dict[str, Any], component: str, raw: bytes) -> None:
    config = {**SCALE, "dev_cla": "door" if component == "binary_sensor" else "weight", **change}
    said = announced(f"homeassistant/{component}/n/t/config", config)
    for plan in said.plans:
        assert len(plan.found.sensor) <= 80
        try:
            read = value(plan, raw)
        except Unreadable:
            continue
        assert read is None or abs(read) <= 1e7


@given(st.binary(max_size=200))
def test_any_bytes_are_an_announcement_or_a_problem(raw: bytes) -> None:
    said = announced("homeassistant/device/x/config", raw)
    assert said.plans == ()
