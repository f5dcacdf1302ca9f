"""What stores say about coupons: given for a reward, used, given back, or shown as a printed code."""

from __future__ import annotations

from sqlalchemy import Connection

from cloud_bridge.contract import CodeScannedV1, CouponIssuedV1, CouponUsedV1, RightsMovedV1
from cloud_bridge.landing.batches import Received
from cloud_bridge.landing.store import Landed
from cloud_crm.coupons import issuing, repository
from cloud_crm.coupons.repository import CouponRow, Use
from cloud_crm.coupons.rights import OneRight, instance_of, lease_rights
from cloud_crm.programme import repository as programmes
from loyalty.rights.movements import Kind

REWARD = "reward"
_TYPES = frozenset({CodeScannedV1.type, CouponIssuedV1.type, CouponUsedV1.type, RightsMovedV1.type})
_DAY_CHARS = 10


def coupon_effects(connection: Connection, landed: Landed, *, at: str) -> set[str]:
    """Apply what these events say about coupons; returns the members whose coupons changed.

    A coupon that nobody knows here changes nothing: the event is stored, the right was settled by its own books.
    """
    concerned: set[str] = set()
    for event in landed.events:
        if event.type in _TYPES:
            concerned |= _apply(connection, landed.stream.gateway_id, event, at)
    return concerned - {""}


def _apply(connection: Connection, gateway_id: str, event: Received, at: str) -> set[str]:
    match event.data:
        case CodeScannedV1(medium=str() as medium):
            _lease_where_seen(connection, gateway_id, medium, at)
        case CouponIssuedV1() as said:
            issuing.keep_issued_elsewhere(connection, _given(connection, gateway_id, said, at))
            return {said.member}
        case CouponUsedV1() as said:
            used = Use(gateway_id, said.sale.replace("\x00", "\ufffd"), at)
            return issuing.use(connection, said.instance, used, discount_minor=said.discount_minor)
        case RightsMovedV1() as said if (instance := instance_of(said.currency)) is not None:
            if said.kind == Kind.REDEEMED:
                return issuing.use(connection, instance, Use(gateway_id, "", at))
            if said.kind == Kind.RESTORED:
                return issuing.give_back(connection, instance)
        case _:
            pass
    return set()


def _lease_where_seen(connection: Connection, gateway_id: str, medium: str, at: str) -> None:
    """A printed code that waits for no store is leased to the one where it was shown: it works from then on."""
    row = repository.with_code(connection, medium)
    if row is not None and row.is_open:
        lease_rights(connection, [OneRight(row.member_id, row.instance, gateway_id)], at=at)


def _given(connection: Connection, gateway_id: str, said: CouponIssuedV1, at: str) -> CouponRow:
    terms = programmes.terms_in_force(connection)
    coupon = terms.coupon(said.coupon) if terms else None
    return CouponRow(
        instance=said.instance,
        coupon=said.coupon,
        member_id=said.member,
        code=None,
        issue_key=f"{REWARD}/{said.instance}",
        source=REWARD,
        issued_by=gateway_id,
        issued_at=at,
        worth_minor=issuing.worth_minor(coupon) if coupon else 0,
        last_day=(said.last_day or "").replace("\x00", "")[:_DAY_CHARS],
    )
