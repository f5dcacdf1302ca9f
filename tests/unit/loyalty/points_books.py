"""What is always true of an account and the postings behind it; asked after every step."""

from __future__ import annotations

from datetime import date

from loyalty.identifiers import EventId, MemberId, posting_id
from loyalty.ledger import (
    PROGRAMME_EXPIRED,
    PROGRAMME_ISSUED,
    PROGRAMME_REDEEMED,
    Posting,
    Rule,
    available,
    balance,
    debt,
    pending,
)
from loyalty.points.lots import Accrual, PointsAccount

ANNA = MemberId("anna")
DAY = date(2026, 3, 1)
CAUSE = EventId("i/ledger/1")
ACCOUNTS = (available(ANNA), pending(ANNA), debt(ANNA), PROGRAMME_ISSUED, PROGRAMME_REDEEMED, PROGRAMME_EXPIRED)


def accrual(points: int, name: str) -> Accrual:
    return Accrual(posting_id("spend", "harbour", name), Rule.SPEND, points, CAUSE)


def books_agree(account: PointsAccount, postings: list[Posting]) -> None:
    """All that is always true."""
    assert len({p.posting_id for p in postings}) == len(postings)
    assert sum(balance(postings, name) for name in ACCOUNTS) == 0
    assert balance(postings, available(ANNA)) == account.available >= 0
    assert balance(postings, pending(ANNA)) == account.pending >= 0
    assert balance(postings, debt(ANNA)) == -account.debt <= 0
    assert all(lot.points > 0 for lot in account.lots)
    assert not (account.debt and account.available)
