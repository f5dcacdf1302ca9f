"""Value templates of announcements, without running them: a small language of our own that reads like theirs.

A template comes from whoever may write on the bus, so none is ever executed as Jinja. What is understood: one
``{{ … }}`` holding ``value`` and ``value_json`` with members, numbers, texts, ``+ - * /``, comparisons,
``and or not``, ``a if b else c``, ``is defined``, and the filters ``float int round abs default lower upper trim
is_defined``. Everything else is refused by name. What is missing in a message makes the result missing: nothing is
invented from a field that is not there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devices.sensors.payload import Payload, Unreadable

TEMPLATE_LENGTH_MAX = 400
DEPTH_MAX = 16
TOKENS_MAX = 100
_DIGITS_MAX = 15
_TEXT_RESULT_MAX = 256
_NUMBER_RESULT_BITS_MAX = 64
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|'(?P<single>[^'\\]*)'|\"(?P<double>[^\"\\]*)\""
    r"|(?P<sign>==|!=|<=|>=|[-+*/()\[\].|,<>]))",
    re.ASCII,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_KEYWORDS = frozenset({"if", "else", "and", "or", "not", "is", "in"})
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}


class TemplateRefused(ValueError):
    """A template that is not understood here; the message says which part."""


class _Missing:
    """What a message does not hold."""

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
_Node = Callable[[Payload], Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was understood."""

    source: str
    _node: _Node

    def __call__(self, payload: Payload) -> Any:
        """Its value for this message: a number, a text, a truth, ``None`` or :data:`MISSING`.

        Raises :class:`~devices.sensors.payload.Unreadable`.
        """
        try:
            result = self._node(payload)
        except Unreadable:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            raise Unreadable("a message that does not fit its template") from error
        is_long = isinstance(result, str) and len(result) > _TEXT_RESULT_MAX
        # Whole numbers have no end here: a product of some may be longer than can be printed, or turned into a float.
        is_huge = isinstance(result, int) and result.bit_length() > _NUMBER_RESULT_BITS_MAX
        if isinstance(result, (dict, list)) or is_long or is_huge:
            raise Unreadable("a message that does not fit its template")
        return result


def understand(source: str) -> Template:
    """Read a template. Raises :class:`TemplateRefused`."""
    text = source.strip()
    if len(text) > TEMPLATE_LENGTH_MAX:
        raise TemplateRefused(f"a template of more than {TEMPLATE_LENGTH_MAX} characters")
    if not (text.startswith("{{") and text.endswith("}}")) or text.count("{{") != 1 or "{%" in text:
        raise TemplateRefused(f"the template {_shown(text)} is more than one {{{{ value }}}}")
    inner = text[2:-2].removeprefix("-").removesuffix("-")  # {{- and -}} only trim what is around
    reader = _Reader(_tokens(inner))
    node = reader.expression(0)
    reader.end()
    return Template(source, node)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        if len(tokens) >= TOKENS_MAX:
            raise TemplateRefused(f"a template of more than {TOKENS_MAX} words and signs")
        found = _TOKEN.match(text, place)
        if found is None:
            raise TemplateRefused(f"{_shown(text[place:].strip()[:20])} in its template is not understood")
        kind = found.lastgroup or ""
        if kind == "number" and len(found.group(kind)) > _DIGITS_MAX:
            raise TemplateRefused(f"a number of more than {_DIGITS_MAX} digits in its template")
        tokens.append(("text" if kind in {"single", "double"} else kind, found.group(kind)))
        place = found.end()
    return tokens


class _Reader:
    """Recursive descent, in Jinja's order of precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise TemplateRefused(f"{_shown(self._tokens[self._at][1])} in its template is not understood")

    def expression(self, depth: int) -> _Node:
        if depth > DEPTH_MAX:
            raise TemplateRefused(f"a template of more than {DEPTH_MAX} brackets")
        chosen = self._either(depth)
        if not self._take("name", "if"):
            return chosen
        condition = self._either(depth)
        other: _Node = self.expression(depth + 1) if self._take("name", "else") else _always(MISSING)
        return lambda payload: _choose(condition(payload), chosen, other, payload)

    def _either(self, depth: int) -> _Node:
        left = self._both(depth)
        while self._take("name", "or"):
            left = _or(left, self._both(depth))
        return left

    def _both(self, depth: int) -> _Node:
        left = self._negation(depth)
        while self._take("name", "and"):
            left = _and(left, self._negation(depth))
        return left

    def _negation(self, depth: int) -> _Node:
        if self._take("name", "not"):
            if depth > DEPTH_MAX:
                raise TemplateRefused(f"a template of more than {DEPTH_MAX} brackets")
            inner = self._negation(depth + 1)
            return lambda payload: _unless_missing(inner(payload), operator.not_)
        return self._comparison(depth)

    def _comparison(self, depth: int) -> _Node:
        left = self._sum(depth)
        if self._take("name", "is"):
            wanted = not self._take("name", "not")
            if not self._take("name", "defined"):
                raise TemplateRefused("a test other than 'is defined' in its template")
            return lambda payload: (left(payload) is not MISSING) is wanted
        sign = self._sign(_COMPARE)
        return left if sign is None else _binary(_COMPARE[sign], left, self._sum(depth))

    def _sum(self, depth: int) -> _Node:
        left = self._product(depth)
        while sign := self._sign({"+", "-"}):
            left = _binary(_ARITHMETIC[sign], left, self._product(depth), is_number=True)
        return left

    def _product(self, depth: int) -> _Node:
        left = self._unary(depth)
        while sign := self._sign({"*", "/"}):
            left = _binary(_ARITHMETIC[sign], left, self._unary(depth), is_number=True)
        return left

    def _unary(self, depth: int, *, with_filters: bool = True) -> _Node:
        if depth > DEPTH_MAX:
            raise TemplateRefused(f"a template of more than {DEPTH_MAX} brackets")
        if self._take("sign", "-"):
            inner = self._unary(depth + 1, with_filters=False)
            node: _Node = lambda payload: _unless_missing(inner(payload), lambda value: -_numeric(value))  # noqa: E731
        else:
            node = self._members(self._primary(depth))
        while with_filters and self._take("sign", "|"):
            node = self._filter(node, depth)
        return node

    def _primary(self, depth: int) -> _Node:
        kind, text = self._next()
        if kind == "number":
            return _always(float(text) if "." in text else int(text))
        if kind == "text":
            return _always(text)
        if kind == "sign" and text == "(":
            inner = self.expression(depth + 1)
            self._need(")")
            return inner
        if kind == "name":
            return self._named(text, depth)
        raise TemplateRefused(f"{_shown(text)} in its template is not understood")

    def _named(self, name: str, depth: int) -> _Node:
        if name in _CONSTANTS:
            return _always(_CONSTANTS[name])
        if name == "value":
            return lambda payload: payload.text
        if name == "value_json":
            return lambda payload: payload.json
        if name in {"float", "int"} and self._take("sign", "("):
            inner = self.expression(depth + 1)
            default = self.expression(depth + 1) if self._take("sign", ",") else None
            self._need(")")
            return _converted(name, inner, default)
        raise TemplateRefused(f"{_shown(name)} in its template is not understood")

    def _members(self, node: _Node) -> _Node:
        while True:
            if self._take("sign", "."):
                kind, key = self._next()
                if kind != "name" or key in _KEYWORDS:
                    raise TemplateRefused(f"{_shown(key)} in its template is not understood")
                if self._peek() == ("sign", "("):
                    raise TemplateRefused(f"the call {_shown(key)} in its template is not understood")
                node = _member(node, key)
            elif self._take("sign", "["):
                kind, key = self._next()
                if kind not in {"text", "number"} or "." in key * (kind == "number"):
                    raise TemplateRefused(f"{_shown(key)} in its template is not understood")
                node = _member(node, int(key) if kind == "number" else key)
                self._need("]")
            else:
                return node

    def _filter(self, node: _Node, depth: int) -> _Node:
        kind, name = self._next()
        arguments: list[_Node] = []
        if self._take("sign", "("):
            while not self._take("sign", ")"):
                arguments.append(self.expression(depth + 1))
                if self._peek() != ("sign", ")"):
                    self._need(",")
        if kind != "name" or len(arguments) > _FILTERS.get(name, (-1,))[0]:
            raise TemplateRefused(f"the filter {_shown(name)} of its template is not understood")
        argument = arguments[0] if arguments else None
        if name in {"float", "int"}:
            return _converted(name, node, argument)
        if name in {"default", "d"}:
            if argument is None:
                raise TemplateRefused("the filter 'default' of its template says no value")
            return lambda payload: argument(payload) if (found := node(payload)) is MISSING else found
        apply = _FILTERS[name][1]
        return lambda payload: _unless_missing(
            node(payload), lambda value: apply(value, argument(payload) if argument else 0)
        )

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "its end")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() == (kind, text):
            self._at += 1
            return True
        return False

    def _sign(self, signs: Any) -> str | None:
        kind, text = self._peek()
        if kind == "sign" and text in signs:
            self._at += 1
            return text
        return None

    def _need(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise TemplateRefused(f"{_shown(self._peek()[1])} in its template stands where {sign!r} should")


def _always(value: Any) -> _Node:
    return lambda _: value


def _unless_missing(value: Any, apply: Callable[[Any], Any]) -> Any:
    return MISSING if value is MISSING else apply(value)


def _numeric(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("not a number")
    return value


def _binary(apply: Callable[[Any, Any], Any], left: _Node, right: _Node, *, is_number: bool = False) -> _Node:
    def node(payload: Payload) -> Any:
        one, other = left(payload), right(payload)
        if one is MISSING or other is MISSING:
            return MISSING
        return apply(_numeric(one), _numeric(other)) if is_number else apply(one, other)

    return node


def _or(left: _Node, right: _Node) -> _Node:
    return lambda payload: _unless_missing(left(payload), lambda value: value or right(payload))


def _and(left: _Node, right: _Node) -> _Node:
    return lambda payload: _unless_missing(left(payload), lambda value: value and right(payload))


def _choose(condition: Any, chosen: _Node, other: _Node, payload: Payload) -> Any:
    if condition is MISSING:
        return MISSING
    return chosen(payload) if condition else other(payload)


def _member(node: _Node, key: str | int) -> _Node:
    def look(value: Any) -> Any:
        if isinstance(value, dict):
            return value.get(key, MISSING)
        if isinstance(value, list) and isinstance(key, int):
            return value[key] if key < len(value) else MISSING
        return MISSING

    return lambda payload: _unless_missing(node(payload), look)


def _converted(name: str, node: _Node, default: _Node | None) -> _Node:
    def convert(payload: Payload) -> Any:
        value = node(payload)
        if value is MISSING:
            return MISSING if default is None else default(payload)
        try:
            return float(value) if name == "float" else int(float(value))
        except (TypeError, ValueError, OverflowError):
            if default is None:
                raise
            return default(payload)

    return convert


def _round(value: Any, digits: Any) -> Any:
    return round(float(_numeric(value)), max(-9, min(9, int(_numeric(digits)))))


_FILTERS: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "float": (1, lambda value, _: value),
    "int": (1, lambda value, _: value),
    "default": (1, lambda value, _: value),
    "d": (1, lambda value, _: value),
    "round": (1, _round),
    "abs": (0, lambda value, _: abs(_numeric(value))),
    "lower": (0, lambda value, _: str(value).lower()),
    "upper": (0, lambda value, _: str(value).upper()),
    "trim": (0, lambda value, _: str(value).strip()),
    "is_defined": (0, lambda value, _: value),
}
"""By name: how many arguments, and what it does to a value."""
