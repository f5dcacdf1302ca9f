"""What is the case on the floor, said to the alerts: each room finds, only the alerts raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SUBJECT_LENGTH_MAX = 160
JOURNAL = "journal"
"""The subject of what is found of the journal."""


class AlertKind(StrEnum):
    """What staff are called for."""

    LOW_STOCK = "low_stock"
    STOCK_OUT = "stock_out"
    OVERSTOCK = "overstock"
    WRONG_ITEM = "wrong_item"
    """Misplaced goods: the weight of a slot fits no number of its article."""
    MISSING = "missing"
    """Taken and never sold."""
    PHANTOM = "phantom"
    """Sold and never taken: the shelf's plan or the till's article is wrong."""
    DEVICE_OFFLINE = "device_offline"
    """A device or sensor that its self-healing could not bring back."""
    TEMPERATURE = "temperature"
    DOOR_OPEN = "door_open"
    DURABILITY = "durability"
    """The journal cannot keep its promise."""
    CARD_COPIED = "card_copied"


class Holds(StrEnum):
    """Whether it is so."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    """Between two thresholds, or not known well enough: what was, stays. This is where hysteresis lives."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one room says of one subject (a slot, a device, a sensor). It is said again whenever anything changed.

    ``facts`` go into the alert's words: ``name_zh``, ``name_en``, ``sku``, ``zone``, ``units``, ``capacity``,
    ``reorder_at``, ``reason``, ``milli`` (thousandths of a degree), ``since`` (RFC 3339). Texts are untrusted.
    """

    kind: AlertKind
    subject: str
    holds: Holds
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.subject) <= SUBJECT_LENGTH_MAX:
            raise ValueError(f"a subject has 1 to {SUBJECT_LENGTH_MAX} characters, not {len(self.subject)}")
