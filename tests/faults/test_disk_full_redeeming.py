"""The disk fills up while points are redeemed: refused kindly, nothing half done, and sales go on while they can."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_bridge.contract import CardTappedV1
from devices.observations import FormAnswer, FormFilled
from edge_agent.journal import JournalFull
from loyalty.identifiers import MemberId
from loyalty.ledger import available, balance
from loyalty.rights.movements import Refusal
from tests.faults.rights_victim import TERMS
from tests.unit.edge.checkout_bench import CheckoutBench, checkout_bench, goods
from tests.unit.edge.store_bench import ANNA_CARD

POINTS = 100_000
TEA = 120
DISK_BYTES = 1_600 * 1024
TAP = CardTappedV1(reader="door", medium="0" * 32, technology="nfc", trust="weak")


async def take_tea(bench: CheckoutBench, key: str) -> FormAnswer:
    answers: list[FormAnswer] = []
    fields = {"trust": "dynamic", "key": key}
    await bench.path.walk("touch", FormFilled("front", "redeem", fields, "anna", subject="tea", reply=answers.append))
    return answers[0]


async def crowd(bench: CheckoutBench, share: float) -> None:
    """Taps of nobody until so much of the disk is used."""
    while bench.journal.fill() < share:
        await bench.journal.write(lambda tx: [tx.record(TAP) for _ in range(2)])


async def assert_books_agree(bench: CheckoutBench, taken: int) -> None:
    postings = await bench.journal.read(lambda reader: list(reader.postings()))
    assert balance(postings, available(MemberId("anna"))) == -TEA * taken
    assert await bench.rights() == POINTS - TEA * taken
    rewards = await bench.journal.read(lambda reader: reader.rewards_of("anna"))
    assert len(rewards) == min(taken, 50)
    assert await bench.reserved() == {}


async def test_a_disk_that_fills_up_within_a_redemption_leaves_nothing_half_done(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=TERMS, points=POINTS) as bench:
        connection = bench.journal._committer._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        taken = 0
        for room in range(12):  # the page that is missing is another one each time
            connection.execute(f"PRAGMA max_page_count = {pages + room}")
            with pytest.raises(JournalFull):
                while taken < 1_000:
                    assert (await take_tea(bench, f"form-{taken}")).is_accepted
                    taken += 1
            await assert_books_agree(bench, taken)
        connection.execute(f"PRAGMA max_page_count = {pages + 1_000}")
        assert (await take_tea(bench, f"form-{taken}")).is_accepted
        await assert_books_agree(bench, taken + 1)
    async with checkout_bench(tmp_path, terms=TERMS) as bench:
        assert bench.journal.mended == ()
        await assert_books_agree(bench, taken + 1)


async def test_a_disk_that_fills_up_within_a_confirmed_sale_keeps_its_price_for_the_next_try(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=TERMS, points=POINTS) as bench:
        connection = bench.journal._committer._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        asked = await bench.ask("key-1", goods(3_000), points=100, card=ANNA_CARD)
        assert asked.points == 100
        connection.execute(f"PRAGMA max_page_count = {pages}")
        number, answers = 0, len(bench.receipts)
        with pytest.raises(JournalFull):
            while True:  # sales to nobody, until not even one more fits
                await bench.pay(f"S{number}", 100)
                number, answers = number + 1, len(bench.receipts)
        with pytest.raises(JournalFull):
            await bench.pay("S-quoted", asked.price_minor, quote="key-1")
        assert len(bench.receipts) == answers, "a sale that is not recorded is not answered"
        assert await bench.reserved() == {"key-1": 100}
        assert await bench.rights() == POINTS
        connection.execute(f"PRAGMA max_page_count = {pages + 1_000}")
        assert (await bench.pay("S-quoted", asked.price_minor, quote="key-1")).redeemed == 100
        assert (await bench.pay("S-quoted", asked.price_minor, quote="key-1")).redeemed == 100
        assert await bench.rights() == POINTS - 100


async def test_from_nine_tenths_redeeming_rests_and_from_97_hundredths_everything(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, terms=TERMS, points=POINTS, disk_bytes_max=DISK_BYTES) as bench:
        assert (await take_tea(bench, "form-1")).is_accepted
        await crowd(bench, 0.90)
        refused = await take_tea(bench, "form-2")
        assert (refused.is_accepted, refused.reason) == (False, Refusal.FROZEN)
        found = await bench.journal.read(lambda reader: reader.usable("anna", on=bench.now.date()))
        assert found is not None
        assert (found.points, found.is_frozen) == (0, True), "what cannot be taken is not offered"
        asked = await bench.ask("key-1", goods(3_000), points=100, card=ANNA_CARD)
        assert (asked.points, [one.source for one in asked.declined]) == (0, ["points"])
        assert (await bench.pay("S1", 3_000, card=ANNA_CARD)).balance is not None
        with pytest.raises(JournalFull):
            await crowd(bench, 1.0)
        with pytest.raises(JournalFull):
            await bench.pay("S2", 3_000, card=ANNA_CARD)
        with pytest.raises(JournalFull):
            await take_tea(bench, "form-2")
        assert await bench.rights() == POINTS - TEA
