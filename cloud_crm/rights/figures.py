"""SQL that sums up what is out at a gateway, and keeps what operators did about it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, insert, or_, select

from cloud_crm.rights.accounts import POINTS
from cloud_crm.rights.schemas import ActionView, HoldingView, MemberRights, PlaceView
from cloud_crm.rights.tables import rights_accounts, rights_actions, rights_holdings

HOLDINGS_SHOWN_MAX = 100
ACTIONS_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Sums:
    """What one gateway holds, in all accounts."""

    accounts: int
    points_held: int
    coupons_held: int
    points_owed: int
    points_in_suspense: int
    points_written_off: int
    points_recalled: int


@dataclass(frozen=True, slots=True)
class Action:
    """What an operator did, and why."""

    action: str
    actor: str
    reason: str
    gateway_id: str | None = None
    member_id: str | None = None
    points: int = 0


def sums(connection: Connection, gateway_id: str) -> Sums:
    """Added up over all members."""
    held = rights_holdings.c
    is_points = rights_accounts.c.currency == POINTS
    asked = held.recalled - held.returned

    def total(value: object, condition: object) -> object:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)  # type: ignore[arg-type]

    query = (
        select(
            total(1, held.held > 0),
            total(held.held, is_points & (held.held > 0)),
            total(held.held, ~is_points & (held.held > 0)),
            total(-held.held, is_points & (held.held < 0)),
            total(held.suspense, is_points),
            total(held.written_off, is_points),
            total(asked, is_points & (asked > 0)),
        )  # type: ignore[call-overload]
        .select_from(rights_holdings.join(rights_accounts, rights_accounts.c.account_id == held.account_id))
        .where(held.gateway_id == gateway_id)
    )
    return Sums(*(int(value) for value in connection.execute(query).one()))


def of_member(connection: Connection, member_id: str) -> MemberRights:
    """The account of a member's points; all zero for one that never had any."""
    account, part = rights_accounts.c, rights_holdings.c
    kept = connection.execute(
        select(account.account_id, account.balance, account.avail).where(
            account.member_id == member_id, account.currency == POINTS
        )
    ).one_or_none()
    if kept is None:
        return MemberRights(member=member_id, balance=0, available=0, out=0, suspense=0, places=[])
    query = (
        select(part.gateway_id, part.held, part.suspense)
        .where(part.account_id == kept.account_id, or_(part.held != 0, part.suspense != 0))
        .order_by(part.gateway_id)
    )
    places = [
        PlaceView(gateway=row.gateway_id, held=row.held, suspense=row.suspense) for row in connection.execute(query)
    ]
    return MemberRights(
        member=member_id,
        balance=kept.balance,
        available=kept.avail,
        out=sum(place.held for place in places),
        suspense=sum(place.suspense for place in places),
        places=places,
    )


def in_suspense(connection: Connection, gateway_id: str, *, limit: int = HOLDINGS_SHOWN_MAX) -> list[HoldingView]:
    """Accounts whose part at this gateway is in doubt or was given up, largest doubt first."""
    held = rights_holdings.c
    query = (
        select(rights_accounts.c.member_id, rights_accounts.c.currency, rights_holdings)
        .join(rights_accounts, rights_accounts.c.account_id == held.account_id)
        .where(held.gateway_id == gateway_id, or_(held.suspense != 0, held.written_off != 0))
        .order_by(held.suspense.desc(), held.account_id)
        .limit(limit)
    )
    return [
        HoldingView(
            member=row.member_id,
            currency=row.currency,
            held=row.held,
            suspense=row.suspense,
            written_off=row.written_off,
            recalled=max(0, row.recalled - row.returned),
        )
        for row in connection.execute(query)
    ]


def members_in_doubt(connection: Connection, gateway_id: str, *, after: str, limit: int) -> list[str]:
    """Members with points in suspense at a gateway, by id."""
    query = (
        select(rights_accounts.c.member_id)
        .join(rights_holdings, rights_accounts.c.account_id == rights_holdings.c.account_id)
        .where(
            rights_holdings.c.gateway_id == gateway_id,
            rights_holdings.c.suspense > 0,
            rights_accounts.c.currency == POINTS,
            rights_accounts.c.member_id > after,
        )
        .order_by(rights_accounts.c.member_id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def keep_action(connection: Connection, action: Action, at: str) -> None:
    """Keep what an operator did."""
    connection.execute(
        insert(rights_actions).values(
            action=action.action,
            actor=action.actor,
            reason=action.reason,
            gateway_id=action.gateway_id,
            member_id=action.member_id,
            points=action.points,
            at=at,
        )
    )


def actions(connection: Connection, gateway_id: str, *, limit: int = ACTIONS_SHOWN_MAX) -> list[ActionView]:
    """What operators did about a gateway, newest first."""
    query = (
        select(rights_actions)
        .where(rights_actions.c.gateway_id == gateway_id)
        .order_by(rights_actions.c.action_id.desc())
        .limit(limit)
    )
    return [
        ActionView(
            action=row.action, actor=row.actor, reason=row.reason, member=row.member_id, points=row.points, at=row.at
        )
        for row in connection.execute(query)
    ]
