"""What a run came to: measured figures, and whether the books balance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.evidence.books import Audit
from simulation.evidence.figures import percentile
from simulation.hands import Tally


@dataclass(frozen=True, slots=True)
class Report:
    """``complete``: the day was played to its end (or its time) and everything had the time to drain."""

    tally: Tally
    audit: Audit
    seed: int
    wall_s: float
    complete: bool
    gateway_starts: int

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why the books do not balance; empty when they do."""
        return self.audit.complaints(drained=self.complete)

    def to_json(self) -> dict[str, Any]:
        """The figures as written by ``--report``. Percentiles are absent (null) where nobody tapped."""
        tally, audit = self.tally, self.audit
        return {
            "seed": self.seed,
            "complete": self.complete,
            "wall_s": round(self.wall_s, 3),
            "taps": tally.taps,
            "greeted": tally.greeted,
            "unknown_cards": tally.unknown,
            "unanswered_taps": tally.unanswered,
            "scans": tally.scans,
            "sales": tally.sales,
            "refunds": tally.refunds,
            "claims": tally.claims,
            "refused_sales": tally.refused_sales,
            "points_redeemed": tally.points_redeemed,
            "members_joined": tally.joined,
            "rewards_taken": tally.rewards,
            "events_recorded": audit.recorded,
            "events_acked": audit.acked,
            "events_queued": audit.queued,
            "events_dropped": audit.dropped,
            "duplicates_applied": audit.duplicates_applied,
            "duplicates_ignored": audit.duplicates_ignored,
            "undecided": audit.undecided,
            "ledger_matches": audit.ledger_matches,
            "postings": audit.cloud.postings,
            "points_issued": audit.cloud.points_issued,
            "gateway_starts": self.gateway_starts,
            "tap_to_screen_ms": {
                "p50": _milliseconds(tally.tap_to_screen_s, 0.50),
                "p99": _milliseconds(tally.tap_to_screen_s, 0.99),
                "samples": len(tally.tap_to_screen_s),
            },
            "books_balance": not self.complaints,
            "complaints": list(self.complaints),
        }

    def write(self, path: Path) -> None:
        """Write the report beside its place, then put it there whole. Raises ``OSError``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)


def _milliseconds(samples_s: Sequence[float], share: float) -> float | None:
    return round(percentile(list(samples_s), share) * 1_000, 3) if samples_s else None
