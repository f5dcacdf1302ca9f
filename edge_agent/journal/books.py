"""The store's own books: sales, postings, visits, and what waits to be decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from edge_agent.clock import datetime_of
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.values import Recorded, SaleRow, Visit
from loyalty.identifiers import EventId, MemberId, PostingId
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule

_EPOCH = datetime_of(0)
_MILLISECOND = timedelta(milliseconds=1)
_SALE_COLUMNS = (
    "sale, till, currency, total_minor, refunded_minor, points, member, medium, refund_of, fingerprint, "
    "incarnation || '/ledger/' || (place & 0xFFFFFFFF), at_ms"
)
_SALES = f"SELECT {_SALE_COLUMNS} FROM sales JOIN incarnations ON number = place >> 32"  # noqa: S608


def to_ms(moment: datetime) -> int:
    """A datetime with an offset as milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


class BookQueries(Query):
    """Reading the books."""

    def sale(self, sale_id: str) -> SaleRow | None:
        """A receipt by its number."""
        row = self._connection.execute(f"{_SALES} WHERE sale = ?", (sale_id,)).fetchone()
        return _sale(row) if row else None

    def unclaimed_sale(self, till: str, since: datetime) -> SaleRow | None:
        """The newest receipt of a till, not older than ``since``, that nobody's medium is attached to."""
        row = self._connection.execute(
            f"""{_SALES} WHERE till = ? AND at_ms >= ? AND member IS NULL AND medium IS NULL AND refund_of IS NULL
                ORDER BY at_ms DESC, place DESC LIMIT 1""",
            (till, to_ms(since)),
        ).fetchone()
        return _sale(row) if row else None

    def postings(self) -> Iterator[Posting]:
        """Every posting of this store, in the order they were made."""
        rows = self._connection.execute(
            "SELECT posting_id, debit, credit, points, rule, cause FROM postings ORDER BY place, posting_id"
        )
        for posting_id, debit, credit, points, rule, cause in rows:
            yield Posting(PostingId(posting_id), debit, credit, points, Rule(rule), EventId(cause))

    def points_issued(self) -> int:
        """Points this store granted, less those it took back."""
        row = self._connection.execute(
            """SELECT coalesce(sum(CASE debit WHEN :issued THEN points ELSE 0 END), 0)
                - coalesce(sum(CASE credit WHEN :issued THEN points ELSE 0 END), 0) FROM postings""",
            {"issued": PROGRAMME_ISSUED},
        ).fetchone()
        return int(row[0])


class BookKeeping(BookQueries):
    """Writing the books."""

    def keep_sale(self, sale: SaleRow) -> None:
        """Keep a receipt. Raises ``sqlite3.IntegrityError`` when its number is taken."""
        self._connection.execute(
            "INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sale.sale,
                sale.till,
                sale.currency,
                sale.total_minor,
                sale.refunded_minor,
                sale.points,
                sale.member,
                sale.medium,
                sale.refund_of,
                sale.fingerprint,
                self.place(sale.event_id),
                to_ms(sale.at),
            ),
        )

    def attribute_sale(self, sale_id: str, member: MemberId | None, medium: str | None) -> None:
        """Say whose receipt it is (``member`` ``None``: a medium nobody knows yet)."""
        self._connection.execute("UPDATE sales SET member = ?, medium = ? WHERE sale = ?", (member, medium, sale_id))

    def add_refund(self, sale_id: str, refunded_minor: int) -> None:
        """Add to what of a receipt was given back (minor units, > 0)."""
        self._connection.execute(
            "UPDATE sales SET refunded_minor = refunded_minor + ? WHERE sale = ?", (refunded_minor, sale_id)
        )

    def add_points(self, sale_id: str, points: int) -> None:
        """Add to the points that stand of a receipt (signed)."""
        self._connection.execute("UPDATE sales SET points = points + ? WHERE sale = ?", (points, sale_id))

    def post(self, postings: Iterable[Posting], recorded: Recorded) -> None:
        """Book postings under the event that tells of them. One already booked is left as it is."""
        place, at_ms, sale = self.place(recorded.event_id), to_ms(recorded.at), getattr(recorded.data, "sale", None)
        self._connection.executemany(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (posting_id) DO NOTHING",
            [(p.posting_id, p.debit, p.credit, p.points, p.rule.value, p.cause, place, at_ms, sale) for p in postings],
        )

    def visit_at(self, counter: str, since: datetime) -> Visit | None:
        """Who stands at a counter, unless they came before ``since``; their visit goes on."""
        row = self._connection.execute(
            "SELECT counter, medium, member, at_ms, is_strong FROM visits WHERE counter = ? AND at_ms >= ?",
            (counter, to_ms(since)),
        ).fetchone()
        return _visit(row) if row else None

    def open_visit(self, visit: Visit) -> None:
        """Somebody stands at a counter now; whoever stood there before does not any more."""
        self._connection.execute(
            "INSERT OR REPLACE INTO visits VALUES (?, ?, ?, ?, ?)",
            (visit.counter, visit.medium, visit.member, to_ms(visit.at), int(visit.is_strong)),
        )

    def take_visit(self, counter: str, since: datetime) -> Visit | None:
        """End the visit at a counter and return it, unless it began before ``since``."""
        row = self._connection.execute(
            "DELETE FROM visits WHERE counter = ? RETURNING counter, medium, member, at_ms, is_strong", (counter,)
        ).fetchone()
        if row is None or row[3] < to_ms(since):
            return None
        return _visit(row)


def _sale(row: tuple[Any, ...]) -> SaleRow:
    return SaleRow(*(*row[:-1], datetime_of(row[-1])))


def _visit(row: tuple[Any, ...]) -> Visit:
    counter, medium, member, at_ms, is_strong = row
    return Visit(counter, medium, MemberId(member) if member else None, datetime_of(at_ms), bool(is_strong))
