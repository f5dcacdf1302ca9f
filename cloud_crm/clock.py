"""The cloud's clock: the only module here that asks the machine for the time.

Everything else takes a :data:`Clock`, so that a test decides what time it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the present moment, in UTC."""


def system_clock() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this module owns it


def rfc3339(at: datetime) -> str:
    """Text that sorts as time does: ``2026-05-01T09:30:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
