"""The board's pin header: its pins by gpiozero, and how to wait at it.

Which library drives the pins is configured by name and never replaced by another one. gpiozero keeps one factory for
all pins of a process (its local factories share their pins, so closing one factory closes the pins of all): the first
device that opens makes it, and each device closes only its own pins.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import Field

from devices.device import DeviceFault, Trouble

_FACTORIES = {"lgpio": "LGPIOFactory", "rpigpio": "RPiGPIOFactory"}
_PIN_LIBRARIES = frozenset({"gpiozero", "lgpio", "RPi"})
"""Top packages whose exceptions mean the pins, whatever class they derive from."""


@runtime_checkable
class Header(Protocol):
    """Pins and time. ``factory`` makes gpiozero pins, and its ``ticks()`` is the time at which they change."""

    factory: Any

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Let time pass in a thread that may block; returns at once, and whether, when it shall stop."""
        ...


Pins = Literal["lgpio", "rpigpio"] | Header
"""The pin library by name. A program may hand in a header of its own, such as a virtual one."""

PinNumber = Annotated[int, Field(ge=0, le=27)]
"""A pin of the 40-pin header by its GPIO (BCM) number."""


class BoardHeader:
    """The header of the board this runs on."""

    def __init__(self, factory: Any) -> None:
        self.factory = factory

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait in real time."""
        return stop.wait(seconds)


async def header_of(pins: Pins) -> Header:
    """The header that ``pins`` names. Raises :class:`DeviceFault` where this machine has none."""
    if isinstance(pins, Header):
        return pins
    with pin_faults(f"pins by {pins}"):
        kind = await asyncio.to_thread(_factory_kind, pins)
        # Made in the event loop's own thread, so that devices that open at the same time make one.
        return BoardHeader(_shared_factory(kind))


@contextmanager
def pin_faults(what: str) -> Iterator[None]:
    """Tell what pin libraries raise as the one error that a driver may raise. ``what`` names the device's pins."""
    try:
        yield
    except DeviceFault:
        raise
    except ImportError as error:
        raise DeviceFault(
            f"{what}: the library is not installed ({error.name})",
            remedy="install it: pip install 'regulars[pi]'",
            key=Trouble.MISSING_SOFTWARE,
        ) from error
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _PIN_LIBRARIES:
            raise
        key, remedy = _cause(error)
        raise DeviceFault(f"{what}: {str(error) or type(error).__name__}", remedy=remedy, key=key) from error


def _factory_kind(library: str) -> Any:
    return getattr(importlib.import_module(f"gpiozero.pins.{library}"), _FACTORIES[library])


def _shared_factory(kind: Any) -> Any:
    from gpiozero import Device  # noqa: PLC0415 - 9 MB that only a store with wires at its pins needs

    if Device.pin_factory is None:
        Device.pin_factory = kind()
    if not isinstance(Device.pin_factory, kind):
        raise DeviceFault(
            f"other devices reach the pins by {type(Device.pin_factory).__name__}",
            remedy="name the same `pins` for all devices of this gateway",
            key=Trouble.BUSY,
        )
    return Device.pin_factory


def _cause(error: Exception) -> tuple[Trouble, str]:
    """What kind of trouble that is, and what to try."""
    match type(error).__name__:
        case "GPIOPinInUse":
            return Trouble.BUSY, "give each its own pins: two [[devices]] or [[indicators]] name the same one"
        case "PinUnknownPi":
            return Trouble.GONE, "run this on a Raspberry Pi, or take the device out of the configuration"
        case "PinInvalidPin" | "PinFixedPull":
            return Trouble.FORBIDDEN, "choose another pin: GPIO 2 and 3 have pull-ups of their own"
    if "busy" in str(error).lower():
        return Trouble.BUSY, "end the other program that uses this pin, or choose another pin"
    return Trouble.GONE, "check that /dev/gpiochip* exists and that the service's user is in the group gpio"
