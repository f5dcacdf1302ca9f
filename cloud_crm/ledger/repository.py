"""SQL about postings. Added once per ``posting_id``, never changed; a balance is a sum and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from sqlalchemy import Connection, Row, func, insert, or_, select

from cloud_crm.database import among, insert_many, insert_sql
from cloud_crm.ledger.tables import posting_conflicts, posting_echoes, postings
from loyalty.identifiers import EventId, MemberId, PostingId
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available, debt, pending

_LOOKUP_ROWS_MAX = 1_000
_STREAM_ROWS = 10_000


class PostingRow(NamedTuple):
    """A posting with where it came from, in the order of the columns; ``posted_at`` is the store's stamp."""

    posting_id: str
    debit: str
    credit: str
    points: int
    rule: str
    cause: str
    sale: str | None
    gateway_id: str
    posted_at: str

    @property
    def content(self) -> tuple[str, str, int, str]:
        """What must be equal whenever the same ``posting_id`` is seen."""
        return (self.debit, self.credit, self.points, self.rule)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One stored posting; ``position`` is its place in the order of posting."""

    position: int
    posting: PostingRow


_COLUMNS = PostingRow._fields
_Content = tuple[str, str, int, str]
_Known = tuple[str, _Content]


class Posted(NamedTuple):
    """What became of postings: those ``new`` to the ledger, and those that cannot stand."""

    new: list[PostingRow]
    disputed: list[PostingRow]


def post(connection: Connection, rows: Sequence[PostingRow], at: str) -> Posted:
    """Store postings once each.

    Those that cannot stand are kept as conflicts: one account on both sides, or an id that is known with another
    content. The first posting of an id stays; another gateway that tells the same is its echo.
    """
    moving = {row.posting_id: row for row in reversed(rows) if row.debit != row.credit}
    first = [row for row in rows if moving.get(row.posting_id) is row]
    disputed = [row for row in rows if row.debit == row.credit]
    fresh = _insert(connection, first)
    repeated = [row for row in rows if row.debit != row.credit and fresh.get(row.posting_id) is not row]
    if repeated:
        known = _known(connection, [row.posting_id for row in repeated])
        disputed += [row for row in repeated if known[row.posting_id][1] != row.content]
        _keep_echoes(connection, repeated, known)
    _keep_conflicts(connection, disputed, at)
    return Posted(list(fresh.values()), disputed)


def known(connection: Connection, posting_ids: Sequence[str]) -> set[str]:
    """Those of these postings that the ledger holds."""
    return set(_known(connection, posting_ids))


def points_of(connection: Connection, posting_ids: Sequence[str]) -> dict[str, int]:
    """The points of those of these postings that the ledger holds."""
    return {name: content[2] for name, (_, content) in _known(connection, posting_ids).items()}


def counts_of_rule(connection: Connection, rule: str, accounts: Sequence[str]) -> dict[str, int]:
    """How many postings of one rule each of these accounts was credited with; those without are left out."""
    columns = postings.c
    query = select(columns.credit, func.count()).where(columns.credit.in_(accounts), columns.rule == rule)
    return {account: int(count) for account, count in connection.execute(query.group_by(columns.credit))}


def balances(connection: Connection, members: Sequence[str]) -> dict[str, int]:
    """Available points of each member asked for; 0 for those without postings."""
    accounts = {available(MemberId(member)): member for member in members}
    found = dict.fromkeys(members, 0)
    for column, sign in ((postings.c.credit, 1), (postings.c.debit, -1)):
        sums = select(column, func.sum(postings.c.points)).where(column.in_(list(accounts))).group_by(column)
        for account, points in connection.execute(sums):
            found[accounts[account]] += sign * int(points)
    return found


def points_issued(connection: Connection) -> int:
    """Points in circulation: what the programme gave less what came back."""
    return sum(
        sign * int(connection.scalar(select(func.sum(postings.c.points)).where(column == PROGRAMME_ISSUED)) or 0)
        for column, sign in ((postings.c.debit, 1), (postings.c.credit, -1))
    )


def every_posting(connection: Connection, *, gateway: str | None = None) -> Iterator[Posting]:
    """All postings in the words of the domain, read in stretches; only what one gateway told, where it is named."""
    query = select(*(postings.c[name] for name in ("posting_id", "debit", "credit", "points", "rule", "cause")))
    if gateway is not None:
        echoes = select(posting_echoes.c.posting_id).where(posting_echoes.c.gateway_id == gateway)
        query = query.where(or_(postings.c.gateway_id == gateway, postings.c.posting_id.in_(echoes)))
    result = connection.execution_options(yield_per=_STREAM_ROWS).execute(query)
    for posting_id, debit, credit, points, rule, cause in result:
        yield Posting(PostingId(posting_id), debit, credit, points, _rule(rule), EventId(cause))


def newest(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    member: str | None = None,
    gateway: str | None = None,
) -> list[LedgerEntry]:
    """Postings, newest first, of one member or one gateway where asked."""
    query = select(postings).order_by(postings.c.position.desc()).limit(limit)
    if before is not None:
        query = query.where(postings.c.position < before)
    if member is not None:
        own = [account(MemberId(member)) for account in (available, pending, debt)]
        query = query.where(or_(postings.c.credit.in_(own), postings.c.debit.in_(own)))
    if gateway is not None:
        query = query.where(postings.c.gateway_id == gateway)
    return [_entry(row) for row in connection.execute(query)]


def conflicts_of(connection: Connection) -> dict[str, int]:
    """How many disputed postings each gateway has sent."""
    count = select(posting_conflicts.c.gateway_id, func.count()).group_by(posting_conflicts.c.gateway_id)
    return {gateway_id: int(rows) for gateway_id, rows in connection.execute(count)}


def _insert(connection: Connection, rows: Sequence[PostingRow]) -> dict[str, PostingRow]:
    """Insert those with a new id; returns them by id, in their order. Nobody else writes in between."""
    if not rows:
        return {}
    some, values = among(connection, [row.posting_id for row in rows])
    sql = f"SELECT posting_id FROM postings WHERE posting_id {some}"  # noqa: S608 - marks, no values
    told = {posting_id for (posting_id,) in connection.exec_driver_sql(sql, values).fetchall()}
    fresh = [row for row in rows if row.posting_id not in told]
    insert_many(connection, postings, _COLUMNS, fresh)
    return {row.posting_id: row for row in fresh}


def _known(connection: Connection, posting_ids: Sequence[str]) -> dict[str, _Known]:
    """Who told each of these postings first, and its content."""
    found: dict[str, _Known] = {}
    names = ("posting_id", "gateway_id", "debit", "credit", "points", "rule")
    columns = [postings.c[name] for name in names]
    for start in range(0, len(posting_ids), _LOOKUP_ROWS_MAX):
        some = posting_ids[start : start + _LOOKUP_ROWS_MAX]
        for row in connection.execute(select(*columns).where(postings.c.posting_id.in_(some))):
            found[row.posting_id] = (row.gateway_id, (row.debit, row.credit, row.points, row.rule))
    return found


def _keep_echoes(connection: Connection, rows: Sequence[PostingRow], known: Mapping[str, _Known]) -> None:
    told = {(row.posting_id, row.gateway_id) for row in rows if known[row.posting_id][1] == row.content}
    echoes = [echo for echo in sorted(told) if known[echo[0]][0] != echo[1]]
    if echoes:
        sql = insert_sql(connection, posting_echoes, ("posting_id", "gateway_id"))
        connection.exec_driver_sql(f"{sql} ON CONFLICT (posting_id, gateway_id) DO NOTHING", echoes)


def _keep_conflicts(connection: Connection, conflicts: Sequence[PostingRow], at: str) -> None:
    rows = [
        {
            "posting_id": row.posting_id,
            "debit": row.debit,
            "credit": row.credit,
            "points": row.points,
            "rule": row.rule,
            "cause": row.cause,
            "gateway_id": row.gateway_id,
            "at": at,
        }
        for row in conflicts
    ]
    if rows:
        connection.execute(insert(posting_conflicts), rows)


def _rule(name: str) -> Rule:
    """A newer store may post by a rule that this version has no name for; it counts all the same."""
    return Rule(name) if name in set(Rule) else cast("Rule", name)


def _entry(row: Row[*tuple[object, ...]]) -> LedgerEntry:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row as a mapping
    return LedgerEntry(cast("int", values.pop("position")), PostingRow(**values))
