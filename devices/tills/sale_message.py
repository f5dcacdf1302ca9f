"""The JSON a till posts and gets back: parsing into :class:`SaleCompleted`, and what is wrong otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from devices.observations import (
    AMOUNT_MINOR_MAX,
    SALE_LINES_MAX,
    TEXT_LENGTH_MAX,
    CardUid,
    SaleCompleted,
    SaleLine,
    SaleReceipt,
)

NAME_LENGTH_MAX = 80
QUANTITY_MAX = 1_000_000
YEAR_MIN, YEAR_MAX = 2000, 2099
_PROBLEMS_MAX = 20
_PROBLEM_LENGTH_MAX = 300
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or mend its spelling",
    "int_type": "write a whole number without quotes; amounts are in minor units (cents, fen)",
    "int_from_float": "write a whole number; amounts are in minor units (cents, fen)",
    "string_type": "write it as text in quotes",
    "json_invalid": "send one JSON object, encoded as UTF-8",
    "too_long": f"send at most {SALE_LINES_MAX} lines in one sale",
    "string_pattern_mismatch": "write an ISO 4217 code such as CNY or GBP",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a message: where, what, and what to do about it."""

    place: str
    problem: str
    remedy: str


class MessageRejected(ValueError):
    """The message is not a sale. ``problems`` says all that is wrong with it, 20 at most."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.place}: {problem.problem}" for problem in problems))
        self.problems = problems


def _wrong(problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("sale", "{problem}", {"problem": problem, "remedy": remedy})


def _printable(text: str) -> str:
    if not text.isprintable():
        raise _wrong("holds control characters", "send printable text only")
    return text


def _identifier(text: str) -> str:
    if text != text.strip():
        raise _wrong("begins or ends with a space", "remove the space")
    return _printable(text)


def _when(text: str) -> str:
    if not _RFC3339.fullmatch(text):
        raise _wrong(f"{text[:40]!r} is not an RFC 3339 time with an offset", "write it like 2026-01-31T17:05:00+08:00")
    try:
        year = datetime.fromisoformat(text.upper()).year
    except ValueError as error:
        raise _wrong(
            f"{text[:40]!r} names no real moment ({error})", "write it like 2026-01-31T17:05:00+08:00"
        ) from None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise _wrong(f"the year {year} is not from {YEAR_MIN} to {YEAR_MAX}", "set the till's clock")
    return text.upper()


def _card_number(text: str) -> str:
    try:
        CardUid.from_hex(text)
    except ValueError as error:
        raise _wrong(str(error), "send 8 to 20 hexadecimal digits, or leave card_uid out") from None
    return text


Identifier = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), AfterValidator(_identifier)]
Amount = Annotated[int, Field(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]


class LineMessage(BaseModel):
    """One line of the receipt."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    sku: Identifier
    name: Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AfterValidator(_printable)] = ""
    quantity: Annotated[int, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    unit_minor: Amount


class SaleMessage(BaseModel):
    """The body of ``POST /till/sales``."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    sale_id: Identifier
    till: Identifier
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[LineMessage], Field(max_length=SALE_LINES_MAX)]
    total_minor: Amount
    sold_at: Annotated[str, AfterValidator(_when)]
    refund_of: Identifier | None = None
    card_uid: Annotated[str, Field(max_length=40), AfterValidator(_card_number)] | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        lines_minor = sum(line.quantity * line.unit_minor for line in self.lines)
        if lines_minor != self.total_minor:
            raise _wrong(
                f"total_minor is {self.total_minor}, the lines add up to {lines_minor}"
                f" (a difference of {self.total_minor - lines_minor})",
                "send discounts and rounding as lines of their own",
            )
        if self.refund_of is not None and self.total_minor > 0:
            raise _wrong(
                "a refund gives money back, this total is positive", "make quantities of returned goods negative"
            )
        if self.refund_of == self.sale_id:
            raise _wrong("a sale cannot be the refund of itself", "give the refund a number of its own")
        return self

    def to_sale(self) -> SaleCompleted:
        """The observation, not yet with anybody waiting for its receipt."""
        return SaleCompleted(
            sale_id=self.sale_id,
            till=self.till,
            currency=self.currency,
            total_minor=self.total_minor,
            lines=tuple(SaleLine(line.sku, line.name, line.quantity, line.unit_minor) for line in self.lines),
            sold_at=datetime.fromisoformat(self.sold_at),
            refund_of=self.refund_of,
            card=CardUid.from_hex(self.card_uid) if self.card_uid else None,
        )


def parse_sale(body: bytes) -> SaleCompleted:
    """Read a posted sale. Raises :class:`MessageRejected` naming everything that is wrong."""
    try:
        return SaleMessage.model_validate_json(body).to_sale()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise MessageRejected(tuple(_problem(detail) for detail in details[:_PROBLEMS_MAX])) from None


def receipt_json(receipt: SaleReceipt) -> dict[str, object]:
    """What the till is told. ``points`` and ``balance`` are null when no member is known."""
    return asdict(receipt)


def _problem(detail: Mapping[str, Any]) -> Problem:
    context = detail.get("ctx") or {}
    place = ".".join(str(part) for part in detail["loc"]) or "body"
    return Problem(
        place=place[:_PROBLEM_LENGTH_MAX],
        problem=str(context.get("problem") or detail["msg"])[:_PROBLEM_LENGTH_MAX],
        remedy=str(context.get("remedy") or _REMEDIES.get(detail["type"], "mend it as docs/tills.md describes")),
    )
