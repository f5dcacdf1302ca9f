"""The cashier's side of a discount: ask what a basket costs, and close the receipt at the price that was told."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import httpx

from devices.observations import QuoteAsked, SaleCompleted, SaleLine
from simulation.hands import Hands

DISCOUNT_SKU = "DISCOUNT"


def question_for(receipt: SaleCompleted, *, points: int = 0, codes: tuple[str, ...] = ()) -> QuoteAsked:
    """What the till asks before it closes this receipt; the receipt's number is the key."""
    return QuoteAsked(
        key=receipt.sale_id,
        till=receipt.till,
        currency=receipt.currency,
        lines=receipt.lines,
        points=points,
        codes=codes,
        card=receipt.card,
    )


def at_price(receipt: SaleCompleted, price_minor: int) -> SaleCompleted:
    """The receipt at the price of its quote: what was taken off is a line of its own."""
    off_minor = receipt.total_minor - price_minor
    discount = (SaleLine(DISCOUNT_SKU, "Discount", 1, -off_minor),) if off_minor else ()
    return replace(receipt, lines=(*receipt.lines, *discount), total_minor=price_minor, quote=receipt.sale_id)


async def pay_with_points(hands: Hands, receipt: SaleCompleted) -> SaleCompleted:
    """Pay with as many points as can be used here now, the rest in money; the receipt as it was closed.

    A till whose question is not answered, or refused, sells at the full price. Raises ``TillGaveUp``.
    """
    usable = await _ask(hands, question_for(receipt))
    points = int(usable.get("usable_points") or 0)
    price = await _ask(hands, question_for(receipt, points=points)) if points else {}
    if not price.get("points"):
        await hands.ring_up(receipt)
        return receipt
    closed = at_price(receipt, int(price["price_minor"]))
    answer = await hands.ring_up(closed)
    hands.tally.points_redeemed += int(answer.body.get("redeemed") or 0)
    return closed


async def _ask(hands: Hands, question: QuoteAsked) -> dict[str, Any]:
    with contextlib.suppress(httpx.HTTPError):
        answer = await hands.counter.till.ask(question)
        if answer.status_code == httpx.codes.OK and not answer.body.get("refused"):
            return dict(answer.body)
    return {}
