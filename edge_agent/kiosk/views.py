"""What a member may see at the kiosk, read from the journal: the same online and offline, always with its "as of"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from edge_agent.decisions.customers import customer_of
from edge_agent.decisions.people.filled import has_pin
from edge_agent.decisions.people.glance import glance_at, usable_of
from edge_agent.decisions.people.redemptions import Asked, why_not
from edge_agent.decisions.people.surveys import SURVEYS, VISIT_SURVEY, has_answered, points_for
from edge_agent.decisions.shop import Shop
from edge_agent.journal import HistoryEntry, MemberEntry, Reader, Usable
from edge_agent.kiosk.coupon_cards import coupon_card
from edge_agent.kiosk.greetings import greeting_of
from edge_agent.kiosk.visits import KioskVisit
from edge_agent.outcomes import Standing
from kiosk_ui.kiosk.screen_values import CARDS_MAX, HISTORY_MAX
from kiosk_ui.kiosk.screens import (
    ConsentChoice,
    ConsentsForm,
    DetailsForm,
    ExpiringPoints,
    FormReason,
    HistoryLine,
    MyCoupons,
    MyPoints,
    Problem,
    Purpose,
    Receipt,
    Refer,
    RewardCard,
    Rewards,
    Screen,
    SurveyForm,
    View,
    qr_of,
)
from loyalty.checkout.coupons import Why
from loyalty.checkout.offers import is_for
from loyalty.codes import referral_code
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, Reward


class Online(Protocol):
    """Whether the cloud can be reached now."""

    def __call__(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """One member in one visit, with all that their screens are made of."""

    reader: Reader
    visit: KioskVisit
    entry: MemberEntry
    usable: Usable
    terms: Terms
    on: date
    online: bool
    store: str

    @property
    def as_of(self) -> datetime:
        """When the cloud's part of the figures was true."""
        return self.usable.as_of or self.reader_time

    @property
    def reader_time(self) -> datetime:
        """For somebody of whom the cloud has told nothing: their own balance is as of their joining."""
        balance = self.reader.balance(self.entry.member)
        assert balance is not None  # noqa: S101  the member was just found
        assert balance.as_of is not None  # noqa: S101  as above
        return balance.as_of

    def heading(self) -> dict[str, Any]:
        """What every screen of a member begins with."""
        return {"visit": self.visit.token, "name": self.entry.name, "language": self.entry.language or None}

    def purse(self) -> dict[str, Any]:
        """What every screen that speaks of points begins with."""
        return self.heading() | {
            "balance": self.balance,
            "usable": self.usable.points,
            "as_of": self.as_of,
            "online": self.online,
            "is_frozen": self.usable.is_frozen,
        }

    @property
    def balance(self) -> int:
        """Points, less what is owed."""
        return self.usable.balance - self.usable.owed

    def card(self, reward: Reward) -> RewardCard:
        """One reward, and why it cannot be taken now."""
        asked = Asked(reward, self.entry, self.terms, self.on, self.visit.session)
        return RewardCard(
            reward=reward.id,
            title=reward.name,
            kind=reward.kind.value,
            points=reward.points,
            value_minor=reward.value_minor,
            currency=self.terms.programme.currency,
            why=why_not(self.reader, asked),
            missing=max(0, reward.points - self.usable.points),
        )


class Views:
    """Makes the screens that only show."""

    def __init__(self, shop: Shop, *, online: Online, now: Callable[[], datetime]) -> None:
        self._shop = shop
        self.online = online
        self._now = now

    def see(self, reader: Reader, visit: KioskVisit) -> Sight | None:
        """The visit's member; ``None`` where the visit has none, or before the programme is known here."""
        entry = reader.member(visit.member) if visit.member else None
        terms = reader.terms()
        if entry is None or terms is None:
            return None
        on = self._shop.day(self._now())
        usable = usable_of(reader, entry.member, on=on, session=visit.session)
        return Sight(reader, visit, entry, usable, terms, on, self.online(), self._shop.store) if usable else None

    def screen(self, sight: Sight, view: View, subject: str) -> Screen | None:
        """The screen of a view that anybody with the card may see; ``None`` for one that this room does not make."""
        if view is View.RECEIPT:
            return self._receipt(sight, subject)
        make = _SCREENS.get(view)
        if make is not None:
            return make(sight)
        return self._survey(sight) if view is View.SURVEY else self._coupons(sight) if view is View.COUPONS else None

    def _receipt(self, sight: Sight, sale_id: str) -> Screen:
        sale = sight.reader.sale(sale_id)
        if sale is None or sale.member != sight.entry.member:
            return problem(sight.visit, FormReason.HELD_ELSEWHERE, back=View.POINTS)
        lines = [e for e in sight.reader.history(sight.entry.member, HISTORY_MAX) if e.sale == sale_id]
        waits = sight.reader.pending_of_sale(sale_id)
        return Receipt(
            **sight.heading(),
            reference=sale.event_id,
            at=sale.at,
            lines=tuple(line_of(entry) for entry in lines),
            total_minor=sale.total_minor - sale.refunded_minor,
            currency=sale.currency,
            available_on=waits[0].available_on if waits else None,
            is_sent=sight.reader.is_sent(sale.event_id),
        )

    def _coupons(self, sight: Sight) -> Screen:
        terms, reader = sight.terms, sight.reader
        cards = []
        for held in reader.coupons_of(sight.entry.member)[:CARDS_MAX]:
            coupon = terms.coupon(held.coupon)
            if coupon is None:
                continue
            why = FormReason.HELD_ELSEWHERE.value if not held.is_here else self._why_not_today(sight, coupon)
            cards.append(coupon_card(held.instance, held.last_day, coupon, currency=terms.programme.currency, why=why))
        cards.sort(key=lambda card: card.why is not None)
        return MyCoupons(**sight.heading(), coupons=tuple(cards), online=sight.online)

    def _why_not_today(self, sight: Sight, coupon: Coupon) -> str | None:
        customer = customer_of(sight.reader, sight.terms, sight.entry, on=sight.on)
        if coupon.starts is not None and sight.on < coupon.starts:
            return Why.NOT_STARTED.value
        if coupon.ends is not None and sight.on > coupon.ends:
            return Why.ENDED.value
        if coupon.stores and self._shop.store not in coupon.stores:
            return Why.OTHER_STORE.value
        fits = is_for(coupon, member_type=customer.member_type, tier=customer.tier.id if customer.tier else None)
        return None if fits else Why.NOT_FOR_THIS_MEMBER.value

    def _survey(self, sight: Sight) -> Screen:
        if has_answered(sight.reader, sight.entry.member, VISIT_SURVEY):
            return problem(sight.visit, FormReason.ALREADY_ANSWERED)
        return SurveyForm(
            **sight.heading(),
            survey=VISIT_SURVEY,
            questions=SURVEYS[VISIT_SURVEY],
            points=points_for(sight.terms),
        )


def problem(
    visit: KioskVisit | None, reason: str, *, entry: MemberEntry | None = None, back: View = View.HOME, wait_s: int = 0
) -> Problem:
    """What cannot be done, and why."""
    return Problem(
        visit=visit.token if visit else "",
        name=entry.name if entry else None,
        language=(entry.language or None) if entry else None,
        reason=reason,
        back=back,
        retry_after_s=wait_s,
    )


def line_of(entry: HistoryEntry) -> HistoryLine:
    """One movement of points; a sale of this store can be looked at."""
    return HistoryLine(
        at=entry.at,
        rule=entry.rule.value,
        points=entry.points,
        is_pending=entry.is_pending,
        reference=entry.sale or "",
    )


def _greeting(sight: Sight) -> Screen:
    entry = sight.entry
    standing = Standing(entry.member, entry.name, entry.language, sight.balance, sight.as_of)
    glance = glance_at(sight.reader, entry, on=sight.on, store=sight.store)
    return greeting_of(sight.visit, standing, glance, online=sight.online)


def _points(sight: Sight) -> Screen:
    reader, member = sight.reader, sight.entry.member
    waiting = reader.pending_of(member)
    return MyPoints(
        **sight.purse(),
        pending=sight.usable.pending,
        pending_until=waiting[0].available_on if waiting else None,
        owed=sight.usable.owed,
        expiring=tuple(
            ExpiringPoints(last_day=lot.last_day, points=lot.points)
            for lot in sight.entry.expiring
            if lot.last_day >= sight.on and lot.points > 0
        ),
        history=tuple(line_of(entry) for entry in reader.history(member, HISTORY_MAX)),
    )


def _rewards(sight: Sight) -> Screen:
    cards = [sight.card(reward) for reward in sorted(sight.terms.rewards, key=lambda r: (r.points, r.id))[:CARDS_MAX]]
    shown = [card for card in cards if card.why != FormReason.NOT_FOR_THIS_MEMBER]
    shown.sort(key=lambda card: card.why is not None)
    return Rewards(**sight.purse(), rewards=tuple(shown))


def _refer(sight: Sight) -> Screen:
    offer = sight.terms.earning.referral
    if offer is None:
        return problem(sight.visit, FormReason.NOT_ALLOWED_HERE, entry=sight.entry)
    code = sight.entry.referral_code or referral_code(sight.entry.member)
    return Refer(
        **sight.heading(),
        code=code,
        qr=qr_of(code),
        referrer_points=offer.referrer_points,
        referred_points=offer.referred_points,
        minimum_minor=offer.minimum_minor,
        currency=sight.terms.programme.currency,
    )


def _consents(sight: Sight) -> Screen:
    said = sight.entry.consents
    choices = tuple(ConsentChoice(purpose=each, granted=said.get(each.value, False)) for each in Purpose)
    return ConsentsForm(**sight.heading(), consents=choices)


def _details(sight: Sight) -> Screen:
    entry = sight.entry
    return DetailsForm(
        **sight.heading(),
        contact=entry.contact,
        birthday=entry.birthday,
        can_set_birthday=not entry.birthday,
        has_pin=has_pin(sight.reader, entry),
        preferred=entry.language,
    )


_SCREENS: Mapping[View, Callable[[Sight], Screen]] = {
    View.HOME: _greeting,
    View.POINTS: _points,
    View.REWARDS: _rewards,
    View.REFER: _refer,
    View.CONSENTS: _consents,
    View.DETAILS: _details,
}
