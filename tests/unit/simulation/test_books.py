"""The audit and the report: what balances, what does not, and that nothing is made up."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from simulation.evidence.books import Audit, BooksUnreadable, audit_of
from simulation.evidence.figures import percentile
from simulation.evidence.report import Report
from simulation.hands import Tally

STATUS: dict[str, Any] = {
    "lanes": {
        "ledger": {"recorded": 10, "acked": 8, "queued": 1, "dropped": 1},
        "telemetry": {"recorded": 5, "acked": 5, "queued": 0, "dropped": 0},
    },
    "undecided": 0,
    "quarantined": None,
}
FLEET: dict[str, Any] = {
    "lanes": {
        "ledger": {"received": 8, "lost": 1, "high": 9, "duplicates": 2},
        "telemetry": {"received": 5, "lost": 0, "high": 5, "duplicates": 0},
    },
    "quarantine": None,
}
LEDGER = {"postings": 3, "points_issued": 40, "digest": "ab" * 32}


def audit(*, status: dict[str, Any] = STATUS, fleet: dict[str, Any] = FLEET, cloud: dict[str, Any] = LEDGER) -> Audit:
    return audit_of(status, fleet, store=LEDGER, cloud=cloud)


def changed(table: dict[str, Any], *path: str, to: object) -> dict[str, Any]:
    copied = copy.deepcopy(table)
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return copied


def test_sums_are_taken_over_both_lanes() -> None:
    found = audit()
    assert (found.recorded, found.acked, found.queued, found.dropped) == (15, 13, 1, 1)
    assert (found.duplicates_applied, found.duplicates_ignored) == (0, 2)


def test_books_read_in_the_middle_may_have_something_queued() -> None:
    assert audit().complaints(drained=False) == ()
    assert "still waiting" in audit().complaints()[0]


def test_an_event_that_is_nowhere_is_a_complaint_even_when_the_sums_of_lanes_cancel() -> None:
    status = changed(STATUS, "lanes", "ledger", "acked", to=7)
    status["lanes"]["telemetry"]["acked"] = 6
    found = audit(status=status)
    assert found.recorded == found.acked + found.queued + found.dropped
    assert found.uneven_lanes == ("ledger", "telemetry")
    assert "recorded other than" in found.complaints(drained=False)[0]


def test_an_event_applied_twice_is_a_complaint() -> None:
    found = audit(fleet=changed(FLEET, "lanes", "ledger", "received", to=9))
    assert found.duplicates_applied == 1
    assert "applied 1 events twice" in " ".join(found.complaints(drained=False))


@pytest.mark.parametrize("figure", ["postings", "points_issued", "digest"])
def test_ledgers_match_only_in_digest_and_figures(figure: str) -> None:
    drained = changed(changed(STATUS, "lanes", "ledger", "queued", to=0), "lanes", "ledger", "acked", to=9)
    assert audit(status=drained).complaints() == ()
    other = audit(status=drained, cloud={**LEDGER, figure: "other" if figure == "digest" else 4})
    assert other.ledger_matches is False
    assert "ledgers differ" in other.complaints()[0]


def test_a_quarantine_is_a_complaint() -> None:
    assert "quarantined" in " ".join(audit(fleet=changed(FLEET, "quarantine", to={"reason": "x"})).complaints())


@pytest.mark.parametrize(
    ("status", "fleet"),
    [({}, FLEET), (changed(STATUS, "lanes", to={}), FLEET), (STATUS, {"quarantine": None}), (STATUS, {"lanes": {}})],
)
def test_a_missing_figure_is_said_and_never_taken_as_zero(status: dict[str, Any], fleet: dict[str, Any]) -> None:
    with pytest.raises(BooksUnreadable, match="missing or malformed"):
        audit(status=status, fleet=fleet)


def test_a_percentile_is_a_sample_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0], 0.99) == 2.0
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], 0)


def test_the_report_has_what_was_measured_and_null_where_nothing_was(tmp_path: Path) -> None:
    tally = Tally(taps=2, greeted=1, unknown=1)
    report = Report(tally=tally, audit=audit(), seed=7, wall_s=1.0, complete=False, gateway_starts=1)
    report.write(tmp_path / "deep" / "report.json")
    figures = json.loads((tmp_path / "deep" / "report.json").read_text(encoding="utf-8"))
    assert figures["tap_to_screen_ms"] == {"p50": None, "p99": None, "samples": 0}
    assert figures["books_balance"] is True
    tally.tap_to_screen_s.extend([0.004, 0.002])
    assert report.to_json()["tap_to_screen_ms"] == {"p50": 2.0, "p99": 4.0, "samples": 2}
    wanted = {"taps", "greeted", "sales", "events_recorded", "events_acked", "events_queued", "events_dropped"}
    assert wanted | {"duplicates_applied", "ledger_matches", "tap_to_screen_ms"} <= figures.keys()
