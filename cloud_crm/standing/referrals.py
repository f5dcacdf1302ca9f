"""Bring a friend: both sides are paid after the friend's first real purchase, and pay back if it is given back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from cloud_crm.coupons import issuing
from cloud_crm.coupons.issuing import Issuer, Wanted
from cloud_crm.coupons.repository import with_keys
from cloud_crm.coupons.rights import OneRight, take_right
from cloud_crm.members import repository as members
from cloud_crm.members.repository import MemberRow
from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from cloud_crm.standing import repository
from cloud_crm.standing.repository import Bought, PayoutRow
from loyalty.events import Purchase, Refund
from loyalty.identifiers import EventId, MemberId, PostingId, SaleId, StoreId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available, pending
from loyalty.points.accruals import NotEarned, ReferralReward, ReferredPurchase, referral_rewards
from loyalty.points.lots import Accrual
from loyalty.points.reversals import take_back_referral
from loyalty.terms.document import Terms

REFERRAL = "referral"
SIDES = ("referrer", "referred")
_CAUSE_CHARS_MAX = 80
_NO_TIME_PASSES = date.min
"""Points become available and expire by the turn of the day alone."""


@dataclass(frozen=True, slots=True)
class Day:
    """The business date, and the cloud's time."""

    on: date
    at: str


def settle(connection: Connection, terms: Terms, row: MemberRow, purchases: Sequence[Bought], day: Day) -> None:
    """Pay a referral that is due, or take a payout back whose purchase is not a real one any more.

    Whoever may be the same person twice (a known phone number) is not paid for until the head office has looked.
    """
    if row.referred_by is None:
        return
    paid = repository.payout_of(connection, row.member_id)
    if paid is None:
        if purchases and row.duplicate_of is None:
            _pay(connection, terms, row, purchases[0], day)
    elif paid.reversed_at is None and _is_undone(connection, paid):
        _take_back(connection, terms, paid, day)


def _is_undone(connection: Connection, paid: PayoutRow) -> bool:
    """Whether refunds left no real purchase; the terms under which it was paid count."""
    return repository.kept_of_sale(connection, paid.gateway_id, paid.sale) < paid.minimum_minor


def _pay(connection: Connection, terms: Terms, row: MemberRow, first: Bought, day: Day) -> None:
    offer, referrer = terms.earning.referral, members.lock_member(connection, row.referred_by or "")
    if offer is None or referrer is None or first.currency != terms.programme.currency:
        return
    cause = EventId(f"{first.gateway_id}/{first.sale}"[:_CAUSE_CHARS_MAX])
    purchase = Purchase(cause, StoreId(first.gateway_id), SaleId(first.sale), first.currency, first.kept_minor)
    rewards = referral_rewards(
        terms,
        ReferredPurchase(
            referrer=MemberId(referrer.member_id),
            referred=MemberId(row.member_id),
            purchase=purchase,
            earlier_purchases=0,
            paid_this_year=repository.paid_in_year(connection, referrer.member_id, first.on.year),
        ),
    )
    if isinstance(rewards, NotEarned):
        return
    homes = {row.member_id: row.home_gateway, referrer.member_id: referrer.home_gateway}
    points = {_side(reward, row): reward.accrual.points for reward in rewards if reward.accrual}
    payout = PayoutRow(
        row.member_id,
        referrer.member_id,
        first.gateway_id,
        first.sale,
        first.on.isoformat(),
        offer.minimum_minor,
        points,
    )
    repository.add_payout(connection, payout)
    wanted = [
        Wanted(reward.coupon, _coupon_key(_side(reward, row), row.member_id), reward.member,
               gateway=homes[reward.member])
        for reward in rewards
        if reward.coupon
    ]  # fmt: skip
    issuing.issue(connection, terms, wanted, Issuer(REFERRAL, "", day.at, day.on))
    _credit(connection, terms, payout, day)


def _take_back(connection: Connection, terms: Terms, paid: PayoutRow, day: Day) -> None:
    """Points go back from both; coupons that were not used yet are nobody's. What was used stays used."""
    repository.mark_reversed(connection, paid.referred, day.at)
    keys = [_coupon_key(side, paid.referred) for side in SIDES]
    for issued in with_keys(connection, keys).values():
        if issuing.withdraw(connection, issued.instance, day.at) is not None:
            take_right(connection, OneRight(issued.member_id, issued.instance, ""), at=day.at)
    refund = Refund(_cause(paid), StoreId(paid.gateway_id), SaleId(paid.sale), terms.programme.currency, 1)
    with _open_points(connection, terms, paid, day) as books:
        for side, member, points in _sides(paid):
            reward = Accrual(_payment(side, paid), Rule.REFERRAL, points, _cause(paid))
            books.moved(take_back_referral(books.points(member).account, reward, on=_NO_TIME_PASSES, by=refund))


def _credit(connection: Connection, terms: Terms, paid: PayoutRow, day: Day) -> None:
    with _open_points(connection, terms, paid, day) as books:
        for side, member, points in _sides(paid):
            account = pending(member) if terms.lots.pending_days else available(member)
            payment = _payment(side, paid)
            books.post(
                Own(Posting(payment, PROGRAMME_ISSUED, account, points, Rule.REFERRAL, _cause(paid)), day.on), member
            )


@contextmanager
def _open_points(connection: Connection, terms: Terms, paid: PayoutRow, day: Day) -> Iterator[PointsBooks]:
    """Both sides' points and rights, saved at the end; the stores hear of the balances."""
    concerned = [member for _, member, _ in _sides(paid)]
    rights = RightsBooks(connection, RightsTerms(), at=day.at)
    rights.open([points_of(member) for member in concerned], ())
    books = PointsBooks(connection, rights, terms.lots, at=day.at)
    books.open(concerned)
    yield books
    books.save()
    rights.save()
    members.touch(connection, concerned)


def _payment(side: str, paid: PayoutRow) -> PostingId:
    """The posting that pays one side; the same wherever it is worked out."""
    return posting_id("referral", side, paid.referred)


def _cause(paid: PayoutRow) -> EventId:
    return EventId(f"{paid.gateway_id}/{paid.sale}"[:_CAUSE_CHARS_MAX])


def _sides(paid: PayoutRow) -> list[tuple[str, MemberId, int]]:
    whose = {"referrer": paid.referrer, "referred": paid.referred}
    return [(side, MemberId(whose[side]), points) for side, points in sorted(paid.points.items())]


def _side(reward: ReferralReward, row: MemberRow) -> str:
    return "referred" if reward.member == row.member_id else "referrer"


def _coupon_key(side: str, referred: str) -> str:
    return f"{REFERRAL}/{referred}/{side}"
