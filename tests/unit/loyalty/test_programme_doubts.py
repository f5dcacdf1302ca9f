"""Doubts about programmes that can be used: what they would cost, promise in vain, or refuse offline."""

from __future__ import annotations

import re
import string

import pytest

from loyalty.terms.document import terms_from_toml
from loyalty.terms.doubts import Concern, Doubt
from loyalty.terms.warnings import warnings

BASE = '[lots]\npending_days = 7\n[programme]\nname = "P"\ncurrency = "CNY"\n'
LIMITED = "budget = { member_uses_max = 1 }\n"
REWARD = "[[rewards]]\nid='r'\nname='R'\nkind='coupon'\ncoupon='c'\npoints=1000\nvalue_minor=900\n"


def coupon(name: str, rest: str, kind: str = "amount") -> str:
    return f"[[coupons]]\nid = '{name}'\nname = 'C'\nkind = '{kind}'\n{rest}\n"


def concerns(text: str) -> list[tuple[str, Doubt]]:
    return [(one.key, one.doubt) for one in warnings(terms_from_toml(text + BASE))]


TEN = "amount_minor = 1000\nminimum_minor = 3000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 1 point for 1.00: a point that buys 1.00 gives all of it back.
        ("[redeeming]\npoints=1\nvalue_minor=99\n", [("redeeming.points", Doubt.GIVES_BACK_MUCH)]),
        ("[redeeming]\npoints=1\nvalue_minor=100\n", [("redeeming.points", Doubt.LOSES_MONEY)]),
        (
            "[[rewards]]\nid='r'\nname='R'\nkind='goods'\npoints=10\nvalue_minor=1001\n",
            [("rewards[0].points", Doubt.LOSES_MONEY)],
        ),
        # What points buy at a store that is cut off.
        (REWARD + coupon("c", TEN + "\nbudget = { member_uses_max = 0 }"), []),
        (REWARD + coupon("c", TEN), [("rewards[0].coupon", Doubt.REWARD_ONLY_SO_OFTEN)]),
        (
            REWARD + coupon("c", TEN + "\nbudget = { campaign_uses_max = 9 }"),
            [("rewards[0].coupon", Doubt.REWARD_GIVEN_LATER)],
        ),
        (
            REWARD + coupon("c", TEN + "\nbudget = { liability_minor_max = 9 }"),
            [("rewards[0].coupon", Doubt.REWARD_GIVEN_LATER)],
        ),
        # A liability that cannot be counted.
        (
            coupon("c", "percent = 5\nbudget = { liability_minor_max = 9 }", "percent"),
            [("coupons[0].discount_max_minor", Doubt.LIABILITY_WITHOUT_BOUND)],
        ),
        (coupon("c", "percent = 5\ndiscount_max_minor = 9\nbudget = { liability_minor_max = 9 }", "percent"), []),
        (coupon("c", TEN + "\nbudget = { liability_minor_max = 9 }"), []),
        # Coupons beside each other.
        (coupon("a", TEN) + coupon("b", TEN), []),
        (coupon("a", TEN) + coupon("b", TEN) + coupon("c", TEN), [("coupons", Doubt.NOTHING_TO_PAY)]),
        (coupon("a", TEN) + coupon("b", TEN) + coupon("c", TEN + "\nexclusive = true"), []),
        (coupon("a", TEN) + coupon("b", TEN + "\ngroup = 'g'") + coupon("c", TEN + "\ngroup = 'g'"), []),
        (
            coupon("a", TEN) + coupon("b", TEN) + coupon("c", "percent = 34", "percent"),
            [("coupons", Doubt.NOTHING_TO_PAY)],
        ),
        (coupon("a", TEN) + coupon("b", TEN) + coupon("c", "percent = 33", "percent"), []),
        (
            coupon("a", "amount_minor = 500\nminimum_minor = 600") + coupon("c", "percent = 100", "percent"),
            [("stacking.order", Doubt.NEARLY_NOTHING_TO_PAY), ("coupons", Doubt.NOTHING_TO_PAY)],
        ),
        # Tiers.
        (
            "[earning]\nday_points_max=10\n[tiers]\nby='points'\nlevels=[{id='a',name='A',at=3661}]\n",
            [("tiers.levels[0].at", Doubt.TIER_OUT_OF_REACH)],
        ),
        ("[earning]\nday_points_max=10\n[tiers]\nby='points'\nlevels=[{id='a',name='A',at=3660}]\n", []),
        (
            "[earning]\nday_points_max=10\n[tiers]\nby='points'\nperiod='rolling'\nperiod_days=30\nlevels=[{id='a',name='A',at=300},{id='b',name='B',at=301}]\n",
            [("tiers.levels[1].at", Doubt.TIER_OUT_OF_REACH)],
        ),
        ("[earning]\nday_points_max=10\n[tiers]\nlevels=[{id='a',name='A',at=999999}]\n", []),
        # Member types.
        (
            "[[member_types]]\nid='a'\n[[member_types]]\nid='b'\npurchases_min=3\n",
            [("member_types[1]", Doubt.TYPE_NEVER_FITS)],
        ),
        (
            "[[member_types]]\nid='a'\npurchases_max=2\n[[member_types]]\nid='b'\npurchases_min=4\n",
            [("member_types", Doubt.NO_TYPE_FITS)],
        ),
        ("[[member_types]]\nid='a'\npurchases_max=2\n[[member_types]]\nid='b'\npurchases_min=3\n", []),
        ("[[member_types]]\nid='a'\nmember_days_min=30\n", [("member_types", Doubt.NO_TYPE_FITS)]),
        ("[[member_types]]\nid='a'\npurchases_max=99\n", [("member_types", Doubt.NO_TYPE_FITS)]),
        # Offers in vain.
        (
            coupon("c", TEN) + "[[member_types]]\nid='a'\npurchases_max=0\n[[member_types]]\nid='b'\npurchases_min=1\n"
            "offers=[{kind='first_purchase_discount',coupon='c'}]\n",
            [("member_types[1].offers[0]", Doubt.NO_FIRST_PURCHASE_LEFT)],
        ),
        (
            coupon("c", TEN + "\nmember_types = ['b']")
            + "[[member_types]]\nid='a'\npurchases_max=0\noffers=[{kind='welcome_pack',coupon='c'}]\n"
            "[[member_types]]\nid='b'\n",
            [("member_types[0].offers[0].coupon", Doubt.COUPON_FOR_OTHERS)],
        ),
        ("[[member_types]]\nid='a'\noffers=[{kind='news'}]\n", [("member_types[0].offers[0]", Doubt.NOTHING_TO_TELL)]),
        (
            "[[member_types]]\nid='a'\noffers=[{kind='promotions'}]\n[[member_days]]\nid='d'\nname='D'\nweekdays=[2]\n",
            [],
        ),
        # A tier's coupon in vain, or not every time.
        (
            coupon("c", TEN + "\nbudget = {member_uses_max = 0}\nends = 2027-01-01")
            + "[[tiers.levels]]\nid='silver'\nname='S'\nat=10\ncoupon='c'\n",
            [],
        ),
        (
            coupon("c", TEN + "\ntiers = ['gold']\nbudget = {member_uses_max = 0}\nends = 2027-01-01")
            + "[[tiers.levels]]\nid='silver'\nname='S'\nat=10\ncoupon='c'\n"
            "[[tiers.levels]]\nid='gold'\nname='G'\nat=20\n",
            [("tiers.levels[0].coupon", Doubt.COUPON_FOR_OTHER_TIERS)],
        ),
        (
            coupon("c", TEN) + "[[tiers.levels]]\nid='silver'\nname='S'\nat=10\ncoupon='c'\n",
            [("tiers.levels[0].coupon", Doubt.TIER_COUPON_ONLY_SO_OFTEN)],
        ),
    ],
)
def test_a_doubtful_programme_is_warned_of_at_its_key_and_a_sound_one_is_not(
    text: str, expected: list[tuple[str, Doubt]]
) -> None:
    assert concerns(text) == expected


def test_a_member_whom_no_type_fits_is_described() -> None:
    text = "[[member_types]]\nid='a'\npurchases_max=2\n[[member_types]]\nid='b'\npurchases_min=5\nmember_days_min=30\n"
    concern = warnings(terms_from_toml(text + BASE))[0]
    assert concern.says == "nobody's type is that of a member with 3 purchases 0 days after joining"


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_is_a_sentence_with_a_remedy_and_fills_in_what_it_names(doubt: Doubt) -> None:
    names = {name for text in (doubt.says, doubt.remedy) for _, name, *_ in string.Formatter().parse(text) if name}
    concern = Concern("key", doubt, dict.fromkeys(names, "x"))
    for text in (concern.says, concern.remedy):
        assert re.search(r"[{}]", text) is None
        assert text[0].islower()
        assert not text.endswith(".")
