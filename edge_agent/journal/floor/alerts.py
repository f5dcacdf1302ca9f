"""Alerts in the journal: where each stands, and which messages of it are still to be sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from cloud_bridge.floor_contract import AlertChangedV1
from edge_agent.clock import datetime_of
from edge_agent.floor.findings import AlertKind
from edge_agent.journal.books import to_ms
from edge_agent.journal.lanes.events import Query
from kiosk_ui.staff.board import AlertState, Severity

ALERTS_KEPT_MAX = 5_000
"""Resolved alerts kept; the oldest go first, and their messages with them. The events of the ledger stay."""
PUSHES_READ_MAX = 50
_UNITS_MAX = 1_000_000

TABLES: tuple[str, ...] = (
    """CREATE TABLE alerts(
        alert TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL,
        zone TEXT NOT NULL, facts BLOB NOT NULL, raised_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
        claimed_by TEXT, until_ms INTEGER, due_ms INTEGER, escalation INTEGER NOT NULL, version INTEGER NOT NULL
        ) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX alerts_open ON alerts(kind, subject) WHERE state <> 'resolved'",
    "CREATE INDEX alerts_resolved ON alerts(changed_ms) WHERE state = 'resolved'",
    """CREATE TABLE pushes(
        alert TEXT NOT NULL, state TEXT NOT NULL, level INTEGER NOT NULL, destination TEXT NOT NULL,
        due_ms INTEGER NOT NULL, queued_ms INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        begun INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT 'waiting', reason TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (alert, state, level, destination)) WITHOUT ROWID""",
    "CREATE INDEX pushes_waiting ON pushes(destination, due_ms) WHERE outcome = 'waiting'",
)
"""What the third step of the schema adds for alerts. The index lets no second alert of one subject be open."""


class PushOutcome(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it stands. ``due`` is when it goes on by itself; ``version`` counts its steps from 1."""

    id: str
    kind: AlertKind
    subject: str
    severity: Severity
    state: AlertState
    raised_at: datetime
    changed_at: datetime
    zone: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    claimed_by: str | None = None
    until: datetime | None = None
    due: datetime | None = None
    escalation: int = 0
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.state is not AlertState.RESOLVED


@dataclass(frozen=True, slots=True)
class PushKey:
    """One message: of one state of one alert, to one destination. ``level`` tells one escalation from the next."""

    alert: str
    state: AlertState
    level: int
    destination: str


@dataclass(frozen=True, slots=True)
class KeptPush:
    """A message to send. It must not go before ``due``, and was first to be sent at ``queued_at``.

    ``begun`` counts how often its sending began without its end being known: a gateway that was killed in between.
    """

    key: PushKey
    due: datetime
    queued_at: datetime
    attempts: int = 0
    begun: int = 0
    outcome: PushOutcome = PushOutcome.WAITING
    reason: str = ""


class StaleAlertError(RuntimeError):
    """An alert went on in the meantime: a bug, as whoever changes alerts takes turns."""


_ALERT = """SELECT alert, kind, subject, severity, state, raised_ms, changed_ms, zone, facts, claimed_by, until_ms,
    due_ms, escalation, version FROM alerts"""
_PUSH = "SELECT alert, state, level, destination, due_ms, queued_ms, attempts, begun, outcome, reason FROM pushes"


class AlertQueries(Query):
    """Reading alerts."""

    def open_alerts(self) -> list[KeptAlert]:
        """Every alert that is not resolved, oldest first."""
        rows = self._connection.execute(f"{_ALERT} WHERE state <> 'resolved' ORDER BY raised_ms, alert")
        return [_alert(row) for row in rows]

    def resolved_alerts(self, *, since: datetime, limit: int) -> list[KeptAlert]:
        """The alerts that were resolved since then, newest first."""
        rows = self._connection.execute(
            f"{_ALERT} WHERE state = 'resolved' AND changed_ms >= ? ORDER BY changed_ms DESC, alert LIMIT ?",
            (to_ms(since), limit),
        )
        return [_alert(row) for row in rows]

    def kept_alert(self, alert_id: str) -> KeptAlert | None:
        """One alert, open or resolved."""
        row = self._connection.execute(f"{_ALERT} WHERE alert = ?", (alert_id,)).fetchone()
        return _alert(row) if row else None

    def pushes_due(self, destination: str, at: datetime, limit: int = PUSHES_READ_MAX) -> list[KeptPush]:
        """The messages to send to a destination now, in the order in which they fell due."""
        rows = self._connection.execute(
            f"""{_PUSH} WHERE outcome = 'waiting' AND destination = ? AND due_ms <= ?
                ORDER BY due_ms, queued_ms, alert LIMIT ?""",
            (destination, to_ms(at), limit),
        )
        return [_push(row) for row in rows]

    def next_push(self, destination: str) -> datetime | None:
        """When the next message to a destination falls due; ``None`` when none waits."""
        row = self._connection.execute(
            "SELECT min(due_ms) FROM pushes WHERE outcome = 'waiting' AND destination = ?", (destination,)
        ).fetchone()
        return None if row[0] is None else datetime_of(row[0])

    def pushes_of(self, alert_id: str) -> list[KeptPush]:
        """Every message of an alert, in the order in which they were to be sent."""
        rows = self._connection.execute(f"{_PUSH} WHERE alert = ? ORDER BY queued_ms, due_ms, destination", (alert_id,))
        return [_push(row) for row in rows]

    def push_destinations(self) -> set[str]:
        """The destinations for which messages wait."""
        rows = self._connection.execute("SELECT DISTINCT destination FROM pushes WHERE outcome = 'waiting'")
        return {str(name) for (name,) in rows}

    def pushes_waiting(self) -> dict[str, int]:
        """How many messages wait, by destination."""
        rows = self._connection.execute(
            "SELECT destination, count(*) FROM pushes WHERE outcome = 'waiting' GROUP BY destination"
        )
        return {str(name): int(count) for name, count in rows}


class AlertKeeping(AlertQueries):
    """Writing alerts."""

    def keep_alert(self, alert: KeptAlert) -> None:
        """Put an alert where it stands now: a new one, or the step after the kept one.

        Raises :class:`StaleAlertError` when that is not the step before.
        """
        done = self._connection.execute(
            """INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (alert) DO UPDATE SET severity = excluded.severity, state = excluded.state,
                    zone = excluded.zone, facts = excluded.facts, raised_ms = excluded.raised_ms,
                    changed_ms = excluded.changed_ms, claimed_by = excluded.claimed_by, until_ms = excluded.until_ms,
                    due_ms = excluded.due_ms, escalation = excluded.escalation, version = excluded.version
                WHERE alerts.version = excluded.version - 1""",
            _columns(alert),
        )
        if done.rowcount != 1:
            raise StaleAlertError(f"the alert {alert.id} is not at its step {alert.version - 1}")

    def move_pushes(self, by: timedelta) -> None:
        """The clock was set: messages that wait are no older for it, and none waits for a time that is far off now."""
        by_ms = by // timedelta(milliseconds=1)
        self._connection.execute(
            "UPDATE pushes SET queued_ms = queued_ms + ?, due_ms = due_ms + ? WHERE outcome = 'waiting'",
            (by_ms, min(0, by_ms)),
        )

    def queue_push(self, key: PushKey, *, due: datetime) -> None:
        """Have a message sent from ``due`` on: once ever. One that was withdrawn unsent waits again."""
        self._connection.execute(
            """INSERT INTO pushes(alert, state, level, destination, due_ms, queued_ms) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET outcome = 'waiting', reason = '', attempts = 0, begun = 0,
                    due_ms = excluded.due_ms, queued_ms = excluded.queued_ms
                WHERE pushes.outcome = 'withdrawn'""",
            (*_key(key), to_ms(due), to_ms(due)),
        )

    def told(self, alert_id: str, among: Collection[str]) -> list[str]:
        """Those of the destinations that were called because of an alert."""
        rows = self._connection.execute(
            """SELECT DISTINCT destination FROM pushes WHERE alert = ? AND outcome = 'sent'
                AND state IN ('raised', 'escalated') ORDER BY destination""",
            (alert_id,),
        )
        return [str(name) for (name,) in rows if name in among]

    def withdraw_pushes(self, alert_id: str, states: Iterable[AlertState]) -> list[KeptPush]:
        """Send no message of these states of an alert any more; returns those that were still waiting."""
        withdrawn = []
        for state in states:
            rows = self._connection.execute(
                """UPDATE pushes SET outcome = 'withdrawn' WHERE alert = ? AND state = ? AND outcome = 'waiting'
                    RETURNING alert, state, level, destination, due_ms, queued_ms, attempts, begun, outcome, reason""",
                (alert_id, state.value),
            )
            withdrawn += [_push(row) for row in rows]
        return withdrawn

    def begin_push(self, key: PushKey) -> bool:
        """A message is about to be sent; until it is settled or put off, nobody knows whether it was.

        ``False``: it was withdrawn, and must not be.
        """
        done = self._connection.execute(
            """UPDATE pushes SET begun = begun + 1
                WHERE alert = ? AND state = ? AND level = ? AND destination = ? AND outcome = 'waiting'""",
            _key(key),
        )
        return done.rowcount == 1

    def settle_push(self, key: PushKey, outcome: PushOutcome, reason: str = "") -> None:
        """A message was tried: that is what became of it, whatever was meant with it since."""
        self._connection.execute(
            """UPDATE pushes SET outcome = ?, reason = ?, attempts = attempts + 1
                WHERE alert = ? AND state = ? AND level = ? AND destination = ?""",
            (outcome.value, reason[:300], *_key(key)),
        )

    def put_off_push(self, key: PushKey, *, until: datetime, reason: str) -> None:
        """A message was tried and could not be sent; it is tried again then, unless it was withdrawn meanwhile."""
        self._connection.execute(
            """UPDATE pushes SET due_ms = ?, reason = ?, attempts = attempts + 1, begun = 0
                WHERE alert = ? AND state = ? AND level = ? AND destination = ? AND outcome = 'waiting'""",
            (to_ms(until), reason[:300], *_key(key)),
        )

    def forget_alerts(self, kept_max: int = ALERTS_KEPT_MAX) -> None:
        """Let the oldest resolved alerts go, with their messages."""
        old = self._connection.execute(
            "SELECT alert FROM alerts WHERE state = 'resolved' ORDER BY changed_ms DESC LIMIT 100 OFFSET ?", (kept_max,)
        ).fetchall()
        self._connection.executemany("DELETE FROM pushes WHERE alert = ?", old)
        self._connection.executemany("DELETE FROM alerts WHERE alert = ?", old)


def change_of(alert: KeptAlert, *, reason: str, actor: str = "", role: str = "") -> AlertChangedV1:
    """How an alert stands, for the cloud."""
    units = alert.facts.get("units")
    return AlertChangedV1(
        alert=alert.id,
        kind=alert.kind.value,
        subject=alert.subject,
        state=alert.state.value,
        severity=alert.severity.value,
        zone=alert.zone,
        sku=str(alert.facts.get("sku", ""))[:80],
        units=min(max(units, 0), _UNITS_MAX) if isinstance(units, int) else None,
        reason=reason[:300],
        until=None if alert.until is None else alert.until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        escalation=min(alert.escalation, 10),
        actor=actor[:80],
        role=role[:20],
    )


def _columns(alert: KeptAlert) -> tuple[Any, ...]:
    return (
        alert.id,
        alert.kind.value,
        alert.subject,
        alert.severity.value,
        alert.state.value,
        alert.zone,
        orjson.dumps(dict(alert.facts)),
        to_ms(alert.raised_at),
        to_ms(alert.changed_at),
        alert.claimed_by,
        None if alert.until is None else to_ms(alert.until),
        None if alert.due is None else to_ms(alert.due),
        alert.escalation,
        alert.version,
    )


def _alert(row: tuple[Any, ...]) -> KeptAlert:
    alert, kind, subject, severity, state, raised_ms, changed_ms, zone, facts, claimed_by, until_ms, due_ms = row[:12]
    return KeptAlert(
        id=alert,
        kind=AlertKind(kind),
        subject=subject,
        severity=Severity(severity),
        state=AlertState(state),
        raised_at=datetime_of(raised_ms),
        changed_at=datetime_of(changed_ms),
        zone=zone,
        facts=orjson.loads(facts),
        claimed_by=claimed_by,
        until=None if until_ms is None else datetime_of(until_ms),
        due=None if due_ms is None else datetime_of(due_ms),
        escalation=row[12],
        version=row[13],
    )


def _key(key: PushKey) -> tuple[str, str, int, str]:
    return key.alert, key.state.value, key.level, key.destination


def _push(row: tuple[Any, ...]) -> KeptPush:
    key = PushKey(row[0], AlertState(row[1]), row[2], row[3])
    return KeptPush(key, datetime_of(row[4]), datetime_of(row[5]), row[6], row[7], PushOutcome(row[8]), row[9])
