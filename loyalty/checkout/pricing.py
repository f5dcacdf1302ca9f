"""One walk through the layers of a price, in the stacking order of the programme.

Each layer works on the price the one before it left. Percentages are floored, in favour of the
shop, and spread over the lines by largest remainder, so the line prices always add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from loyalty.checkout.coupons import BudgetUse, Why, fits, spent_budget, taken_off
from loyalty.checkout.offers import is_for, may_redeem, member_days_for
from loyalty.checkout.question import POINTS, Declined, Question, Quote, Step
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, CouponKind, Discount, Reward, RewardKind


def spread(amount: int, over: Sequence[int]) -> list[int]:
    """Split ``amount`` (0 to the sum) in proportion to ``over``; parts are whole, add up, and never exceed theirs."""
    total = sum(over)
    if total == 0:
        return [0] * len(over)
    parts = [amount * share // total for share in over]
    rest = sorted(range(len(over)), key=lambda i: (-(amount * over[i] % total), i))
    for index in rest[: amount - sum(parts)]:
        parts[index] += 1
    return parts


class Pricing:
    """One walk through the layers of the programme's stacking order."""

    def __init__(self, terms: Terms, question: Question, coupons: Sequence[Coupon]) -> None:
        self.declined: list[Declined] = []
        self._terms = terms
        self._question = question
        self._coupons = coupons
        self._used = {held.coupon: held.used for held in question.coupons}
        self._prices = [line.amount_minor for line in question.basket.lines]
        self._steps: list[Step] = []
        for layer in terms.stacking.order:
            self._apply(layer)

    def answer(self, declined: Iterable[Declined]) -> Quote:
        """The quote, with what was declined before pricing began."""
        declined = tuple(sorted((*self.declined, *declined), key=lambda one: one.source))
        full = self._question.basket.full_minor
        return Quote(full, sum(self._prices), tuple(self._prices), tuple(self._steps), declined)

    def cost_to_member(self) -> int:
        """The price, less what gifts are worth: what a choice of coupons is judged by."""
        given = {step.source for step in self._steps}
        return sum(self._prices) - sum(coupon.gift_cost_minor for coupon in self._coupons if coupon.id in given)

    def _apply(self, layer: Discount) -> None:
        match layer:
            case Discount.TIER:
                tier = self._terms.tier(self._question.shopper.tier)
                if tier is not None:
                    self._percent_of_all(layer, tier.id, tier.discount_percent)
            case Discount.MEMBER_DAY:
                for day_id, percent in self._member_days():
                    self._percent_of_all(layer, day_id, percent)
            case Discount.PERCENT | Discount.AMOUNT | Discount.GIFT:
                for coupon in self._coupons:
                    if coupon.kind.value == layer.value:
                        self._coupon(layer, coupon)
            case Discount.POINTS:
                self._reward()
                self._points()

    def _member_days(self) -> Iterator[tuple[str, int]]:
        asked, shopper = self._question, self._question.shopper
        if not shopper.member:
            return
        for day in member_days_for(
            self._terms, on=asked.on, store=asked.basket.store, member_type=shopper.member_type, tier=shopper.tier
        ):
            yield day.id, day.discount_percent

    def _percent_of_all(self, layer: Discount, source: str, percent: int) -> None:
        base = sum(self._prices)
        self._take(Step(layer, source, base, base * percent // 100, 0, percent=percent), range(len(self._prices)))

    def _coupon(self, layer: Discount, coupon: Coupon) -> None:
        lines = [index for index, line in enumerate(self._question.basket.lines) if fits(coupon, line)]
        base = sum(self._prices[index] for index in lines)
        gift = coupon.kind is CouponKind.GIFT
        off = 0 if gift else taken_off(coupon, base)
        cost = coupon.gift_cost_minor if gift else off
        why = spent_budget(coupon.budget, self._used.get(coupon.id, BudgetUse()), more_minor=cost)
        if why is None and off == 0 and not gift:
            why = Why.NOTHING_LEFT_TO_TAKE_OFF
        if why is not None:
            self.declined.append(Declined(coupon.id, why))
            return
        self._take(Step(layer, coupon.id, base, off, 0, percent=coupon.percent, gift_sku=coupon.gift_sku), lines)

    def _reward(self) -> None:
        asked = self._question
        reward = next((r for r in self._terms.rewards if r.id == asked.reward and r.kind is RewardKind.CASH), None)
        if asked.reward is None:
            return
        base = sum(self._prices)
        why = self._no_reward(reward, base)
        if reward is None or why is not None:
            self.declined.append(Declined(asked.reward, why or Why.UNKNOWN))
            return
        off = min(reward.value_minor, base)
        self._take(Step(Discount.POINTS, reward.id, base, off, 0, points=reward.points), range(len(self._prices)))

    def _no_reward(self, reward: Reward | None, base: int) -> Why | None:
        shopper = self._question.shopper
        if reward is None:
            return Why.UNKNOWN
        if not (self._may_redeem() and is_for(reward, member_type=shopper.member_type, tier=shopper.tier)):
            return Why.NOT_FOR_THIS_MEMBER
        if reward.points > shopper.points:
            return Why.TOO_FEW_POINTS
        return None if base else Why.NOTHING_LEFT_TO_TAKE_OFF

    def _points(self) -> None:
        wanted, redeeming = self._question.points, self._terms.redeeming
        if wanted <= 0:
            return
        base = sum(self._prices)
        left = self._question.shopper.points - sum(step.points for step in self._steps)
        cap_minor = base * redeeming.share_percent_max // 100
        if redeeming.points == 0 or not self._may_redeem():
            self.declined.append(Declined(POINTS, Why.NOT_FOR_THIS_MEMBER))
        elif min(wanted, left) < redeeming.points:
            self.declined.append(Declined(POINTS, Why.TOO_FEW_POINTS))
        elif cap_minor < redeeming.value_minor:
            self.declined.append(Declined(POINTS, Why.BELOW_MINIMUM))
        else:
            count = min(min(wanted, left) // redeeming.points, cap_minor // redeeming.value_minor)
            off, points = count * redeeming.value_minor, count * redeeming.points
            self._take(Step(Discount.POINTS, POINTS, base, off, 0, points=points), range(len(self._prices)))

    def _may_redeem(self) -> bool:
        return may_redeem(self._terms, self._question.shopper.member_type)

    def _take(self, step: Step, lines: Sequence[int]) -> None:
        if step.discount_minor == 0 and step.gift_sku is None and step.points == 0:
            return
        parts = spread(step.discount_minor, [self._prices[index] for index in lines])
        for index, part in zip(lines, parts, strict=True):
            self._prices[index] -= part
        self._steps.append(replace(step, price_minor=sum(self._prices)))
