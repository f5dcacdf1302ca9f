"""A real shop's transactions as a store day: every customer a member, every cancellation a linked refund.

The file is read as a stream, once to learn who the customers are and once while it is played, so a
year of half a million lines needs no more memory than its customers.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO

from devices.observations import CardUid
from devices.tills.csv_receipts import Receipt, receipts
from devices.tills.csv_rows import CsvSettings, RejectedRow
from simulation.day.assortment import member_name
from simulation.day.turns import ClaimSale, RingUp, SeedMember, Step, StoreDay, TapCard, Turn

MEMBERS_MAX = 50_000
REJECTED_SHOWN_MAX = 5
_TAP_AFTER_SHARE = 0.2


class SalesUnreadable(ValueError):
    """The file cannot be replayed. Says where it fails and what to do."""


@dataclass(frozen=True, slots=True)
class SalesFile:
    """``path`` (.csv or .csv.xz), the currency of its prices and the time zone of its dates."""

    path: Path
    currency: str = "GBP"
    time_zone: str = "Europe/London"
    till: str = "till-1"


@dataclass(frozen=True, slots=True)
class SalesTurns:
    """The turns of a file, in its order; iterating reads the file anew."""

    file: SalesFile
    seed: int
    cards: dict[str, CardUid] = field(repr=False)

    def __iter__(self) -> Iterator[Turn]:
        for receipt in _receipts(self.file):
            if isinstance(receipt, Receipt):
                yield self._turn(receipt)

    def _turn(self, receipt: Receipt) -> Turn:
        ring_up = RingUp(receipt.to_sale(self.file.till))
        card = self.cards.get(receipt.customer or "")
        if card is None or receipt.is_refund:
            return Turn(receipt.sold_at, (ring_up,))
        dice = Random(f"regulars/replay/{self.seed}/{receipt.sale_id}")  # noqa: S311 - a script, not a secret
        steps: tuple[Step, ...] = (TapCard(card), ring_up)
        if dice.random() < _TAP_AFTER_SHARE:
            steps = (ring_up, TapCard(card), ClaimSale(receipt.sale_id))
        return Turn(receipt.sold_at, steps)


@dataclass(frozen=True, slots=True)
class Replay:
    """A file ready to be played: the day, how many receipts it holds, and the rows that could not be read."""

    day: StoreDay
    receipts: int
    rejected_rows: int
    rejected: tuple[RejectedRow, ...]


def replay(file: SalesFile, *, seed: int, leaving: Callable[[], bool] = lambda: False) -> Replay:
    """Read who the customers are. Raises :class:`SalesUnreadable`, also when ``leaving()`` turns true."""
    cards: dict[str, CardUid] = {}
    count = rejected_rows = 0
    rejected: list[RejectedRow] = []
    for receipt in _receipts(file):
        if leaving():
            raise SalesUnreadable(f"{file.path} was being read when the demo ended.")
        if isinstance(receipt, RejectedRow):
            rejected_rows += 1
            if len(rejected) < REJECTED_SHOWN_MAX:
                rejected.append(receipt)
            continue
        count += 1
        if receipt.customer and len(cards) < MEMBERS_MAX:
            cards.setdefault(receipt.customer, card_of(receipt.customer, seed=seed))
    if not count:
        raise SalesUnreadable(_why_empty(file.path, rejected))
    members = tuple(
        SeedMember(_member_key(customer, seed), *member_name(number), card)
        for number, (customer, card) in enumerate(cards.items())
    )
    day = StoreDay(members, (), file.currency, SalesTurns(file, seed, cards))
    return Replay(day, count, rejected_rows, tuple(rejected))


def card_of(customer: str, *, seed: int) -> CardUid:
    """The card of a customer: seven bytes, the same for the same customer and seed."""
    return CardUid(b"\x04" + hashlib.sha256(f"regulars/card/{seed}/{customer}".encode()).digest()[:6])


def _member_key(customer: str, seed: int) -> str:
    return "m" + hashlib.sha256(f"regulars/member/{seed}/{customer}".encode()).hexdigest()[:16]


def _receipts(file: SalesFile) -> Iterator[Receipt | RejectedRow]:
    settings = CsvSettings(currency=file.currency, time_zone=file.time_zone)
    try:
        with _open(file.path) as lines:
            yield from receipts(lines, settings=settings)
    except (lzma.LZMAError, EOFError) as error:
        raise SalesUnreadable(f"{file.path} is not a whole .xz file ({error}). Copy it again.") from error
    except OSError as error:
        raise SalesUnreadable(f"{file.path} cannot be read ({error.strerror}). Check the path.") from error
    except ValueError as error:
        raise SalesUnreadable(f"{file.path} cannot be replayed: {error}.") from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


def _why_empty(path: Path, rejected: list[RejectedRow]) -> str:
    if not rejected:
        return (
            f"{path} holds no receipts. Name a CSV file with InvoiceNo, StockCode, Quantity, InvoiceDate and UnitPrice."
        )
    first = rejected[0]
    place = f"line {first.line}" + (f", column {first.column}" if first.column else "")
    return f"{path} holds no readable receipt; first at {place}: {first.problem}. To mend it: {first.remedy}."
