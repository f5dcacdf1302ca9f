"""The checkout as the journal keeps it: books of sales, points that wait for the return window, what was earned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson

from edge_agent.clock import datetime_of
from edge_agent.journal.till_books.coupons import TABLES as COUPON_TABLES
from edge_agent.journal.till_books.coupons import CouponKeeping, CouponQueries
from edge_agent.journal.till_books.quotes import TABLES as QUOTE_TABLES
from edge_agent.journal.till_books.quotes import QuoteKeeping, QuoteQueries
from edge_agent.journal.till_books.rows import HistoryEntry, OwnPurchases, PendingRow, SaleBook
from loyalty.events import Line
from loyalty.identifiers import MemberId, PostingId
from loyalty.ledger import Rule, available, pending

TABLES: tuple[str, ...] = (
    """CREATE TABLE sale_books(
        sale TEXT PRIMARY KEY, day TEXT NOT NULL, event_id TEXT NOT NULL, sold_at TEXT NOT NULL, member TEXT,
        lines TEXT NOT NULL, refund_of TEXT, quote TEXT, earned INTEGER NOT NULL, taken_back INTEGER NOT NULL,
        redeemed INTEGER NOT NULL, saved_minor INTEGER NOT NULL, restored INTEGER NOT NULL, refused TEXT NOT NULL,
        place INTEGER NOT NULL)
        WITHOUT ROWID""",
    """CREATE INDEX sale_books_by_member ON sale_books(member, place, day, earned, taken_back)
        WHERE member IS NOT NULL AND refund_of IS NULL""",
    "CREATE INDEX sale_books_by_day ON sale_books(member, day, earned) WHERE member IS NOT NULL AND refund_of IS NULL",
    "CREATE INDEX sale_books_refunds ON sale_books(refund_of, place) WHERE refund_of IS NOT NULL",
    """CREATE TABLE pending_points(
        posting TEXT PRIMARY KEY, member TEXT NOT NULL, sale TEXT NOT NULL, points INTEGER NOT NULL,
        rule TEXT NOT NULL, available_on TEXT NOT NULL, event_id TEXT NOT NULL, sold_at TEXT NOT NULL)
        WITHOUT ROWID""",
    "CREATE INDEX pending_points_due ON pending_points(available_on)",
    "CREATE INDEX pending_points_by_sale ON pending_points(sale)",
    "CREATE INDEX pending_points_by_member ON pending_points(member)",
    "ALTER TABLE postings ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE postings ADD COLUMN sale TEXT",
    # Balances are summed from the index alone, however much a member was credited before the cloud was heard.
    "DROP INDEX postings_by_credit",
    "DROP INDEX postings_by_debit",
    "CREATE INDEX postings_by_credit ON postings(credit, place, points) WHERE credit <> 'programme:issued'",
    "CREATE INDEX postings_by_debit ON postings(debit, place, points) WHERE debit <> 'programme:issued'",
    "ALTER TABLE visits ADD COLUMN is_strong INTEGER NOT NULL DEFAULT 0",
    *QUOTE_TABLES,
    *COUPON_TABLES,
)
"""What the second step of the schema adds for this room."""

_BOOKS = """SELECT sale, day, event_id, sold_at, member, lines, refund_of, quote, earned, taken_back, redeemed,
    saved_minor, restored, refused FROM sale_books"""
_PENDING = "SELECT posting, member, sale, points, rule, available_on, event_id, sold_at FROM pending_points"


class CheckoutQueries(QuoteQueries, CouponQueries):
    """Reading books of sales and pending points."""

    def sale_book(self, sale: str) -> SaleBook | None:
        """What became of a receipt."""
        row = self._connection.execute(f"{_BOOKS} WHERE sale = ?", (sale,)).fetchone()
        return _book(row) if row else None

    def refunds_of(self, sale: str) -> list[SaleBook]:
        """The refunds of a receipt of this store, in the order in which they were told."""
        rows = self._connection.execute(f"{_BOOKS} WHERE refund_of = ? ORDER BY place", (sale,))
        return [_book(row) for row in rows.fetchall()]

    def earned_on(self, member: str, day: date) -> int:
        """Points a member earned by spending in this store on one of its days."""
        row = self._connection.execute(
            "SELECT coalesce(sum(earned), 0) FROM sale_books WHERE member = ? AND refund_of IS NULL AND day = ?",
            (member, day.isoformat()),
        ).fetchone()
        return int(row[0])

    def purchases_since(self, member: str, *, besides: str = "") -> list[OwnPurchases]:
        """What was sold here to a member and the cloud's figures of them do not hold yet, by day, oldest first.

        ``besides``: without this sale.
        """
        rows = self._connection.execute(
            """SELECT day, sum(total_minor > refunded_minor), sum(max(0, total_minor - refunded_minor)),
                    sum(max(0, earned - taken_back))
                FROM sale_books b JOIN sales USING (sale)
                WHERE b.member = :member AND b.refund_of IS NULL AND sale <> :besides AND b.place > coalesce(
                    (SELECT max(m.included, r.included) FROM replica_members m, replica r WHERE m.member = :member), 0)
                GROUP BY day ORDER BY day""",
            {"member": member, "besides": besides},
        )
        return [OwnPurchases(date.fromisoformat(day), standing, left, points) for day, standing, left, points in rows]

    def pending_of(self, member: str) -> list[PendingRow]:
        """What a member earned here that waits for the return window, first to be available first."""
        rows = self._connection.execute(f"{_PENDING} WHERE member = ? ORDER BY available_on, posting", (member,))
        return [_pending(row) for row in rows.fetchall()]

    def pending_of_sale(self, sale: str) -> list[PendingRow]:
        """What is left of a sale's accruals that waits."""
        rows = self._connection.execute(f"{_PENDING} WHERE sale = ? ORDER BY posting", (sale,))
        return [_pending(row) for row in rows.fetchall()]

    def pending_due(self, on: date, limit: int) -> list[PendingRow]:
        """What becomes available on or before the store's day ``on``."""
        rows = self._connection.execute(
            f"{_PENDING} WHERE available_on <= ? ORDER BY available_on, sale, posting LIMIT ?", (on.isoformat(), limit)
        )
        return [_pending(row) for row in rows.fetchall()]

    def history(self, member: str, limit: int) -> list[HistoryEntry]:
        """How this store moved a member's points, newest first."""
        accounts = {available(MemberId(member)): False, pending(MemberId(member)): True}
        entries: list[tuple[int, HistoryEntry]] = []
        for account, waits in accounts.items():
            for side, sign in (("credit", 1), ("debit", -1)):
                rows = self._connection.execute(
                    f"""SELECT place, at_ms, rule, points, sale FROM postings
                        WHERE {side} = ? AND {side} <> 'programme:issued' ORDER BY place DESC LIMIT ?""",  # noqa: S608
                    (account, limit),
                )
                for place, at_ms, rule, points, sale in rows:
                    entries.append((place, HistoryEntry(datetime_of(at_ms), Rule(rule), sign * points, sale, waits)))
        entries.sort(key=lambda entry: (-entry[0], entry[1].is_pending, entry[1].rule))
        return [entry for _, entry in entries[:limit]]


class CheckoutKeeping(CheckoutQueries, QuoteKeeping, CouponKeeping):
    """Writing books of sales and pending points."""

    def keep_book(self, book: SaleBook) -> None:
        """Keep what became of a receipt, as it stands now."""
        self._connection.execute(
            "INSERT OR REPLACE INTO sale_books VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                book.sale,
                book.day.isoformat(),
                book.event_id,
                book.sold_at.isoformat(),
                book.member,
                orjson.dumps([(line.amount_minor, line.category, line.brand) for line in book.lines]).decode(),
                book.refund_of,
                book.quote,
                book.earned,
                book.taken_back,
                book.redeemed,
                book.saved_minor,
                book.restored,
                book.refused,
                self.place(book.event_id),
            ),
        )

    def keep_pending(self, row: PendingRow) -> None:
        """Keep what is left of an accrual that waits; nothing left, and it waits no more."""
        if row.points <= 0:
            self.end_pending(row.posting)
            return
        self._connection.execute(
            "INSERT OR REPLACE INTO pending_points VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.posting,
                row.member,
                row.sale,
                row.points,
                row.rule.value,
                row.available_on.isoformat(),
                row.event_id,
                row.sold_at.isoformat(),
            ),
        )

    def end_pending(self, posting: str) -> None:
        """An accrual waits no more."""
        self._connection.execute("DELETE FROM pending_points WHERE posting = ?", (posting,))


def _book(row: tuple[Any, ...]) -> SaleBook:
    sale, day, event_id, sold_at, member, lines, refund_of, quote, *figures, refused = row
    earned, taken_back, redeemed, saved_minor, restored = figures
    return SaleBook(
        sale=sale,
        day=date.fromisoformat(day),
        event_id=event_id,
        sold_at=datetime.fromisoformat(sold_at),
        member=member,
        lines=tuple(Line("", amount, category, brand) for amount, category, brand in orjson.loads(lines)),
        refund_of=refund_of,
        quote=quote,
        earned=earned,
        taken_back=taken_back,
        redeemed=redeemed,
        saved_minor=saved_minor,
        restored=restored,
        refused=refused,
    )


def _pending(row: tuple[Any, ...]) -> PendingRow:
    posting, member, sale, points, rule, available_on, event_id, sold_at = row
    return PendingRow(
        posting=PostingId(posting),
        member=MemberId(member),
        sale=sale,
        points=points,
        rule=Rule(rule),
        available_on=date.fromisoformat(available_on),
        event_id=event_id,
        sold_at=datetime.fromisoformat(sold_at),
    )
