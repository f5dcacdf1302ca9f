"""Stock in the journal: what each slot holds, where the units of each article are, and what tills sold of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from edge_agent.journal.lanes.events import Query
from edge_agent.shelves.baskets import Basket
from edge_agent.shelves.stock import SlotStock

TABLES: tuple[str, ...] = (
    "CREATE TABLE slots(slot TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE baskets(sku TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE sold(
        sku TEXT PRIMARY KEY, units INTEGER NOT NULL, returned INTEGER NOT NULL) WITHOUT ROWID""",
)
"""What the third step of the schema adds for stock. Slots and baskets are JSON: nothing asks for a part of them."""

_log = structlog.get_logger("record")
_SLOT, _BASKET = TypeAdapter(SlotStock), TypeAdapter(Basket)

T = TypeVar("T")


class StockQueries(Query):
    """Reading stock."""

    def stocks(self) -> dict[str, SlotStock]:
        """What each slot held when that was last kept. A row that cannot be read is told of, and is not there."""
        rows = self._connection.execute("SELECT slot, body FROM slots")
        return {stock.slot: stock for stock in _readable(rows.fetchall(), _SLOT)}

    def baskets(self) -> dict[str, Basket]:
        """Where the units of each article were when that was last kept."""
        rows = self._connection.execute("SELECT sku, body FROM baskets")
        return {basket.sku: basket for basket in _readable(rows.fetchall(), _BASKET)}

    def sold_of(self, skus: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How many units of articles were sold, and given back, ever since they are counted."""
        found = {}
        for sku in skus:
            row = self._connection.execute("SELECT units, returned FROM sold WHERE sku = ?", (sku,)).fetchone()
            if row is not None:
                found[sku] = (int(row[0]), int(row[1]))
        return found


class StockKeeping(StockQueries):
    """Writing stock."""

    def keep_stock(self, stock: SlotStock) -> None:
        """Keep what a slot holds."""
        self._connection.execute("INSERT OR REPLACE INTO slots VALUES (?, ?)", (stock.slot, _SLOT.dump_json(stock)))

    def keep_basket(self, basket: Basket) -> None:
        """Keep where the units of an article are."""
        self._connection.execute(
            "INSERT OR REPLACE INTO baskets VALUES (?, ?)", (basket.sku, _BASKET.dump_json(basket))
        )

    def begin_baskets(self, skus: Iterable[str]) -> dict[str, Basket]:
        """New articles, and those whose account was lost: what was sold of them before is no business of theirs."""
        totals = self.sold_of(skus := tuple(skus))
        begun = {}
        for sku in skus:
            sold, returned = totals.get(sku, (0, 0))
            begun[sku] = Basket(sku, sold=sold, returned=returned)
            self.keep_basket(begun[sku])
        return begun

    def sold(self, sku: str, units: int) -> None:
        """Count units of an article that were sold (> 0) or given back (< 0), in the transaction of the receipt."""
        self._connection.execute(
            """INSERT INTO sold VALUES (:sku, :sold, :returned) ON CONFLICT (sku)
                DO UPDATE SET units = units + excluded.units, returned = returned + excluded.returned""",
            {"sku": sku, "sold": max(0, units), "returned": max(0, -units)},
        )


def _readable(rows: Iterable[tuple[str, bytes]], adapter: TypeAdapter[T]) -> Iterator[T]:
    for name, body in rows:
        try:
            yield adapter.validate_json(body)
        except ValidationError:
            # Its next weight, count or sale begins it anew; a row that cannot be read must not keep a store closed.
            _log.error("record", problem="what was kept of the stock cannot be read", of=name)
