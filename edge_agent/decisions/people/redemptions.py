"""Points become a reward at the kiosk: decided here, offline, within the rights this gateway was lent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cloud_bridge.contract import CouponIssuedV1, PointsPostedV1, PostingV1, RewardTakenV1
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.customers import customer_of
from edge_agent.decisions.people.filled import KEY, Filled, has_pin, pin_refusal, refused
from edge_agent.decisions.people.glance import usable_of
from edge_agent.decisions.shop import Shop
from edge_agent.journal import CouponEntry, MemberEntry, Reader, RewardTaken, Transaction, Usable
from edge_agent.outcomes import FormDecided, RewardGiven
from edge_agent.rights.desk import RightsDesk
from kiosk_ui.kiosk.form_screens import FormReason
from loyalty.checkout.offers import is_for, may_redeem
from loyalty.codes import voucher_code
from loyalty.identifiers import EventId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_REDEEMED, Posting, Rule, available
from loyalty.rights.movements import Incarnation, Refusal
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, Reward, RewardKind

SESSION = "session"
"""Of the fields: the kiosk visit whose reservation pays."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One reward for one member on one day; ``session`` may hold points for it."""

    reward: Reward
    entry: MemberEntry
    terms: Terms
    on: date
    session: str = ""


def reward_of(terms: Terms | None, key: str) -> Reward | None:
    """A reward of the programme."""
    return next((reward for reward in terms.rewards if reward.id == key), None) if terms else None


def why_not(reader: Reader, asked: Asked) -> str | None:
    """Why this reward cannot be taken here and now, as a key; ``None``: it can."""
    reward, entry, terms = asked.reward, asked.entry, asked.terms
    customer = customer_of(reader, terms, entry, on=asked.on)
    kind, tier = customer.member_type, customer.tier.id if customer.tier else None
    if not may_redeem(terms, kind) or not is_for(reward, member_type=kind, tier=tier):
        return FormReason.NOT_FOR_THIS_MEMBER
    coupon = terms.coupon(reward.coupon) if reward.coupon else None
    if coupon is not None and (reason := _why_no_coupon(reader, entry, coupon, asked.on)) is not None:
        return reason
    usable = usable_of(reader, entry.member, on=asked.on, session=asked.session)
    return _why_too_few(usable, reward.points)


def is_given_later(terms: Terms, reward: Reward) -> bool:
    """Whether the reward is a coupon that only head office can give, because all stores share its limits."""
    coupon = terms.coupon(reward.coupon) if reward.coupon else None
    return coupon is not None and coupon.budget.is_shared


def currency_of(reader: Reader) -> str:
    """The programme's currency."""
    terms = reader.terms()
    assert terms is not None  # noqa: S101  whoever asks has found a reward in them
    return terms.programme.currency


def instance_of(redemption: str) -> PostingId:
    """The coupon that a redemption brings: the same wherever it is worked out."""
    return posting_id("coupon", redemption)


class Redemptions:
    """Decides the form ``redeem``."""

    def __init__(self, shop: Shop, rights: RightsDesk) -> None:
        self._shop = shop
        self._rights = rights

    def redeem(self, tx: Transaction, filled: Filled) -> FormDecided:
        """A member takes a reward. The same key asked again moves nothing and answers the same."""
        redemption = posting_id("redemption", self._shop.store, "kiosk", filled.fields.get(KEY, filled.fact.subject))
        terms = tx.terms()
        reward = reward_of(terms, filled.fact.subject)
        entry = tx.member(filled.member)
        if entry is None or terms is None or reward is None:
            return refused(tx, filled, FormReason.NO_SUCH_REWARD)
        taken = tx.reward_taken(redemption)
        if taken is not None:
            return self._given(tx, filled, reward, taken)
        asked = Asked(reward, entry, terms, self._shop.day(filled.recorded.at), filled.fields.get(SESSION, ""))
        refusal = self._refusal(tx, filled, asked)
        if refusal is not None:
            return refusal
        lease = self._rights.redeem(
            tx, entry.member, redemption, reward.points, sale=None, session=asked.session or None
        )
        if isinstance(lease, Refusal):
            return refused(tx, filled, lease)
        return self._given(tx, filled, reward, self._write(tx, filled, asked, (redemption, lease)))

    def _refusal(self, tx: Transaction, filled: Filled, asked: Asked) -> FormDecided | None:
        if (refusal := pin_refusal(tx, filled)) is not None:
            return refusal
        if not filled.is_strong and asked.reward.points > self._shop.pin_above_points:
            return refused(tx, filled, FormReason.PIN_NEEDED if has_pin(tx, asked.entry) else FormReason.NO_PIN)
        reason = why_not(tx, asked)
        return refused(tx, filled, reason) if reason else None

    def _write(
        self, tx: Transaction, filled: Filled, asked: Asked, moved: tuple[PostingId, Incarnation]
    ) -> RewardTaken:
        """The posting, the reward, and the coupon where the reward is one."""
        redemption, lease = moved
        reward, member, recorded = asked.reward, asked.entry.member, filled.recorded
        posting = Posting(
            posting_id=redemption,
            debit=available(member),
            credit=PROGRAMME_REDEEMED,
            points=reward.points,
            rule=Rule.REDEMPTION,
            cause=EventId(recorded.event_id),
        )
        told = PostingV1(id=redemption, debit=posting.debit, credit=posting.credit, points=posting.points, lease=lease)
        posted = tx.record(
            PointsPostedV1(cause=recorded.event_id, member=member, rule=Rule.REDEMPTION.value, postings=(told,)),
            traceparent=recorded.traceparent,
        )
        tx.post([posting], posted)
        voucher = voucher_code(redemption)
        given = RewardTakenV1(
            cause=recorded.event_id,
            redemption=redemption,
            member=member,
            reward=reward.id,
            points=reward.points,
            voucher=voucher,
            coupon=reward.coupon if is_given_later(asked.terms, reward) else None,
        )
        tx.record(given, traceparent=recorded.traceparent)
        if reward.kind is RewardKind.COUPON and given.coupon is None:
            self._issue(tx, filled, asked, redemption)
        taken = RewardTaken(
            redemption=redemption,
            voucher=voucher,
            member=member,
            reward=reward.id,
            coupon=reward.coupon,
            points=reward.points,
            event_id=recorded.event_id,
            at=recorded.at,
        )
        tx.keep_reward_taken(taken)
        return taken

    def _issue(self, tx: Transaction, filled: Filled, asked: Asked, redemption: str) -> None:
        """The coupon can be used here at once; elsewhere when the cloud has heard of it."""
        coupon = asked.terms.coupon(asked.reward.coupon or "")
        assert coupon is not None  # noqa: S101  terms name no coupon that they do not have
        entry = CouponEntry(
            instance=instance_of(redemption),
            coupon=coupon.id,
            member=asked.entry.member,
            code=None,
            last_day=coupon.ends,
            is_used=False,
            is_here=True,
        )
        lease = self._rights.issue_coupon(tx, entry)
        tx.keep_coupon(entry)
        tx.record(
            CouponIssuedV1(
                cause=filled.recorded.event_id,
                instance=entry.instance,
                coupon=coupon.id,
                member=asked.entry.member,
                lease=lease,
                last_day=coupon.ends.isoformat() if coupon.ends else None,
            ),
            traceparent=filled.recorded.traceparent,
        )

    def _given(self, tx: Transaction, filled: Filled, reward: Reward, taken: RewardTaken) -> FormDecided:
        terms = tx.terms()
        assert terms is not None  # noqa: S101  the reward is one of them
        usable = tx.usable(filled.member, on=self._shop.day(filled.recorded.at))
        assert usable is not None  # noqa: S101  the member was just found
        answer = filled.answered(taken.event_id)
        done = RewardGiven(
            standing=standing_of(tx, filled.member),
            usable=usable,
            reward=reward,
            currency=currency_of(tx),
            voucher=taken.voucher,
            reference=taken.event_id,
            at=taken.at,
            is_coupon_awaited=is_given_later(terms, reward),
        )
        return FormDecided(filled.counter, filled.fact.place, filled.fact.form, answer, done)


def _why_no_coupon(reader: Reader, entry: MemberEntry, coupon: Coupon, on: date) -> str | None:
    """What all stores share is head office's to count; so much each member may have is known here as far as told."""
    budget = coupon.budget
    if coupon.ends is not None and coupon.ends < on:
        return FormReason.NO_SUCH_REWARD
    had = {one.instance for one in reader.coupons_of(entry.member) if one.coupon == coupon.id}
    had |= {instance_of(taken.redemption) for taken in _taken(reader, entry, coupon)}
    return FormReason.NOT_FOR_THIS_MEMBER if 0 < budget.member_uses_max <= len(had) else None


def _why_too_few(usable: Usable | None, points: int) -> str | None:
    if usable is None:
        return Refusal.NOT_ENOUGH_AVAILABLE
    if usable.balance < points:
        return Refusal.NOT_ENOUGH_AVAILABLE
    if usable.is_frozen:
        return Refusal.FROZEN
    return Refusal.NOT_ENOUGH_RIGHTS if usable.points < points else None


def _taken(reader: Reader, entry: MemberEntry, coupon: Coupon) -> Iterator[RewardTaken]:
    """Rewards taken here that gave this coupon, and whose points did not come back."""
    for taken in reader.rewards_of(entry.member):
        if taken.coupon == coupon.id:
            made = reader.redemption(taken.redemption)
            if made is None or made.restored < made.points:
                yield taken
