"""How each scale was calibrated, and how before that: its zeros over time tell how it drifts."""

from __future__ import annotations

from typing import Any

from edge_agent.clock import datetime_of
from edge_agent.journal.books import to_ms
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.values import Recorded
from edge_agent.shelves.calibration import Calibration

CALIBRATIONS_KEPT_MAX = 50
"""Of one scale, the newest; older ones are in the ledger of the cloud."""

TABLES: tuple[str, ...] = (
    """CREATE TABLE calibrations(
        scale TEXT NOT NULL, place INTEGER NOT NULL, zero_counts INTEGER NOT NULL, counts_per_kg INTEGER NOT NULL,
        known_g INTEGER, at_ms INTEGER NOT NULL, PRIMARY KEY (scale, place)) WITHOUT ROWID""",
    "CREATE TABLE scales(scale TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID",
)
"""What the third step of the schema adds for scales: every calibration, and which is the present one of each."""

_ROWS = "SELECT scale, zero_counts, counts_per_kg, at_ms, known_g FROM calibrations"


class ScaleQueries(Query):
    """Reading calibrations."""

    def calibrations(self) -> dict[str, Calibration]:
        """The present calibration of every scale that has one, by scale."""
        rows = self._connection.execute(f"{_ROWS} JOIN scales USING (scale, place)")
        return {row[0]: _calibration(row) for row in rows.fetchall()}

    def calibrations_of(self, scale: str) -> list[Calibration]:
        """How a scale was calibrated, newest first, at most :data:`CALIBRATIONS_KEPT_MAX`."""
        rows = self._connection.execute(
            f"{_ROWS} WHERE scale = ? ORDER BY place DESC LIMIT ?", (scale, CALIBRATIONS_KEPT_MAX)
        )
        return [_calibration(row) for row in rows.fetchall()]


class ScaleKeeping(ScaleQueries):
    """Writing calibrations."""

    def keep_calibration(self, calibration: Calibration, recorded: Recorded) -> None:
        """Keep what a scale was taught, from now on its present calibration. ``recorded`` is the event that says so."""
        place = self.place(recorded.event_id)
        self._connection.execute(
            "INSERT OR REPLACE INTO calibrations VALUES (?, ?, ?, ?, ?, ?)",
            (
                calibration.scale,
                place,
                calibration.zero_counts,
                calibration.counts_per_kg,
                calibration.known_g,
                to_ms(calibration.at),
            ),
        )
        self._connection.execute("INSERT OR REPLACE INTO scales VALUES (?, ?)", (calibration.scale, place))
        self._connection.execute(
            """DELETE FROM calibrations WHERE scale = :scale AND place <=
                (SELECT place FROM calibrations WHERE scale = :scale ORDER BY place DESC LIMIT 1 OFFSET :kept)""",
            {"scale": calibration.scale, "kept": CALIBRATIONS_KEPT_MAX},
        )


def _calibration(row: tuple[Any, ...]) -> Calibration:
    scale, zero_counts, counts_per_kg, at_ms, known_g = row
    return Calibration(scale, zero_counts, counts_per_kg, datetime_of(at_ms), known_g)
