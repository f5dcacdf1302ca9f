"""Which sale do returned goods come from? A till's cancellation says who and what, not which receipt."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass

LINES_REMEMBERED_MAX = 50_000


@dataclass(slots=True)
class _Bought:
    """One line of an earlier sale, and how much of it has not come back yet."""

    article: tuple[str, str]
    sale_id: str
    left: int


@dataclass(frozen=True, slots=True)
class Returned:
    """``quantity`` (> 0) pieces that came back from ``sale_id``; ``None``: from a sale not remembered."""

    sale_id: str | None
    quantity: int


class RefundLinker:
    """Remembers what identified customers bought, the newest ``lines_max`` lines of it.

    A return is taken from the customer's most recent purchase of the same article that has
    something left, then from the one before. What nothing remembered covers stays unlinked: a
    refund without an original is recorded as that, never under a guessed receipt.
    """

    def __init__(self, *, lines_max: int = LINES_REMEMBERED_MAX) -> None:
        if lines_max < 1:
            raise ValueError(f"lines_max is at least 1, not {lines_max}")
        self._lines_max = lines_max
        self._by_article: dict[tuple[str, str], list[_Bought]] = {}
        self._oldest_first: deque[_Bought] = deque()

    def __len__(self) -> int:
        return len(self._oldest_first)

    def remember(self, customer: str, sku: str, *, sale_id: str, quantity: int) -> None:
        """Note a purchase; the oldest one remembered is forgotten when there are too many."""
        if quantity <= 0:
            return
        if len(self._oldest_first) >= self._lines_max:
            self._forget_oldest()
        article = (sys.intern(customer), sys.intern(sku))  # a shop has few of either, and many pairs
        bought = _Bought(article, sale_id, quantity)
        self._oldest_first.append(bought)
        self._by_article.setdefault(article, []).append(bought)

    def take_back(self, customer: str, sku: str, *, quantity: int) -> list[Returned]:
        """Say where ``quantity`` returned pieces come from, in parts that add up to ``quantity``."""
        parts: list[Returned] = []
        for bought in reversed(self._by_article.get((customer, sku), ())):
            if quantity == 0:
                break
            taken = min(bought.left, quantity)
            if taken:
                bought.left -= taken
                quantity -= taken
                parts.append(Returned(bought.sale_id, taken))
        if quantity:
            parts.append(Returned(None, quantity))
        return parts

    def _forget_oldest(self) -> None:
        oldest = self._oldest_first.popleft()
        same_article = self._by_article[oldest.article]
        same_article.pop(0)
        if not same_article:
            del self._by_article[oldest.article]
