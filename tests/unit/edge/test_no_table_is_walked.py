"""However many members, sales and postings there are: what somebody waits for is found through an index."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.journal.database import open_reader
from tests.unit.edge.checkout_bench import CheckoutBench, checkout_bench, goods, held
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD

ONE_ROW = {"replica", "r", "replica_terms", "replica_programme", "identity", "rights_standing", "s", "i", "CONSTANT"}
"""Tables of one row, and the names that queries give them."""
AS_MANY_AS_LIVES = {"incarnations"}
_SCAN = re.compile(r"SCAN (\w+)")
_READS = ("SELECT", "UPDATE", "DELETE", "INSERT")


@contextmanager
def heard(bench: CheckoutBench) -> Iterator[list[str]]:
    """Every statement that the writer runs meanwhile."""
    statements: list[str] = []
    connection = bench.journal._committer._connection
    connection.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        connection.set_trace_callback(None)


def walked(connection: sqlite3.Connection, statements: list[str]) -> dict[str, str]:
    """Tables that a statement would look at row by row, each with that statement."""
    found = {}
    for statement in statements:
        if not statement.lstrip().startswith(_READS):
            continue
        for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            scan = _SCAN.match(detail)
            if scan and scan[1] not in ONE_ROW | AS_MANY_AS_LIVES:
                found[scan[1]] = " ".join(statement.split())
    return found


async def test_a_day_at_the_counter_walks_no_table(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=1_000) as bench:
        await bench.give(held(1, "tenth"))
        with heard(bench) as statements:
            await bench.tap(ANNA_CARD)
            asked = await bench.ask("key-1", goods(3_000), points=100, card=ANNA_CARD)
            paid = await bench.pay("S1", asked.price_minor, quote="key-1", card=ANNA_CARD)
            await bench.pay("S2", 2_000)
            await bench.tap(BEN_CARD)
            _, refund = await bench.refund("R1", 1_000, of="S1")
            await bench.usable()
        assert paid.redeemed == 100
        assert refund.points < 0 or refund.redeemed < 0
        with closing(open_reader(tmp_path / "journal.db")) as connection:
            assert walked(connection, statements) == {}
            assert walked(connection, ["SELECT * FROM sales WHERE points = 1"]) != {}


async def test_what_a_kiosk_shows_walks_no_table(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=1_000) as bench:
        await bench.pay("S1", 2_000, card=ANNA_CARD)
        with heard(bench) as statements:
            await bench.journal.write(
                lambda tx: (
                    tx.history("anna", 20),
                    tx.posted_since("anna"),
                    tx.purchases_since("anna"),
                    tx.pending_of("anna"),
                    tx.coupons_of("anna"),
                    tx.rewards_of("anna"),
                    tx.activities_of("anna"),  # type: ignore[arg-type]
                    tx.account_of("anna", 20),  # type: ignore[arg-type]
                    tx.unclaimed_sale("till-1", bench.now),
                )
            )
        with closing(open_reader(tmp_path / "journal.db")) as connection:
            assert walked(connection, statements) == {}


async def test_purchases_are_summed_by_day_and_those_given_back_count_for_nothing(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as bench:
        await bench.pay("S1", 2_000, card=ANNA_CARD)
        await bench.pay("S2", 1_000, card=ANNA_CARD)
        await bench.pay("S3", 500, card=BEN_CARD)
        await bench.refund("R1", 1_000, of="S2")
        bench.clock.pass_seconds(86_400)
        await bench.pay("S4", 700, card=ANNA_CARD)
        days = await bench.journal.read(lambda reader: reader.purchases_since("anna"))
        but_one = await bench.journal.read(lambda reader: reader.purchases_since("anna", besides="S4"))
        assert [(own.standing, own.left_minor, own.points) for own in days] == [(1, 2_000, 20), (1, 700, 7)]
        assert but_one == days[:1]
