"""What alerts do next, computed and not yet so: written in the caller's transaction, believed after its commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloud_bridge.floor_contract import AlertChangedV1, AlertPushedV1
from edge_agent.alerts.lifecycle import CALLS, AlertEvent
from edge_agent.alerts.routing import Target
from edge_agent.journal import Transaction
from edge_agent.journal.floor.alerts import KeptAlert, KeptPush, PushKey, PushOutcome, change_of
from kiosk_ui.staff.board import AlertState

_ENDS = (AlertState.RESOLVED, AlertState.ACKNOWLEDGED)
_CALLED_FOR = (AlertState.RAISED, AlertState.ESCALATED, AlertState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Messages:
    """Whom a step calls (``targets``), and who of those called before hears of it (``echoes``, from ``echo_at`` on)."""

    targets: tuple[Target, ...] = ()
    echoes: frozenset[str] = frozenset()
    echo_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One alert goes on. ``actor`` and ``role`` did it, if anybody."""

    alert: KeptAlert
    event: AlertEvent | None
    """``None``: it is raised."""
    messages: Messages = Messages()
    actor: str = ""
    role: str = ""

    def write(self, tx: Transaction) -> None:
        """The alert's row, its event and its messages."""
        alert = self.alert
        tx.keep_alert(alert)
        tx.record(_changed(self))
        # What calls for somebody is withdrawn once somebody came, and the other way round.
        for push in tx.withdraw_pushes(alert.id, _ENDS if alert.state in CALLS else _CALLED_FOR):
            tx.record(pushed(push, PushOutcome.WITHDRAWN, push.attempts))
        level = alert.escalation if alert.state is AlertState.ESCALATED else 0
        for target in self.messages.targets:
            key = PushKey(alert.id, alert.state, level, target.destination)
            tx.queue_push(key, due=target.not_before)
        if self.messages.echo_at is not None:
            for name in tx.told(alert.id, self.messages.echoes):
                key = PushKey(alert.id, alert.state, level, name)
                tx.queue_push(key, due=self.messages.echo_at)
        if not alert.is_open:
            tx.forget_alerts()


@dataclass(frozen=True, slots=True)
class Steps:
    """What happens next, of several alerts at once. Nothing (``not steps``) costs nothing."""

    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def write(self, tx: Transaction) -> None:
        """Write all of it. May be run again when the transaction is."""
        for step in self.steps:
            step.write(tx)


def pushed(push: KeptPush, outcome: PushOutcome, attempts: int) -> AlertPushedV1:
    """The event that tells what became of a message."""
    return AlertPushedV1(
        alert=push.key.alert,
        state=push.key.state.value,
        destination=push.key.destination,
        outcome=outcome.value,
        attempts=min(attempts, 1_000),
    )


def _changed(step: Step) -> AlertChangedV1:
    reason = step.event.value if step.event is not None else str(step.alert.facts.get("reason", ""))
    return change_of(step.alert, reason=reason, actor=step.actor, role=step.role)
