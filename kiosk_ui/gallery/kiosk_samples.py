"""Every screen of the kiosk with ordinary, awkward and hostile contents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from kiosk_ui.kiosk.screens import (
    Attract,
    Claimable,
    ConsentChoice,
    ConsentsForm,
    CouponCard,
    DetailsForm,
    Earned,
    ExpiringPoints,
    Form,
    Goodbye,
    Greeting,
    Help,
    HistoryLine,
    Link,
    Linked,
    MemberDayAhead,
    MyCoupons,
    MyPoints,
    Pin,
    Problem,
    Purpose,
    ReaderFault,
    Receipt,
    Redeem,
    Redeemed,
    Refer,
    Registered,
    RegisterForm,
    RewardCard,
    Rewards,
    Screen,
    SurveyForm,
    Thanks,
    TierProgress,
    UnknownCard,
    View,
    qr_of,
)

_NOON = datetime(2026, 3, 5, 14, 5, tzinfo=UTC)
_CLAIM = Claimable(sale="R-20260305-0117", total_minor=8650, currency="CNY")
_NAME = "王小明"
_LONG = "Maria-Magdalena von Hohenzollern-Sigmaringen"
_HOSTILE = "</h1><script>alert(1)</script>{}%s{usable}"
_MENU = (View.POINTS, View.REWARDS, View.COUPONS, View.REFER, View.SURVEY, View.LINK, View.DETAILS, View.CONSENTS)
_TIER = TierProgress(
    tier="Silver", next_name="Gold", measure="spend", done=132_000, next_at=200_000, missing=68_000, share_percent=66,
    currency="CNY", last_day=date(2026, 12, 31),
)  # fmt: skip
_HOME = Greeting(
    name=_NAME, balance=480, usable=120, as_of=_NOON, online=False, menu=_MENU, tier=_TIER, coupons=3, visit="v1"
)
_HISTORY = (
    HistoryLine(at=_NOON, rule="spend", points=86, is_pending=True, reference="e1"),
    HistoryLine(at=_NOON - timedelta(days=2), rule="redemption", points=-300, reference="e2"),
    HistoryLine(at=_NOON - timedelta(days=9), rule="tier_bonus", points=12, reference="e3"),
    HistoryLine(at=_NOON - timedelta(days=20), rule="birthday", points=100, reference="e4"),
    HistoryLine(at=_NOON - timedelta(days=21), rule="refund", points=-37, reference="e5"),
    HistoryLine(at=_NOON - timedelta(days=30), rule="spend", points=120),
    HistoryLine(at=_NOON - timedelta(days=400), rule="referral", points=200, reference="e7"),
    HistoryLine(at=_NOON - timedelta(days=401), rule="a_rule_of_tomorrow", points=1, reference="e8"),
)
_POINTS = MyPoints(
    name=_NAME, balance=480, usable=120, as_of=_NOON, online=False, visit="v1", pending=86,
    pending_until=date(2026, 3, 19),
    expiring=(ExpiringPoints(last_day=date(2026, 3, 31), points=40),), history=_HISTORY,
)  # fmt: skip
_COUPONS = (
    CouponCard(instance="c1", title="生日蛋糕 Birthday cake", kind="gift", gift="Cream cake, 6 inch", currency="CNY",
               last_day=date(2026, 3, 31)),
    CouponCard(instance="c2", title="10% off all tea", kind="percent", percent=10, minimum_minor=5000, currency="CNY",
               last_day=date(2026, 6, 30)),
    CouponCard(instance="c3", title="¥20 off your next purchase", kind="amount", amount_minor=2000, currency="CNY",
               why="held_elsewhere"),
    CouponCard(instance="c4", title="Opening week", kind="percent", percent=25, currency="CNY", why="ended",
               last_day=date(2026, 2, 28)),
)  # fmt: skip
_REWARDS = (
    RewardCard(reward="cup", title="保温杯 Thermos cup", kind="goods", points=100, value_minor=2900, currency="CNY"),
    RewardCard(reward="five", title="¥5 off", kind="cash", points=50, value_minor=500, currency="CNY"),
    RewardCard(reward="tea", title="Tea set for two", kind="goods", points=300, value_minor=8900, currency="CNY",
               why="not_enough_rights", missing=180),
    RewardCard(reward="ten", title="10% coupon", kind="coupon", points=120, value_minor=1000, currency="CNY"),
    RewardCard(reward="trip", title="A day at the spa", kind="goods", points=5000, value_minor=99900, currency="CNY",
               why="not_enough_available", missing=4520),
    RewardCard(reward="gold", title="Gold members’ dinner", kind="goods", points=100, value_minor=9900, currency="CNY",
               why="not_for_this_member"),
)  # fmt: skip
_REWARD_SCREEN = Rewards(name=_NAME, balance=480, usable=120, as_of=_NOON, online=False, visit="v1", rewards=_REWARDS)
_REDEEM = Redeem(
    name=_NAME, balance=480, usable=120, as_of=_NOON, online=False, visit="v1", reward=_REWARDS[0], balance_after=380
)

COMING: Mapping[str, Screen] = {
    "attract": Attract(),
    "attract-join": Attract(can_register=True),
    "greeting": Greeting(name=_NAME, balance=1280, as_of=_NOON, online=True),
    "greeting-offline": Greeting(name="Amélie Dubois", balance=48, as_of=_NOON, online=False),
    "greeting-claim": Greeting(name=_NAME, balance=1280, as_of=_NOON, online=False, claimable=_CLAIM, menu=_MENU),
    "greeting-long": Greeting(name=_LONG, balance=1_234_567_890, as_of=_NOON, online=False),
    "greeting-endless": Greeting(
        name="鑫" * 100, balance=-1_234_567, as_of=_NOON, online=False,
        claimable=_CLAIM.model_copy(update={"total_minor": 999_999_999_99, "currency": "IDR"}),
    ),
    "home": _HOME,
    "home-all": _HOME.model_copy(
        update={"usable": 480, "online": True, "is_birthday": True, "birthday_points": 50, "tier": None}
    ),
    "home-birthday": _HOME.model_copy(update={"is_birthday": True, "birthday_points": 50}),
    "home-today": _HOME.model_copy(update={"today": "会员日 Members' Tuesday"}),
    "home-today-long": _HOME.model_copy(update={"name": _LONG, "today": f"{_LONG} · {_LONG}"[:200]}),
    "home-ahead": _HOME.model_copy(
        update={"online": True, "ahead": MemberDayAhead(day=_NOON.date(), name="会员星期二 Members' Tuesday")}
    ),
    "home-few": _HOME.model_copy(update={"menu": _MENU[:3], "coupons": 0}),
    "home-frozen": _HOME.model_copy(update={"usable": 0, "is_frozen": True}),
    "home-none": _HOME.model_copy(update={"usable": 0}),
    "home-long": _HOME.model_copy(
        update={
            "name": "鑫" * 100, "balance": 1_234_567_890, "usable": 987_654_321, "coupons": 100,
            "tier": _TIER.model_copy(update={"tier": _LONG, "next_name": _LONG, "missing": 99_999_999_99}),
        }
    ),
    "home-hostile": _HOME.model_copy(update={"name": _HOSTILE}),
    "home-owed": _HOME.model_copy(update={"balance": -37, "usable": 0}),
    "earned": Earned(name=_NAME, points=86, balance=1366, as_of=_NOON, total_minor=8650, currency="CNY"),
    "earned-one": Earned(points=1, balance=1, as_of=_NOON, total_minor=199, currency="GBP"),
    "earned-long": Earned(
        name=_LONG, points=12_345_678, balance=1_234_567_890, as_of=_NOON, total_minor=123_456_789_00, currency="CNY"
    ),
    "earned-more": Earned(
        name=_NAME, points=86, balance=1366, as_of=_NOON, total_minor=8650, currency="CNY", redeemed=100,
        saved_minor=1000,
        available_on=date(2026, 3, 19), tier_reached="Gold",
    ),
    "returned": Earned(name=_NAME, points=-37, balance=1243, as_of=_NOON, total_minor=-3700, currency="CNY"),
    "unknown": UnknownCard(),
    "unknown-join": UnknownCard(can_register=True, visit="v1"),
    "fault": ReaderFault(device="counter-1 card reader"),
    "help": Help(name=_NAME, visit="v1"),
    "help-nobody": Help(),
    "goodbye": Goodbye(name=_NAME),
    "goodbye-nameless": Goodbye(),
}  # fmt: skip

LOOKING: Mapping[str, Screen] = {
    "points": _POINTS,
    "points-all": _POINTS.model_copy(update={"usable": 480, "online": True, "expiring": (), "pending": 0}),
    "points-frozen": _POINTS.model_copy(update={"usable": 0, "is_frozen": True}),
    "points-owed": _POINTS.model_copy(update={"balance": -37, "usable": 0, "owed": 37, "pending": 0}),
    "points-none": MyPoints(name=_NAME, balance=0, usable=0, as_of=_NOON, online=True, visit="v1"),
    "points-long": _POINTS.model_copy(
        update={
            "balance": 1_234_567_890, "usable": 987_654_321, "pending": 12_345_678, "owed": 7,
            "history": tuple(each.model_copy(update={"points": each.points * 1_234_567}) for each in _HISTORY * 5),
        }
    ),
    "receipt": Receipt(
        name=_NAME, visit="v1", reference="8f0c1d2e3a4b/ledger/18204", at=_NOON, lines=_HISTORY[:1] + _HISTORY[2:3],
        total_minor=8650, currency="CNY", available_on=date(2026, 3, 19),
    ),
    "receipt-plain": Receipt(
        name=_NAME, visit="v1", reference="8f0c1d2e3a4b/ledger/18204", at=_NOON, lines=_HISTORY[3:4], is_sent=True
    ),
    "coupons": MyCoupons(name=_NAME, visit="v1", coupons=_COUPONS, online=False),
    "coupons-shown": MyCoupons(name=_NAME, visit="v1", coupons=_COUPONS[:1]),
    "coupons-none": MyCoupons(name=_NAME, visit="v1"),
    "coupons-many": MyCoupons(
        name=_NAME, visit="v1",
        coupons=tuple(each.model_copy(update={"title": f"{_LONG} {_HOSTILE}"}) for each in _COUPONS * 4),
    ),
    "rewards": _REWARD_SCREEN,
    "rewards-frozen": _REWARD_SCREEN.model_copy(
        update={
            "usable": 0, "is_frozen": True,
            "rewards": tuple(each.model_copy(update={"why": "frozen"}) for each in _REWARDS[:2]),
        }
    ),
    "rewards-none": _REWARD_SCREEN.model_copy(update={"rewards": (), "usable": 480}),
    "rewards-many": _REWARD_SCREEN.model_copy(
        update={
            "rewards": tuple(each.model_copy(update={"title": f"{_LONG} {each.title}"}) for each in _REWARDS * 4),
            "balance": 1_234_567_890, "usable": 987_654_321,
        }
    ),
    "redeem": _REDEEM,
    "redeem-pin": _REDEEM.model_copy(update={"needs_pin": True}),
    "redeem-long": _REDEEM.model_copy(
        update={"needs_pin": True, "reward": _REWARDS[0].model_copy(update={"title": f"{_LONG} {_LONG}"})}
    ),
    "redeemed": Redeemed(
        name=_NAME, balance=380, usable=20, as_of=_NOON, online=False, visit="v1", reward=_REWARDS[0],
        voucher="K7RT-9MXQ",
        reference="8f0c1d2e3a4b/ledger/18205", at=_NOON,
    ),
    "redeemed-coupon": Redeemed(
        name=_NAME, balance=380, usable=380, as_of=_NOON, online=True, visit="v1",
        reward=_REWARDS[3].model_copy(update={"title": f"{_LONG} {_LONG}"}), voucher="K7RT-9MXQ",
        reference="8f0c1d2e3a4b/ledger/18205", at=_NOON,
    ),
    "redeemed-later": Redeemed(
        name=_NAME, balance=380, usable=20, as_of=_NOON, online=False, visit="v1", is_coupon_awaited=True,
        reward=_REWARDS[3], voucher="K7RT-9MXQ", reference="8f0c1d2e3a4b/ledger/18205", at=_NOON,
    ),
    "refer": Refer(
        name=_NAME, visit="v1", code="H4KP-2QWM", qr=qr_of("H4KP-2QWM"), referrer_points=200, referred_points=100,
        minimum_minor=5000, currency="CNY",
    ),
    "refer-plain": Refer(name=_NAME, visit="v1", code="H4KP-2QWM", qr=qr_of("H4KP-2QWM")),
}  # fmt: skip

FILLING: Mapping[str, Screen] = {
    "register": RegisterForm(visit="v1", medium="card"),
    "registered": Registered(name=_NAME, visit="v1", medium="card"),
    "registered-bare": Registered(name=_LONG, visit="v1"),
    "details": DetailsForm(
        name=_NAME, visit="v1", contact="138****0017", can_set_birthday=True, has_pin=True, preferred="zh-CN"
    ),
    "details-long": DetailsForm(
        name="鑫" * 100, visit="v1", contact="+49 151 *** 17", birthday="02-29", preferred="en"
    ),
    "consents": ConsentsForm(
        name=_NAME, visit="v1",
        consents=(ConsentChoice(purpose=Purpose.MARKETING, granted=True), ConsentChoice(purpose=Purpose.PROFILING)),
    ),
    "survey": SurveyForm(name=_NAME, visit="v1", survey="spring", points=20),
    "thanks": Thanks(name=_NAME, visit="v1", what=Form.SURVEY, points=20),
    "thanks-saved": Thanks(name=_NAME, visit="v1", what=Form.DETAILS),
    "thanks-pin": Thanks(name=_LONG, visit="v1", what=Form.PIN),
    "link": Link(name=_NAME, visit="v1"),
    "link-card": Link(name=_NAME, visit="v1", medium="card"),
    "link-phone": Link(name=_NAME, visit="v1", medium="phone"),
    "linked": Linked(name=_NAME, visit="v1", medium="card"),
    "linked-phone": Linked(name=_LONG, visit="v1", medium="phone"),
    "pin-enter": Pin(name=_NAME, visit="v1", mode="enter", wanted=View.DETAILS),
    "pin-choose": Pin(name=_NAME, visit="v1", mode="choose"),
    "pin-change": Pin(name=_NAME, visit="v1", mode="choose", needs_old=True),
    "pin-locked": Pin(name=_NAME, visit="v1", mode="locked", retry_after_s=240),
    "problem": Problem(name=_NAME, visit="v1", reason="not_enough_rights", back=View.REWARDS),
    "problem-unknown": Problem(name=_NAME, visit="v1", reason="outcome_unknown", back=View.POINTS),
    "problem-wait": Problem(name=_NAME, visit="v1", reason="pin_locked", retry_after_s=7200),
    "problem-copied": Problem(reason="card_unproven"),
    "problem-torn": Problem(reason="card_again"),
    "problem-reader": Problem(reason="card_elsewhere"),
    "problem-new": Problem(reason="something_of_tomorrow"),
}  # fmt: skip

SCREENS: Mapping[str, Screen] = {**COMING, **LOOKING, **FILLING}
"""One kiosk of the gallery for each: ``/kiosk/<name>``, and ``/kiosk/<name>-cut`` with the offline notice."""
