"""What a tier gives on entry: its coupon, once per stay. Whoever leaves loses it, unless it was used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from cloud_crm.coupons import issuing
from cloud_crm.coupons.issuing import Issuer, Wanted
from cloud_crm.coupons.repository import of_source
from cloud_crm.coupons.rights import OneRight, take_right
from cloud_crm.standing.repository import StandingRow
from loyalty.terms.document import Terms

TIER = "tier"
"""The source of instances that came with a tier."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a member stood and stands, and where their coupons go."""

    before: StandingRow
    after: StandingRow
    gateway: str

    @property
    def name(self) -> str:
        """What the coupon is issued for: a stay is known by the day on which it began."""
        return f"{TIER}/{self.after.member_id}/{self.after.tier}/{self.after.tier_since}"

    @property
    def is_another(self) -> bool:
        """Whether the tier was reached or lost."""
        return (self.before.tier, self.before.tier_since) != (self.after.tier, self.after.tier_since)


def grant(connection: Connection, terms: Terms, stays: Sequence[Stay], *, on: date, at: str) -> None:
    """Give what tiers promise on entry, and take back what came with tiers that were left. Safe to repeat.

    A coupon that is promised only later reaches whoever is in the tier by then.
    """
    coupons = {tier.id: tier.coupon for tier in terms.tiers.levels if tier.coupon is not None}
    concerned = [stay for stay in stays if stay.is_another or stay.after.tier in coupons]
    if not concerned:
        return
    held = of_source(connection, TIER, [stay.after.member_id for stay in concerned])
    wanted: list[Wanted] = []
    for stay in concerned:
        mine = held.get(stay.after.member_id, [])
        for row in mine:
            if row.is_open and row.issue_key != stay.name and issuing.withdraw(connection, row.instance, at):
                take_right(connection, OneRight(row.member_id, row.instance, ""), at=at)
        coupon = coupons.get(stay.after.tier)
        if coupon is not None and all(row.issue_key != stay.name for row in mine):
            wanted.append(Wanted(coupon, stay.name, stay.after.member_id, gateway=stay.gateway))
    issuing.issue(connection, terms, wanted, Issuer(TIER, "", at, on))
