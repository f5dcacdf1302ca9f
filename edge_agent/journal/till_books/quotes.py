"""Quotes in the journal: what a till was told, and what its receipt has to do when it comes."""

from __future__ import annotations

from datetime import datetime

from edge_agent.clock import datetime_of
from edge_agent.journal.books import to_ms
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.till_books.rows import QuoteRow

TABLES = (
    """CREATE TABLE quotes(
        key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, till TEXT NOT NULL, member TEXT, medium TEXT,
        price_minor INTEGER NOT NULL, ends_ms INTEGER NOT NULL, is_open INTEGER NOT NULL, sale TEXT,
        answer TEXT NOT NULL, plan TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX quotes_by_end ON quotes(is_open, ends_ms)",
)
"""What the second step of the schema adds for quotes."""

_QUOTES = "SELECT key, fingerprint, till, member, medium, price_minor, ends_ms, is_open, sale, answer, plan FROM quotes"


class QuoteQueries(Query):
    """Reading quotes."""

    def quote(self, key: str) -> QuoteRow | None:
        """The quote of an idempotency key."""
        row = self._connection.execute(f"{_QUOTES} WHERE key = ?", (key,)).fetchone()
        return _quote(row) if row else None

    def open_quotes(self, ended_by: datetime | None, limit: int) -> list[QuoteRow]:
        """Quotes that still hold what they redeem; with ``ended_by`` those whose time is up by then."""
        until = 2**62 if ended_by is None else to_ms(ended_by)
        rows = self._connection.execute(
            f"{_QUOTES} WHERE is_open = 1 AND ends_ms <= ? ORDER BY ends_ms LIMIT ?", (until, limit)
        )
        return [_quote(row) for row in rows.fetchall()]


class QuoteKeeping(QuoteQueries):
    """Writing quotes."""

    def keep_quote(self, quote: QuoteRow) -> None:
        """Keep a quote in place of what its key had before."""
        self._connection.execute(
            "INSERT OR REPLACE INTO quotes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                quote.key,
                quote.fingerprint,
                quote.till,
                quote.member,
                quote.medium,
                quote.price_minor,
                to_ms(quote.ends_at),
                int(quote.is_open),
                quote.sale,
                quote.answer,
                quote.plan,
            ),
        )

    def forget_quote(self, key: str) -> None:
        """The receipt of this key was abandoned."""
        self._connection.execute("DELETE FROM quotes WHERE key = ?", (key,))

    def forget_quotes(self, ended_before: datetime) -> int:
        """Drop quotes that were over before; returns how many those were."""
        return self._connection.execute(
            "DELETE FROM quotes WHERE is_open = 0 AND ends_ms < ?", (to_ms(ended_before),)
        ).rowcount


def _quote(row: tuple[str, str, str, str | None, str | None, int, int, int, str | None, str, str]) -> QuoteRow:
    key, fingerprint, till, member, medium, price_minor, ends_ms, is_open, sale, answer, plan = row
    return QuoteRow(
        key=key,
        fingerprint=fingerprint,
        till=till,
        member=member,
        medium=medium,
        price_minor=price_minor,
        ends_at=datetime_of(ends_ms),
        is_open=bool(is_open),
        sale=sale,
        answer=answer,
        plan=plan,
    )
