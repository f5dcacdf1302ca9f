"""A store is killed just before each statement of what it does with rights; then it starts again and goes on.

Afterwards its books are those of a store that was never killed: wallet and ledger agree, nothing counts twice, and what
a member or a till was told is there.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1, RightsMovedV1
from edge_agent.journal import POINTS, Reader
from edge_agent.journal.inspection import verify_file
from loyalty.identifiers import MemberId
from loyalty.ledger import available, balance, pending
from loyalty.rights.movements import Kind
from tests.faults import rights_victim
from tests.faults.rights_victim import DEEDS, DONE
from tests.unit.edge.checkout_bench import CheckoutBench

ROOT = Path(__file__).resolve().parents[2]
_KINDS = {Kind.EARNED: 1, Kind.RESTORED: 1, Kind.REDEEMED: -1, Kind.UNEARNED: -1, Kind.RETURNED: -1}
EXPECTED = {"redemption": "accepted", "coupon_reward": "accepted", "confirmation": "100", "refund": "-28"}
"""What the till or the member is told."""


@dataclass(frozen=True)
class Books:
    """What a store holds in the end, whatever it was called on the way."""

    postings: frozenset[tuple[str, int]]
    available: int
    pending: int
    rights: int
    reserved: int
    coupons: tuple[tuple[str, bool, bool], ...]
    sales: int


def books_of(reader: Reader) -> Books:
    postings = list(reader.postings())
    assert len({p.posting_id for p in postings}) == len(postings)
    wallet = reader.wallet("anna", POINTS)
    coupons = sorted((c.coupon, c.is_used, c.is_here) for c in reader.coupons_of("anna"))
    return Books(
        postings=frozenset((p.posting_id, p.points) for p in postings),
        available=balance(postings, available(MemberId("anna"))),
        pending=balance(postings, pending(MemberId("anna"))),
        rights=wallet.rights,
        reserved=sum(wallet.reserved.values()),
        coupons=tuple(coupons),
        sales=reader.counts().sales,
    )


def moved_here(reader: Reader) -> int:
    """What the movements of this life did to Anna's points."""
    rows = reader._connection.execute(
        "SELECT kind, points FROM movements WHERE member = 'anna' AND currency = 'points' AND lease = ?",
        (reader.rights_state().incarnation,),
    )
    return sum(_KINDS[Kind(kind)] * points for kind, points in rows)


async def agreed(bench: CheckoutBench) -> None:
    """Wallet = leased + own movements, and each posting that moved rights has its movement."""
    wallet = await bench.journal.read(lambda reader: reader.wallet("anna", POINTS))
    assert wallet.rights - wallet.debt == wallet.granted + await bench.journal.read(moved_here)
    leased = {p["id"] for fact in await bench.facts(PointsPostedV1) for p in fact["postings"] if "lease" in p}  # type: ignore[attr-defined]
    returned = {fact["movement"] for fact in await bench.facts(RightsMovedV1)}
    kept = {
        row
        for (row,) in await bench.journal.read(
            lambda reader: reader._connection.execute("SELECT movement FROM movements").fetchall()
        )
    }
    issued = {row for row in kept if row not in leased | returned}
    assert leased | returned <= kept
    assert len(issued) <= 1, "only a coupon given out here is told by another event"


async def gone_on(folder: Path, deed: str) -> Books:
    """Start again where the power went, look, do the deed (again), and look at what came of it."""
    act, days = DEEDS[deed]
    async with rights_victim.store(folder, days=days) as bench:
        assert bench.journal.mended == ()
        await agreed(bench)
        assert await bench.journal.read(lambda reader: reader.undecided(10)) == []
        if not (await bench.journal.read(lambda reader: reader.rights_state())).is_first:
            await bench.welcome()
        words: list[str] = []
        await act(bench, words.append)
        told = (folder / "told").read_text().splitlines() if (folder / "told").exists() else []
        assert [word for word in told if word != DONE] in ([], words), "it is answered as it was"
        await agreed(bench)
        books = await bench.journal.read(books_of)
        await act(bench, words.append)
        assert await bench.journal.read(books_of) == books
    assert verify_file(folder / "journal.db").ok
    return books


@pytest.mark.parametrize("deed", sorted(DEEDS))
async def test_a_store_killed_at_any_statement_goes_on_as_if_it_had_not_been(deed: str, tmp_path: Path) -> None:
    await rights_victim.prepare(tmp_path / "store")
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.rights_victim", str(tmp_path), deed, "3"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    copies = int(ran.stderr.splitlines()[-1])
    assert copies > 3
    books = {number: await gone_on(tmp_path / str(number), deed) for number in range(1, copies + 1)}
    whole = books[copies]
    told = (tmp_path / str(copies) / "told").read_text().splitlines()
    assert told == [EXPECTED.get(deed, ""), DONE]
    assert {number: found for number, found in books.items() if found != whole} == {}
