"""The states of a device and what moves it from one to another: a table, from which the documentation is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from devices.observations import DeviceState


class Happening(StrEnum):
    """What can happen to a device."""

    OPENED = "opened"
    """Its driver opened it, or the same opening is asked again."""
    COMPLAINED = "complained"
    """It works, and its driver says that it does not work well; or it floods."""
    RECOVERED = "recovered"
    """Its driver takes the complaint back."""
    FAILED = "failed"
    """It could not be opened, broke off, hung, or what it said could not be recorded."""


TRANSITIONS: Mapping[tuple[DeviceState, Happening], DeviceState] = MappingProxyType(
    {
        (DeviceState.CONNECTING, Happening.OPENED): DeviceState.ONLINE,
        (DeviceState.CONNECTING, Happening.FAILED): DeviceState.OFFLINE,
        (DeviceState.ONLINE, Happening.COMPLAINED): DeviceState.DEGRADED,
        (DeviceState.ONLINE, Happening.RECOVERED): DeviceState.ONLINE,
        (DeviceState.ONLINE, Happening.FAILED): DeviceState.OFFLINE,
        (DeviceState.DEGRADED, Happening.COMPLAINED): DeviceState.DEGRADED,
        (DeviceState.DEGRADED, Happening.RECOVERED): DeviceState.ONLINE,
        (DeviceState.DEGRADED, Happening.FAILED): DeviceState.OFFLINE,
        (DeviceState.OFFLINE, Happening.OPENED): DeviceState.ONLINE,
        (DeviceState.OFFLINE, Happening.FAILED): DeviceState.OFFLINE,
    }
)
"""Nothing else can happen: a device that is not open says nothing."""


def after(state: DeviceState, happening: Happening) -> DeviceState:
    """The state in which the device stands then. Raises ``ValueError`` for what cannot happen in ``state``."""
    try:
        return TRANSITIONS[state, happening]
    except KeyError:
        raise ValueError(f"a device that is {state.value} cannot have {happening.value}") from None


def table() -> str:
    """The transitions as a table for people: a row a state, a column a happening."""
    rows = [["", *(happening.value for happening in Happening)]]
    for state in DeviceState:
        ways = (TRANSITIONS.get((state, happening)) for happening in Happening)
        rows.append([f"**{state.value}**", *(way.value if way else "–" for way in ways)])
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |", 1) for row in rows)
