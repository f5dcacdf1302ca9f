"""The whole programme file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from loyalty.programme import Programme
from loyalty.terms.earning import Earning, LotTerms
from loyalty.terms.fields import ProgrammeError
from loyalty.terms.offers import Coupon, MemberDay, MemberType, Redeeming, Reward, Stacking
from loyalty.terms.tables import Table, Tables, parsed, read_table, table_schema
from loyalty.terms.tiers import Tier, Tiers

_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Terms:
    """All terms of a programme. Only ``[programme]`` is required; a section left out grants nothing."""

    programme: Annotated[Programme, Table("The rate on spending", Programme)]
    lots: Annotated[LotTerms, Table("When points can be spent", LotTerms)] = field(default_factory=LotTerms)
    earning: Annotated[Earning, Table("What else earns", Earning)] = field(default_factory=Earning)
    tiers: Annotated[Tiers, Table("The ladder of tiers", Tiers)] = field(default_factory=Tiers)
    redeeming: Annotated[Redeeming, Table("Points as part of the payment", Redeeming)] = field(
        default_factory=Redeeming
    )
    stacking: Annotated[Stacking, Table("The order of discounts", Stacking)] = field(default_factory=Stacking)
    rewards: Annotated[tuple[Reward, ...], Tables("What points buy", Reward)] = ()
    coupons: Annotated[tuple[Coupon, ...], Tables("Coupons", Coupon)] = ()
    member_types: Annotated[tuple[MemberType, ...], Tables("Member types and their offers", MemberType, 20)] = ()
    member_days: Annotated[tuple[MemberDay, ...], Tables("Days for members", MemberDay, 50)] = ()

    def __post_init__(self) -> None:
        known = {
            "coupon": {coupon.id for coupon in self.coupons},
            "tier": {tier.id for tier in self.tiers.levels},
            "member type": {member_type.id for member_type in self.member_types},
        }
        for key, kind, name in self._references():
            if name not in known[kind]:
                options = ", ".join(sorted(known[kind])) or "none so far"
                raise ProgrammeError(
                    key, name, "name a {kind} of this file ({options}) or add it", kind=kind, options=options
                )

    def coupon(self, coupon_id: str) -> Coupon | None:
        """The coupon of this key."""
        return next((coupon for coupon in self.coupons if coupon.id == coupon_id), None)

    def tier(self, tier_id: str | None) -> Tier | None:
        """The tier of this key."""
        return next((tier for tier in self.tiers.levels if tier.id == tier_id), None)

    def _references(self) -> Iterator[tuple[str, str, str]]:
        """Each mention of one table by another: key path, kind, name."""
        audiences: dict[str, tuple[Reward | Coupon | MemberDay, ...]] = {
            "rewards": self.rewards,
            "coupons": self.coupons,
            "member_days": self.member_days,
        }
        for section, rows in audiences.items():
            for index, row in enumerate(rows):
                for number, name in enumerate(row.tiers):
                    yield f"{section}[{index}].tiers[{number}]", "tier", name
                for number, name in enumerate(row.member_types):
                    yield f"{section}[{index}].member_types[{number}]", "member type", name
        yield from self._coupon_references()

    def _coupon_references(self) -> Iterator[tuple[str, str, str]]:
        for index, reward in enumerate(self.rewards):
            if reward.coupon is not None:
                yield f"rewards[{index}].coupon", "coupon", reward.coupon
        for index, tier in enumerate(self.tiers.levels):
            if tier.coupon is not None:
                yield f"tiers.levels[{index}].coupon", "coupon", tier.coupon
        for index, member_type in enumerate(self.member_types):
            for number, offer in enumerate(member_type.offers):
                if offer.coupon is not None:
                    yield f"member_types[{index}].offers[{number}].coupon", "coupon", offer.coupon
        if (referral := self.earning.referral) is not None:
            for key in ("referrer_coupon", "referred_coupon"):
                if (name := getattr(referral, key)) is not None:
                    yield f"earning.referral.{key}", "coupon", name


def terms_from_toml(text: str) -> Terms:
    """Read a whole ``programme.toml``. Raises :class:`ProgrammeError` with the path of the key at fault."""
    return terms_from_mapping(parsed(text))


def terms_from_mapping(table: Mapping[str, object]) -> Terms:
    """Build the terms from a parsed file. Raises :class:`ProgrammeError`."""
    try:
        return read_table(Terms, table)
    except ProgrammeError as error:
        raise error.at(error.key, section="") from error


def json_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of the file, made of the same description that reads it."""
    return {"$schema": _SCHEMA_DIALECT, "title": "Regulars loyalty programme", **table_schema(Terms)}
