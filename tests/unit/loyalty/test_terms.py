"""The programme file: read whole or refused with the path of the key at fault; doubtful ones are warned of."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from loyalty.programme import Programme, ProgrammeError, programme_from_toml
from loyalty.terms.document import Terms, json_schema, terms_from_mapping, terms_from_toml
from loyalty.terms.tables import kinds_of
from loyalty.terms.warnings import warnings

BASE = '[programme]\nname = "P"\ncurrency = "CNY"\n'
EXAMPLE = Path(__file__).parents[3] / "docs" / "programme.example.toml"
PERCENT = '[[coupons]]\nid = "c"\nname = "C"\nkind = "percent"\npercent = 10\nends = 2026-12-31\n'
AMOUNT = '[[coupons]]\nid = "a"\nname = "A"\nkind = "amount"\namount_minor = 500\nminimum_minor = 2000\n'
REWARD = '[[rewards]]\nid = "r"\nname = "R"\nkind = "cash"\npoints = 1000\nvalue_minor = 1000\n'


def with_pending(text: str) -> Terms:
    return terms_from_toml("[lots]\npending_days = 7\n" + text + BASE)


def test_a_file_with_a_rate_alone_grants_nothing_else() -> None:
    assert terms_from_toml(BASE) == Terms(Programme("P", "CNY"))


def test_the_example_is_read_whole_and_raises_no_doubt() -> None:
    terms = terms_from_toml(EXAMPLE.read_text("utf-8"))
    assert warnings(terms) == ()
    assert terms.programme == programme_from_toml(EXAMPLE.read_text("utf-8"))
    assert {member_type.id for member_type in terms.member_types} == {"new", "regular", "senior"}


def test_the_example_shows_every_section() -> None:
    assert set(tomllib.loads(EXAMPLE.read_text("utf-8"))) == {field.name for field in fields(Terms)}


def test_a_file_that_travelled_as_json_is_the_same_programme() -> None:
    table = tomllib.loads(EXAMPLE.read_text("utf-8"))
    assert terms_from_mapping(json.loads(json.dumps(table, default=str))) == terms_from_mapping(table)


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("[programme", "toml", "mend"),
        ("", "programme", "write it"),
        ("programme = 5", "programme", "table"),
        (BASE.replace('"CNY"', '"yuan"'), "programme.currency", "ISO 4217"),
        ("points = 1\n" + BASE, "points", "remove it"),
        ("[lots]\npending_days = -1\n" + BASE, "lots.pending_days", "0 to 365"),
        ('[lots]\nexpiry = "soon"\n' + BASE, "lots.expiry", "never, days"),
        ('[lots]\nexpiry = "days"\n' + BASE, "lots.after", "1 to"),
        ("[lots]\nafter = 3\n" + BASE, "lots.after", "never"),
        ("[[earning.multipliers]]\nid = 'a'\npercent = 100\n" + BASE, "earning.multipliers[0].percent", "101"),
        ("[[earning.multipliers]]\nid = 'a b'\npercent = 200\n" + BASE, "earning.multipliers[0].id", "letters"),
        (
            "[[earning.multipliers]]\nid='a'\npercent=200\nstarts=2026-02-01\nends=2026-01-01\n" + BASE,
            "earning.multipliers[0].ends",
            "2026-02-01",
        ),
        (
            "[[earning.activities]]\nid='a'\nkind='dance'\npoints=1\n" + BASE,
            "earning.activities[0].kind",
            "visit, birthday",
        ),
        ("[earning.referral]\nreferrer_coupon = 'x'\n" + BASE, "earning.referral.referrer_coupon", "none so far"),
        ("[tiers]\nlevels=[{id='a',name='A',at=9},{id='b',name='B',at=9}]\n" + BASE, "tiers.levels[1].at", "more than"),
        ("[tiers]\nlevels=[{id='a',name='A',at=9},{id='a',name='B',at=10}]\n" + BASE, "tiers.levels[1].id", "own"),
        ("[redeeming]\npoints = 5\n" + BASE, "redeeming.value_minor", "or neither"),
        ('[stacking]\norder = ["points", "tier"]\n' + BASE, "stacking.order", "add member_day"),
        ('[stacking]\norder = ["tier", "tier"]\n' + BASE, "stacking.order[1]", "once"),
        (REWARD.replace("1000", "true", 1) + BASE, "rewards[0].points", "whole number"),
        (REWARD.replace("cash", "coupon") + BASE, "rewards[0].coupon", "name a coupon"),
        (REWARD + 'tiers = ["gold"]\n' + BASE, "rewards[0].tiers[0]", "name a tier"),
        (PERCENT + 'member_types = ["vip"]\n' + BASE, "coupons[0].member_types[0]", "member type"),
        (PERCENT.replace("10", "101") + BASE, "coupons[0].percent", "0 to 100"),
        (PERCENT.replace("percent = 10\n", "") + BASE, "coupons[0].percent", "write it"),
        (PERCENT + "amount_minor = 5\n" + BASE, "coupons[0].amount_minor", "remove it"),
        (PERCENT + 'starts = "soon"\n' + BASE, "coupons[0].starts", "2026-12-31"),
        (PERCENT + "starts = 2026-01-01T00:00:00\n" + BASE, "coupons[0].starts", "2026-12-31"),
        (PERCENT + "exclusive = 1\n" + BASE, "coupons[0].exclusive", "true or false"),
        (PERCENT + 'stores = "all"\n' + BASE, "coupons[0].stores", "brackets"),
        (PERCENT + "budget = { member_uses = 1 }\n" + BASE, "coupons[0].budget.member_uses", "remove it"),
        (PERCENT + PERCENT + BASE, "coupons[1].id", "own"),
        (
            "[[member_types]]\nid='n'\noffers=[{kind='birthday_gift'}]\n" + BASE,
            "member_types[0].offers[0].coupon",
            "name",
        ),
        (
            "[[member_types]]\nid='n'\noffers=[{kind='news',coupon='c'}]\n" + PERCENT + BASE,
            "member_types[0].offers[0].coupon",
            "remove it",
        ),
        ("[[member_types]]\nid='n'\npurchases_min=3\npurchases_max=2\n" + BASE, "member_types[0].purchases_max", "3"),
        ("[[member_days]]\nid='d'\nname='D'\n" + BASE, "member_days[0].weekdays", "say when"),
        ("[[member_days]]\nid='d'\nname='D'\nweekdays=[8]\n" + BASE, "member_days[0].weekdays[0]", "1 to 7"),
    ],
)
def test_each_mistake_is_named_with_key_value_and_remedy(text: str, key: str, remedy: str) -> None:
    with pytest.raises(ProgrammeError) as refused:
        terms_from_toml(text)
    assert refused.value.key == key
    assert remedy in refused.value.remedy
    assert str(refused.value).startswith(f"{key} is ")


def test_a_hostile_value_does_not_fill_the_screen() -> None:
    with pytest.raises(ProgrammeError) as refused:
        terms_from_toml(BASE.replace('"P"', '"' + "x" * 100_000 + '"'))
    assert len(str(refused.value)) < 300


def _undescribed(table: type[Any], schema: dict[str, Any], path: str) -> list[str]:
    """Fields that schema and dataclass do not share, all the way down."""
    wrong = [path + name for name in set(kinds_of(table)) ^ set(schema["properties"])]
    for name, kind in kinds_of(table).items():
        described = schema["properties"][name]
        wrong += [] if described["description"] else [path + name]
        of = getattr(kind, "of", None)
        if isinstance(of, type) and is_dataclass(of):
            wrong += _undescribed(of, described.get("items", described), f"{path}{name}.")
    return wrong


def test_the_json_schema_describes_every_key_of_every_table() -> None:
    schema = json_schema()
    assert _undescribed(Terms, json.loads(json.dumps(schema)), "") == []
    assert schema["required"] == ["programme"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (REWARD, ()),
        (REWARD.replace("points = 1000", "points = 33"), ("rewards[0].points",)),
        (REWARD.replace("points = 1000", "points = 34"), ()),
        ("[redeeming]\npoints = 1\nvalue_minor = 31\n", ("redeeming.points",)),
        ("[redeeming]\npoints = 1\nvalue_minor = 30\n", ()),
        (
            "[redeeming]\npoints = 1\nvalue_minor = 16\n[[earning.multipliers]]\nid='m'\npercent=200\n",
            ("redeeming.points",),
        ),
        (
            "[redeeming]\npoints=1\nvalue_minor=5\n[earning.referral]\nreferrer_points=100\nminimum_minor=499\n",
            ("earning.referral.minimum_minor",),
        ),
        ("[redeeming]\npoints=1\nvalue_minor=5\n[earning.referral]\nreferrer_points=100\nminimum_minor=500\n", ()),
        (AMOUNT, ()),
        (AMOUNT.replace("2000", "500"), ("coupons[0].minimum_minor",)),
        (AMOUNT + "budget = { member_uses_max = 0 }\n", ("coupons[0].budget",)),
        (PERCENT.replace("10", "60"), ("stacking.order",)),
        (PERCENT.replace("10", "30") + PERCENT.replace("10", "30").replace('"c"', '"d"'), ("stacking.order",)),
        (
            PERCENT.replace("10", "30")
            + 'group = "g"\n'
            + PERCENT.replace("10", "30").replace('"c"', '"d"')
            + 'group = "g"\n',
            (),
        ),
    ],
)
def test_a_programme_that_would_lose_money_is_warned_of(text: str, keys: tuple[str, ...]) -> None:
    assert tuple(concern.key for concern in warnings(with_pending(text))) == keys


@pytest.mark.parametrize(
    ("lots", "keys"),
    [
        ("pending_days = 0", ("lots.pending_days",)),
        ('pending_days = 30\nexpiry = "days"\nafter = 30', ("lots.after",)),
        ('pending_days = 30\nexpiry = "month_end"\nafter = 1', ("lots.after",)),
        ('pending_days = 30\nexpiry = "month_end"\nafter = 2', ()),
        ('pending_days = 7\nexpiry = "year_end"', ("lots.after",)),
    ],
)
def test_points_that_cannot_be_used_or_used_too_soon_are_warned_of(lots: str, keys: tuple[str, ...]) -> None:
    terms = terms_from_toml(f"[lots]\n{lots}\n{REWARD}{BASE}")
    assert tuple(concern.key for concern in warnings(terms)) == keys
