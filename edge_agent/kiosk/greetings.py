"""The greeting: who is here, what they have, and what they may ask for."""

from __future__ import annotations

from edge_agent.kiosk.visits import KioskVisit
from edge_agent.outcomes import Claimable, Glance, SaleDecided, Standing, TierGlance
from kiosk_ui.kiosk import screens
from kiosk_ui.kiosk.screens import Earned, Greeting, TierProgress, View

TODAY_MAX = 2
"""Member days of one day that the greeting names."""
_TOGETHER = " · "

MENU = (
    View.POINTS,
    View.REWARDS,
    View.COUPONS,
    View.REFER,
    View.SURVEY,
    View.DETAILS,
    View.CONSENTS,
    View.LINK,
    View.PIN,
    View.HELP,
)
"""The tiles of a member's greeting, in order."""


def greeting_of(
    visit: KioskVisit | None,
    who: Standing,
    glance: Glance | None,
    *,
    online: bool,
    claimable: Claimable | None = None,
) -> Greeting:
    """The greeting of a member; before the programme is known here, without anything to ask for."""
    return Greeting(
        visit=visit.token if visit else "",
        name=who.name,
        language=who.language or None,
        balance=who.points,
        as_of=who.as_of,
        online=online,
        claimable=claimable
        and screens.Claimable(sale=claimable.sale, total_minor=claimable.total_minor, currency=claimable.currency),
        usable=glance.usable.points if glance else None,
        is_frozen=glance.usable.is_frozen if glance else False,
        tier=_progress(glance.tier) if glance and glance.tier else None,
        menu=MENU if visit and glance else (),
        coupons=glance.coupons if glance else 0,
        is_birthday=glance.is_birthday if glance else False,
        birthday_points=glance.birthday_points if glance else 0,
        today=_TOGETHER.join(glance.today[:TODAY_MAX]) or None if glance else None,
        ahead=screens.MemberDayAhead(day=glance.ahead[0], name=glance.ahead[1]) if glance and glance.ahead else None,
    )


def earned_of(visit: KioskVisit | None, sale: SaleDecided) -> Earned:
    """What a receipt brought: on a refund, points that paid for it come back together with those it takes."""
    who = sale.standing
    return Earned(
        visit=visit.token if visit else "",
        name=who.name,
        points=sale.points - min(0, sale.redeemed),
        available_on=sale.available_on,
        redeemed=max(0, sale.redeemed),
        saved_minor=sale.saved_minor,
        tier_reached=sale.tier_reached,
        balance=who.points,
        as_of=who.as_of,
        total_minor=sale.total_minor,
        currency=sale.currency,
        language=who.language or None,
    )


def _progress(tier: TierGlance) -> TierProgress:
    return TierProgress(
        tier=tier.name,
        next_name=tier.next,
        measure=tier.measure.value,
        done=max(0, tier.done),
        next_at=tier.next_at,
        missing=max(0, tier.next_at - tier.done) if tier.next else 0,
        share_percent=min(100, max(0, tier.done) * 100 // tier.next_at) if tier.next_at else 100,
        currency=tier.currency,
        last_day=tier.last_day,
    )
