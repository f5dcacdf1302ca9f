"""A card reader that types the card's number like a keyboard: cheap, slow, and good for plain numbers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field

from devices.code_scanners.hearing import Hearing, Line
from devices.code_scanners.lines import ScannedLine
from devices.device import Driver
from devices.input_events.typed_lines import TypingSettings, typed_format
from devices.input_events.typing_device import TypingDevice
from devices.input_events.uids import UidFormat
from devices.observations import CardTapped, Observation

TECHNOLOGY = "typed-uid"


class UidWedgeSettings(TypingSettings):
    """Where the reader is, and how it writes a card's number.

    A card has the same number here as at another reader only if this says how the number is written.
    """

    number: Literal["hexadecimal", "decimal"] = Field(
        default="hexadecimal", description="How it types a card's number: hexadecimal or decimal"
    )
    byte_order: Literal["as-sent", "reversed"] = Field(
        default="as-sent", description="Whether the bytes of the number come in the card's order or from its other end"
    )
    uid_bytes: int = Field(
        default=4, ge=4, le=10, description="How many bytes a decimal number stands for; hexadecimal shows it itself"
    )

    def uid_format(self) -> UidFormat:
        """How to read what is typed."""
        return UidFormat(self.number, self.byte_order, self.uid_bytes)


class UidWedge(TypingDevice):
    """One reader. ``dropped`` counts lines that were no card's number."""

    def __init__(self, settings: UidWedgeSettings, *, clock: Callable[[], float] | None = None) -> None:
        uid_format = settings.uid_format()

        def understand(line: Line) -> tuple[str, Observation] | str:
            uid = uid_format.uid(line.text) if isinstance(line, ScannedLine) else None
            if uid is None:
                return f"{settings.path}: typed something that is no card's number"
            return uid.number.hex(), CardTapped(uid, TECHNOLOGY)

        hearing = Hearing(
            understand,
            reads="cards",
            check="Check number, uid_bytes, layout and suffix against what it types into a text editor",
        )
        super().__init__(settings, typed_format(), hearing, clock=clock)


DRIVER: Driver[UidWedgeSettings] = Driver(
    name="uid_wedge",
    summary="Card reader that types card numbers like a USB keyboard",
    settings=UidWedgeSettings,
    open=UidWedge,
)
