"""Which drivers are installed: the entry points of the groups ``regulars.devices`` and ``regulars.indicators``.

The configuration names a driver; a name that is not installed is an error, never another driver.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from devices.device import DeviceError, Driver, IndicatorDriver

GROUP = "regulars.devices"
INDICATOR_GROUP = "regulars.indicators"

Kind = TypeVar("Kind", Driver[Any], IndicatorDriver[Any])


class UnknownDriver(DeviceError, LookupError):
    """The configuration names a driver that is not installed. The message lists those that are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no driver {name!r} is installed; installed: {', '.join(known) or 'none'}")
        self.name = name
        self.known = known


class BrokenDriver(DeviceError, ImportError):
    """An entry point is installed but does not lead to a working :class:`Driver` of that name."""

    def __init__(self, entry_point: EntryPoint, reason: str) -> None:
        super().__init__(
            f"driver {entry_point.name!r} ({entry_point.value}) cannot be used: {reason}; "
            f"reinstall the package that brings it, or take the device out of the configuration"
        )


def installed_drivers() -> tuple[str, ...]:
    """Names of all installed drivers, sorted. Imports none of them, so one broken driver hides no other."""
    return tuple(sorted(_installed(GROUP)))


def installed_indicators() -> tuple[str, ...]:
    """Names of all installed drivers of indicators, sorted."""
    return tuple(sorted(_installed(INDICATOR_GROUP)))


def load_driver(name: str) -> Driver[Any]:
    """Import the driver called ``name``. Raises :class:`UnknownDriver` or :class:`BrokenDriver`."""
    return _load(name, GROUP, Driver)


def load_indicator(name: str) -> IndicatorDriver[Any]:
    """Import the driver of an indicator. Raises :class:`UnknownDriver` or :class:`BrokenDriver`."""
    return _load(name, INDICATOR_GROUP, IndicatorDriver)


def _load(name: str, group: str, kind: type[Kind]) -> Kind:
    installed = _installed(group)
    if name not in installed:
        raise UnknownDriver(name, tuple(sorted(installed)))
    entry_point = installed[name]
    try:
        driver = entry_point.load()
    except (ImportError, AttributeError) as error:
        raise BrokenDriver(entry_point, str(error)) from error
    if not isinstance(driver, kind):
        raise BrokenDriver(entry_point, f"it leads to a {type(driver).__name__}, not to a {kind.__name__}")
    if driver.name != name:
        raise BrokenDriver(entry_point, f"the driver calls itself {driver.name!r}")
    return driver


def _installed(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}
