"""What is worth a member's glance as they come, and who they are to the programme. Reads, and changes nothing."""

from __future__ import annotations

from datetime import date

from edge_agent.decisions.customers import Customer, birthday_of, customer_of
from edge_agent.journal import MemberEntry, Reader, Usable
from edge_agent.outcomes import Glance, TierGlance
from loyalty.checkout.offers import news_for, promotions_for
from loyalty.points.standing import to_next_tier
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind


def glance_at(reader: Reader, entry: MemberEntry, *, on: date, store: str) -> Glance | None:
    """What to say beside the greeting on the day ``on`` of a store; ``None`` before the programme is known here."""
    terms = reader.terms()
    usable = reader.usable(entry.member, on=on)
    if terms is None or usable is None:
        return None
    birthday = birthday_of(entry)
    customer = customer_of(reader, terms, entry, on=on)
    member_type, tier = customer.member_type, customer.tier.id if customer.tier else None
    ahead = news_for(terms, on=on, store=store, member_type=member_type, tier=tier)
    today = promotions_for(terms, on=on, store=store, member_type=member_type, tier=tier)
    return Glance(
        usable=usable,
        coupons=len(reader.coupons_of(entry.member)),
        tier=_tier(terms, customer),
        is_birthday=birthday is not None and birthday.year_of(on) is not None,
        birthday_points=_birthday_points(reader, terms, entry, on),
        today=tuple(day.name for day in today),
        ahead=(ahead[0], ahead[1].name) if ahead else None,
    )


def usable_of(reader: Reader, member: str, *, on: date, session: str = "") -> Usable | None:
    """What can be used here, what ``session`` holds for itself included."""
    usable = reader.usable(member, on=on)
    if usable is None or usable.is_frozen:
        return usable
    held = reader.wallet(member).reserved.get(session, 0)
    return usable if not held else _with_points(usable, min(usable.points + held, usable.balance))


def _birthday_points(reader: Reader, terms: Terms, entry: MemberEntry, on: date) -> int:
    """What this store has promised for the birthday whose window holds the day."""
    birthday = birthday_of(entry)
    if birthday is None:
        return 0
    promised = {(one.rule, one.key) for one in reader.activities_of(entry.member)}
    return sum(
        rule.points
        for rule in terms.earning.activities
        if rule.kind is ActivityKind.BIRTHDAY
        and (rule.id, str(birthday.year_of(on, window_days=rule.window_days))) in promised
    )


def _with_points(usable: Usable, points: int) -> Usable:
    return Usable(points, usable.balance, usable.pending, usable.owed, usable.as_of, usable.is_frozen)


def _tier(terms: Terms, customer: Customer) -> TierGlance | None:
    ladder, tier = terms.tiers, customer.tier
    if not ladder.levels:
        return None
    above = to_next_tier(ladder, max(customer.qualifying, tier.at if tier else 0))
    return TierGlance(
        name=tier.name if tier else None,
        next=above[0].name if above else None,
        measure=ladder.by,
        done=customer.qualifying,
        next_at=above[0].at if above else 0,
        currency=terms.programme.currency,
        last_day=customer.entry.tier_ends,
    )
