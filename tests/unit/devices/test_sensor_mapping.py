"""The mapping file: what it may say, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Measure
from devices.sensors.mapping import Mapping, MappingError, parse_mapping, read_mapping
from devices.sensors.payload import Payload
from devices.sensors.plans import SensorPlan

SCALE = '[[sensors]]\nname = "scale"\ntopic = "s/1"\nmeasure = "weight"\nunit = "g"\n'


def plan_of(text: str) -> SensorPlan:
    ((plan,),) = [announcement.plans for announcement in parse_mapping(text).announcements()]
    return plan


def test_a_value_deep_in_json_scaled_in_its_own_unit() -> None:
    plan = plan_of(SCALE.replace('"g"', '"kg"') + 'value = "/data/0/w~1x"\nscale = 0.001\ninterval_s = 5\n')
    assert plan.reading.read(Payload(b'{"data": [{"w/x": 1500}]}')) == 1500.0
    assert plan.reading.read(Payload(b'{"data": []}')) is None
    assert plan.found.interval_s == 5


def test_texts_of_a_door_and_who_says_that_it_is_there() -> None:
    plan = plan_of(
        '[[sensors]]\nname = "door"\ntopic = "d"\nmeasure = "door"\non = "1"\noff = "0"\n'
        'availability = "d/alive"\navailable = "yes"\nnot_available = "no"\n'
    )
    assert plan.reading.read(Payload(b"1")) == 1.0
    assert plan.presence[0].says(Payload(b"no")) is False
    assert plan.found.has_presence


def test_an_esphome_node_without_announcements_is_named_by_node_and_sensor() -> None:
    plan = plan_of('[[sensors]]\nname = "shelf-1.a1"\nesphome = "shelf-1"\nmeasure = "weight"\nunit = "kg"\n')
    assert plan.topic == "shelf-1/sensor/a1/state"
    assert plan.presence[0].topic == "shelf-1/status"
    assert plan.key == ("shelf-1.a1", Measure.WEIGHT)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (SCALE + SCALE, 6, "called 'scale'"),
        (SCALE + '\n\n[[sensors]]\nname = "x"\nmeasure = "weight"\nunit = "g"\n', 8, "topic"),
        (SCALE.replace('"g"', '"stone"'), 1, "known units"),
        (SCALE.replace('"weight"', '"mass"'), 1, "measure"),
        (SCALE + 'colour = "red"\n', 1, "colour"),
        (SCALE.replace("s/1", "s/+"), 1, "{1}"),
        (SCALE.replace("s/1", "s/#"), 1, "topic"),
        (SCALE + 'value = "data"\n', 1, "'/'"),
        (SCALE + "scale = nan\n", 1, "scale"),
        ("# nothing\n" + SCALE + 'on = "x"\noff = "x"\n', 2, "same text"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(text: str, line: int, word: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, file="map.toml")
    assert str(caught.value).startswith(f"map.toml:{line}: ")
    assert word in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("text", ["[[sensors", "sensors = 5", "x = 1", "[sensors]\na = 1"])
def test_what_is_no_mapping_is_told(text: str) -> None:
    with pytest.raises(MappingError, match="map"):
        parse_mapping(text, file="map.toml")


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        read_mapping(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(MappingError, match="UTF-8"):
        read_mapping(tmp_path / "odd.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_mapping_or_a_mistake(text: str) -> None:
    for candidate in (text, SCALE + text):
        try:
            assert isinstance(parse_mapping(candidate), Mapping)
        except MappingError as error:
            assert str(error)
