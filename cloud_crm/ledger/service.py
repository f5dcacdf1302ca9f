"""Questions to the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_crm.database import Database
from cloud_crm.ledger import repository
from cloud_crm.ledger.repository import LedgerEntry
from cloud_crm.ledger.schemas import LedgerDigest, PostingView
from cloud_crm.members import repository as members
from loyalty.ledger import PROGRAMME_ISSUED, balance, digest, member_of


class LedgerService:
    """The ledger of one tenant, read only: only landing posts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def digest(self, *, gateway: str | None = None) -> LedgerDigest:
        """The figures by which two ledgers are compared, from one snapshot.

        With ``gateway`` they are of what that gateway told: its own ledger has the same. The cloud's own postings
        (expiry, debt, referrals) are those of the gateway ``cloud``.
        """
        with self._database.read() as connection:
            postings = list(repository.every_posting(connection, gateway=gateway))
        issued = -balance(postings, PROGRAMME_ISSUED)
        return LedgerDigest(postings=len(postings), points_issued=issued, digest=digest(postings))

    def points_issued(self) -> int:
        """Points in circulation."""
        with self._database.read() as connection:
            return repository.points_issued(connection)

    def newest(
        self, *, limit: int, before: int | None = None, member: str | None = None, gateway: str | None = None
    ) -> list[PostingView]:
        """Postings, newest first."""
        with self._database.read() as connection:
            entries = repository.newest(connection, limit=limit, before=before, member=member, gateway=gateway)
        return [_view(entry) for entry in entries]

    def names(self, postings: Sequence[PostingView]) -> dict[str, str]:
        """Names of the members among these postings, for a page; never for a log."""
        with self._database.read() as connection:
            return members.names(connection, sorted({p.member for p in postings if p.member}))


def _view(entry: LedgerEntry) -> PostingView:
    row = entry.posting
    given, taken = member_of(row.credit), member_of(row.debit)
    return PostingView(
        position=entry.position,
        posting=row.posting_id,
        debit=row.debit,
        credit=row.credit,
        points=row.points,
        rule=row.rule,
        cause=row.cause,
        sale=row.sale,
        gateway=row.gateway_id,
        posted_at=row.posted_at,
        member=given or taken,
        change=row.points * ((given is not None) - (taken is not None)),
    )
