"""What keeps coming and cannot be taken: counted, and after a few equal refusals shown to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_bridge.landing.batches import Batch, Refusal
from cloud_bridge.landing.store import Dispute, LandingResult, Stream
from cloud_bridge.receipts import Quarantined
from cloud_bridge.topics import Lane

EQUAL_REFUSALS_MAX = 5
GATEWAYS_WATCHED_MAX = 10_000
UNKNOWN_GATEWAY = "unknown_gateway"
_NO_INCARNATION = "0" * 32


@dataclass(slots=True)
class _Streak:
    refusal: Refusal
    times: int = 0


class PoisonWatch:
    """Notices the lane that sends the same bad batch again and again, so that it is not silent."""

    def __init__(self) -> None:
        self.refusals: Counter[str] = Counter()
        """How many batches were not taken whole, by reason."""
        self._streaks: dict[tuple[str, Lane], _Streak] = {}

    def observe(self, batches: Sequence[Batch], result: LandingResult) -> list[Dispute]:
        """Count what was refused; return the gateways to be quarantined for it."""
        refused = {(stream.gateway_id, stream.lane) for stream, _ in result.refusals}
        for batch in batches:
            if (batch.gateway_id, batch.lane) not in refused:
                self._streaks.pop((batch.gateway_id, batch.lane), None)
        disputes = [self._count(stream, refusal, result) for stream, refusal in result.refusals]
        return [dispute for dispute in disputes if dispute is not None]

    def _count(self, stream: Stream, refusal: Refusal, result: LandingResult) -> Dispute | None:
        self.refusals[refusal.reason] += 1
        if refusal.reason == UNKNOWN_GATEWAY:
            return None
        key = (stream.gateway_id, stream.lane)
        streak = self._streaks.get(key)
        if streak is None or streak.refusal != refusal:
            if len(self._streaks) >= GATEWAYS_WATCHED_MAX:
                self._streaks.clear()
            streak = self._streaks[key] = _Streak(refusal)
        streak.times += 1
        if streak.times < EQUAL_REFUSALS_MAX:
            return None
        del self._streaks[key]
        nack = result.nacks.get(stream)
        notice = Quarantined(
            incarnation=stream.incarnation or _NO_INCARNATION,
            lane=stream.lane,
            sequence=nack.first if nack else 1,
            reason=f"malformed: {refusal.reason}: {refusal.detail}",
        )
        return Dispute(stream.gateway_id, notice, b"")
