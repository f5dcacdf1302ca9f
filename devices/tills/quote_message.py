"""The JSON of ``POST /till/quote``: parsing into :class:`QuoteAsked`, what is wrong otherwise, and the answer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from devices.observations import AMOUNT_MINOR_MAX, SALE_LINES_MAX, CardUid, QuoteAnswer, QuoteAsked
from devices.tills.message_fields import Card, Currency, Identifier, LineMessage, rejected, wrong

CODES_MAX = 20
POINTS_MAX = 1_000_000_000


class BasketLineMessage(LineMessage):
    """One line of a basket. ``on_sale_from``: the day from which new goods are for everybody."""

    on_sale_from: date | None = None


class QuoteMessage(BaseModel):
    """The body of ``POST /till/quote``. ``lines`` are the basket before any discount."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    key: Identifier
    till: Identifier
    currency: Currency
    lines: Annotated[list[BasketLineMessage], Field(max_length=SALE_LINES_MAX)] = Field(default_factory=list)
    points: Annotated[int, Field(ge=0, le=POINTS_MAX)] = 0
    reward: Identifier | None = None
    codes: Annotated[list[Identifier], Field(max_length=CODES_MAX)] = Field(default_factory=list)
    card_uid: Card | None = None
    cancel: bool = False

    @model_validator(mode="after")
    def _is_a_basket(self) -> Self:
        if not self.lines and not self.cancel:
            raise wrong("a basket without lines has no price", "add lines, or cancel the quote")
        for number, line in enumerate(self.lines):
            if line.quantity <= 0 or line.unit_minor < 0:
                raise wrong(
                    f"line {number} takes something off: a basket holds goods before any discount",
                    "leave discounts and returned goods out of the basket",
                )
        if sum(line.quantity * line.unit_minor for line in self.lines) > AMOUNT_MINOR_MAX:
            raise wrong(f"the basket comes to more than {AMOUNT_MINOR_MAX}", "mend the quantities or prices")
        return self

    def to_question(self) -> QuoteAsked:
        """The observation, not yet with anybody waiting for its answer."""
        days = tuple(line.on_sale_from for line in self.lines)
        return QuoteAsked(
            key=self.key,
            till=self.till,
            currency=self.currency,
            lines=tuple(line.to_line() for line in self.lines),
            points=self.points,
            reward=self.reward,
            codes=tuple(self.codes),
            card=CardUid.from_hex(self.card_uid) if self.card_uid else None,
            is_cancelled=self.cancel,
            on_sale_from=days if any(days) else (),
        )


def parse_quote(body: bytes) -> QuoteAsked:
    """Read a posted basket. Raises :class:`MessageRejected` naming everything that is wrong."""
    try:
        return QuoteMessage.model_validate_json(body).to_question()
    except ValidationError as error:
        raise rejected(error) from None


def answer_json(answer: QuoteAnswer) -> dict[str, object]:
    """What the till is told. ``balance`` and ``usable_points`` are null when no member is known."""
    return asdict(answer)
