"""The screen that follows a form or a link: what was done, and what came of it."""

from __future__ import annotations

from typing import Any, assert_never

from edge_agent.kiosk.visits import KioskVisit
from edge_agent.outcomes import FormDecided, Joined, Kept, MediumLinked, RewardGiven, Standing
from kiosk_ui.kiosk.screens import Form, Linked, Redeemed, Registered, RewardCard, Screen, Thanks


def screen_after(visit: KioskVisit | None, decided: FormDecided, *, online: bool) -> Screen | None:
    """What to show after a form; ``None`` where its answer says it all, or its visit is over."""
    match decided.done:
        case None:
            return None
        case Joined() as joined:
            return _joined(visit, joined, decided)
        case RewardGiven() as given:
            return _redeemed(visit, given, online=online)
        case Kept() as kept:
            what = Form(decided.form)
            return Thanks(
                **_heading(visit, kept.standing), what=what, points=kept.points, reference=decided.answer.reference
            )
        case _:
            assert_never(decided.done)


def linked_of(visit: KioskVisit | None, linked: MediumLinked) -> Linked:
    """The card or phone is theirs now."""
    return Linked(**_heading(visit, linked.standing), medium=linked.kind, reference=linked.reference)


def _joined(visit: KioskVisit | None, joined: Joined, decided: FormDecided) -> Registered:
    """From here on the visit is the new member's."""
    if visit is not None:
        visit.member, visit.is_new = joined.standing.member, True
    return Registered(**_heading(visit, joined.standing), medium=joined.kind, reference=decided.answer.reference)


def _redeemed(visit: KioskVisit | None, given: RewardGiven, *, online: bool) -> Redeemed:
    reward, usable = given.reward, given.usable
    card = RewardCard(
        reward=reward.id,
        title=reward.name,
        kind=reward.kind.value,
        points=reward.points,
        value_minor=reward.value_minor,
        currency=given.currency,
    )
    if visit is not None:
        visit.holds_points = False
    return Redeemed(
        **_heading(visit, given.standing),
        balance=usable.balance - usable.owed,
        usable=usable.points,
        as_of=given.standing.as_of,
        online=online,
        is_frozen=usable.is_frozen,
        reward=card,
        voucher=given.voucher,
        reference=given.reference,
        at=given.at,
        is_coupon_awaited=given.is_coupon_awaited,
    )


def _heading(visit: KioskVisit | None, who: Standing) -> dict[str, Any]:
    """Where the form's visit has ended meanwhile, it is shown all the same, and nothing can be asked from there."""
    mine = visit if visit is not None and visit.member == who.member else None
    return {"visit": mine.token if mine else "", "name": who.name, "language": who.language or None}
