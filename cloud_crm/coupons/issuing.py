"""Issuing coupons: once per key, never beyond a budget, each with the right to use it.

Everything happens in the caller's transaction, under the lock of the coupon's budget: of sixty-four who ask at the
same time exactly as many get one as the budget has. What is refused is told, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from cloud_crm.coupons import repository
from cloud_crm.coupons.repository import BudgetRow, CouponRow
from cloud_crm.coupons.rights import OneRight, open_rights
from loyalty.checkout.coupons import BudgetUse, Why, spent_budget
from loyalty.identifiers import posting_id
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon, CouponKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instance to be issued. ``key`` names what for; ``member`` is empty for a bearer ``code`` (its hash)."""

    coupon: str
    key: str
    member: str = ""
    code: str | None = None
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues, for what kind of reason, and when; ``on`` is the business date."""

    source: str
    name: str
    at: str
    on: date


@dataclass(frozen=True, slots=True)
class Issued:
    """One answer: the instance, or why there is none. ``is_new`` tells a first time from a repetition."""

    wanted: Wanted
    row: CouponRow | None
    why: Why | None = None
    is_new: bool = False


def issue(connection: Connection, terms: Terms, wanted: Sequence[Wanted], issuer: Issuer) -> list[Issued]:
    """Issue what is wanted, in order, each key once ever. The answers are in the same order.

    Budgets are locked first, then rights accounts; replica versions are drawn last.
    """
    counters = _Counters(connection, terms, wanted)
    known = repository.with_keys(connection, [one.key for one in wanted])
    answers: list[Issued] = []
    rows: list[CouponRow] = []
    new: list[OneRight] = []
    for one in wanted:
        if (before := known.get(one.key)) is not None:
            answers.append(Issued(one, before))
            continue
        coupon = terms.coupon(one.coupon)
        why = _objection(coupon, issuer.on) or counters.objection(one)
        if why is not None or coupon is None:
            answers.append(Issued(one, None, why))
            continue
        row = _instance(coupon, one, issuer)
        counters.take(one, row.worth_minor)
        known[one.key] = row
        new.append(OneRight(row.member_id, row.instance, one.gateway))
        rows.append(row)
        answers.append(Issued(one, row, is_new=True))
    counters.keep(connection)
    open_rights(connection, new, at=issuer.at)
    repository.add_instances(connection, rows)
    return answers


def keep_issued_elsewhere(connection: Connection, row: CouponRow) -> None:
    """A store gave a coupon for a reward: a fact that counts against the budget, whatever is left of it."""
    if repository.with_keys(connection, [row.issue_key]) or repository.find(connection, row.instance):
        return
    budget = repository.lock_budgets(connection, [row.coupon])[row.coupon]
    repository.add_instances(connection, [row])
    repository.keep_budget(connection, _more(budget, row.worth_minor))


def use(connection: Connection, instance: str, used: repository.Use, *, discount_minor: int | None = None) -> set[str]:
    """An instance was used: it counts for what it took off, where that is known. Returns whose it was."""
    row = repository.find(connection, instance)
    if row is None:
        return set()
    if row.used_at is None and row.withdrawn_at is not None:
        # A store that was offline let it be used all the same: the budget bears it again.
        budget = repository.lock_budgets(connection, [row.coupon])[row.coupon]
        repository.keep_budget(connection, _more(budget, row.worth_minor))
    if row.used_at is None or (used.sale and not row.used_sale):
        repository.mark_used(connection, instance, used)
    if discount_minor is not None and discount_minor != row.worth_minor:
        budget = repository.lock_budgets(connection, [row.coupon])[row.coupon]
        change = discount_minor - row.worth_minor
        repository.keep_budget(connection, replace(budget, liability_minor=budget.liability_minor + change))
        repository.mark_worth(connection, instance, discount_minor)
    return {row.member_id}


def give_back(connection: Connection, instance: str) -> set[str]:
    """The sale an instance was used for was given back, so it may be used again. Returns whose it is."""
    row = repository.find(connection, instance)
    if row is None or row.used_at is None:
        return set()
    repository.mark_used(connection, instance, None)
    return {row.member_id}


def withdraw(connection: Connection, instance: str, at: str) -> CouponRow | None:
    """Take an unused instance back, its part of the budget with it; ``None`` where there is nothing to take."""
    row = repository.find(connection, instance)
    if row is None or not row.is_open:
        return None
    budget = repository.lock_budgets(connection, [row.coupon])[row.coupon]
    left = BudgetRow(budget.coupon, max(0, budget.issued - 1), max(0, budget.liability_minor - row.worth_minor))
    repository.keep_budget(connection, left)
    repository.mark_withdrawn(connection, instance, at)
    return row


def worth_minor(coupon: Coupon) -> int:
    """The most one use can take off, minor units; 0 for a percentage without a limit, until it is used."""
    match coupon.kind:
        case CouponKind.AMOUNT:
            return coupon.amount_minor
        case CouponKind.GIFT:
            return coupon.gift_cost_minor
        case CouponKind.PERCENT:
            return coupon.discount_max_minor


class _Counters:
    """What is gone of each budget, counted on while issuing."""

    def __init__(self, connection: Connection, terms: Terms, wanted: Sequence[Wanted]) -> None:
        coupons = {one.coupon for one in wanted if terms.coupon(one.coupon) is not None}
        self._terms = terms
        self._budgets = repository.lock_budgets(connection, coupons)
        self._changed: set[str] = set()
        self._members = {
            coupon: repository.uses_by_member(connection, coupon, sorted(_members(wanted, coupon)))
            for coupon in coupons
        }

    def objection(self, one: Wanted) -> Why | None:
        """Which budget one more instance would exceed. A code has no member, so no limit of one."""
        coupon = self._terms.coupon(one.coupon)
        if coupon is None:
            return Why.UNKNOWN
        gone = self._budgets[one.coupon]
        used = BudgetUse(
            member_uses=self._members[one.coupon].get(one.member, 0) if one.member else 0,
            campaign_uses=gone.issued,
            liability_minor=gone.liability_minor,
        )
        return spent_budget(coupon.budget, used, more_minor=worth_minor(coupon))

    def take(self, one: Wanted, worth: int) -> None:
        self._budgets[one.coupon] = _more(self._budgets[one.coupon], worth)
        self._changed.add(one.coupon)
        if one.member:
            uses = self._members[one.coupon]
            uses[one.member] = uses.get(one.member, 0) + 1

    def keep(self, connection: Connection) -> None:
        for coupon in sorted(self._changed):
            repository.keep_budget(connection, self._budgets[coupon])


def _objection(coupon: Coupon | None, on: date) -> Why | None:
    if coupon is None:
        return Why.UNKNOWN
    return Why.ENDED if coupon.ends is not None and on > coupon.ends else None


def _instance(coupon: Coupon, one: Wanted, issuer: Issuer) -> CouponRow:
    return CouponRow(
        instance=posting_id("coupon", one.key),
        coupon=coupon.id,
        member_id=one.member,
        code=one.code,
        issue_key=one.key,
        source=issuer.source,
        issued_by=issuer.name,
        issued_at=issuer.at,
        worth_minor=worth_minor(coupon),
        last_day=coupon.ends.isoformat() if coupon.ends else "",
    )


def _members(wanted: Iterable[Wanted], coupon: str) -> set[str]:
    return {one.member for one in wanted if one.coupon == coupon and one.member}


def _more(budget: BudgetRow, worth: int) -> BudgetRow:
    return BudgetRow(budget.coupon, budget.issued + 1, budget.liability_minor + worth)
