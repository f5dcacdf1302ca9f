"""The JSON of ``POST /till/sales``: parsing into :class:`SaleCompleted`, and what is wrong otherwise."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from devices.observations import CardUid, SaleCompleted, SaleReceipt
from devices.tills.message_fields import Amount, Card, Currency, Identifier, Lines, rejected, wrong

YEAR_MIN, YEAR_MAX = 2000, 2099
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LIKE = "write it like 2026-01-31T17:05:00+08:00"


def _when(text: str) -> str:
    if not _RFC3339.fullmatch(text):
        raise wrong(f"{text[:40]!r} is not an RFC 3339 time with an offset", _LIKE)
    try:
        year = datetime.fromisoformat(text.upper()).year
    except ValueError as error:
        raise wrong(f"{text[:40]!r} names no real moment ({error})", _LIKE) from None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise wrong(f"the year {year} is not from {YEAR_MIN} to {YEAR_MAX}", "set the till's clock")
    return text.upper()


class SaleMessage(BaseModel):
    """The body of ``POST /till/sales``."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    sale_id: Identifier
    till: Identifier
    currency: Currency
    lines: Lines
    total_minor: Amount
    sold_at: Annotated[str, AfterValidator(_when)]
    refund_of: Identifier | None = None
    refund_store: Identifier | None = None
    card_uid: Card | None = None
    quote: Identifier | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        lines_minor = sum(line.quantity * line.unit_minor for line in self.lines)
        if lines_minor != self.total_minor:
            raise wrong(
                f"total_minor is {self.total_minor}, the lines add up to {lines_minor}"
                f" (a difference of {self.total_minor - lines_minor})",
                "send discounts and rounding as lines of their own",
            )
        return self

    @model_validator(mode="after")
    def _is_sale_or_refund(self) -> Self:
        if self.refund_of is not None and self.total_minor > 0:
            raise wrong(
                "a refund gives money back, this total is positive", "make quantities of returned goods negative"
            )
        if self.refund_of == self.sale_id and self.refund_store is None:
            raise wrong("a sale cannot be the refund of itself", "give the refund a number of its own")
        if self.refund_store is not None and self.refund_of is None:
            raise wrong("refund_store says where a sale was made, but refund_of names none", "add refund_of")
        if self.quote is not None and (self.refund_of is not None or self.total_minor < 0):
            raise wrong("a refund confirms no quote", "leave quote out")
        return self

    def to_sale(self) -> SaleCompleted:
        """The observation, not yet with anybody waiting for its receipt."""
        return SaleCompleted(
            sale_id=self.sale_id,
            till=self.till,
            currency=self.currency,
            total_minor=self.total_minor,
            lines=tuple(line.to_line() for line in self.lines),
            sold_at=datetime.fromisoformat(self.sold_at),
            refund_of=self.refund_of,
            card=CardUid.from_hex(self.card_uid) if self.card_uid else None,
            quote=self.quote,
            refund_store=self.refund_store,
        )


def parse_sale(body: bytes) -> SaleCompleted:
    """Read a posted sale. Raises :class:`MessageRejected` naming everything that is wrong."""
    try:
        return SaleMessage.model_validate_json(body).to_sale()
    except ValidationError as error:
        raise rejected(error) from None


def receipt_json(receipt: SaleReceipt) -> dict[str, object]:
    """What the till is told. ``points`` and ``balance`` are null when no member is known."""
    return asdict(receipt)
