"""Which member type somebody is, what that offers them, and which member days they are admitted to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from loyalty.calendar import Birthday
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, MemberDay, MemberType, Offer, OfferKind, Reward

NEWS_DAYS_MAX = 14
"""So many days ahead a member day is news."""

_GIVEN_ONCE = frozenset({OfferKind.WELCOME_PACK, OfferKind.FIRST_PURCHASE_DISCOUNT})


@dataclass(frozen=True, slots=True)
class Person:
    """What offers depend on. After a merge all of this is the merged person's, the keys of both joined."""

    joined_on: date
    purchases: int = 0
    """Purchases that still stand after refunds."""
    birthday: Birthday | None = None
    given: frozenset[str] = frozenset()
    """Keys of the offers already given; see :func:`offers_due`."""


@dataclass(frozen=True, slots=True)
class DueOffer:
    """An offer to give or show now. ``key`` is remembered once it is given; standing offers have none."""

    offer: Offer
    key: str | None


def member_type_of(terms: Terms, person: Person, *, on: date) -> MemberType | None:
    """The first member type, in the order of the file, that fits."""
    for member_type in terms.member_types:
        bought = member_type.purchases_min <= person.purchases <= member_type.purchases_max
        if bought and (on - person.joined_on).days >= member_type.member_days_min:
            return member_type
    return None


def offers_due(terms: Terms, person: Person, *, on: date) -> tuple[DueOffer, ...]:
    """The offers of the person's type that are due on a day.

    A welcome pack and a first-purchase discount are given once to a person, a birthday gift once for each
    birthday; the others stand as long as the person is of the type.
    """
    member_type = member_type_of(terms, person, on=on)
    due = []
    for offer in member_type.offers if member_type else ():
        if offer.kind is OfferKind.BIRTHDAY_GIFT:
            year = person.birthday.year_of(on) if person.birthday else None
            if year is None:
                continue
            key: str | None = f"{offer.kind}:{year}"
        elif offer.kind is OfferKind.FIRST_PURCHASE_DISCOUNT and person.purchases > 0:
            continue
        else:
            key = offer.kind.value if offer.kind in _GIVEN_ONCE else None
        if key not in person.given:
            due.append(DueOffer(offer, key))
    return tuple(due)


def may_redeem(terms: Terms, member_type: str | None) -> bool:
    """Whether points pay for this type: for all, unless some type is offered redemption; then for those types."""
    offered = [t.id for t in terms.member_types if any(o.kind is OfferKind.REDEMPTION for o in t.offers)]
    return not offered or member_type in offered


def is_for(row: Coupon | Reward | MemberDay, *, member_type: str | None, tier: str | None) -> bool:
    """Whether something limited to member types or tiers is for this member."""
    return (not row.member_types or member_type in row.member_types) and (not row.tiers or tier in row.tiers)


def held_on(day: MemberDay, *, on: date, store: str) -> bool:
    """Whether a member day takes place in a store on a day of its calendar."""
    here = not day.stores or store in day.stores
    return here and (on.isoweekday() in day.weekdays or on.day in day.month_days or on in day.days)


def member_days_for(
    terms: Terms, *, on: date, store: str, member_type: str | None, tier: str | None
) -> tuple[MemberDay, ...]:
    """The member days that admit this member in a store today, in the order of the file."""
    return tuple(
        day
        for day in terms.member_days
        if held_on(day, on=on, store=store) and is_for(day, member_type=member_type, tier=tier)
    )


def promotions_for(
    terms: Terms, *, on: date, store: str, member_type: str | None, tier: str | None
) -> tuple[MemberDay, ...]:
    """What a member is told of today, where their type is offered promotions: the member days that admit them."""
    if not _is_offered(terms, member_type, OfferKind.PROMOTIONS):
        return ()
    return member_days_for(terms, on=on, store=store, member_type=member_type, tier=tier)


def news_for(
    terms: Terms, *, on: date, store: str, member_type: str | None, tier: str | None
) -> tuple[date, MemberDay] | None:
    """What a member is told ahead, where their type is offered news: the next member day that admits them."""
    if not _is_offered(terms, member_type, OfferKind.NEWS):
        return None
    for ahead in range(1, NEWS_DAYS_MAX + 1):
        day = on + timedelta(days=ahead)
        for held in member_days_for(terms, on=day, store=store, member_type=member_type, tier=tier):
            return day, held
    return None


def _is_offered(terms: Terms, member_type: str | None, kind: OfferKind) -> bool:
    offers = next((one.offers for one in terms.member_types if one.id == member_type), ())
    return any(offer.kind is kind for offer in offers)


def rewards_for(terms: Terms, *, member_type: str | None, tier: str | None, points: int) -> Iterable[Reward]:
    """The rewards this member may take now, cheapest first."""
    if not may_redeem(terms, member_type):
        return ()
    open_to = (r for r in terms.rewards if r.points <= points and is_for(r, member_type=member_type, tier=tier))
    return tuple(sorted(open_to, key=lambda reward: (reward.points, reward.id)))
