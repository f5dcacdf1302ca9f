"""The right to use a coupon: an account of one unit, leased to the one gateway that may let it be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from cloud_crm.rights.accounts import AccountKey
from cloud_crm.rights.books import RightsBooks, RightsTerms
from cloud_crm.rights.tables import rights_accounts
from loyalty.identifiers import GatewayId, MemberId

COUPON_PREFIX = "coupon/"
_ONE = 1
_WAITING_MAX = 1_000


class OneRight(NamedTuple):
    """Whose right to which instance, and the gateway to lease it to; empty while none is known."""

    member: str
    instance: str
    gateway: str

    @property
    def key(self) -> AccountKey:
        """The account of the right."""
        return AccountKey(MemberId(self.member), f"{COUPON_PREFIX}{self.instance}")


def instance_of(currency: str) -> str | None:
    """The coupon instance that a currency is of; ``None`` for points."""
    return currency.removeprefix(COUPON_PREFIX) if currency.startswith(COUPON_PREFIX) else None


def open_rights(connection: Connection, rights: Sequence[OneRight], *, at: str) -> None:
    """Open an account of one for each new instance, and lease it where a gateway is named.

    A gateway that has never greeted, or is revoked, gets nothing: the right waits (:func:`lease_rights`).
    """
    _move(connection, rights, at=at, opening=True)


def lease_rights(connection: Connection, rights: Sequence[OneRight], *, at: str) -> None:
    """Lease rights that wait to the gateways named; one that is leased already stays where it is."""
    _move(connection, rights, at=at, opening=False)


def waiting(connection: Connection) -> list[tuple[str, str]]:
    """Instance and member of rights that no gateway holds."""
    columns = rights_accounts.c
    query = (
        select(columns.member_id, columns.currency)
        .where(columns.currency.startswith(COUPON_PREFIX), columns.avail > 0)
        .order_by(columns.account_id)
        .limit(_WAITING_MAX)
    )
    return [(row.currency.removeprefix(COUPON_PREFIX), row.member_id) for row in connection.execute(query)]


def take_right(connection: Connection, right: OneRight, *, at: str) -> bool:
    """Take a right back: at once where no gateway holds it, else it is recalled. Whether it is gone at once."""
    books = RightsBooks(connection, RightsTerms(), at=at)
    books.open([right.key], ())
    is_here = books.account(right.key).books.avail > 0
    if is_here:
        books.issue(right.key, -_ONE)
    else:
        books.recall(right.key, _ONE)
    books.save()
    return is_here


def _move(connection: Connection, rights: Sequence[OneRight], *, at: str, opening: bool) -> None:
    if not rights:
        return
    books = RightsBooks(connection, RightsTerms(), at=at)
    books.open([right.key for right in rights], {right.gateway for right in rights if right.gateway})
    for right in rights:
        if opening:
            books.issue(right.key, _ONE)
        if right.gateway and books.account(right.key).books.avail > 0:
            books.lease(right.key, GatewayId(right.gateway), _ONE)
    books.save()
