"""Which stations something has passed, from real signals only.

Sense to Show are counted from the gateway's own log, where it writes a line at each station. Uplink
and Post are counted from the figures of both ends: what the gateway has been acknowledged, and what
has landed in the cloud. What is not said anywhere is not shown.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from cloud_bridge.topics import Lane
from edge_agent.tap_path import Station

READ_BYTES_MAX = 1024 * 1024
_LOGGED = (Station.SENSE, Station.RECORD, Station.IDENTIFY, Station.DECIDE, Station.COMMIT, Station.SHOW)


class StationLog:
    """Counts the passages in the gateway's log file, reading only what is new."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0
        self._rest = b""
        self.passed: Counter[str] = Counter({station.value: 0 for station in _LOGGED})

    def read_on(self) -> bool:
        """Count what was written since the last call; whether that was anything."""
        try:
            with self._log.open("rb") as log:
                log.seek(self._offset)
                fresh = log.read(READ_BYTES_MAX)
        except FileNotFoundError:
            return False
        self._offset += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        before = self.passed.total()
        for line in lines:
            if b'"traceparent"' in line:
                self._count(line)
        return self.passed.total() != before

    def _count(self, line: bytes) -> None:
        try:
            event = json.loads(line).get("event")
        except (ValueError, AttributeError):
            return
        if event in self.passed:
            self.passed[event] += 1


def landed(status: dict[str, Any] | None, fleet: dict[str, Any] | None) -> dict[str, int]:
    """Uplink and Post from the figures of the two ends; a side that does not answer says nothing."""
    counts: dict[str, int] = {}
    if status is not None:
        counts[Station.UPLINK.value] = int(status["lanes"][Lane.LEDGER.value]["acked"])
    if fleet is not None:
        ledger = fleet["lanes"].get(Lane.LEDGER.value)
        counts[Station.POST.value] = int(ledger["received"]) if ledger else 0
    return counts
