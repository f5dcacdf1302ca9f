"""How long a decision takes by itself, beside writing its event as JSON: deciding must not be what a tap waits for."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import Any

from loyalty.calendar import Birthday
from loyalty.checkout.coupons import Basket, HeldCoupon, Shopper
from loyalty.checkout.offers import member_days_for
from loyalty.checkout.question import Question
from loyalty.checkout.quote import quote
from loyalty.decide import decide_activity, decide_own_refund, decide_purchase, decide_sale
from loyalty.events import Line, OwnSale, Purchase, Refund
from loyalty.identifiers import EventId, GatewayId, MemberId, SaleId, StoreId
from loyalty.points.accruals import Activity, Occasion
from loyalty.rights.movements import Incarnation, MovementId
from loyalty.rights.wallet import Wallet, redeem
from loyalty.terms.document import Terms, terms_from_toml
from loyalty.terms.earning import ActivityKind

describe = "decisions a second: sales, refunds, activities, quotes and redemptions, beside writing a sale as JSON"

SHARE_MIN = 0.015
"""A quote under a whole programme is some thirty times the work of writing its event; half of that is a regression."""
QUOTE_P99_MS_MAX = 2.0
"""A tenth of the 20 ms in which a till is answered."""

_PROGRAMME = Path(__file__).parents[1] / "docs" / "programme.example.toml"
_FOUNDING_DAY = date(2026, 9, 18)
_ANNA = MemberId("f3b1c2d4e5a69788")
_STORE = StoreId("harbour")
_WALLET = Wallet(GatewayId("store-7"), Incarnation("1-4f2a"), frozen=False, rights=100_000)
_LINES = tuple(
    Line(f"690123456789{n}", 1_000 + 137 * n, ("coffee", "ware", "tea")[n % 3], ("harbour", "other")[n % 2])
    for n in range(10)
)
_SALE = Purchase(EventId("1-4f2a/ledger/4711"), _STORE, SaleId("2026-0918-0042"), "CNY", 16_165)
_EVENT = {
    "type": "regulars.sale.completed.v1",
    "sale": _SALE.sale,
    "till": "till-1",
    "currency": "CNY",
    "total_minor": _SALE.total_minor,
    "sold_at": "2026-09-18T09:41:07.312Z",
    "lines": [{"sku": line.sku, "amount_minor": line.amount_minor, "category": line.category} for line in _LINES],
}


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks decide", description=describe)
    parser.add_argument("--slices", type=int, default=20, help="turns each question takes, interleaved")
    parser.add_argument("--slice-s", type=float, default=0.1, help="seconds of one turn")
    asked = parser.parse_args(argv)
    terms = terms_from_toml(_PROGRAMME.read_text("utf-8"))
    questions = {"json_encode": _encode, **_questions(terms)}
    rates = _rates(questions, asked.slices, asked.slice_s)
    peer = median(rates["json_encode"])
    asking = _asking(terms)
    p50, p99 = _percentiles_ms(asking, round(asked.slices * asked.slice_s * 1_000))
    share = median(rates["quote"]) / peer
    return {
        "decisions": [
            {"question": name, "per_s": round(median(seen)), "of_json_encode": round(median(seen) / peer, 3)}
            for name, seen in rates.items()
        ],
        "quote_ms": {"p50": round(p50, 3), "p99": round(p99, 3)},
        "targets": [
            {"figure": "quote of json_encode", "min": SHARE_MIN, "value": round(share, 3), "met": share >= SHARE_MIN},
            {"figure": "quote p99 ms", "max": QUOTE_P99_MS_MAX, "value": round(p99, 3), "met": p99 <= QUOTE_P99_MS_MAX},
        ],
    }


def _encode() -> object:
    return json.dumps(_EVENT, separators=(",", ":"))


def _questions(terms: Terms) -> dict[str, Callable[[], object]]:
    """Each question as a store asks it: a basket of ten lines, a gold member, every section of the programme."""
    tier = terms.tier("gold")
    days = member_days_for(terms, on=_FOUNDING_DAY, store=_STORE, member_type="senior", tier="gold")
    occasion = Occasion(_FOUNDING_DAY, tier=tier, member_days=days)
    sale = OwnSale(_ANNA, _SALE.total_minor, earned=400, pending=100, redeemed=200)
    refund = Refund(EventId("1-4f2a/ledger/4712"), _STORE, SaleId("2026-0918-0043"), "CNY", 4_000)
    birthday = Activity(_ANNA, ActivityKind.BIRTHDAY, _FOUNDING_DAY, _SALE.event, birthday=Birthday(9, 18))
    return {
        "decide_purchase": lambda: decide_purchase(_ANNA, terms.programme, _SALE),
        "decide_sale": lambda: decide_sale(_ANNA, terms, _SALE, _LINES, occasion),
        "decide_own_refund": lambda: decide_own_refund(terms, sale, refund),
        "decide_activity": lambda: decide_activity(terms, "birthday", birthday, ()),
        "redeem": lambda: redeem(_WALLET, MovementId("m"), 100),
        "quote": _asking(terms),
    }


def _asking(terms: Terms) -> Callable[[], object]:
    shopper = Shopper(member=True, member_type="senior", tier="gold", points=5_000)
    held = tuple(HeldCoupon(coupon.id) for coupon in terms.coupons)
    basket = Basket(_STORE, "CNY", _LINES)
    question = Question(basket, shopper, _FOUNDING_DAY, held, points=1_000, reward="ten-off")
    return lambda: quote(terms, question)


def _rates(questions: dict[str, Callable[[], object]], slices: int, slice_s: float) -> dict[str, list[float]]:
    """Let all take short turns, so that a machine that slows down slows all of them."""
    rates: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(slices):
        for name, ask in questions.items():
            count, began = 0, perf_counter()
            while (took := perf_counter() - began) < slice_s:
                for _ in range(50):
                    ask()
                count += 50
            rates[name].append(count / took)
    return rates


def _percentiles_ms(ask: Callable[[], object], times: int) -> tuple[float, float]:
    taken = []
    for _ in range(max(100, times)):
        began = perf_counter_ns()
        ask()
        taken.append((perf_counter_ns() - began) / 1e6)
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]
