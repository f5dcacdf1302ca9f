"""What earns points beside spending, and how long points live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from loyalty.terms.fields import Day, Matching, OneOf, ProgrammeError, Several, Whole
from loyalty.terms.tables import Table, Tables

POINTS_MAX = 1_000_000
MINOR_MAX = 1_000_000_000
_DAYS_MAX = 3_660


class Expiry(StrEnum):
    """How the last day of a lot is counted from the day it was earned."""

    NEVER = "never"
    DAYS = "days"
    MONTH_END = "month_end"
    YEAR_END = "year_end"


class ActivityKind(StrEnum):
    """What a member does that earns points without buying."""

    VISIT = "visit"
    BIRTHDAY = "birthday"
    SURVEY = "survey"
    REVIEW = "review"
    SHARE = "share"


class Period(StrEnum):
    """A stretch of the store's calendar within which a cap counts."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class LotTerms:
    """When earned points can be spent, and until when."""

    pending_days: Annotated[int, Whole("Days that earned points wait, the return window; 0: none", 0, 365)] = 0
    expiry: Annotated[Expiry, OneOf("How the last day of points is counted", Expiry)] = Expiry.NEVER
    after: Annotated[int, Whole("Days, months or years (by expiry) that points live", 0, _DAYS_MAX)] = 0
    restored_days: Annotated[
        int, Whole("Days that points live at least when a refund restores them after their last day", 1, 365)
    ] = 30

    def __post_init__(self) -> None:
        limits = {
            Expiry.NEVER: (0, 0),
            Expiry.DAYS: (1, _DAYS_MAX),
            Expiry.MONTH_END: (0, 120),
            Expiry.YEAR_END: (0, 10),
        }
        low, high = limits[self.expiry]
        if not low <= self.after <= high:
            raise ProgrammeError(
                "after",
                self.after,
                "with expiry {expiry} write {low} to {high}",
                expiry=self.expiry,
                low=low,
                high=high,
            )


@dataclass(frozen=True, slots=True)
class Multiplier:
    """Lines of some categories or brands earn more. Where several fit a line the highest counts, alone."""

    id: Annotated[str, Matching("Key of the rule")]
    percent: Annotated[int, Whole("Percent of the usual points; 200 doubles them", 101, 1_000)]
    categories: Annotated[tuple[str, ...], Several("Categories it fits; none: any", Matching("Category"))] = ()
    brands: Annotated[tuple[str, ...], Several("Brands it fits; none: any", Matching("Brand"))] = ()
    stores: Annotated[tuple[str, ...], Several("Stores where it holds; none: all", Matching("Store"))] = ()
    starts: Annotated[date | None, Day("First day")] = None
    ends: Annotated[date | None, Day("Last day")] = None

    def __post_init__(self) -> None:
        check_days(self.starts, self.ends)


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """Points for doing something, once per key (visit day, birthday year, survey, receipt reviewed, thing shared)."""

    id: Annotated[str, Matching("Key of the rule")]
    kind: Annotated[ActivityKind, OneOf("What earns", ActivityKind)]
    points: Annotated[int, Whole("Points earned each time", 1, POINTS_MAX)]
    times_max: Annotated[int, Whole("Times it may earn in one period", 1, 1_000)] = 1
    period: Annotated[Period, OneOf("The period of times_max", Period)] = Period.YEAR
    window_days: Annotated[int, Whole("Birthday: days from the birthday on which it can be earned", 1, 60)] = 1


@dataclass(frozen=True, slots=True)
class ReferralTerms:
    """What both sides get when somebody who was referred makes their first real purchase."""

    referrer_points: Annotated[int, Whole("Points for the member who referred", 0, POINTS_MAX)] = 0
    referred_points: Annotated[int, Whole("Points for the member who was referred", 0, POINTS_MAX)] = 0
    minimum_minor: Annotated[int, Whole("The first purchase must reach this", 1, MINOR_MAX)] = 1
    year_times_max: Annotated[int, Whole("Referrals that pay one member in a calendar year", 1, 1_000)] = 10
    first_purchase_percent: Annotated[int, Whole("Percent of the usual points on that purchase", 100, 1_000)] = 100
    referrer_coupon: Annotated[str | None, Matching("Coupon for the member who referred")] = None
    referred_coupon: Annotated[str | None, Matching("Coupon for the member who was referred")] = None


@dataclass(frozen=True, slots=True)
class Earning:
    """Earn rules beside the rate of ``[programme]``."""

    day_points_max: Annotated[
        int, Whole("Most points one member earns by spending in a day, in each store; 0: no cap", 0, POINTS_MAX)
    ] = 0
    multipliers: Annotated[tuple[Multiplier, ...], Tables("Category and brand multipliers", Multiplier)] = ()
    activities: Annotated[tuple[ActivityRule, ...], Tables("Points without a purchase", ActivityRule)] = ()
    referral: Annotated[ReferralTerms | None, Table("Bring a friend", ReferralTerms)] = None


def check_days(starts: date | None, ends: date | None) -> None:
    """Refuse days that end before they start."""
    if starts is not None and ends is not None and ends < starts:
        raise ProgrammeError("ends", ends.isoformat(), "write {least} or later", least=starts.isoformat())
