"""What members and clerks do in the stories of the programme: earn, pay with points, join, take rewards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from devices.observations import CardUid
from devices.virtual.till import TillAnswer
from kiosk_ui.kiosk.form_screens import Form
from kiosk_ui.kiosk.screen_values import View
from simulation.checkout import at_price, question_for
from simulation.day.turns import Join
from simulation.fingers import FormReply
from simulation.hands import Hands, TapOutcome
from simulation.self_service import join
from tests.story.store import Store

PATIENCE_S = 30
PIN = "280519"
CUP_POINTS = 100
"""What a cup costs, the first reward."""
PROGRAMME: Mapping[str, Any] = {
    "programme": {"name": "Regulars", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0},
    "lots": {"pending_days": 0, "expiry": "never"},
    "redeeming": {"points": 10, "value_minor": 20, "share_percent_max": 100},
    "rewards": [
        {"id": "cup", "name": "纪念杯 A cup", "kind": "goods", "points": CUP_POINTS, "value_minor": 3_900},
        {"id": "basket", "name": "野餐篮 A picnic basket", "kind": "goods", "points": 500, "value_minor": 19_900},
    ],
    "coupons": [
        {
            "id": "opening",
            "name": "开业立减 Opening gift",
            "kind": "amount",
            "amount_minor": 2_000,
            "minimum_minor": 2_001,
            "budget": {"member_uses_max": 1, "campaign_uses_max": 100, "liability_minor_max": 200_000},
        },
    ],
}
"""A point for each yuan, usable at once: ten take 0.20 off, a hundred are a cup."""


def newcomer(name: str = "Cora 可拉", language: str = "en", *, phone: str = "13912345678", pin: str = PIN) -> Join:
    """Somebody who has never been here."""
    return Join(name, language, phone, pin)


async def joins(hands: Hands, card: CardUid, person: Join) -> None:
    """Tap a card nobody knows and become a member with it."""
    assert await hands.tap(card) is TapOutcome.UNKNOWN
    assert await join(hands, person), hands.counter.witness.latest


async def buys(store: Store, total_minor: int, *, at: int = 1) -> str:
    """Whoever tapped last at this counter pays; the number of the receipt."""
    receipt = store.next_sale(total_minor, at=at)
    answer = await store.shop.at(at).ring_up(receipt)
    assert answer.status_code == 201, answer
    return receipt.sale_id


async def greeted_with(hands: Hands, card: CardUid, **wanted: object) -> Mapping[str, Any]:
    """Tap until the greeting says all that is wanted; the greeting."""
    view: Mapping[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if await hands.tap(card) is TapOutcome.GREETED:
                    view = latest(hands)
                    if all(view.get(key) == value for key, value in wanted.items()):
                        return view
    except TimeoutError as error:
        raise AssertionError(f"the kiosk greets with {view}, not with {wanted}") from error


def latest(hands: Hands) -> Mapping[str, Any]:
    """What the kiosk shows now."""
    seen = hands.counter.witness.latest
    assert seen is not None, "the kiosk shows nothing"
    return seen.view


async def takes(hands: Hands, reward: str, *, pin: str = PIN) -> FormReply:
    """Ask for a reward on the kiosk and confirm it with the PIN."""
    await hands.fingers.ask(View.REWARD, subject=reward, screens={"redeem", "problem"})
    return await hands.fingers.fill_in(Form.REDEEM, {"pin": pin}, subject=reward)


async def pays(
    store: Store, total_minor: int, *, points: int = 0, codes: Sequence[str] = (), at: int = 1
) -> tuple[Mapping[str, Any], TillAnswer]:
    """Ask what points and codes take off, and close the receipt at that price: the quote and the sale's answer."""
    hands = store.shop.at(at)
    receipt = store.next_sale(total_minor, at=at)
    asked = await hands.counter.till.ask(question_for(receipt, points=points, codes=tuple(codes)))
    assert asked.status_code == 200, asked
    if asked.body["refused"]:
        return asked.body, await hands.ring_up(receipt)
    return asked.body, await hands.ring_up(at_price(receipt, int(asked.body["price_minor"])))


__all__ = [
    "CUP_POINTS",
    "PATIENCE_S",
    "PIN",
    "PROGRAMME",
    "buys",
    "greeted_with",
    "joins",
    "latest",
    "newcomer",
    "pays",
    "takes",
]
