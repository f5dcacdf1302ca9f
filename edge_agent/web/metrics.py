"""Figures for Prometheus, in a registry of their own; no member, card or receipt is among the labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from devices.observations import DeviceState
from edge_agent.outcomes import (
    CannotBeDone,
    CardRefused,
    CouponShown,
    FormDecided,
    MediumLinked,
    MediumUnknown,
    MemberSeen,
    NothingToShow,
    Outcome,
    SaleDecided,
    SaleWaits,
    VisitEnded,
)
from edge_agent.supervision import HealingFigures, Rung
from kiosk_ui.staff.status import StoreStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TAP_TO_SCREEN_BUCKETS_S = (0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)
_DAY_S = 86_400
_PROCESS_IO = Path("/proc/self/io")


class Metrics:
    """Counts what happens and, when asked, adds how the store stands."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._observations = Counter(
            "regulars_observations",
            "What devices told, by device and kind",
            ["device", "kind"],
            registry=self._registry,
        )
        self._decisions = Counter("regulars_decisions", "What was decided, by kind", ["kind"], registry=self._registry)
        self._tap_to_screen = Histogram(
            "regulars_tap_to_screen_seconds",
            "From a device's word to its screen handed to the kiosk's stream",
            buckets=_TAP_TO_SCREEN_BUCKETS_S,
            registry=self._registry,
        )
        self._rows = self._gauge(
            "regulars_journal_rows", "Loss ledger: recorded = acked + queued + dropped", "lane", "is"
        )
        self._dropped = self._gauge("regulars_journal_dropped_rows", "Rows dropped, by reason", "lane", "reason")
        self._oldest = self._gauge("regulars_oldest_unsent_seconds", "Age of the oldest row not acknowledged", "lane")
        self._devices = self._gauge("regulars_device_state", "1 for the state a device is in", "device", "state")
        self._healing = self._gauge("regulars_device_healing", "How often each rung was used", "device", "rung")
        self._hold_ups = self._gauge(
            "regulars_device_hold_ups", "How often its driver kept all others waiting for more than 50 ms", "device"
        )
        self._link = self._gauge("regulars_link_online", "1 while the cloud answers")
        self._members = self._gauge("regulars_replica_members", "Members known here")
        self._version = self._gauge("regulars_replica_version", "Version of the replica")
        self._undecided = self._gauge("regulars_undecided_facts", "Recorded facts not decided yet")
        self._frozen = self._gauge("regulars_rights_frozen", "1 while nothing can be redeemed here")
        self._held = self._gauge("regulars_rights_points", "Points of all members that can be spent here")
        self._written = self._gauge("regulars_storage_written_bytes", "Bytes this process sent to storage")
        self._written_per_day = self._gauge(
            "regulars_storage_written_bytes_per_day", "The same, at the pace since the start"
        )

    def also(self, figures: Collector) -> None:
        """Tell these, too, as they are when asked."""
        self._registry.register(figures)

    def observed(self, device: str, kind: str) -> None:
        """A device told something."""
        self._observations.labels(device, kind).inc()

    def decided(self, outcome: Outcome) -> None:
        """A fact came through station 5."""
        self._decisions.labels(_kind_of(outcome)).inc()

    def shown(self, latency_s: float) -> None:
        """An outcome reached station 6, ``latency_s`` after its device told of it."""
        self._tap_to_screen.observe(latency_s)

    def healed(self, healing: Mapping[str, HealingFigures]) -> None:
        """What was tried to heal each device, since the start."""
        for device, figures in healing.items():
            for rung in Rung:
                self._healing.labels(device, rung.value).set(figures.rungs.get(rung, 0))
            self._hold_ups.labels(device).set(figures.hold_ups)

    def text(self, status: StoreStatus, *, uptime_s: float) -> bytes:
        """All figures in Prometheus' text format."""
        self._take(status)
        written = _bytes_written()
        self._written.set(written)
        self._written_per_day.set(written / max(uptime_s, 1.0) * _DAY_S)
        return generate_latest(self._registry)

    def _take(self, status: StoreStatus) -> None:
        for lane, view in status.lanes.items():
            for name in ("recorded", "acked", "queued", "dropped"):
                self._rows.labels(lane, name).set(getattr(view, name))
            for reason, count in view.dropped_by_reason.items():
                self._dropped.labels(lane, reason).set(count)
            self._oldest.labels(lane).set(view.oldest_unsent_age_s or 0)
        for device in status.devices:
            for state in DeviceState:
                self._devices.labels(device.name, state.value).set(device.state == state)
        self._link.set(status.link.state == "online")
        self._members.set(status.replica.members)
        self._version.set(status.replica.version)
        self._undecided.set(status.undecided)
        if status.rights is not None:
            self._frozen.set(status.rights.is_frozen)
            self._held.set(status.rights.points_held)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)


def _bytes_written() -> int:
    """What the kernel has sent to storage for this process; 0 where it does not tell."""
    try:
        lines = _PROCESS_IO.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.partition(":")[2]) for line in lines if line.startswith("write_bytes:")), 0)


def _kind_of(outcome: Outcome) -> str:
    """A word for /metrics: ``granted``, ``refused``, or what else came of an observation."""
    if isinstance(outcome, SaleDecided):
        return "granted" if outcome.refused is None else "refused"
    if isinstance(outcome, FormDecided):
        return "form_accepted" if outcome.answer.is_accepted else "form_refused"
    return _KINDS[type(outcome)]


_KINDS: dict[type[object], str] = {
    MemberSeen: "member_seen",
    MediumUnknown: "medium_unknown",
    CardRefused: "card_refused",
    CouponShown: "coupon_shown",
    SaleWaits: "deferred",
    VisitEnded: "visit_ended",
    MediumLinked: "medium_linked",
    CannotBeDone: "refused",
    NothingToShow: "nothing",
}
COUNTED = frozenset({*_KINDS, SaleDecided, FormDecided})
"""Outcomes that have a word; one without it would be no member's fault, and stop what follows of it."""
