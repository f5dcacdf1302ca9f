"""The protocols every driver keeps, and the one error it may raise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel

from devices.observations import Observation


class DeviceError(Exception):
    """The root of all errors of this package."""


class Trouble(StrEnum):
    """What is wrong, as a key for which a page has words in each language; ``reason`` texts say it in detail."""

    GONE = "gone"
    """The port, the path or the address is not there: a pulled plug."""
    FORBIDDEN = "forbidden"
    """It is there, and this program may not open it."""
    BUSY = "busy"
    """Another program holds it."""
    SILENT = "silent"
    """It is there and answers nothing."""
    GARBLED = "garbled"
    """What comes from it means nothing: a loose contact, a wrong speed."""
    MISSING_SOFTWARE = "missing_software"
    """A library that its driver needs is not installed."""
    NOT_OPENED = "not_opened"
    """Opening took too long."""
    NOT_TAKEN = "not_taken"
    """The device is well; what it said could not be recorded."""
    ENDED = "ended"
    """Its driver ended by itself."""
    BUG = "bug"
    """Its driver raised something that it may not."""
    FLOODING = "flooding"
    """It says more in a second than is taken of one device; the rest waits."""
    HOLDS_UP = "holds_up"
    """Its driver held up all others, and was closed for it."""
    TOO_SLOW = "too_slow"
    """This machine is too busy to read it in time."""
    OVERLOADED = "overloaded"
    """It shows more than it can measure."""
    STUCK = "stuck"
    """It says the very same again and again, as nothing alive does."""
    SHARED = "shared"
    """What it says may also reach others, as from a device that types."""
    SET_ASIDE = "set_aside"
    """Part of what came from it could not be read, and was set aside for somebody to look at."""
    SOME_SENSORS = "some_sensors"
    """It works; something is wrong with single sensors behind it."""
    MISCONFIGURED = "misconfigured"
    """Its settings name what is not there, or do not fit together."""


class DeviceFault(DeviceError, OSError):
    """The device cannot be used now. The supervisor shows ``reason``, waits, and opens it again.

    ``remedy`` tells the technician what to try; ``retry_after_s`` overrides the first backoff; ``key`` says it in
    one word. ``is_still_open``: only what was asked failed, and the same opening may be asked again.
    """

    def __init__(
        self,
        reason: str,
        *,
        remedy: str,
        retry_after_s: float | None = None,
        key: Trouble | None = None,
        is_still_open: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.retry_after_s = retry_after_s
        self.key = key
        self.is_still_open = is_still_open


class Device(Protocol):
    """Something that sees. Entering opens it (or raises :class:`DeviceFault`), leaving closes it.

    ``observations()`` runs until the device fails (:class:`DeviceFault`) or its generator is
    closed. It never blocks the event loop: a driver around blocking code owns a thread.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def observations(self) -> AsyncIterator[Observation]: ...


class Signal(StrEnum):
    """What an indicator can be told to show; each shows it as it can (a lamp blinks, a buzzer beeps)."""

    OFF = "off"
    ON = "on"
    BLINK = "blink"
    """Come here: somebody is wanted."""
    ALARM = "alarm"
    """Come here at once."""


class Indicator(Protocol):
    """Something that shows: a lamp, a buzzer, a relay. Entering opens it (or raises :class:`DeviceFault`)."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def show(self, signal: Signal) -> None:
        """Show it from now on. Returns at once; raises :class:`DeviceFault` when it cannot."""
        ...


Settings = TypeVar("Settings", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Driver(Generic[Settings]):
    """What an entry point of the group ``regulars.devices`` names: how to configure and open a device."""

    name: str
    summary: str
    settings: type[Settings]
    open: Callable[[Settings], Device]

    def configure(self, table: dict[str, Any]) -> Settings:
        """Validate the ``[[devices]]`` table of ``edge.toml``. Raises ``pydantic.ValidationError``."""
        return self.settings.model_validate(table)


@dataclass(frozen=True, slots=True)
class IndicatorDriver(Generic[Settings]):
    """What an entry point of the group ``regulars.indicators`` names: how to configure and open an indicator."""

    name: str
    summary: str
    settings: type[Settings]
    open: Callable[[Settings], Indicator]

    def configure(self, table: dict[str, Any]) -> Settings:
        """Validate the ``[[indicators]]`` table of ``edge.toml``. Raises ``pydantic.ValidationError``."""
        return self.settings.model_validate(table)
