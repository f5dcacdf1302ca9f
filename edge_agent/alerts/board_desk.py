"""What staff do at the board: done durably before they are told so, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from edge_agent.alerts.engine import Act, Alerts
from edge_agent.alerts.lifecycle import AlertEvent, Refusal
from edge_agent.alerts.views import view_of
from edge_agent.journal import Journal, JournalError
from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.board import ActResult, AlertState, Board, BoardAct, CountAct

_log = structlog.get_logger("commit")


@dataclass(frozen=True, slots=True)
class BoardTools:
    """What the desk works with. ``alerts`` is the engine, once it is loaded; ``show`` tells whoever shows the board."""

    journal: Journal
    alerts: Callable[[], Alerts]
    board: Callable[[], Board]
    count: Callable[[str, CountAct], Awaitable[ActResult]]
    show: Callable[[], None]
    now: Callable[[], datetime]


class AlertBoardDesk:
    """Serves the staff board."""

    def __init__(self, tools: BoardTools) -> None:
        self._tools = tools

    async def board(self) -> Board:
        """The floor as it is now."""
        return self._tools.board()

    async def act(self, alert_id: str, act: BoardAct) -> ActResult:
        """Do it, durably. Raises :class:`TouchError` when that is not known; doing it again is safe.

        Of two who claim at once, one has it, and the other is answered ``claimed`` with the alert that names the first.
        """
        alerts = self._tools.alerts()
        done = Act(AlertEvent(act.act), actor=" ".join(act.actor.split()), snooze=timedelta(minutes=act.minutes))
        async with alerts.turn:
            if alerts.is_held(alert_id):
                raise TouchError("nothing can be recorded now")
            steps = alerts.act(self._tools.now(), alert_id, done)
            if isinstance(steps, Refusal):
                alert = alerts.named(alert_id)
                is_done = steps is Refusal.CLAIMED and alert is not None and _is_theirs(alert, done.actor)
                view = view_of(alert) if alert is not None else None
                return ActResult(is_done=is_done, reason="" if is_done else steps.value, alert=view)
            try:
                await self._tools.journal.write(steps.write)
            except JournalError as error:
                _log.error("commit", problem="an act at the board cannot be journalled", exc_info=error)
                raise TouchError("not known to be recorded") from error
            alerts.accept(steps)
        self._tools.show()
        return ActResult(is_done=True, alert=view_of(steps.steps[0].alert))

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Take a count by hand, durably."""
        return await self._tools.count(slot, count)


def _is_theirs(alert: KeptAlert, actor: str) -> bool:
    """Whoever taps twice is told that it is done, not that somebody else was faster."""
    return alert.state is AlertState.ACKNOWLEDGED and bool(actor) and alert.claimed_by == actor
