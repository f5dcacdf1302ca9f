"""Whatever happens in whatever order: one open alert of a subject, told or to be told; a restart loses nothing."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from edge_agent.alerts.engine import Alerts
from edge_agent.alerts.lifecycle import CALLS
from edge_agent.floor.findings import AlertKind, Finding, Holds
from edge_agent.journal.floor.alerts import PushOutcome
from kiosk_ui.staff.board import AlertState
from tests.unit.edge.alerts_bench import ZONE, AlertBench, alert_bench, alert_settings

T = TypeVar("T")
KINDS = st.sampled_from([AlertKind.LOW_STOCK, AlertKind.STOCK_OUT, AlertKind.TEMPERATURE, AlertKind.CARD_COPIED])
SUBJECTS = st.sampled_from(["A1", "B2"])
ACTS = st.sampled_from(["acknowledge", "snooze", "wake", "escalate", "resolve"])
PEOPLE = st.sampled_from(["Li Wei", "Zhang Min", ""])
SPANS_S = st.sampled_from([0.2, 1.0, 5.0, 150.0, 700.0, 2_000.0, 40_000.0])
OUTCOMES = {PushOutcome.WAITING, PushOutcome.SENT}


class Floor(RuleBasedStateMachine):
    """A store in which anything happens; the bench lives in an event loop of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()

    @initialize(is_quiet_at_night=st.booleans())
    def begin(self, *, is_quiet_at_night: bool) -> None:
        changes: dict[str, Any] = {"quiet_hours": [{"from": "22:00", "to": "07:00"}]} if is_quiet_at_night else {}
        self.bench: AlertBench = self.do(
            lambda: self.stack.enter_async_context(alert_bench(Path(self.folder.name), **changes))
        )

    def do(self, act: Callable[[], Awaitable[T]]) -> T:
        async def run() -> T:
            return await act()

        return self.loop.run_until_complete(run())

    def teardown(self) -> None:
        self.do(self.stack.aclose)
        self.loop.close()
        self.folder.cleanup()

    @rule(kind=KINDS, subject=SUBJECTS, holds=st.sampled_from(Holds), units=st.integers(0, 30))
    def finds(self, *, kind: AlertKind, subject: str, holds: Holds, units: int) -> None:
        self.do(lambda: self.bench.finds(Finding(kind, subject, holds, {"units": units})))

    @rule(kind=KINDS, subject=SUBJECTS)
    def goes_wrong_for_good(self, *, kind: AlertKind, subject: str) -> None:
        self.do(lambda: self.bench.finds(Finding(kind, subject, Holds.YES)))
        self.do(lambda: self.bench.passes(seconds=150))

    @rule(span_s=SPANS_S)
    def passes(self, *, span_s: float) -> None:
        self.do(lambda: self.bench.passes(seconds=span_s))

    @rule(span_s=SPANS_S)
    def clock_jumps_back(self, *, span_s: float) -> None:
        self.bench.hands.wall_ns -= int(span_s * 1e9)

    @rule(act=ACTS, actor=PEOPLE, which=st.integers(0, 10), minutes=st.integers(1, 90))
    def acts(self, *, act: str, actor: str, which: int, minutes: int) -> None:
        views = self.bench.alerts.views()
        if views:
            alert = views[which % len(views)].id
            self.do(lambda: self.bench.acts(act, actor, alert=alert, minutes=minutes))

    @rule()
    def delivers(self) -> None:
        self.do(self.bench.delivers)

    @rule()
    def restarts(self) -> None:
        before = [view for view in self.bench.alerts.views() if view.state is not AlertState.RESOLVED]
        self.do(self.bench.restarts)
        after = [view for view in self.bench.alerts.views() if view.state is not AlertState.RESOLVED]
        # Facts are levels: what a sensor says now is said again, and only what an alert began with is kept.
        assert [view.model_copy(update=_NO_FACTS) for view in after] == [
            view.model_copy(update=_NO_FACTS) for view in before
        ]

    @invariant()
    def one_open_alert_of_a_subject(self) -> None:
        if hasattr(self, "bench"):
            shown = [(v.kind, v.subject) for v in self.bench.alerts.views() if v.state is not AlertState.RESOLVED]
            assert len(shown) == len(set(shown))

    @invariant()
    def whoever_is_called_for_was_or_will_be_told(self) -> None:
        if not hasattr(self, "bench"):
            return
        for view in self.bench.alerts.views():
            if view.state in CALLS:
                pushes = self.do(partial(self.bench.pushes, view.id))
                assert any(push.outcome in OUTCOMES and push.key.state in CALLS for push in pushes)

    @invariant()
    def nobody_is_told_the_same_twice(self) -> None:
        if hasattr(self, "bench"):
            alone = [message for _, message in self.bench.phones.told if not message.title.endswith("条提醒")]
            told = [message.reference for message in alone]
            assert len(told) == len(set(told))

    @invariant()
    def whatever_sleeps_wakes(self) -> None:
        if hasattr(self, "bench"):
            for view in self.bench.alerts.views():
                assert (view.state is AlertState.SNOOZED) == (view.until is not None)


_NO_FACTS = {"facts": {}, "name_zh": "", "name_en": ""}


def test_a_floor_on_which_anything_happens_keeps_its_promises() -> None:
    run_state_machine_as_test(Floor, settings=settings(max_examples=100, stateful_step_count=30))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(st.tuples(st.sampled_from(Holds), st.floats(0.1, 2.0)), max_size=60))
def test_noise_that_never_lasts_raises_nothing_and_what_lasts_is_raised_once(
    words: list[tuple[Holds, float]],
) -> None:
    """A model in a few lines: an alert begins after one second of YES, ends after three of NO, comes back as itself."""
    alerts = Alerts(alert_settings(kinds={"stock_out": {"raise_after_s": 1, "clear_after_s": 3}}), timezone=ZONE)
    now = 1_795_000_000.0
    since, holds, is_open, was_raised = now, False, False, False

    for word, span_s in words:
        alerts.find(_at(now), [Finding(AlertKind.STOCK_OUT, "A1", word)])
        if word is not Holds.UNSURE and (word is Holds.YES) is not holds:
            holds, since = word is Holds.YES, now
        now += span_s
        alerts.accept(alerts.tick(_at(now)))
        if now - since >= 1.0 and holds and not is_open:
            is_open, was_raised = True, True
        elif now - since >= 3.0 and not holds and is_open:
            is_open = False
        open_now = [view for view in alerts.views() if view.state is not AlertState.RESOLVED]
        assert len(open_now) == int(is_open)
    assert len({view.id for view in alerts.views()}) == int(was_raised)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_an_empty_finding_list_follows_with_nothing() -> None:
    alerts = Alerts(alert_settings(), timezone=ZONE)
    assert not alerts.find(_at(1_795_000_000.0), [])
    assert not alerts.find(_at(1_795_000_000.0), [Finding(AlertKind.LOW_STOCK, "A1", Holds.YES)])
