"""Tiers: what lifts a member, and what a tier gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from loyalty.terms.earning import MINOR_MAX
from loyalty.terms.fields import Matching, OneOf, ProgrammeError, Text, Whole
from loyalty.terms.tables import Tables


class Measure(StrEnum):
    """What is counted towards a tier."""

    SPEND = "spend"
    POINTS = "points"
    VISITS = "visits"


class TierPeriod(StrEnum):
    """Which days are counted."""

    YEAR = "year"
    ROLLING = "rolling"


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier and its benefits, which start on the day it is reached and stop on the day it is lost."""

    id: Annotated[str, Matching("Key of the tier")]
    name: Annotated[str, Text("Name shown to members")]
    at: Annotated[int, Whole("Reached at this spend (minor units), points or visits", 1, MINOR_MAX)]
    discount_percent: Annotated[int, Whole("Member discount on every purchase", 0, 90)] = 0
    earn_percent: Annotated[int, Whole("Percent of the usual points on spending", 100, 1_000)] = 100
    early_purchase_days: Annotated[int, Whole("Days that new goods can be bought before others", 0, 365)] = 0
    coupon: Annotated[
        str | None, Matching("The coupon given once on reaching the tier; taken back unused when it is lost")
    ] = None


@dataclass(frozen=True, slots=True)
class Tiers:
    """The ladder. Qualifying points are counted as earned: spending points never costs a tier."""

    by: Annotated[Measure, OneOf("What is counted", Measure)] = Measure.SPEND
    period: Annotated[TierPeriod, OneOf("year: since 1 January; rolling: the last period_days", TierPeriod)] = (
        TierPeriod.YEAR
    )
    period_days: Annotated[int, Whole("Days of a rolling period", 1, 3_660)] = 365
    grace_days: Annotated[int, Whole("Days that a tier stays after it is no longer reached", 0, 365)] = 0
    levels: Annotated[tuple[Tier, ...], Tables("The tiers, lowest first", Tier, 20)] = ()

    def __post_init__(self) -> None:
        for index, (lower, higher) in enumerate(pairwise(self.levels)):
            if higher.at <= lower.at:
                raise ProgrammeError(
                    f"levels[{index + 1}].at",
                    higher.at,
                    "write more than {lower}, lowest tier first",
                    lower=lower.at,
                )
