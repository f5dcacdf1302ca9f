"""The loyalty programme as data: how spending becomes points.

This is the ``[programme]`` section, all that a store needs to credit a sale. The sections around
it (lots, tiers, rewards, coupons …) are in :mod:`loyalty.terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from loyalty.ledger import POINTS_MAX
from loyalty.terms.fields import Matching, ProgrammeError, Text, Whole
from loyalty.terms.tables import check_fields, parsed, read_table

__all__ = ["Programme", "ProgrammeError", "programme_from_mapping", "programme_from_toml"]

_POINTS_MAX = 1_000_000
_MINOR_MAX = 1_000_000_000
_CURRENCY = Matching("ISO 4217 code of the currency", "^[A-Z]{3}$", "write an ISO 4217 code such as CNY or GBP")


@dataclass(frozen=True, slots=True)
class Programme:
    """Points per currency unit, with a floor and a minimum.

    ``points`` are earned for each full ``per_minor`` of a receipt (minor currency units: cents,
    fen), nothing below ``minimum_minor``. Part units are never rounded up.
    """

    name: Annotated[str, Text("Name of the programme, shown to members")]
    currency: Annotated[str, _CURRENCY]
    points: Annotated[int, Whole("Points earned for each full per_minor", 1, _POINTS_MAX)] = 1
    per_minor: Annotated[int, Whole("Minor units (fen, cents) that earn points", 1, _MINOR_MAX)] = 100
    minimum_minor: Annotated[int, Whole("Receipts below this earn nothing", 0, _MINOR_MAX)] = 0

    def __post_init__(self) -> None:
        check_fields(self)

    def points_for(self, spent_minor: int) -> int:
        """Points that a receipt of ``spent_minor`` (≥ 0 after refunds) is worth: floored, at most one posting's."""
        if spent_minor <= 0 or spent_minor < self.minimum_minor:
            return 0
        return min(spent_minor // self.per_minor * self.points, POINTS_MAX)


def programme_from_toml(text: str) -> Programme:
    """Read ``programme.toml``. Raises :class:`ProgrammeError` naming the key at fault."""
    section = parsed(text).get("programme")
    if not isinstance(section, dict):
        raise ProgrammeError("programme", section, "add a [programme] section")
    return programme_from_mapping(section)


def programme_from_mapping(table: Mapping[str, object]) -> Programme:
    """Build a programme from a parsed table. Raises :class:`ProgrammeError`."""
    return read_table(Programme, table)
