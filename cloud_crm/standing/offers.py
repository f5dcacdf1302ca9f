"""What a member is due: offers of their type once each, and the standing discount of a type for as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from cloud_crm.coupons import issuing
from cloud_crm.coupons.issuing import Issuer, Wanted
from cloud_crm.coupons.repository import CouponRow, of_source
from cloud_crm.coupons.rights import OneRight, take_right
from loyalty.checkout.offers import DueOffer, Person, offers_due
from loyalty.terms.document import Terms
from loyalty.terms.offers import OfferKind

OFFER = "offer"
"""The source of instances that were due."""


@dataclass(frozen=True, slots=True)
class Entitled:
    """Somebody to whom offers are due: who, their facts without what was given, and where their coupons go."""

    member: str
    person: Person
    gateway: str


def given_keys(rows: Iterable[CouponRow]) -> frozenset[str]:
    """The keys of offers that these instances were given for, in the words of :func:`offers_due`."""
    return frozenset(row.issue_key.split("/")[2] for row in rows if row.source == OFFER)


def give(connection: Connection, terms: Terms, entitled: Sequence[Entitled], *, on: date, at: str) -> None:
    """Issue what is due now and was not given; take back standing discounts of types that members left."""
    held = of_source(connection, OFFER, [one.member for one in entitled])
    wanted: list[Wanted] = []
    for one in entitled:
        mine = held.get(one.member, [])
        due = offers_due(terms, one.person, on=on)
        wanted += _wanted(one, due, mine)
        _take_back(connection, due, mine, at)
    issuing.issue(connection, terms, wanted, Issuer(OFFER, "", at, on))


def _wanted(one: Entitled, due: Sequence[DueOffer], held: Sequence[CouponRow]) -> list[Wanted]:
    wanted = []
    for offer in due:
        coupon = offer.offer.coupon
        if coupon is None:
            continue
        name = offer.key
        if name is None:
            standing = [row for row in held if _is_standing(row) and row.coupon == coupon]
            if any(row.is_open for row in standing):
                continue
            name = f"{offer.offer.kind}:{coupon}:{len(standing) + 1}"
        wanted.append(Wanted(coupon, f"{OFFER}/{one.member}/{name}", one.member, gateway=one.gateway))
    return wanted


def _take_back(connection: Connection, due: Sequence[DueOffer], held: Sequence[CouponRow], at: str) -> None:
    """Whoever leaves a type loses its standing discount; what was given once stays theirs."""
    standing = {offer.offer.coupon for offer in due if offer.key is None}
    for row in held:
        if _is_standing(row) and row.is_open and row.coupon not in standing:
            issuing.withdraw(connection, row.instance, at)
            take_right(connection, OneRight(row.member_id, row.instance, ""), at=at)


def _is_standing(row: CouponRow) -> bool:
    return row.issue_key.split("/")[2].startswith(f"{OfferKind.EXCLUSIVE_DISCOUNT}:")
