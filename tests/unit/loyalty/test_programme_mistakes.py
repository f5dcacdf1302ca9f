"""Every key of a programme file, given what it must not hold: refused by its name, with its value and a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from loyalty.programme import programme_from_toml
from loyalty.terms.document import Terms, terms_from_mapping, terms_from_toml
from loyalty.terms.fields import Day, Flag, Kind, Matching, OneOf, ProgrammeError, Several, Text, Whole
from loyalty.terms.tables import Table, Tables, kinds_of

WHOLE: dict[str, Any] = {
    "programme": {"name": "P", "currency": "CNY"},
    "lots": {},
    "earning": {
        "multipliers": [{"id": "m", "percent": 200}],
        "activities": [{"id": "v", "kind": "visit", "points": 1}],
        "referral": {},
    },
    "tiers": {"levels": [{"id": "gold", "name": "Gold", "at": 5}]},
    "redeeming": {},
    "stacking": {},
    "rewards": [{"id": "cup", "name": "Cup", "kind": "goods", "points": 5, "value_minor": 5}],
    "coupons": [{"id": "c", "name": "C", "kind": "percent", "percent": 5, "budget": {}}],
    "member_types": [{"id": "all", "offers": [{"kind": "news"}]}],
    "member_days": [{"id": "d", "name": "D", "weekdays": [1]}],
}
Place = tuple[str | int, ...]


def test_the_smallest_file_with_every_section_can_be_used() -> None:
    assert terms_from_mapping(WHOLE).rewards[0].id == "cup"


def described(table: type[Any], value: Any, place: Place = ()) -> Iterator[tuple[Place, Kind, bool]]:
    """Each key of every table of the file: where it stands, its kind, and whether it must be there."""
    defaults = {one.name: one.default is not MISSING or one.default_factory is not MISSING for one in fields(table)}
    for name, kind in kinds_of(table).items():
        here = (*place, name)
        yield here, kind, not defaults[name]
        inner = value.get(name)
        if isinstance(kind, Table) and inner is not None:
            yield from described(kind.of, inner, here)
        elif isinstance(kind, Tables) and inner:
            yield from described(kind.of, inner[0], (*here, 0))


KEYS = list(described(Terms, WHOLE))
NOTHING_OF_THE_KIND: tuple[Any, ...] = (
    None,
    True,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "\u202egnp",
    {},
    [],
    [[]],
    {"x": 1},
    b"x",
    time(),
)


def wrong_for(kind: Kind) -> list[object]:
    """Values that this kind must refuse."""
    match kind:
        case Whole(low=low, high=high):
            return [*NOTHING_OF_THE_KIND, low - 1, high + 1, str(low), 10**30, -(10**30)]
        case Flag():
            return [*(value for value in NOTHING_OF_THE_KIND if value is not True), 0, 1, "true"]
        case Text(chars_max=most):
            return [*NOTHING_OF_THE_KIND, 7, "x" * (most + 1), "two\nlines", "\x1b[2J", "\ud800"]
        case Matching():
            return [*NOTHING_OF_THE_KIND, 7, "two words", "x" * 41, "Grüße", "a\n"]
        case Day():
            return [*NOTHING_OF_THE_KIND, 7, "2026-02-29", "2026-13-01", "0000-01-01", "10000-01-01", "soon", _INSTANT]
        case OneOf():
            return [*NOTHING_OF_THE_KIND, 7, "none of them"]
        case Several(of=of):
            entries = [[value] for value in wrong_for(of)]
            return [*(v for v in NOTHING_OF_THE_KIND if v != []), 7, "abc", [1] * 101, *entries]
        case Table():
            return [*(v for v in NOTHING_OF_THE_KIND if v not in ({}, {"x": 1})), {"no such key": 1}, 7]
        case Tables(tables_max=most):
            return [*(v for v in NOTHING_OF_THE_KIND if v != []), 7, [{}] * (most + 1), [7], [None]]
        case _:
            raise AssertionError(f"no wrong values are known for {kind}")


_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)


def written(place: Place) -> str:
    """``coupons[0].percent``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def file_with(place: Place, value: object) -> dict[str, Any]:
    """The file with one value put in its place."""
    changed = deepcopy(WHOLE)
    table: Any = changed
    for part in place[:-1]:
        table = table[part]
    if value is MISSING:
        del table[place[-1]]
    else:
        table[place[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("place", "kind"),
    [(place, kind) for place, kind, _ in KEYS],
    ids=lambda one: written(one) if isinstance(one, tuple) else "",
)
def test_a_wrong_value_is_named_with_its_key_and_a_remedy(place: Place, kind: Kind) -> None:
    for value in wrong_for(kind):
        with pytest.raises(ProgrammeError) as refused:
            terms_from_mapping(file_with(place, value))
        error = refused.value
        assert error.key.startswith(written(place)), (value, error)
        assert error.remedy, value
        assert "{" not in error.advice.format(**error.figures), value
        assert len(str(error)) < 700, value


@pytest.mark.parametrize("place", [place for place, _, needed in KEYS if needed], ids=written)
def test_a_key_that_is_needed_and_missing_is_named_with_what_it_is(place: Place) -> None:
    with pytest.raises(ProgrammeError) as refused:
        terms_from_mapping(file_with(place, MISSING))
    assert refused.value.key == written(place)
    assert refused.value.remedy.startswith("write it: ")


@pytest.mark.parametrize(
    "place", sorted({place[:-1] for place, *_ in KEYS}, key=str), ids=lambda one: written(one) or "top"
)
def test_a_key_that_nobody_knows_is_refused_in_every_table(place: Place) -> None:
    for name in ("percnt", "", "a" * 500, "\x1b[2J", "{0}"):
        with pytest.raises(ProgrammeError) as refused:
            terms_from_mapping(file_with((*place, name), 1))
        assert refused.value.remedy.startswith("remove it; known keys are ")


@pytest.mark.parametrize(
    ("place", "kind"),
    [(place, kind) for place, kind, _ in KEYS if isinstance(kind, Tables) and place[-1] != "offers"],
    ids=lambda one: written(one) if isinstance(one, tuple) else "",
)
def test_two_tables_of_one_list_cannot_share_an_id(place: Place, kind: Kind) -> None:
    first: Any = WHOLE
    for part in place:
        first = first[part]
    with pytest.raises(ProgrammeError) as refused:
        terms_from_mapping(file_with(place, [first[0], first[0]]))
    assert refused.value.key == f"{written(place)}[1].id"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("rewards", 0, "tiers"), ["lead"]),
        (("rewards", 0, "member_types"), ["lead"]),
        (("coupons", 0, "tiers"), ["lead"]),
        (("coupons", 0, "member_types"), ["all", "lead"]),
        (("member_days", 0, "tiers"), ["gold", "lead"]),
        (("member_days", 0, "member_types"), ["lead"]),
        (("earning", "referral", "referrer_coupon"), "lead"),
        (("earning", "referral", "referred_coupon"), "lead"),
        (("member_types", 0, "offers"), [{"kind": "welcome_pack", "coupon": "lead"}]),
    ],
    ids=str,
)
def test_what_names_another_table_that_is_not_there_is_told_which_there_are(place: Place, value: object) -> None:
    with pytest.raises(ProgrammeError) as refused:
        terms_from_mapping(file_with(place, value))
    assert refused.value.found == "lead"
    assert refused.value.key.startswith(written(place))
    assert "of this file (" in refused.value.remedy


@pytest.mark.parametrize("read", [terms_from_toml, programme_from_toml])
@pytest.mark.parametrize(
    "text",
    [
        "x = 1" + "0" * 5_000,
        "x = " + "[" * 5_000,
        "x = " + "{a = " * 5_000,
        "[" + "a." * 5_000 + "b]",
        "x = 2026-02-30",
        "x = 99999-01-01",
        "x = 'unclosed",
        "\x00",
        "[programme]\n[programme]",
        "x = 1\nx = 2",
        "[[programme]]\nname = 'P'",
        "programme = nan",
    ],
)
def test_a_hostile_file_is_one_mistake_and_not_a_crash(read: Any, text: str) -> None:
    with pytest.raises(ProgrammeError) as refused:
        read(text)
    assert refused.value.remedy
    assert len(str(refused.value)) < 700


def test_a_file_of_the_largest_allowed_lists_is_read_whole_in_time() -> None:
    example = json.loads(json.dumps(WHOLE))
    coupon = example["coupons"][0]
    example["coupons"] = [{**coupon, "id": f"c{n}", "stores": [f"s{m}" for m in range(100)]} for n in range(200)]
    terms = terms_from_mapping(example)
    assert (len(terms.coupons), len(terms.coupons[-1].stores)) == (200, 100)


def test_a_file_that_says_what_it_means_is_not_changed_by_being_read() -> None:
    before = deepcopy(WHOLE)
    terms_from_mapping(WHOLE)
    assert before == WHOLE
    example = (Path(__file__).parents[3] / "docs" / "programme.example.toml").read_text("utf-8")
    assert date(2026, 9, 18) in terms_from_toml(example).member_days[1].days
