"""What each kind of alert is: how urgent, how long it must be so, and whether a sensor can say that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.findings import AlertKind
from kiosk_ui.staff.board import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert. ``raise_after`` and ``clear_after`` are its dwell.

    ``is_sensed``: a sensor says when it is over, so nobody's hand can say it while the sensor says otherwise. What is
    not sensed (goods that left unsold, a copied card) happened once and is over when somebody has looked into it.
    """

    severity: Severity
    raise_after: timedelta
    clear_after: timedelta
    is_sensed: bool = True
    is_raised: bool = True


def _kind(severity: Severity, raise_after_s: int, clear_after_s: int, *, is_sensed: bool = True) -> Kind:
    return Kind(severity, timedelta(seconds=raise_after_s), timedelta(seconds=clear_after_s), is_sensed)


DEFAULTS: dict[AlertKind, Kind] = {
    # A shelf's weight is settled before it is believed, so little is left to wait for.
    AlertKind.LOW_STOCK: _kind(Severity.WARNING, 3, 3),
    AlertKind.STOCK_OUT: _kind(Severity.WARNING, 0, 3),
    AlertKind.OVERSTOCK: _kind(Severity.INFO, 60, 10),
    AlertKind.WRONG_ITEM: _kind(Severity.WARNING, 10, 5),
    AlertKind.MISSING: _kind(Severity.WARNING, 0, 0, is_sensed=False),
    AlertKind.PHANTOM: _kind(Severity.INFO, 0, 0, is_sensed=False),
    # The ladder of self-healing was climbed before this is said at all.
    AlertKind.DEVICE_OFFLINE: _kind(Severity.WARNING, 30, 10),
    AlertKind.TEMPERATURE: _kind(Severity.URGENT, 120, 60),
    # How long a door may stand open is `floor.door_open_minutes`.
    AlertKind.DOOR_OPEN: _kind(Severity.WARNING, 0, 3),
    AlertKind.DURABILITY: _kind(Severity.URGENT, 0, 60),
    AlertKind.CARD_COPIED: _kind(Severity.WARNING, 0, 0, is_sensed=False),
}
"""The product's own table; ``[alerts.kinds]`` changes single cells of it."""

SUPERSEDES: dict[AlertKind, AlertKind] = {AlertKind.STOCK_OUT: AlertKind.LOW_STOCK}
"""The graver kind says all that the other says of the same subject."""
SUPERSEDED_BY = {lesser: graver for graver, lesser in SUPERSEDES.items()}


def kinds_of(settings: AlertSettings) -> dict[AlertKind, Kind]:
    """The table as this store has it."""
    return {kind: _changed(default, settings, kind) for kind, default in DEFAULTS.items()}


def _changed(default: Kind, settings: AlertSettings, kind: AlertKind) -> Kind:
    changed = settings.kinds.get(kind)
    if changed is None:
        return default
    raise_after, clear_after = changed.raise_after_s, changed.clear_after_s
    return Kind(
        changed.severity or default.severity,
        default.raise_after if raise_after is None else timedelta(seconds=raise_after),
        default.clear_after if clear_after is None else timedelta(seconds=clear_after),
        default.is_sensed,
        changed.is_raised,
    )
