"""What a store records all day, drawn from a seed: the load of the benchmarks."""

from __future__ import annotations

import random

from cloud_bridge.contract import CardTappedV1, PointsPostedV1, PostingV1, SaleCompletedV1, SaleLineV1, ScreenShownV1
from cloud_bridge.payload import EventData
from loyalty.identifiers import posting_id


class EndlessDay:
    """A store's day without an end: a tap, the sale, the points, by turns."""

    def __init__(self) -> None:
        self._rng = random.Random(7)
        self._count = 0
        self.points = 0

    def next(self) -> EventData:
        self._count += 1
        return (self.tap, self._sale, self._posted)[self._count % 3]()

    def tap(self) -> CardTappedV1:
        medium = f"{self._rng.randrange(5_000):032x}"
        return CardTappedV1(reader="front-reader", medium=medium, technology="iso14443a", trust="weak")

    def shown(self) -> ScreenShownV1:
        return ScreenShownV1(kiosk="front", screen="greeting", latency_us=self._rng.randrange(5_000, 40_000))

    def _sale(self) -> SaleCompletedV1:
        lines = tuple(
            SaleLineV1(sku=f"{84_000 + n}", name="REGENCY CAKESTAND", qty=1, unit_minor=1275) for n in range(2)
        )
        return SaleCompletedV1(
            sale=f"S{self._count}",
            till="till-1",
            currency="GBP",
            total_minor=2550,
            sold_at="2026-01-01T12:00:00+00:00",
            lines=lines,
        )

    def _posted(self) -> PointsPostedV1:
        member, sale = f"m{self._rng.randrange(5_000)}", f"S{self._count - 1}"
        self.points += 25
        posting = PostingV1(
            id=posting_id("spend", "bench", sale),
            debit="programme:issued",
            credit=f"member:{member}:available",
            points=25,
        )
        return PointsPostedV1(cause=sale, member=member, rule="spend", sale=sale, postings=(posting,))
