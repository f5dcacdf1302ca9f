"""Baskets that tills post to be priced: read as strictly as sales, answered in the same way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.observations import (
    AMOUNT_MINOR_MAX,
    CardUid,
    QuoteAnswer,
    QuoteAsked,
    QuoteDeclined,
    QuoteStep,
    SaleCompleted,
    SaleLine,
    SaleReceipt,
    SaleStatus,
)
from devices.tills.message_fields import MessageRejected
from devices.tills.quote_message import QuoteMessage, parse_quote
from devices.tills.sale_message import parse_sale
from devices.tills.till_feed import TillFeed, TillFeedSettings
from devices.virtual.till import VirtualTill, quote_body

SECRET = b"the secret of one till, long enough"
MILK = SaleLine("4006381333931", "Milk 1 l", 2, 1_290, category="dairy")
BASKET = QuoteAsked("k-1", "till-1", "CNY", (MILK,), points=100, codes=("SPRING",))
STEP = QuoteStep("percent", "tenth", "10 % off", 258, 2_322, percent=10)
WAIT_S = 10.0


@asynccontextmanager
async def priced(tmp_path: Path, *, answers: bool = True) -> AsyncIterator[tuple[list[QuoteAsked], VirtualTill]]:
    """A feed whose consumer prices every basket alike, and a till."""
    secret_file = tmp_path / "till.secret"
    secret_file.write_bytes(SECRET)
    asked: list[QuoteAsked] = []

    async def consume(feed: TillFeed) -> None:
        async for seen in feed.observations():
            if isinstance(seen, SaleCompleted):
                seen.reply(SaleReceipt(seen.sale_id, SaleStatus.RECORDED, redeemed=100))
            elif isinstance(seen, QuoteAsked):
                asked.append(seen)
                answer = QuoteAnswer(seen.key, 2_580, 2_322, (2_322,), (STEP,), (QuoteDeclined("codes.0", "unknown"),))
                if answers:
                    seen.reply(answer)

    settings = TillFeedSettings(secret_file=secret_file, port=0)
    async with (
        TillFeed(settings) as feed,
        VirtualTill(feed.url, name="till-1", secret=SECRET, now_s=lambda: 1_767_225_600) as till,
    ):
        task = asyncio.create_task(consume(feed))
        try:
            async with asyncio.timeout(WAIT_S):
                yield asked, till
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_basket_is_answered_with_its_price_and_every_discount(tmp_path: Path) -> None:
    async with priced(tmp_path) as (asked, till):
        answer = await till.ask(BASKET)
        assert answer.status_code == 200
        assert asked == [BASKET]
        assert (answer.body["key"], answer.body["price_minor"], answer.body["line_prices"]) == ("k-1", 2_322, [2_322])
        assert answer.body["steps"][0]["name"] == "10 % off"
        assert answer.body["declined"] == [{"source": "codes.0", "why": "unknown"}]
        assert answer.body["balance"] is None


async def test_a_basket_with_a_card_and_a_cancelled_one_arrive_as_they_were_sent(tmp_path: Path) -> None:
    async with priced(tmp_path) as (asked, till):
        card = QuoteAsked("k-1", "till-1", "CNY", (MILK,), reward="ten-off", card=CardUid.from_hex("04A1B2C3"))
        gone = QuoteAsked("k-1", "till-1", "CNY", (), is_cancelled=True)
        await till.ask(card)
        await till.ask(gone)
        assert asked == [card, gone]


async def test_only_a_till_that_signs_may_ask(tmp_path: Path) -> None:
    async with priced(tmp_path) as (asked, till):
        answer = await till.post(quote_body(BASKET), url=till._quote_url, signature="t=1,v1=" + "0" * 64)
        async with httpx.AsyncClient(trust_env=False) as client:
            unsigned = await client.post(till._quote_url, content=quote_body(BASKET))
        assert (answer.status_code, unsigned.status_code, asked) == (401, 401, [])


async def test_a_basket_that_could_not_be_priced_is_asked_again(tmp_path: Path) -> None:
    async with priced(tmp_path, answers=False) as (_, till):
        answer = await till.ask(BASKET)
        assert (answer.status_code, answer.retry_after_s) == (503, 2)


async def test_a_basket_is_no_sale_and_a_sale_no_basket(tmp_path: Path) -> None:
    async with priced(tmp_path) as (asked, till):
        assert (await till.post(quote_body(BASKET))).status_code == 422
        assert asked == []


def changed(**changes: object) -> bytes:
    message = {**json.loads(quote_body(BASKET)), **changes}
    return json.dumps({key: value for key, value in message.items() if value != "GONE"}).encode()


LINE = {"sku": "a", "quantity": 2, "unit_minor": 129}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        (b'{"key":' + b"[" * 50_000, "body"),
        (changed(key="GONE"), "key"),
        (changed(key=""), "key"),
        (changed(key="k" * 81), "key"),
        (changed(key=" k"), "key"),
        (changed(key="k\u0000"), "key"),
        (changed(till="GONE"), "till"),
        (changed(currency="cny"), "currency"),
        (changed(lines=[]), "body"),
        (changed(lines=[LINE] * 2_001), "lines"),
        (changed(lines=[{**LINE, "quantity": 0}]), "body"),
        (changed(lines=[{**LINE, "quantity": -1}]), "body"),
        (changed(lines=[{**LINE, "unit_minor": -1}]), "body"),
        (changed(lines=[{**LINE, "quantity": 2.5}]), "lines.0.quantity"),
        (changed(lines=[{**LINE, "category": "c" * 61}]), "lines.0.category"),
        (changed(lines=[{**LINE, "quantity": 2, "unit_minor": AMOUNT_MINOR_MAX}]), "body"),
        (changed(points=-1), "points"),
        (changed(points=10**9 + 1), "points"),
        (changed(points=True), "points"),
        (changed(points="100"), "points"),
        (changed(reward=""), "reward"),
        (changed(codes="SPRING"), "codes"),
        (changed(codes=["x"] * 21), "codes"),
        (changed(codes=["x" * 81]), "codes.0"),
        (changed(codes=[7]), "codes.0"),
        (changed(card_uid="04"), "card_uid"),
        (changed(cancel="yes"), "cancel"),
        (changed(total_minor=2_580), "total_minor"),
    ],
)
def test_what_is_no_basket_is_refused_with_place_problem_and_remedy(body: bytes, place: str) -> None:
    with pytest.raises(MessageRejected) as refused:
        parse_quote(body)
    assert place in [problem.place for problem in refused.value.problems]
    assert all(problem.problem and problem.remedy for problem in refused.value.problems)


def test_a_refusal_never_repeats_a_coupon_code() -> None:
    with pytest.raises(MessageRejected) as refused:
        parse_quote(changed(codes=["SECRET-7K2M "]))
    assert "SECRET" not in str(refused.value)


SALE = {
    "sale_id": "r-1",
    "till": "till-1",
    "currency": "CNY",
    "lines": [LINE],
    "total_minor": 258,
    "sold_at": "2026-01-31T17:05:00+08:00",
}
BACK = {"lines": [{**LINE, "quantity": -2}], "total_minor": -258}


@pytest.mark.parametrize(
    "changes",
    [
        {"refund_store": "hillside"},
        {**BACK, "refund_of": "r-0", "quote": "k-1"},
        {**BACK, "quote": "k-1"},
        {"quote": ""},
        {**BACK, "refund_of": "r-1"},
    ],
)
def test_a_sale_that_contradicts_itself_about_quote_or_refund_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MessageRejected):
        parse_sale(json.dumps({**SALE, **changes}).encode())


def test_a_refund_may_have_the_number_of_another_stores_sale() -> None:
    sale = parse_sale(json.dumps({**SALE, **BACK, "refund_of": "r-1", "refund_store": "hillside"}).encode())
    assert (sale.refund_of, sale.refund_store) == ("r-1", "hillside")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(sorted(QuoteMessage.model_fields))
LINES = st.lists(
    st.fixed_dictionaries(
        {"sku": st.text(max_size=4), "quantity": st.integers(), "unit_minor": st.integers()},
        optional={"category": st.text(max_size=70), "brand": JSON, "name": st.text(max_size=5)},
    ),
    max_size=3,
)


@given(
    body=st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | LINES.map(lambda lines: changed(lines=lines))
    | st.tuples(st.sampled_from(sorted(QuoteMessage.model_fields)), JSON).map(
        lambda pair: changed(**{pair[0]: pair[1]})
    )
)
def test_whatever_is_posted_is_a_basket_or_refused_with_remedies(body: bytes) -> None:
    try:
        asked = parse_quote(body)
    except MessageRejected as rejected:
        assert rejected.problems
        assert all(problem.place and problem.problem and problem.remedy for problem in rejected.problems)
    else:
        assert asked.is_cancelled or asked.lines
        assert 0 <= sum(line.quantity * line.unit_minor for line in asked.lines) <= AMOUNT_MINOR_MAX
        assert all(line.quantity > 0 and line.unit_minor >= 0 for line in asked.lines)
