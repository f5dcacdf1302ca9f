"""The alerts of one store: what rooms find, dwelt on, becomes alerts; time and people move them on.

Nothing here reads a clock or writes: :meth:`Alerts.find`, :meth:`Alerts.tick` and :meth:`Alerts.act` compute
:class:`Steps`, the caller writes them in his transaction, and :meth:`Alerts.accept` believes them after the commit.
From computing to accepting, hold :attr:`Alerts.turn`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.alerts.kinds import SUPERSEDED_BY, SUPERSEDES, Kind, kinds_of
from edge_agent.alerts.lifecycle import CALLS, AlertEvent, Refusal, after
from edge_agent.alerts.routing import Called, Routing
from edge_agent.alerts.schedule import Schedule
from edge_agent.alerts.steps import Messages, Step, Steps
from edge_agent.alerts.views import Facts, tidy, view_of
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.bell import Bell
from edge_agent.floor.findings import JOURNAL, AlertKind, Finding, Holds
from edge_agent.journal import Reader
from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.staff.board import AlertState, AlertView, urgency

ALERTS_OPEN_MAX = 1_000
"""More are not raised: a store in which so much is wrong has one thing wrong."""
CONDITIONS_MAX = 10_000
"""Of more subjects nothing is remembered."""
RESOLVED_SHOWN_MAX = 20
AFTER_START = timedelta(minutes=2)
"""After a start, nothing that came due before it happens sooner."""
ESCALATION_MAX = 10

Key = tuple[AlertKind, str]
_UNSAFE: Key = (AlertKind.DURABILITY, JOURNAL)


@dataclass(slots=True)
class _Condition:
    """What a room said last of one subject, and since when it has been saying so."""

    holds: bool
    since: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to an alert; ``event`` is one of a person's."""

    event: AlertEvent
    actor: str = ""
    role: str = ""
    snooze: timedelta = timedelta(minutes=30)


class Alerts:
    """Every alert that is open, and those that were resolved a moment ago."""

    def __init__(
        self,
        settings: AlertSettings,
        kept: Iterable[KeptAlert] = (),
        *,
        timezone: str = "UTC",
        draw_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.turn = asyncio.Lock()
        """Whoever moves alerts on takes turns: nobody may compute from what is about to change."""
        self.queued = Bell()
        """Rung when there are messages to send, or fewer."""
        self._schedule = Schedule(settings, ZoneInfo(timezone))
        self.unraised = 0
        """How many were not raised at the last tick, because :data:`ALERTS_OPEN_MAX` were open."""
        self._settings = settings
        self._kinds = kinds_of(settings)
        self._routing = Routing(self._schedule)
        self._draw_id = draw_id
        self._conditions: dict[Key, _Condition] = {}
        self._open: dict[Key, KeptAlert] = {}
        self._resolved: dict[Key, KeptAlert] = {}
        self._held: KeptAlert | None = None
        self._has_begun = False
        for alert in kept:
            self._put(alert)

    @classmethod
    def load(cls, reader: Reader, settings: AlertSettings, *, timezone: str = "UTC") -> Alerts:
        """As the journal has them; their timers go on from the times kept there."""
        resolved = reader.resolved_alerts(since=datetime.min.replace(tzinfo=ZoneInfo("UTC")), limit=ALERTS_OPEN_MAX)
        return cls(settings, (*reversed(resolved), *reader.open_alerts()), timezone=timezone)

    def find(self, now: datetime, findings: Iterable[Finding]) -> Steps:
        """Hear what rooms find; returns what follows of it at once."""
        self._begin(now)
        keys = [self._hear(now, finding) for finding in findings]
        return self._due(now, dict.fromkeys(keys))

    def tick(self, now: datetime) -> Steps:
        """What follows of the time that has passed. Whatever was computed and never accepted is computed again."""
        self.unraised = 0
        self._begin(now)
        held = () if self._held is None else (_UNSAFE,)
        return self._due(now, dict.fromkeys((*self._conditions, *self._open, *held)))

    def act(self, now: datetime, alert_id: str, act: Act) -> Steps | Refusal:
        """What follows of what somebody does; a reason when nothing does."""
        alert = self.named(alert_id)
        if alert is None:
            return Refusal.GONE
        outcome = self._refused(alert, act) or after(alert.state, act.event)
        if isinstance(outcome, Refusal):
            return outcome
        return Steps((self._step(alert, act.event, now, act),))

    def accept(self, steps: Steps) -> None:
        """It is in the journal now, so it is so."""
        for step in steps.steps:
            self._put(step.alert)
            if not step.alert.is_open and not self._kinds[step.alert.kind].is_sensed:
                # It happened once and was looked into: only if it is found again, it happened again.
                self._conditions.pop((step.alert.kind, step.alert.subject), None)
        if steps:
            self.queued.ring()

    def clock_moved(self, by: timedelta) -> None:
        """The clock was set: all that waits goes on waiting for as long as it had to."""
        for condition in self._conditions.values():
            condition.since += by
        for key, alert in self._open.items():
            due, until = (None if moment is None else moment + by for moment in (alert.due, alert.until))
            self._open[key] = replace(alert, due=due, until=until)

    def hold(self, now: datetime, reason: str) -> bool:
        """The journal takes nothing: the alert that says so is held in memory until it does. Whether that is news.

        It is raised like any other as soon as it can be, even if all is well again by then: it was so.
        """
        kind = self._kinds[AlertKind.DURABILITY]
        if self._held is not None or _UNSAFE in self._open or not kind.is_raised:
            return False
        condition = _Condition(holds=True, since=now, facts=tidy({"reason": reason}))
        self._held = replace(self._new(now, _UNSAFE, kind, condition).alert, due=None)
        self.queued.ring()
        return True

    def is_held(self, alert_id: str) -> bool:
        """Whether it is in memory only, so that nothing can be done to it."""
        return self._held is not None and self._held.id == alert_id

    def held_for(self, destination: str, now: datetime) -> KeptAlert | None:
        """What a destination should be told although the journal cannot take it."""
        alert = self._held
        if alert is None or AlertState.RAISED not in self._tells(destination):
            return None
        targets = self._routing.targets(Called(alert.kind, alert.zone, alert.severity), now)
        return alert if any(one.destination == destination and one.not_before <= now for one in targets) else None

    def shift(self, now: datetime) -> str | None:
        """Who is on duty, by the plan of shifts."""
        return self._schedule.shift_now(now)

    def is_quiet(self, now: datetime) -> bool:
        """Whether only what is urgent is pushed."""
        return self._schedule.is_quiet(now)

    def named(self, alert_id: str) -> KeptAlert | None:
        """An alert that is open or was resolved a moment ago, with the newest facts."""
        everything = (*self._open.values(), *self._resolved.values())
        found = next((alert for alert in everything if alert.id == alert_id), None)
        return None if found is None else self._with_facts(found)

    def views(self) -> tuple[AlertView, ...]:
        """For the board, in its order: open ones, then the last that were resolved."""
        resolved = sorted(self._resolved.values(), key=lambda alert: alert.changed_at)[-RESOLVED_SHOWN_MAX:]
        held = () if self._held is None else (self._held,)
        everything = sorted((*held, *self._open.values(), *resolved), key=urgency)
        return tuple(view_of(self._with_facts(one), is_recorded=one is not self._held) for one in everything)

    def open_by_kind(self) -> dict[AlertKind, int]:
        """How many are open, of every kind."""
        counted = Counter(kind for kind, _ in self._open)
        if self._held is not None:
            counted[self._held.kind] += 1
        return {kind: counted[kind] for kind in AlertKind}

    def _begin(self, now: datetime) -> None:
        """What came due while nothing ran waits for sensors to say that it is still so, and for people to come.

        It waits as long as it is late, at least :data:`AFTER_START`, and never longer than it would from the start.
        """
        overdue = {} if self._has_begun else {k: a for k, a in self._open.items() if a.due is not None and a.due <= now}
        self._has_begun = True
        for key, alert in overdue.items():
            afresh = self._told(Step(alert, None), now).alert.due or now
            late = now + max(AFTER_START, now - (alert.due or now))
            due = now + AFTER_START if alert.state is AlertState.SNOOZED else min(afresh, late)
            self._open[key] = replace(alert, due=due)

    def _hear(self, now: datetime, finding: Finding) -> Key:
        key = (finding.kind, finding.subject)
        condition = self._conditions.get(key)
        holds = finding.holds is Holds.YES
        if condition is None:
            # What is unsure of something nobody spoke of before changes nothing; nor does the end of what never was.
            if (holds or (finding.holds is Holds.NO and key in self._open)) and len(self._conditions) < CONDITIONS_MAX:
                self._conditions[key] = _Condition(holds, now, tidy(finding.facts))
            return key
        condition.facts = {**condition.facts, **tidy(finding.facts)}
        if finding.holds is not Holds.UNSURE and condition.holds is not holds:
            condition.holds, condition.since = holds, now
        return key

    def _due(self, now: datetime, keys: Iterable[Key]) -> Steps:
        steps: dict[Key, Step] = {}
        # The graver first: what it says makes the other say nothing.
        for key in sorted(keys, key=lambda key: key[0] not in SUPERSEDES):
            if key not in steps:
                steps.update(self._due_of(now, key, room=ALERTS_OPEN_MAX - len(self._open) - len(steps)))
        return Steps(tuple(steps.values()))

    def _due_of(self, now: datetime, key: Key, *, room: int) -> dict[Key, Step]:
        condition, alert = self._conditions.get(key), self._open.get(key)
        if alert is None and key == _UNSAFE and self._held is not None:
            return {key: self._told(Step(replace(self._held, changed_at=max(now, self._held.raised_at)), None), now)}
        if alert is None:
            return self._raised(now, key, condition, room=room) if condition is not None else {}
        kind = self._kinds[alert.kind]
        event = None
        if self._graver(key) in self._open:
            event = AlertEvent.SUPERSEDED
        elif condition is not None and not condition.holds and now - condition.since >= kind.clear_after:
            event = AlertEvent.CLEARED
        elif alert.due is not None and now >= alert.due:
            event = _TIMERS[alert.state]
        return {key: self._step(alert, event, now)} if event is not None else {}

    def _raised(self, now: datetime, key: Key, condition: _Condition, *, room: int) -> dict[Key, Step]:
        kind = self._kinds[key[0]]
        if not condition.holds:
            self._conditions.pop(key)
            return {}
        graver = self._conditions.get(self._graver(key))
        is_silenced = self._graver(key) in self._open or (graver is not None and graver.holds)
        if is_silenced or not kind.is_raised or now - condition.since < kind.raise_after:
            return {}
        if room <= 0:
            self.unraised += 1
            return {}
        steps = {key: self._reopened(now, key, kind, condition) or self._new(now, key, kind, condition)}
        lesser = (SUPERSEDES.get(key[0], key[0]), key[1])
        if lesser != key and lesser in self._open:
            steps[lesser] = self._step(self._open[lesser], AlertEvent.SUPERSEDED, now)
        return steps

    def _reopened(self, now: datetime, key: Key, kind: Kind, condition: _Condition) -> Step | None:
        last = self._resolved.get(key)
        if last is None or not kind.is_sensed or now - last.changed_at > self._reopen:
            return None
        # What is so now, not how it was when all was well: "14 left" would call nobody to an empty shelf.
        found = replace(last, facts={**last.facts, **condition.facts})
        return self._step(found, AlertEvent.CAME_BACK, now)

    def _new(self, now: datetime, key: Key, kind: Kind, condition: _Condition) -> Step:
        alert = KeptAlert(
            id=self._draw_id(),
            kind=key[0],
            subject=key[1],
            severity=kind.severity,
            state=AlertState.RAISED,
            raised_at=now,
            changed_at=now,
            zone=_zone(condition.facts),
            facts=condition.facts,
        )
        return self._told(Step(alert, None), now)

    def _step(self, alert: KeptAlert, event: AlertEvent, now: datetime, act: Act | None = None) -> Step:
        state = AlertState(after(alert.state, event))
        alert = self._with_facts(alert)
        moved = replace(
            alert,
            state=state,
            severity=self._kinds[alert.kind].severity,
            zone=_zone(alert.facts),
            changed_at=max(now, alert.changed_at),
            claimed_by=act.actor if act is not None and state is AlertState.ACKNOWLEDGED else None,
            until=now + act.snooze if act is not None and state is AlertState.SNOOZED else None,
            escalation=self._escalation(alert, event, state),
            version=alert.version + 1,
        )
        is_quiet = alert.state is AlertState.SNOOZED or event is AlertEvent.SUPERSEDED
        step = Step(moved, event, actor=act.actor if act else "", role=act.role if act else "")
        return self._waited(alert, self._told(step, now, is_quiet=is_quiet), now)

    def _waited(self, before: KeptAlert, step: Step, now: datetime) -> Step:
        """The step, with the minutes in which nobody came: what flaps wears them out like what stays."""
        if before.due is None:
            return step
        due = step.alert.due
        if before.state is AlertState.RAISED and step.event in _BY_ITSELF:
            due = before.due  # A resolved alert goes nowhere by itself: this is what is left, should it come back.
        elif step.event is AlertEvent.CAME_BACK and due is not None:
            left = max(before.due - before.changed_at, timedelta())
            called = Called(before.kind, step.alert.zone, step.alert.severity)
            due = min(due, self._routing.waking(called, now + left))
        return replace(step, alert=replace(step.alert, due=due))

    def _told(self, step: Step, now: datetime, *, is_quiet: bool = False) -> Step:
        """The step with its timer and its messages. ``is_quiet``: nobody hears of its end."""
        alert = step.alert
        called = Called(alert.kind, alert.zone, alert.severity, alert.escalation)
        messages, due = Messages(), None
        if alert.state in CALLS:
            targets = tuple(t for t in self._routing.targets(called, now) if alert.state in self._tells(t.destination))
            messages = Messages(targets)
            if alert.escalation < self._routing.top:
                due = self._unclaimed(called, now)
        elif alert.state is AlertState.SNOOZED:
            due = alert.until
        elif alert.state is AlertState.ACKNOWLEDGED:
            due = now + timedelta(minutes=self._settings.claim_minutes)
            messages = Messages(echoes=self._tellers(alert.state), echo_at=now)
        elif not is_quiet:
            # Told only once it stays so: whoever hears "resolved" twice in a minute believes neither.
            echo_at = self._routing.waking(called, now + self._reopen)
            messages = Messages(echoes=self._tellers(alert.state), echo_at=echo_at)
        return replace(step, alert=replace(alert, due=due), messages=messages)

    def _unclaimed(self, called: Called, now: datetime) -> datetime:
        minutes = getattr(self._settings.unclaimed_minutes, called.severity.value)
        return self._routing.waking(called, self._routing.first_call(called, now) + timedelta(minutes=minutes))

    def _escalation(self, alert: KeptAlert, event: AlertEvent, state: AlertState) -> int:
        if event is AlertEvent.CAME_BACK:
            return 0
        return min(alert.escalation + 1, ESCALATION_MAX) if state is AlertState.ESCALATED else alert.escalation

    def _refused(self, alert: KeptAlert, act: Act) -> Refusal | None:
        if act.event is AlertEvent.ESCALATE and alert.state is AlertState.ESCALATED:
            return Refusal.HIGHEST if alert.escalation >= self._routing.top else None
        kind, condition = self._kinds[alert.kind], self._conditions.get((alert.kind, alert.subject))
        if act.event is AlertEvent.RESOLVE and alert.is_open and kind.is_sensed and kind.is_raised:
            return Refusal.STILL_SO if condition is not None and condition.holds else None
        return None

    def _graver(self, key: Key) -> Key:
        """What supersedes it; a key that nothing is kept under where nothing does."""
        graver = SUPERSEDED_BY.get(key[0])
        return (graver, key[1]) if graver is not None else (key[0], "")

    def _with_facts(self, alert: KeptAlert) -> KeptAlert:
        condition = self._conditions.get((alert.kind, alert.subject))
        return replace(alert, facts={**alert.facts, **condition.facts}) if condition and alert.is_open else alert

    def _put(self, alert: KeptAlert) -> None:
        key = (alert.kind, alert.subject)
        self._open.pop(key, None)
        self._resolved.pop(key, None)
        if key == _UNSAFE:
            self._held = None
        (self._open if alert.is_open else self._resolved)[key] = alert
        if len(self._resolved) > ALERTS_OPEN_MAX:
            self._resolved.pop(next(iter(self._resolved)))

    def _tells(self, destination: str) -> tuple[AlertState, ...]:
        return next((one.tell for one in self._settings.destinations if one.name == destination), ())

    def _tellers(self, state: AlertState) -> frozenset[str]:
        return frozenset(one.name for one in self._settings.destinations if state in one.tell)

    @property
    def _reopen(self) -> timedelta:
        return timedelta(minutes=self._settings.reopen_minutes)


_BY_ITSELF = frozenset({AlertEvent.CLEARED, AlertEvent.SUPERSEDED})
"""Ends that no person brought about."""
_TIMERS = {
    AlertState.RAISED: AlertEvent.UNCLAIMED,
    AlertState.ESCALATED: AlertEvent.UNCLAIMED,
    AlertState.SNOOZED: AlertEvent.SNOOZE_ENDED,
    AlertState.ACKNOWLEDGED: AlertEvent.RELEASED,
}


def _zone(facts: Facts) -> str:
    return str(facts.get("zone", ""))[:40]
