"""A store that is killed at one statement of its journal after another, each time in a process of its own.

``python -m tests.faults.rights_victim FOLDER DEED STRIDE``: for every STRIDE-th statement that the deed runs, a copy
of ``FOLDER/store`` is made (``FOLDER/1``, ``FOLDER/2`` …), and a forked process does the deed there until ``kill -9``
meets it just before that statement. What it had told its till or its member by then is in ``told`` of that copy. The
last copy is one in which the deed was done to its end. Prints how many copies there are.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from devices.observations import FormAnswer, FormFilled
from edge_agent.journal import Transaction
from tests.unit.edge.checkout_bench import CheckoutBench, checkout_bench, goods, held
from tests.unit.edge.store_bench import ANNA_CARD, HandClock

POINTS = 1_000
TERMS = """
[programme]
name = "Harbour"
currency = "CNY"
points = 1
per_minor = 100

[lots]
pending_days = 3

[redeeming]
points = 100
value_minor = 200

[[rewards]]
id = "tea"
name = "A pot of tea"
kind = "goods"
points = 120
value_minor = 1200

[[rewards]]
id = "cake"
name = "A voucher for cake"
kind = "coupon"
coupon = "cake"
points = 50
value_minor = 600

[[coupons]]
id = "tenth"
name = "10 % off"
kind = "percent"
percent = 10

[[coupons]]
id = "cake"
name = "A slice of cake"
kind = "gift"
gift_sku = "CAKE"
gift_cost_minor = 600
"""
DONE = "done"

Told = Callable[[str], None]
Deed = Callable[[CheckoutBench, Told], Awaitable[None]]


@asynccontextmanager
async def store(folder: Path, *, days: int = 0) -> AsyncIterator[CheckoutBench]:
    """Open the store, ``days`` later, its witness on the stick beside it; the cloud welcomes it."""
    clock = HandClock()
    clock.pass_seconds(timedelta(days=days).total_seconds())
    async with checkout_bench(
        folder, clock=clock, terms=TERMS, points=POINTS, witness=folder / "stick" / "witness"
    ) as bench:
        await bench.path.replay()
        yield bench


async def prepare(folder: Path) -> None:
    """What every deed begins with: a sale whose points wait, one that redeemed points, and a coupon."""
    (folder / "stick").mkdir(parents=True)
    async with store(folder) as bench:
        await bench.pay("S-old", 5_000, card=ANNA_CARD)
        asked = await bench.ask("key-old", goods(3_000), points=100, card=ANNA_CARD)
        paid = await bench.pay("S-redeemed", asked.price_minor, quote="key-old")
        assert paid.redeemed == 100
        await bench.give(held(1, "tenth"))


async def redemption(bench: CheckoutBench, told: Told) -> None:
    await _form(bench, told, "tea")


async def coupon_reward(bench: CheckoutBench, told: Told) -> None:
    await _form(bench, told, "cake")


async def confirmation(bench: CheckoutBench, told: Told) -> None:
    """A till asks, and its sale redeems points and a coupon. One that starts anew does not ask again."""
    price = 3_000 - 300 - 200
    if await bench.journal.read(lambda reader: reader.quote("key-1")) is None:
        asked = await bench.ask("key-1", goods(3_000), points=100, card=ANNA_CARD)
        assert asked.price_minor == price
    receipt = await bench.pay("S1", price, quote="key-1")
    told(f"{receipt.redeemed}")


async def refund(bench: CheckoutBench, told: Told) -> None:
    """A sale that redeemed points is given back whole."""
    sale = await bench.journal.read(lambda reader: reader.sale("S-redeemed"))
    assert sale is not None
    _, receipt = await bench.refund("R1", sale.total_minor, of="S-redeemed")
    told(f"{receipt.points}")


async def turn(bench: CheckoutBench, told: Told) -> None:
    """The return window of yesterday's sales has ended."""
    await bench.day.turn()
    told("")


async def recall(bench: CheckoutBench, told: Told) -> None:
    """The cloud wants rights back."""
    await bench.told(rights=(bench.right(POINTS, recalled=300),))
    told("")


async def new_life(bench: CheckoutBench, told: Told) -> None:
    """The cloud holds rows that this disk lost. Once is enough, however often it is said."""
    if len(await bench.journal.read(lambda reader: reader.incarnations())) == 1:
        await bench.journal.begin_incarnation("the cloud holds row 99")
    told("")


DEEDS: dict[str, tuple[Deed, int]] = {
    "redemption": (redemption, 0),
    "coupon_reward": (coupon_reward, 0),
    "confirmation": (confirmation, 0),
    "refund": (refund, 0),
    "turn": (turn, 5),
    "recall": (recall, 0),
    "new_life": (new_life, 0),
}
"""What is done, and how many days after the store was prepared."""


async def _form(bench: CheckoutBench, told: Told, reward: str) -> None:
    answers: list[FormAnswer] = []
    fields = {"trust": "dynamic", "key": f"the form of {reward}"}
    await bench.path.walk(
        "touch-front", FormFilled("front", "redeem", fields, "anna", subject=reward, reply=answers.append)
    )
    told(answers[0].reason or "accepted")


async def _die(folder: Path, deed: str, statement: int) -> None:
    """Do the deed, and be killed just before the given statement of the journal's writer."""
    act, days = DEEDS[deed]
    paper = os.open(folder / "told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with store(folder, days=days) as bench:
        await bench.journal.write(_nothing)
        left = itertools.count(statement - 1, -1)

        def count(_: str) -> None:
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        bench.journal._committer._connection.set_trace_callback(count)
        await act(bench, lambda word: (os.write(paper, f"{word}\n".encode()), None)[1])
        os.write(paper, f"{DONE}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def _nothing(_: Transaction) -> None:
    """A turn of the writer, so that what the start left to do is done."""


def _fork(folder: Path, deed: str, statement: int) -> None:
    """In a process of its own, forked before there is any thread."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(_die(folder, deed, statement))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError(f"{deed} was not killed at statement {statement}")


def main(folder: Path, deed: str, stride: int) -> int:
    for number in itertools.count(1):
        copy = folder / str(number)
        shutil.copytree(folder / "store", copy)
        _fork(copy, deed, 1 + (number - 1) * stride)
        if (copy / "told").read_text().endswith(f"{DONE}\n"):
            return number
    raise AssertionError("unreachable")


if __name__ == "__main__":
    sys.stderr.write(f"{main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))}\n")
