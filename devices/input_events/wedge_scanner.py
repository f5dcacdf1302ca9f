"""A code scanner that types like a keyboard: the cheapest there is, and most as they come out of their box."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pydantic import Field

from devices.code_scanners.hearing import Hearing, code_or_complaint
from devices.device import Driver
from devices.input_events.typed_lines import TypingSettings, typed_format
from devices.input_events.typing_device import TypingDevice


class WedgeScannerSettings(TypingSettings):
    """Where the scanner is and how it is set up."""

    prefix: str = Field(default="", max_length=16, description="Typed before each code; a line without it is dropped")
    aim_ids: bool = Field(default=True, description="Take ]Q1, ]E0 … at the start of a code as its AIM identifier")


class WedgeScanner(TypingDevice):
    """One scanner. ``dropped`` counts lines that were no code."""

    def __init__(self, settings: WedgeScannerSettings, *, clock: Callable[[], float] | None = None) -> None:
        hearing = Hearing(
            partial(code_or_complaint, place=str(settings.path), unit="characters"),
            reads="codes",
            check="Check layout, suffix and prefix against the scanner's set-up",
        )
        line_format = typed_format(prefix=settings.prefix, aim_ids=settings.aim_ids)
        super().__init__(settings, line_format, hearing, clock=clock)


DRIVER: Driver[WedgeScannerSettings] = Driver(
    name="wedge_scanner",
    summary="Bar code and QR scanner that types like a USB keyboard",
    settings=WedgeScannerSettings,
    open=WedgeScanner,
)
