"""An RC-S380 on a socket that carries its USB transfers."""

from __future__ import annotations

from devices.virtual.usb.rcs380 import Rcs380Chip
from tests.conformance.driver_harness import Harness, HarnessPlace
from tests.conformance.usb_readers import UsbReaderHarness

DRIVER = "rcs380"


def harness(place: HarnessPlace) -> Harness:
    return UsbReaderHarness(place, Rcs380Chip())
