"""A Sony RC-S380 on USB (PaSoRi, chip NFC Port-100), driven by nfcpy."""

from __future__ import annotations

import nfc.clf.rcs380

from devices.card_readers.reader import CardReader
from devices.card_readers.sensing import Port100Sensing
from devices.card_readers.usb_link import UsbKind, UsbReaderSettings, open_usb
from devices.device import Driver

KIND = UsbKind(
    name="RC-S380",
    ids=frozenset({(0x054C, 0x06C1), (0x054C, 0x06C3)}),
    start=nfc.clf.rcs380.init,
    sensing=Port100Sensing,
)


def open_reader(settings: UsbReaderSettings) -> CardReader:
    """The reader, still closed."""
    return CardReader(settings, lambda: open_usb(KIND, settings.port), name="rcs380")


DRIVER: Driver[UsbReaderSettings] = Driver(
    name="rcs380",
    summary="NFC card reader Sony RC-S380 on USB",
    settings=UsbReaderSettings,
    open=open_reader,
)
