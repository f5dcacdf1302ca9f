"""An ACS ACR122U on USB: a PN532 behind a smart-card reader's protocol, driven by nfcpy without PC/SC."""

from __future__ import annotations

import nfc.clf.acr122

from devices.card_readers.reader import CardReader
from devices.card_readers.sensing import Pn53xSensing
from devices.card_readers.usb_link import UsbKind, UsbReaderSettings, open_usb
from devices.device import Driver

KIND = UsbKind(
    name="ACR122U",
    ids=frozenset({(0x072F, 0x2200)}),
    start=nfc.clf.acr122.init,
    # Its own processor stands in between: a wait for a card cannot be taken back.
    sensing=lambda device: Pn53xSensing(device, can_listen=False),
)


def open_reader(settings: UsbReaderSettings) -> CardReader:
    """The reader, still closed."""
    return CardReader(settings, lambda: open_usb(KIND, settings.port), name="acr122u")


DRIVER: Driver[UsbReaderSettings] = Driver(
    name="acr122u",
    summary="NFC card reader ACS ACR122U on USB",
    settings=UsbReaderSettings,
    open=open_reader,
)
