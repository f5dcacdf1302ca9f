"""Stations 3 to 5 for each kind of fact: identify, ask ``loyalty``, write down what came of it.

Everything here runs inside one journal transaction and is repeatable: windows are counted from
the fact's own time, so a fact decided again after a crash is decided the same way.
"""

from edge_agent.decisions.decisions import Decisions
from edge_agent.decisions.shop import AWAITS_LINK, AWAITS_PROGRAMME, AWAITS_SALE, SETTLE_MAX, Shop, Windows

__all__ = ["AWAITS_LINK", "AWAITS_PROGRAMME", "AWAITS_SALE", "SETTLE_MAX", "Decisions", "Shop", "Windows"]
