"""A PN532 card reader on a serial line."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from devices.card_readers.pn532_link import open_pn532
from devices.card_readers.reader import CardReader, ReaderSettings
from devices.device import Driver


class Pn532Settings(ReaderSettings):
    """Where the reader is and what it looks for."""

    path: Path = Field(
        description="Serial port of the reader. Use its stable name under /dev/serial/by-id: "
        "a plain /dev/ttyUSB0 may be another device after the next start."
    )


def open_reader(settings: Pn532Settings) -> CardReader:
    """The reader, still closed."""
    return CardReader(settings, lambda: open_pn532(settings.path), name=f"pn532 {settings.path.name}")


DRIVER: Driver[Pn532Settings] = Driver(
    name="pn532",
    summary="NFC card reader with a PN532 chip on a serial line (UART, HSU mode)",
    settings=Pn532Settings,
    open=open_reader,
)
