"""Whatever a till that signs, or somebody at the staff page, may send: a clear answer, and books that agree."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.contract import PointsPostedV1
from devices.observations import QuoteAnswer, SaleReceipt, Trust
from devices.tills.message_fields import MessageRejected
from devices.tills.quote_message import parse_quote
from devices.tills.sale_message import parse_sale
from kiosk_ui.staff.members import StaffForm
from tests.unit.edge.kiosk_bench import TERMS, KioskBench, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, NOBODYS_CARD

CARDS = tuple(card.number.hex() for card in (ANNA_CARD, BEN_CARD, NOBODYS_CARD))
KEYS = ("k1", "k2", "k3", "k4", "sale k1", "x" * 64)
FIGURES = (0, 1, 99, 100, 2_000, 10**6, 10**12, 2**53, -1, 1.5, "100", None, True, 10**30)
WORDS = ("", "anna", "tea", "mug", "gone", "S1", "S2", "\x00", "é" * 80, "x" * 200, None, 7, [], {})
TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-11:00", "1970-01-01T00:00:00Z", "yesterday")
MEMBERS = ("anna", "ben", "nobody", "%00", "..", "x" * 200, "member:anna:available")


def basket(chance: random.Random) -> dict[str, Any]:
    asked = {
        "key": chance.choice(KEYS),
        "till": chance.choice(("till-1", "till-2", "till-9")),
        "currency": chance.choice(("CNY", "CNY", "CNY", "CNY", "USD", "xx")),
        "lines": [line(chance) for _ in range(chance.randrange(1, 4))],
        "points": chance.choice((0, 0, 20, 120, 300, 10**6)),
        "card_uid": chance.choice((*CARDS, None)),
        "reward": chance.choice((None, None, "tea", "gone")),
        "codes": [chance.choice(("A1", "x" * 80))] * chance.randrange(3),
        "cancel": chance.random() < 0.1,
    }
    return spoilt(chance, asked)


def line(chance: random.Random) -> dict[str, Any]:
    return spoilt(chance, {"sku": "tea", "name": "Tea", "quantity": chance.randrange(1, 4), "unit_minor": 1_500})


def sale(chance: random.Random, store: KioskBench) -> dict[str, Any]:
    lines = [line(chance) for _ in range(chance.randrange(1, 3))]
    refund_of = chance.choice((None, None, "sale k1", "S1", "S2", "never"))
    sign = -1 if refund_of else 1
    for one in lines:
        if isinstance(one.get("quantity"), int):
            one["quantity"] = sign * abs(one["quantity"])
    try:
        total = sum(one["quantity"] * one["unit_minor"] for one in lines)
    except (KeyError, TypeError):
        total = 0
    told = {
        "sale": chance.choice(("S1", "S2", "S3", "sale k1", f"new {chance.randrange(10**6)}")),
        "till": "till-1",
        "currency": chance.choice(("CNY", "CNY", "CNY", "USD")),
        "total_minor": chance.choice((total, total, total, chance.choice(FIGURES))),
        "sold_at": chance.choice(("2026-06-02T10:00:00+08:00",) * 4 + TIMES),
        "lines": lines,
        "refund_of": refund_of,
        "quote": None if refund_of else chance.choice((None, *KEYS)),
        "card_uid": chance.choice((*CARDS, None)),
    }
    return spoilt(chance, {key: value for key, value in told.items() if value is not None})


def spoilt(chance: random.Random, message: dict[str, Any]) -> dict[str, Any]:
    """Now and then one field is something else, or gone, or one too many."""
    if chance.random() < 0.04:
        message[chance.choice((*message, "member"))] = chance.choice((*FIGURES, *WORDS))
    if chance.random() < 0.02:
        message.pop(chance.choice(list(message)))
    return message


async def agree(store: KioskBench) -> None:
    """No point was spent that was not there, and nothing is left undecided."""
    counts = await store.journal.read(lambda reader: reader.counts())
    assert (counts.undecided, counts.set_aside) == (0, 0)
    for member, had in (("anna", 480), ("ben", 0)):
        moved = sum(
            posting["points"] * ((posting["credit"] == account) - (posting["debit"] == account))
            for fact in await store.events(PointsPostedV1)
            for posting in fact["postings"]
            for account in (f"member:{member}:available",)
        )
        assert await store.balance(member) == had + moved
        assert await store.free(member) >= 0


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_till_sends_is_answered_and_the_books_agree(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with kiosk_bench(tmp_path) as store:
        await store.learn(terms=TERMS | {"redeeming": {"points": 20, "value_minor": 100}})
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        understood = 0
        for _ in range(250):
            if chance.random() < 0.05:
                await store.tap(chance.choice((ANNA_CARD, BEN_CARD, NOBODYS_CARD)), chance.choice(list(Trust)))
            answers: list[QuoteAnswer | SaleReceipt] = []
            try:
                seen = (
                    replace(parse_quote(json.dumps(basket(chance)).encode()), reply=answers.append)
                    if chance.random() < 0.5
                    else replace(parse_sale(json.dumps(sale(chance, store)).encode()), reply=answers.append)
                )
            except MessageRejected as refused:
                assert all(problem.place and problem.problem and problem.remedy for problem in refused.problems)
                continue
            await store.gateway.handle("till-feed", seen)
            assert len(answers) == 1
            understood += 1
        assert understood > 50
        await agree(store)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_sent_to_the_staff_page_is_answered_and_the_books_agree(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("S1", 5_000)
        for _ in range(120):
            body = spoilt(
                chance,
                {
                    "form": chance.choice(list(StaffForm)).value,
                    "subject": chance.choice(("S1", "S2", "", "x" * 80, "0" * 32)),
                    "actor": "Mei",
                    "role": chance.choice(("clerk", "manager", "owner")),
                    "fields": spoilt(
                        chance,
                        {
                            "reason": chance.choice(("wrong price", "", "\u202e")),
                            "key": chance.choice(("once", "twice", "")),
                            "amount": chance.choice(("100", "-1", "１００", "99999999999999", "")),
                            "points": chance.choice(("5", "-5", "100001", "+0", "1e3")),
                            "counter": chance.choice(("front", "nowhere")),
                        },
                    ),
                },
            )
            member = chance.choice(MEMBERS)
            answer = await store.web.post(f"/staff/members/{member}/act", json=body)
            assert answer.status_code in {200, 404, 405, 422}, answer.text
            looked = await store.web.get(f"/staff/members/{member}")
            assert looked.status_code in {200, 307, 404, 422}
            question = {"question": chance.choice((*WORDS, "%", "_", "' OR 1=1 --"))}
            assert (await store.web.post("/staff/members/find", json=question)).status_code in {200, 422}
        await agree(store)
