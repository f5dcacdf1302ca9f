"""Points for activities that the cloud itself has heard of: promised once per posting id, then like those of stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from cloud_crm.ledger import repository as ledger
from cloud_crm.ledger.repository import PostingRow
from cloud_crm.members import repository as members
from cloud_crm.points.books import CLOUD, PointsBooks, Said
from cloud_crm.points.turning import turn
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from loyalty.identifiers import MemberId
from loyalty.ledger import PROGRAMME_ISSUED, pending
from loyalty.points.lots import Accrual
from loyalty.terms.earning import LotTerms


@dataclass(frozen=True, slots=True)
class Promised:
    """What an activity earns a member on the store's day ``on``."""

    member: MemberId
    accrual: Accrual
    on: date


@dataclass(frozen=True, slots=True)
class Promising:
    """Under which terms, and when (the cloud's time)."""

    lots: LotTerms
    rights: RightsTerms
    at: str


def promise(connection: Connection, promised: Sequence[Promised], under: Promising) -> list[Promised]:
    """Post what no store has posted before; returns what was. Where no points wait, these do not either.

    Postings first, then accounts, as landing does: a store that tells the same at this moment is waited for.
    """
    by_id = {one.accrual.posting: one for one in promised}
    told = [_row(one, under.at) for one in by_id.values()]
    new = ledger.post(connection, told, under.at).new if told else []
    if not new:
        return []
    rights = RightsBooks(connection, under.rights, at=under.at)
    found = [by_id[row.posting_id] for row in new]  # type: ignore[index]
    concerned = sorted({one.member for one in found})
    rights.open([points_of(member) for member in concerned], ())
    books = PointsBooks(connection, rights, under.lots, at=under.at)
    books.open(concerned)
    for row, one in zip(new, found, strict=True):
        books.keep(Said(row, one.on))
        turn(books, rights, one.member, on=one.on)
        rights.top_up_home(points_of(one.member))
    books.save()
    rights.save()
    members.touch(connection, concerned)
    return found


def _row(one: Promised, at: str) -> PostingRow:
    earned = one.accrual
    return PostingRow(
        earned.posting, PROGRAMME_ISSUED, pending(one.member), earned.points, earned.rule, earned.cause, None, CLOUD, at
    )
