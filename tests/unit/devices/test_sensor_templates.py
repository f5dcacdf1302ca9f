"""Value templates are understood or refused by name; none is ever run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.sensors.payload import Payload, Unreadable
from devices.sensors.template import MISSING, TEMPLATE_LENGTH_MAX, TemplateRefused, understand

SAID = Payload(json.dumps({"a": {"b": 2.5}, "t": "21.4", "on": True, "list": [1, 2], "none": None, "x-y": 7}).encode())


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ value_json.a.b }}", 2.5),
        ("{{ value_json['a']['b'] }}", 2.5),
        ('{{value_json["x-y"]}}', 7),
        ("{{ value_json.list[1] }}", 2),
        ("{{ value_json.t | float }}", 21.4),
        ("{{ value_json.t | float | round(0) }}", 21.0),
        ("{{ value_json.a.b | float * 1000 }}", 2500.0),
        ("{{ (value_json.a.b + 1) * 2 }}", 7.0),
        ("{{ 10 - 2 * 3 }}", 4),
        ("{{ -value_json.a.b | abs }}", 2.5),
        ("{{- value_json.a.b -}}", 2.5),
        ("{{ 'ON' if value_json.on else 'OFF' }}", "ON"),
        ("{{ 'ON' if not value_json.on else 'OFF' }}", "OFF"),
        ("{{ value_json.on == true and value_json.a.b > 2 }}", True),
        ("{{ value_json.t | int }}", 21),
        ("{{ int(value_json.t) + 1 }}", 22),
        ("{{ value_json.gone | default(5) }}", 5),
        ("{{ value_json.none }}", None),
        ("{{ value_json.t | is_defined }}", "21.4"),
        ("{{ 'there' if value_json.gone is defined else 'away' }}", "away"),
        ("{{ value_json.t | trim | upper }}", "21.4"),
    ],
)
def test_what_sensors_write_is_understood(template: str, value: object) -> None:
    assert understand(template)(SAID) == value


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.gone }}",
        "{{ value_json.gone.deeper * 2 }}",
        "{{ value_json.gone | float }}",
        "{{ 'ON' if value_json.gone else 'OFF' }}",
        "{{ not value_json.gone }}",
        "{{ value_json.list[9] }}",
        "{{ value_json.gone == 1 }}",
    ],
)
def test_what_is_not_in_the_message_is_missing_and_nothing_is_made_of_it(template: str) -> None:
    assert understand(template)(SAID) is MISSING


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("{{ states('sensor.x') }}", "'states'"),
        ("{{ value.__class__.__mro__ }}", ""),
        ("{{ value_json.get('a') }}", "'get'"),
        ("{% if value %}1{% endif %}", "{%"),
        ("{{ value }} g", "{{ value }} g"),
        ("{{ value }}{{ value }}", "more than one"),
        ("{{ value | regex_replace('a', 'b') }}", "'regex_replace'"),
        ("{{ value | round(1, 'floor') }}", "'round'"),
        ("{{ now() }}", "'now'"),
        ("{{ value ** 9 }}", "'*'"),
        ("{{ value is number }}", "is defined"),
        ("{{ 'a\\'b' }}", ""),
        ("{{ ", ""),
        ("{{ }}", ""),
        ("{{ value | }}", ""),
        ("{{ (value }}", ""),
        ("{{ 99999999999999999999 }}", "digits"),
        ("value", "value"),
    ],
)
def test_everything_else_is_refused_by_name(template: str, part: str) -> None:
    try:
        understood = understand(template)
    except TemplateRefused as refusal:
        assert part in str(refusal)
    else:
        # Members of a text are not there, whatever they are called.
        assert understood(SAID) is MISSING


@pytest.mark.parametrize(
    "template",
    ["{{ value_json.t * 2 }}", "{{ value_json.a / 0 }}", "{{ 1 / 0 }}", "{{ value_json.a }}", "{{ value_json.on + 1 }}",
     "{{ 'x' | float }}", "{{ value_json.a > 'z' }}", "{{ '1e999' | float | int }}"],
)  # fmt: skip
def test_a_message_that_does_not_fit_is_unreadable(template: str) -> None:
    with pytest.raises(Unreadable):
        understand(template)(SAID)


def test_a_template_cannot_be_deep_or_long() -> None:
    for bomb in ("{{ " + "(" * 200 + "1" + ")" * 200 + " }}", "{{ " + "-" * 300 + "1 }}", "{{ " + "not " * 90 + "1 }}"):
        with pytest.raises(TemplateRefused):
            understand(bomb)
    with pytest.raises(TemplateRefused):
        understand("{{ " + "1 + " * TEMPLATE_LENGTH_MAX + "1 }}")


WORDS = st.sampled_from(
    ["value", "value_json", ".", "a", "[", "]", "'b'", "0", "1.5", "+", "-", "*", "/", "(", ")", "|", "float", "round",
     "int", "default", "if", "else", "and", "or", "not", "is", "defined", "==", "<", ",", "true", "none", "__class__"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=40).map(" ".join), st.binary(max_size=60))
def test_no_template_and_no_message_do_anything_but_say_a_value_or_why_not(inner: str, raw: bytes) -> None:
    try:
        value = understand(f"{{{{ {inner} }}}}")(Payload(raw))
    except (TemplateRefused, Unreadable):
        return
    assert value is MISSING or value is None or isinstance(value, (str, int, float, bool))


@given(st.text(max_size=80))
def test_any_text_is_understood_or_refused(text: str) -> None:
    for template in (text, f"{{{{{text}}}}}"):
        try:
            understand(template)
        except TemplateRefused as refusal:
            assert str(refusal)
