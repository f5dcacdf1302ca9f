"""Events exactly as this house writes them, recognised in one look instead of parsed and written again.

From each payload's own schema comes one regular expression for the whole event in its RFC 8785 form.
What it matches is known, without parsing, to be canonical JSON with sound attributes and a valid
payload. It matches less than is allowed (no escapes, no unknown fields, no numbers near their limits):
what it does not match is not wrong, only read with more care.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from cloud_bridge.payload import EventData
from cloud_bridge.receipts import SEQUENCE_MAX

_DIGITS_MAX = 15
_CHARACTER = r'[^"\\\x00-\x1f]'
_PORTABLE_PATTERN = re.compile(r"\^((?:\[[A-Za-z0-9_.-]+\]\{[0-9,]+\}|-)+)\$")
_SEQUENCE_DIGITS_MAX = len(str(SEQUENCE_MAX))
_ENVELOPE = (
    r'\{{"data":({data}),"datacontenttype":"application/json","gatewayid":"([a-z0-9][a-z0-9-]{{0,62}}+)"'
    r',"hlc":"([0-9]{{15}}-[0-9]{{5}})","id":"(([0-9a-f]{{32}})/(ledger|telemetry)/([1-9][0-9]{{0,{digits}}}+))"'
    r',"incarnation":"\5","lane":"\6","prevhash":"([0-9a-f]{{64}})","sequence":\7,"source":"regulars/v1/\2"'
    r',"specversion":"1\.0","time":"({character}{{0,40}}+)","timequality":"(?:synchronised|unsynchronised|floor)"'
    r',"traceparent":"00-[0-9a-f]{{32}}-[0-9a-f]{{16}}-[0-9a-f]{{2}}","type":"{type}"()'
    r',"hash":"([0-9a-f]{{64}})"\}}'
)


class Plain(NamedTuple):
    """What a form captures, all text; ``open_end`` is empty and stands where ``hash`` was appended."""

    data: str
    gateway_id: str
    hlc: str
    id: str
    incarnation: str
    lane: str
    sequence: str
    prevhash: str
    time: str
    open_end: str
    hash: str


OPEN_END_GROUP = Plain._fields.index("open_end") + 1


class _NoPlainFormError(Exception):
    """This schema uses what the forms do not know."""


def plain_form(payload: type[EventData]) -> re.Pattern[str] | None:
    """The expression for whole events of a type; its groups are :class:`Plain`.

    ``None`` when the payload's schema uses what is not known here; then its events are parsed.
    """
    schema = payload.model_json_schema()
    try:
        data = _object(schema, schema.get("$defs", {}))
    except _NoPlainFormError:
        return None
    return re.compile(
        _ENVELOPE.format(data=data, digits=_SEQUENCE_DIGITS_MAX - 1, character=_CHARACTER, type=re.escape(payload.type))
    )


_Schema = Mapping[str, Any]


def _object(schema: _Schema, definitions: _Schema) -> str:
    """The members in canonical order; those with a default may be absent."""
    required = set(schema.get("required", ()))
    if schema.get("type") != "object" or not required:
        raise _NoPlainFormError
    members, had_required = [], False
    for name in sorted(schema["properties"]):
        member = f'"{re.escape(name)}":{_value(schema["properties"][name], definitions)}'
        if name not in required:
            members.append(f"(?:,{member})?+" if had_required else f"(?:{member},)?+")
        else:
            members.append(f",{member}" if had_required else member)
            had_required = True
    return rf"\{{{''.join(members)}\}}"


def _value(schema: _Schema, definitions: _Schema) -> str:
    if "$ref" in schema:
        return _object(definitions[cast("str", schema["$ref"]).rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        # The writer leaves out what is None, so a null is not plain.
        options = [option for option in schema["anyOf"] if option != {"type": "null"}]
        return f"(?:{'|'.join(_value(option, definitions) for option in options)})"
    match schema.get("type"):
        case "string":
            return f'"{_text(schema)}"'
        case "integer":
            return _integer(schema)
        case "boolean":
            return "(?:true|false)"
        case "array":
            return _array(schema, definitions)
    raise _NoPlainFormError


def _text(schema: _Schema) -> str:
    pattern = schema.get("pattern")
    if pattern is None:
        return f"{_CHARACTER}{{{schema.get('minLength', 0)},{schema.get('maxLength', '')}}}+"
    portable = _PORTABLE_PATTERN.fullmatch(pattern)
    if portable is None or "minLength" in schema or "maxLength" in schema:
        raise _NoPlainFormError
    return portable[1]


def _integer(schema: _Schema) -> str:
    """Whole numbers of so many digits that each of them lies within the limits."""
    least = schema.get("minimum", schema.get("exclusiveMinimum", -(10**_DIGITS_MAX) - 1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", 10**_DIGITS_MAX + 1) - 1)
    bound = min(most, -least) if least < 0 else most
    if bound < 9 or least > 1 or "multipleOf" in schema:
        raise _NoPlainFormError
    digits = min(_DIGITS_MAX, len(str(bound + 1)) - 1)
    number = f"[1-9][0-9]{{0,{digits - 1}}}+"
    if least == 1:
        return number
    return f"(?:0|{'-?' if least < 0 else ''}{number})"


def _array(schema: _Schema, definitions: _Schema) -> str:
    item = _value(schema["items"], definitions)
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if least > 1 or most is None or most < 1:
        raise _NoPlainFormError
    return rf"\[(?:{item}(?:,{item}){{0,{most - 1}}}+){'' if least else '?+'}\]"
