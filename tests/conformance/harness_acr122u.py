"""An ACR122U on a socket that carries its USB transfers."""

from __future__ import annotations

from devices.virtual.usb.acr122u import Acr122uChip
from tests.conformance.driver_harness import Harness, HarnessPlace
from tests.conformance.usb_readers import UsbReaderHarness

DRIVER = "acr122u"


def harness(place: HarnessPlace) -> Harness:
    return UsbReaderHarness(place, Acr122uChip())
