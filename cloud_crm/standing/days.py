"""On which day a member's standing is to be looked at again, when nothing happens before. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from loyalty.calendar import Birthday
from loyalty.checkout.offers import Person
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind

LATE_DAYS_MAX = 7
"""So long after a birthday whoever did not come in is still paid for it: the cloud may have been down."""
LOOK_DAYS_MAX = 400
"""Nobody is left alone longer than this, whatever the terms say."""


def next_look(terms: Terms, person: Person, *, on: date, has_tier: bool) -> date:
    """The first day after ``on`` on which something may be due or end.

    Tiers and what counts towards them may move on any day, so whoever has or may reach one is looked at daily; others
    on their birthday, and on the days when they have been members long enough for a type.
    """
    tomorrow = on + timedelta(days=1)
    if has_tier or (terms.tiers.levels and person.purchases):
        return tomorrow
    days = (day for day in _days(terms, person, on) if day > on)
    return min(days, default=on + timedelta(days=LOOK_DAYS_MAX))


def _days(terms: Terms, person: Person, on: date) -> Iterator[date]:
    yield on + timedelta(days=LOOK_DAYS_MAX)
    if person.birthday is not None:
        yield person.birthday.in_year(on.year)
        yield person.birthday.in_year(on.year + 1)
        yield from _after_birthdays(terms, person.birthday, on)
    for member_type in terms.member_types:
        yield person.joined_on + timedelta(days=member_type.member_days_min)
    for coupon in terms.coupons:
        if coupon.ends is not None:
            yield coupon.ends + timedelta(days=1)


def _after_birthdays(terms: Terms, birthday: Birthday, on: date) -> Iterator[date]:
    """The days on which birthday points are paid to whoever did not come in."""
    for rule in terms.earning.activities:
        if rule.kind is ActivityKind.BIRTHDAY:
            for year in (on.year - 1, on.year, on.year + 1):
                over = birthday.in_year(year) + timedelta(days=rule.window_days)
                yield from (over + timedelta(days=late) for late in range(LATE_DAYS_MAX))
