"""Figures for Prometheus, in a registry of this app's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from cloud_bridge.landing.store import LandingResult
from cloud_crm.gateways.schemas import GatewayView


class Link(Protocol):
    """What is asked of the connection to the broker."""

    @property
    def connected(self) -> bool:
        """Whether the broker is reached."""

    @property
    def refusals(self) -> dict[str, int]:
        """What could not be taken so far, by reason."""


class CloudFigures:
    """A Prometheus collector: counts since start, and the stores' figures read when asked."""

    def __init__(self, stores: Callable[[], list[GatewayView]], link: Link) -> None:
        self._stores = stores
        self._link = link
        self._landed = {"applied": 0, "duplicates": 0, "lost": 0}

    def count(self, result: LandingResult) -> None:
        """Add what one group of batches brought."""
        self._landed["applied"] += result.applied
        self._landed["duplicates"] += result.duplicates
        self._landed["lost"] += result.lost

    def registry(self) -> CollectorRegistry:
        """A registry with these figures alone."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return registry

    def describe(self) -> list[Metric]:
        """Nothing is read before it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures now."""
        landed = CounterMetricFamily("regulars_cloud_events", "Events since start, by outcome", labels=["outcome"])
        for outcome, count in self._landed.items():
            landed.add_metric([outcome], count)
        refused = CounterMetricFamily("regulars_cloud_refused", "Messages not taken, by reason", labels=["reason"])
        for reason, count in self._link.refusals.items():
            refused.add_metric([reason], count)
        yield landed
        yield refused
        yield GaugeMetricFamily(
            "regulars_cloud_broker_connected", "1 when the broker is reached", int(self._link.connected)
        )
        try:
            stores = self._stores()
        except SQLAlchemyError:
            return
        yield from _of_stores(stores)


def _of_stores(stores: list[GatewayView]) -> Iterator[Metric]:
    figures: dict[str, tuple[str, Callable[[GatewayView], int]]] = {
        "online": ("1 when the store's gateway is connected", lambda store: int(store.presence == "online")),
        "received": ("Events landed, over all incarnations", lambda store: store.received),
        "lost": ("Events signed as gone, over all incarnations", lambda store: store.lost),
        "queued": ("Events waiting in the store", lambda store: store.queued),
        "quarantined": ("1 while nothing is applied from this store", lambda store: int(store.quarantine is not None)),
        "disputed_postings": ("Postings that cannot stand", lambda store: store.disputed_postings),
        "replica_lag": (
            "Replica versions still to be applied",
            lambda store: store.replica.latest - store.replica.applied,
        ),
    }
    for name, (text, figure) in figures.items():
        gauge = GaugeMetricFamily(f"regulars_store_{name}", text, labels=["gateway"])
        for store in stores:
            gauge.add_metric([store.gateway], figure(store))
        yield gauge
