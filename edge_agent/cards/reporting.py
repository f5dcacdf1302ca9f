"""What staff are told of a card that was refused."""

from __future__ import annotations

from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.outcomes import CardRefused


def card_finding(refused: CardRefused) -> Finding:
    """Somebody should look: at a reader, by the name of the reader, and never at a member by name."""
    return Finding(AlertKind.CARD_COPIED, refused.reader, Holds.YES, {"reason": refused.reason})
