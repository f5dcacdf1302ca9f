"""What a card that was shown is worth."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_bridge.floor_contract import CardRefusedV1
from edge_agent.translate import Translatable


@dataclass(frozen=True, slots=True)
class Accepted:
    """Go on with this; its trust is what the card has earned."""

    seen: Translatable


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not the card it claims to be. The fact is recorded in place of the tap."""

    fact: CardRefusedV1


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nothing can be said of it, and nothing is recorded. ``reason`` is a key that the kiosk has words for."""

    reason: str


Verdict = Accepted | Refused | Undecided
