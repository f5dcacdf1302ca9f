"""``[alerts]``: what staff are called for, who is called and when, and where their messages go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_agent.config.problems import contradiction
from edge_agent.floor.findings import AlertKind
from kiosk_ui.staff.board import AlertState, Severity

DESTINATIONS_MAX = 16
SHIFTS_MAX = 32
ROUTES_MAX = 32
WINDOWS_MAX = 14
ROLES_MAX = 6
ZONES_MAX = 32

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EVERY_DAY: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DestinationName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,19}$")]
Zone = Annotated[str, Field(min_length=1, max_length=40)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]
Seconds = Annotated[int, Field(ge=0, le=24 * 3_600)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WindowSettings(_Section):
    """``[[alerts.quiet_hours]]``: hours of the week, in the store's own time."""

    days: tuple[Weekday, ...] = Field(
        default=EVERY_DAY,
        min_length=1,
        max_length=7,
        description="Days on which it begins: mon tue wed thu fri sat sun",
    )
    begins: time = Field(alias="from", description="When it begins, such as 22:00:00, in the store's time")
    ends: time = Field(alias="to", description="When it ends; earlier than its beginning: on the next day")


class DestinationSettings(_Section):
    """``[[alerts.destinations]]``: a phone group, a mailbox: where messages go, through Apprise."""

    name: DestinationName = Field(description="Name of the destination, as shifts and routes call it")
    url_file: Path = Field(description="File with its Apprise URL, which holds its password or token: mode 600")
    language: Literal["zh-CN", "en"] = Field(default="zh-CN", description="Language of its messages: zh-CN or en")
    tell: tuple[AlertState, ...] = Field(
        default=(AlertState.RAISED, AlertState.ESCALATED),
        max_length=4,
        description="Which states are told: raised, escalated, acknowledged, resolved",
    )

    @model_validator(mode="after")
    def _tells_what_can_be_told(self) -> Self:
        if AlertState.SNOOZED in self.tell:
            raise contradiction("a snooze is told to nobody", 'Take "snoozed" out of `tell`.')
        return self


class ShiftSettings(WindowSettings):
    """``[[alerts.shifts]]``: who is on duty when, and where they hear of alerts."""

    name: str = Field(min_length=1, max_length=40, description="Name of the shift, as the board shows it")
    role: Role = Field(description="Role of those on duty: one of `alerts.roles`")
    destinations: tuple[DestinationName, ...] = Field(
        default=(), max_length=DESTINATIONS_MAX, description="Destinations that hear what this role is called for"
    )
    zones: tuple[Zone, ...] = Field(
        default=(), max_length=ZONES_MAX, description="Zones of the planogram it looks after; none: all of them"
    )


class RouteSettings(_Section):
    """``[[alerts.routes]]``: destinations that hear of some alerts whoever is on duty."""

    destinations: tuple[DestinationName, ...] = Field(
        min_length=1, max_length=DESTINATIONS_MAX, description="Destinations that hear of them"
    )
    kinds: tuple[AlertKind, ...] = Field(default=(), description="Kinds of alert; none: all of them")
    zones: tuple[Zone, ...] = Field(default=(), max_length=ZONES_MAX, description="Zones; none: all of them")
    severities: tuple[Severity, ...] = Field(
        default=(), max_length=3, description="How urgent: info, warning, urgent; none: all of them"
    )


class KindSettings(_Section):
    """``[alerts.kinds.KIND]``: what differs from the product's own table for one kind of alert."""

    severity: Severity | None = Field(default=None, description="How urgent: info, warning, urgent")
    raise_after_s: Seconds | None = Field(default=None, description="How long it must be so before staff are called")
    clear_after_s: Seconds | None = Field(default=None, description="How long it must be over before it is resolved")
    is_raised: bool = Field(default=True, description="false: staff are not called for this kind at all")


class UnclaimedSettings(_Section):
    """``[alerts.unclaimed_minutes]``: how long an alert waits for somebody before the next role is called."""

    info: Minutes = Field(default=240, description="Minutes before an unclaimed info escalates")
    warning: Minutes = Field(default=30, description="Minutes before an unclaimed warning escalates")
    urgent: Minutes = Field(default=5, description="Minutes before an unclaimed urgent alert escalates")


class AlertSettings(_Section):
    """``[alerts]``: what staff are called for, by whom it is heard, and when it is quiet."""

    roles: tuple[Role, ...] = Field(
        default=("staff", "manager"),
        min_length=1,
        max_length=ROLES_MAX,
        description="Who is called, in order: an alert that nobody takes goes on to the next role",
    )
    board_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s<>\"]+)?$",
        description="Address of the staff board as phones reach it; messages link to it",
    )
    unclaimed_minutes: UnclaimedSettings = Field(
        default=UnclaimedSettings(), description="How long an alert waits for somebody"
    )
    claim_minutes: Minutes = Field(
        default=30, description='Minutes after "I am on it" at which an alert that is still so escalates'
    )
    reopen_minutes: Minutes = Field(
        default=10, description="Minutes after its end within which an alert that is so again is the same alert"
    )
    push_age_minutes_max: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = Field(
        default=12 * 60, description="Age in minutes at which a message that could not be sent is given up"
    )
    quiet_hours: tuple[WindowSettings, ...] = Field(
        default=(), max_length=WINDOWS_MAX, description="Hours in which only urgent alerts are pushed"
    )
    destinations: tuple[DestinationSettings, ...] = Field(
        default=(), max_length=DESTINATIONS_MAX, description="Where messages go"
    )
    shifts: tuple[ShiftSettings, ...] = Field(default=(), max_length=SHIFTS_MAX, description="Who is on duty when")
    routes: tuple[RouteSettings, ...] = Field(
        default=(), max_length=ROUTES_MAX, description="Destinations that hear of some alerts whoever is on duty"
    )
    kinds: dict[AlertKind, KindSettings] = Field(
        default_factory=dict, description="What differs for single kinds of alert"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem, remedy in self._contradictions():
            raise contradiction(problem, remedy)
        return self

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        names = [destination.name for destination in self.destinations]
        for what, seen in (
            ("destinations", names),
            ("shifts", [s.name for s in self.shifts]),
            ("roles", list(self.roles)),
        ):
            if twice := next((name for name in seen if seen.count(name) > 1), None):
                yield f"two {what} are called {twice!r}", "Give each a name of its own."
        for place, named in self._named():
            if named not in names:
                yield (
                    f"{place} names the destination {named!r}, which is not configured",
                    f"Known [[alerts.destinations]]: {', '.join(names) or 'none'}.",
                )
        for shift in self.shifts:
            if shift.role not in self.roles:
                yield f"the shift {shift.name!r} has the role {shift.role!r}", f"Known roles: {', '.join(self.roles)}."

    def _named(self) -> Iterator[tuple[str, str]]:
        for shift in self.shifts:
            yield from ((f"the shift {shift.name!r}", name) for name in shift.destinations)
        for route in self.routes:
            yield from (("a route", name) for name in route.destinations)

    def doubts(self) -> tuple[str, ...]:
        """What can be meant and hardly is: a destination that hears nothing."""
        heard = {name for _, name in self._named()}
        return tuple(
            f"the destination {one.name!r} is named by no shift and no route, so it hears nothing"
            for one in self.destinations
            if one.name not in heard
        )

    def secret_files(self) -> dict[str, Path]:
        """The file of every destination's URL, by key."""
        return {f"alerts.destinations.{one.name}.url_file": one.url_file for one in self.destinations}
