"""What can go wrong with a virtual device, by name, to be switched on while it runs."""

from __future__ import annotations

from enum import StrEnum


class FaultKind(StrEnum):
    """A way to fail that was met in shops."""

    SILENT = "silent"
    """Takes every byte and answers none: a hung chip, a cut wire."""
    FROZEN = "frozen"
    """Stops in the middle of a frame: a brown-out. A sensor goes on saying what it said last."""
    GARBAGE = "garbage"
    """Answers with random bytes: a loose contact, a wrong speed."""
    UNPLUGGED = "unplugged"
    """The port is gone, and its path with it: a pulled plug."""
    TORN_CARD = "torn_card"
    """A card is taken away in the middle of being read, before it is done."""
    LATE = "late"
    """What it says arrives seconds later: a crowded radio."""
    FLOOD = "flood"
    """Says the same hundreds of times: a firmware gone mad."""
    DRIFT = "drift"
    """Moves away from the truth, slowly: a load cell beside a radiator."""
    FLAT_BATTERY = "flat_battery"
    """Says with its last breath that its battery is flat, and nothing any more. Nobody tells that it is gone."""


class UnsupportedFault(ValueError):
    """This device has no such way to fail."""
