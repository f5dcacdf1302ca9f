"""What all messages of a till are made of, and how a message that is not one is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from devices.observations import AMOUNT_MINOR_MAX, SALE_LINES_MAX, TEXT_LENGTH_MAX, CardUid, SaleLine

NAME_LENGTH_MAX = 80
KIND_LENGTH_MAX = 60
QUANTITY_MAX = 1_000_000
_PROBLEMS_MAX = 20
_PROBLEM_LENGTH_MAX = 300

_REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or mend its spelling",
    "int_type": "write a whole number without quotes; amounts are in minor units (cents, fen)",
    "int_from_float": "write a whole number; amounts are in minor units (cents, fen)",
    "string_type": "write it as text in quotes",
    "bool_type": "write true or false, without quotes",
    "json_invalid": "send one JSON object, encoded as UTF-8",
    "too_long": "send fewer of them",
    "string_pattern_mismatch": "write an ISO 4217 code such as CNY or GBP",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a message: where, what, and what to do about it."""

    place: str
    problem: str
    remedy: str


class MessageRejected(ValueError):
    """Not what a till may send there. ``problems`` says all that is wrong with it, 20 at most."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.place}: {problem.problem}" for problem in problems))
        self.problems = problems


def wrong(problem: str, remedy: str) -> PydanticCustomError:
    """An error for a validator to raise, with words of our own."""
    return PydanticCustomError("till", "{problem}", {"problem": problem, "remedy": remedy})


def rejected(error: ValidationError) -> MessageRejected:
    """The same faults in words for the technician of a till; never with what was sent."""
    details = error.errors(include_url=False, include_input=False)
    return MessageRejected(tuple(_problem(detail) for detail in details[:_PROBLEMS_MAX]))


def printable(text: str) -> str:
    """Refuse control characters and lone surrogates."""
    if not text.isprintable():
        raise wrong("holds control characters", "send printable text only")
    return text


def identifier(text: str) -> str:
    """Refuse text that two people could read alike and a computer not."""
    if text != text.strip():
        raise wrong("begins or ends with a space", "remove the space")
    return printable(text)


def card_number(text: str) -> str:
    """Refuse what is no card's number."""
    try:
        CardUid.from_hex(text)
    except ValueError as error:
        raise wrong(str(error), "send 8 to 20 hexadecimal digits, or leave card_uid out") from None
    return text


Identifier = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX), AfterValidator(identifier)]
Kind = Annotated[str, Field(max_length=KIND_LENGTH_MAX), AfterValidator(identifier)]
Name = Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AfterValidator(printable)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Card = Annotated[str, Field(max_length=40), AfterValidator(card_number)]
Amount = Annotated[int, Field(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]


class LineMessage(BaseModel):
    """One line of a receipt or a basket."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    sku: Identifier
    name: Name = ""
    quantity: Annotated[int, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    unit_minor: Amount
    category: Kind = ""
    brand: Kind = ""

    def to_line(self) -> SaleLine:
        """The line as it is observed."""
        return SaleLine(self.sku, self.name, self.quantity, self.unit_minor, self.category, self.brand)


Lines = Annotated[list[LineMessage], Field(max_length=SALE_LINES_MAX)]


def _problem(detail: Mapping[str, Any]) -> Problem:
    context = detail.get("ctx") or {}
    place = ".".join(str(part) for part in detail["loc"]) or "body"
    remedy = context.get("remedy") or _REMEDIES.get(detail["type"], "mend it as docs/tills.md describes")
    return Problem(
        place=place[:_PROBLEM_LENGTH_MAX],
        problem=str(context.get("problem") or detail["msg"])[:_PROBLEM_LENGTH_MAX],
        remedy=str(remedy)[:_PROBLEM_LENGTH_MAX],
    )
