"""New goods are for some tiers first: the till says when they are for everybody, and is told who has to wait."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

from devices.observations import QuoteAsked, QuoteDeclined
from devices.tills.message_fields import MessageRejected
from devices.tills.quote_message import parse_quote
from devices.virtual.till import quote_body
from tests.unit.edge.checkout_bench import PROGRAMME, checkout_bench, goods
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, HandClock

TIERS = (
    PROGRAMME
    + """
[[tiers.levels]]
id = "silver"
name = "Silver"
at = 1000

[[tiers.levels]]
id = "gold"
name = "Gold"
at = 500000
early_purchase_days = 2
"""
)
FOR_ALL = date(2027, 5, 20)


def noon(day: int) -> HandClock:
    clock = HandClock()
    clock.ns = int(datetime(2027, 5, day, 12, tzinfo=UTC).timestamp() * 1e9)
    return clock


@pytest.mark.parametrize(
    ("day", "gold_waits", "others_wait"), [(17, True, True), (18, False, True), (19, False, True), (20, False, False)]
)
async def test_gold_may_buy_two_days_before_everybody(
    tmp_path: Path, day: int, gold_waits: bool, others_wait: bool
) -> None:
    async with checkout_bench(tmp_path, clock=noon(day), terms=TIERS, tier="gold", qualifying=600_000) as store:
        for key, card, waits in (("a", ANNA_CARD, gold_waits), ("b", BEN_CARD, others_wait), ("c", None, others_wait)):
            answer = await store.ask(key, goods(500), goods(900), card=card, on_sale_from=(None, FOR_ALL))
            expected = (QuoteDeclined("lines.1", "not_on_sale_yet"),) if waits else ()
            assert (answer.declined, answer.full_minor) == (expected, 1_400), key


async def test_another_day_under_the_same_key_is_another_question(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, clock=noon(19), terms=TIERS) as store:
        assert (await store.ask("k", goods(500), on_sale_from=(FOR_ALL,))).declined != ()
        assert (await store.ask("k", goods(500), on_sale_from=(date(2027, 5, 19),))).declined == ()


def test_the_till_writes_the_day_into_the_line() -> None:
    line = {"sku": "tea", "quantity": 1, "unit_minor": 500}
    body = {"key": "k", "till": "t", "currency": "CNY", "lines": [{**line, "on_sale_from": "2027-05-20"}, line]}
    assert parse_quote(orjson.dumps(body)).on_sale_from == (FOR_ALL, None)
    body["lines"] = [{**line, "on_sale_from": "20.5.2027"}]
    with pytest.raises(MessageRejected, match="on_sale_from"):
        parse_quote(orjson.dumps(body))


def test_a_till_that_asks_through_our_own_writer_is_understood() -> None:
    asked = QuoteAsked("k", "t", "CNY", (goods(500), goods(900)), on_sale_from=(None, FOR_ALL))
    assert parse_quote(quote_body(asked)) == asked
