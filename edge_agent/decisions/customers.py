"""Who a member is to the checkout: their type, tier and member days, by the cloud's word and what happened here since.

An upgrade counts at once: what was bought here today lifts a member today. A downgrade is the cloud's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from edge_agent.journal import MemberEntry, OwnPurchases, Reader
from loyalty.calendar import Birthday
from loyalty.checkout.offers import Person, member_days_for, member_type_of
from loyalty.points.accruals import Occasion, referral_stands
from loyalty.points.standing import Qualifying, qualifying_total, tier_reached
from loyalty.terms.document import Terms
from loyalty.terms.tiers import Tier


@dataclass(frozen=True, slots=True)
class Customer:
    """A member on one day of the store. ``purchases`` are those that still stand, everywhere as far as known here."""

    entry: MemberEntry
    on: date
    purchases: int
    qualifying: int
    member_type: str | None
    tier: Tier | None


def customer_of(reader: Reader, terms: Terms, entry: MemberEntry, *, on: date, before: str = "") -> Customer:
    """Work out what the programme makes of a member on the store's day ``on``; ``before`` one of its sales."""
    since = reader.purchases_since(entry.member, besides=before)
    purchases = entry.purchases + sum(own.standing for own in since)
    qualifying = entry.qualifying + qualifying_total(terms.tiers, map(_qualifying, since), on=on)
    person = Person(entry.joined_on or on, purchases, birthday_of(entry))
    member_type = member_type_of(terms, person, on=on)
    return Customer(
        entry=entry,
        on=on,
        purchases=purchases,
        qualifying=qualifying,
        member_type=member_type.id if member_type else None,
        tier=_tier(terms, entry, qualifying, on=on),
    )


def birthday_of(entry: MemberEntry) -> Birthday | None:
    """The birthday, where it is known and is one."""
    month, _, day = entry.birthday.partition("-")
    try:
        return Birthday(int(month), int(day))
    except ValueError:
        return None


def occasion_of(terms: Terms, customer: Customer, *, store: str, total_minor: int, earned_today: int) -> Occasion:
    """What a purchase of ``total_minor`` by this customer meets."""
    tier, referral = customer.tier, terms.earning.referral
    is_first = customer.entry.was_referred and customer.purchases == 0
    return Occasion(
        on=customer.on,
        tier=tier,
        member_days=member_days_for(
            terms, on=customer.on, store=store, member_type=customer.member_type, tier=tier.id if tier else None
        ),
        was_referred=is_first and referral is not None and referral_stands(referral, total_minor),
        earned_today=earned_today,
    )


def _tier(terms: Terms, entry: MemberEntry, qualifying: int, *, on: date) -> Tier | None:
    is_lost = entry.tier_ends is not None and on >= entry.tier_ends
    held = None if is_lost else terms.tier(entry.tier)
    reached = tier_reached(terms.tiers, qualifying)
    both = [tier for tier in (held, reached) if tier is not None]
    return max(both, key=lambda tier: tier.at, default=None)


def _qualifying(own: OwnPurchases) -> Qualifying:
    return Qualifying(own.day, spent_minor=own.left_minor, points=own.points, visits=own.standing)
