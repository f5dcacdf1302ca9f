"""SQL about rights accounts: loaded whole and locked, written back where they changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from cloud_crm.database import among, for_update, insert_many, insert_sql, positional, update_many
from cloud_crm.rights.tables import rights_accounts, rights_holdings, rights_movements
from loyalty.identifiers import GatewayId, MemberId
from loyalty.rights.account import Account, Lease
from loyalty.rights.movements import Incarnation

POINTS = "points"
_ACCOUNT_COLUMNS = ("account_id", "member_id", "currency", "home_gateway", "balance", "avail")
_HOLDING_COLUMNS = (
    "account_id",
    "gateway_id",
    "incarnation",
    "held",
    "granted",
    "recalled",
    "returned",
    "suspense",
    "written_off",
    "version",
)


class AccountKey(NamedTuple):
    """Whose rights, and to what: ``points`` or ``coupon/INSTANCE``."""

    member: MemberId
    currency: str = POINTS


@dataclass(slots=True)
class Term:
    """What the cloud keeps of a lease beside its amounts."""

    incarnation: Incarnation | None = None
    recalled: int = 0
    returned: int = 0
    version: int = 0


@dataclass(slots=True)
class KeptAccount:
    """One account, locked. ``touched`` are gateways whose part changed, ``told`` those that must hear of it."""

    account_id: int
    key: AccountKey
    home: GatewayId | None
    books: Account
    terms: dict[GatewayId, Term] = field(default_factory=dict)
    is_changed: bool = False
    touched: set[GatewayId] = field(default_factory=set)
    told: set[GatewayId] = field(default_factory=set)

    def term(self, gateway: GatewayId) -> Term:
        """The terms of a gateway's lease."""
        return self.terms.setdefault(gateway, Term())


def lock(connection: Connection, keys: Collection[AccountKey]) -> dict[AccountKey, KeptAccount]:
    """These accounts, opened where they were not there, locked until the transaction ends."""
    found = _load(connection, keys)
    missing = sorted(set(keys) - found.keys())
    if missing:
        columns = ("member_id", "currency", "balance", "avail")
        sql = insert_sql(connection, rights_accounts, columns) + " ON CONFLICT (member_id, currency) DO NOTHING"
        connection.exec_driver_sql(sql, [(*key, 0, 0) for key in missing])
        found |= _load(connection, missing)
    return found


def with_free(connection: Connection, members: Collection[str]) -> set[AccountKey]:
    """The accounts of some members that have something to lease; no lock."""
    some, values = among(connection, members)
    sql = f"SELECT member_id, currency FROM rights_accounts WHERE member_id {some} AND avail > 0"  # noqa: S608 - marks
    rows = connection.exec_driver_sql(sql, values).fetchall()
    return {AccountKey(MemberId(member), currency) for member, currency in rows}


def members_homes(connection: Connection, keys: Collection[AccountKey]) -> dict[MemberId, GatewayId]:
    """Where the members of these accounts are at home, as the members' own rows say; no lock."""
    some, values = among(connection, {key.member for key in keys})
    sql = f"SELECT member_id, home_gateway FROM members WHERE member_id {some} AND home_gateway <> ''"  # noqa: S608
    rows = connection.exec_driver_sql(sql, values).fetchall()
    return {MemberId(member): GatewayId(home) for member, home in rows}


def strangers_homes(connection: Connection, keys: Collection[AccountKey]) -> set[GatewayId]:
    """Where accounts without a member's row were first seen, without a lock: that hardly changes."""
    some, values = among(connection, {key.member for key in keys})
    sql = f"SELECT DISTINCT home_gateway FROM rights_accounts WHERE member_id {some}"  # noqa: S608 - marks
    return {GatewayId(home) for (home,) in connection.exec_driver_sql(sql, values).fetchall() if home is not None}


def holders(connection: Connection, member: MemberId) -> set[GatewayId]:
    """Gateways that hold anything of a member's; no lock."""
    query = (
        select(rights_holdings.c.gateway_id)
        .join(rights_accounts, rights_accounts.c.account_id == rights_holdings.c.account_id)
        .where(rights_accounts.c.member_id == member)
        .distinct()
    )
    return set(connection.scalars(query))


def save(connection: Connection, accounts: Iterable[KeptAccount]) -> None:
    """Write back what changed."""
    changed = [account for account in accounts if account.is_changed or account.touched]
    mark = positional(connection)
    update_many(
        connection,
        f"UPDATE rights_accounts SET balance = {mark}, avail = {mark}, home_gateway = {mark} "  # noqa: S608 - marks
        f"WHERE account_id = {mark}",
        [(a.books.balance, a.books.avail, a.home, a.account_id) for a in changed if a.is_changed],
    )
    rows = [_holding(account, gateway) for account in changed for gateway in sorted(account.touched)]
    if rows:
        values = ", ".join(f"{name} = excluded.{name}" for name in _HOLDING_COLUMNS[2:])
        sql = insert_sql(connection, rights_holdings, _HOLDING_COLUMNS)
        connection.exec_driver_sql(f"{sql} ON CONFLICT (account_id, gateway_id) DO UPDATE SET {values}", rows)


def add_movements(connection: Connection, rows: Sequence[tuple[str, int, str, str, int, str, str]]) -> None:
    """Facts that are no postings: id, account, gateway, kind, points, lease, when they landed."""
    columns = ("movement_id", "account_id", "gateway_id", "kind", "points", "lease", "at")
    insert_many(connection, rights_movements, columns, rows)


def _load(connection: Connection, keys: Collection[AccountKey]) -> dict[AccountKey, KeptAccount]:
    """All in one query, so that whoever locks them locks them in the same order: by number."""
    members, currencies = {key.member for key in keys}, {key.currency for key in keys}
    some, values = among(connection, members)
    of, more = among(connection, currencies)
    sql = (
        f"SELECT {', '.join(_ACCOUNT_COLUMNS)} FROM rights_accounts "  # noqa: S608 - marks, no values
        f"WHERE member_id {some} AND currency {of} ORDER BY account_id{for_update(connection)}"
    )
    rows = connection.exec_driver_sql(sql, (*values, *more)).fetchall()
    wanted = keys if isinstance(keys, set) else set(keys)
    return _kept(connection, [row for row in rows if (row[1], row[2]) in wanted])


def _kept(connection: Connection, rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[AccountKey, KeptAccount]:
    own = list(rows)
    parts: dict[int, list[Row[*tuple[Any, ...]]]] = {row[0]: [] for row in own}
    if parts:
        some, values = among(connection, parts)
        sql = f"SELECT {', '.join(_HOLDING_COLUMNS)} FROM rights_holdings WHERE account_id {some}"  # noqa: S608 - marks
        for part in connection.exec_driver_sql(sql, values).fetchall():
            parts[part[0]].append(part)
    accounts = (_account(row, parts[row[0]]) for row in own)
    return {account.key: account for account in accounts}


def _account(row: Row[*tuple[Any, ...]], parts: Sequence[Row[*tuple[Any, ...]]]) -> KeptAccount:
    number, member, currency, home, balance, avail = row
    books = Account(balance, avail, leases := {}, suspense := {}, written_off := {})
    terms: dict[GatewayId, Term] = {}
    # Positions instead of names: this is done for every member of every group that lands.
    for _, gateway, incarnation, held, granted, recalled, returned, in_doubt, given_up, version in parts:
        terms[gateway] = Term(incarnation, recalled, returned, version)
        if incarnation is not None:
            leases[gateway] = Lease(held, granted)
        if in_doubt:
            suspense[gateway] = in_doubt
        if given_up:
            written_off[gateway] = given_up
    return KeptAccount(number, AccountKey(member, currency), home, books, terms)


def _holding(account: KeptAccount, gateway: GatewayId) -> tuple[object, ...]:
    books, term = account.books, account.term(gateway)
    lease = books.leases.get(gateway)
    leased = (None, 0, 0, 0, 0) if lease is None else _leased(lease, term)
    suspense, written_off = books.suspense.get(gateway, 0), books.written_off.get(gateway, 0)
    return (account.account_id, gateway, *leased, suspense, written_off, term.version)


def _leased(lease: Lease, term: Term) -> tuple[object, ...]:
    return (term.incarnation, lease.held, lease.granted, term.recalled, term.returned)
