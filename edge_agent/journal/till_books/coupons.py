"""Coupons in the journal: whose they are, whether they are used, and whether their one right lies here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from cloud_bridge.replica import ReplicaCoupon
from edge_agent.journal.till_books.rows import CouponEntry
from edge_agent.journal.values import day_told
from edge_agent.journal.wallets import WalletQueries

COUPONS_MAX = 50
"""Coupons of one member that are looked at; those that end first."""

TABLES = (
    """CREATE TABLE coupons(
        instance TEXT PRIMARY KEY, coupon TEXT NOT NULL, member TEXT NOT NULL, code TEXT, last_day TEXT NOT NULL,
        used_there INTEGER NOT NULL, used_here INTEGER NOT NULL, issued_here INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX coupons_by_member ON coupons(member, last_day)",
    "CREATE INDEX coupons_by_code ON coupons(code) WHERE code IS NOT NULL",
)
"""What the second step of the schema adds for coupons."""

_COUPONS = "SELECT instance, coupon, member, code, last_day, used_there + used_here FROM coupons"


class CouponQueries(WalletQueries):
    """Reading coupons."""

    def coupons_of(self, member: str) -> list[CouponEntry]:
        """The coupons a member holds and has not used, first to end first, at most :data:`COUPONS_MAX`."""
        rows = self._connection.execute(
            f"""{_COUPONS} WHERE member = ? AND used_there + used_here = 0
                ORDER BY last_day = '', last_day, coupon, instance LIMIT ?""",
            (member, COUPONS_MAX),
        )
        return [self._entry(row) for row in rows.fetchall()]

    def coupon_by_code(self, medium: str) -> CouponEntry | None:
        """The coupon with a code printed on it. ``medium`` is the hash of the code."""
        row = self._connection.execute(f"{_COUPONS} WHERE code = ? ORDER BY instance LIMIT 1", (medium,)).fetchone()
        return self._entry(row) if row else None

    def coupon(self, instance: str) -> CouponEntry | None:
        """A coupon by its instance."""
        row = self._connection.execute(f"{_COUPONS} WHERE instance = ?", (instance,)).fetchone()
        return self._entry(row) if row else None

    def _entry(self, row: tuple[Any, ...]) -> CouponEntry:
        instance, coupon, member, code, last_day, used = row
        wallet = self.wallet(member, f"coupon/{instance}")
        return CouponEntry(
            instance=instance,
            coupon=coupon,
            member=member,
            code=code,
            # A last day that nobody can read has passed.
            last_day=(day_told(last_day) or date.min) if last_day else None,
            is_used=bool(used),
            is_here=not used and wallet.rights > 0 and not wallet.frozen,
            is_reserved=bool(wallet.reserved),
        )


class CouponKeeping(CouponQueries):
    """Writing coupons."""

    def keep_coupon(self, entry: CouponEntry) -> None:
        """Keep a coupon given out or used (or given back) here."""
        self._connection.execute(
            """INSERT INTO coupons VALUES (?, ?, ?, ?, ?, 0, ?, 1)
                ON CONFLICT (instance) DO UPDATE SET used_here = excluded.used_here""",
            (
                entry.instance,
                entry.coupon,
                entry.member,
                entry.code,
                entry.last_day.isoformat() if entry.last_day else "",
                int(entry.is_used),
            ),
        )

    def put_coupons(self, rows: Iterable[ReplicaCoupon]) -> None:
        """Take what the cloud says of coupons. What was used here stays used, whatever it does not know yet."""
        self._connection.executemany(
            """INSERT INTO coupons VALUES (?, ?, ?, ?, ?, ?, 0, 0)
                ON CONFLICT (instance) DO UPDATE SET coupon = excluded.coupon, member = excluded.member,
                code = excluded.code, last_day = excluded.last_day, used_there = excluded.used_there""",
            [(c.instance, c.coupon, c.member, c.code, c.last_day, int(c.used)) for c in rows],
        )

    def forget_coupons(self) -> None:
        """Before the cloud tells all coupons anew: those it told go, but for what was used here."""
        self._connection.execute("DELETE FROM coupons WHERE issued_here = 0 AND used_here = 0")
