"""What a member can spend here and now: rights of this gateway, and no more than what has not expired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from edge_agent.clock import datetime_of
from edge_agent.journal.replica import ReplicaQueries
from edge_agent.journal.values import ExpiringPoints, MemberEntry, Usable
from edge_agent.journal.wallets import POINTS, WalletQueries
from loyalty.rights.wallet import spendable

_SAME_DAY_EVERYWHERE = time(10)
"""Before this hour of a day in UTC no time zone (UTC-12 to UTC+14) has reached the next one."""


class UsableQueries(ReplicaQueries, WalletQueries):
    """Reading what can be spent."""

    def usable(self, member: str, *, on: date) -> Usable | None:
        """What a member has and can use here on the store's day ``on``; ``None`` for an unknown member."""
        entry = self.member(member)
        if entry is None:
            return None
        since = self.posted_since(member)
        lost = self._expired(entry, on)
        available = entry.balance + since.available - lost
        wallet = self.wallet(member, POINTS)
        return Usable(
            points=max(0, min(spendable(wallet), available)),
            balance=max(0, available),
            pending=max(0, entry.pending + since.pending),
            owed=entry.owed + max(0, -available),
            as_of=entry.as_of,
            is_frozen=wallet.frozen,
        )

    def _expired(self, entry: MemberEntry, on: date) -> int:
        """Points of the balance whose last day has passed, less what was spent of them here in time."""
        if not entry.expiring or entry.expiring[0].last_day >= on:
            return 0
        spent = self._connection.execute(
            """SELECT r.at_ms, r.points - r.restored FROM redemptions r JOIN postings ON posting_id = redemption
                WHERE r.member = :member AND r.currency = :points AND place >
                    (SELECT max(m.included, replica.included) FROM replica_members m, replica WHERE m.member = :member)
                ORDER BY r.at_ms""",
            {"member": entry.member, "points": POINTS},
        )
        return lost_by(entry.expiring, ((datetime_of(at_ms), points) for at_ms, points in spent), on=on)


def lost_by(expiring: Iterable[ExpiringPoints], spent: Iterable[tuple[datetime, int]], *, on: date) -> int:
    """Points past their last day on the day ``on``. ``expiring`` and ``spent`` (when, points) are oldest first.

    Points are spent first to expire first. Where a time zone leaves it open on which day points were spent, they count
    as spent too late: nobody can use more than there is.
    """
    left = dict(expiring)
    for at, points in spent:
        owing = points
        for last_day, unspent in left.items():
            if at < datetime.combine(last_day, _SAME_DAY_EVERYWHERE, UTC):
                left[last_day] = max(0, unspent - owing)
                owing = max(0, owing - unspent)
    return sum(points for last_day, points in left.items() if last_day < on)
