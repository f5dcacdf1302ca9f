"""The only reader of environment variables: everything else is told what it needs.

===================  ======================================================================
Variable             Meaning
===================  ======================================================================
``XDG_RUNTIME_DIR``  Where the running demo leaves word of itself, so that ``regulars tap`` finds it
``NO_COLOR``         Set to anything: no colours
``NOTIFY_SOCKET``    Set by systemd for ``Type=notify``: where the gateway says that it is ready
``WATCHDOG_USEC``    Set by systemd for ``WatchdogSec=``: how long it waits for a sign of life
``WATCHDOG_PID``     Set by systemd: the process the watchdog is meant for
===================  ======================================================================
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """What the surroundings say."""

    runtime_dir: Path
    colour: bool
    notify_socket: str = ""
    watchdog_s: float = 0.0

    @classmethod
    def read(cls, variables: Mapping[str, str] | None = None) -> Environment:
        """Read ``variables``, by default those of this process."""
        found = os.environ if variables is None else variables  # noqa: TID251 - this module owns it
        return cls(
            runtime_dir=_runtime_dir(found),
            colour="NO_COLOR" not in found,
            notify_socket=found.get("NOTIFY_SOCKET", ""),
            watchdog_s=_watchdog_s(found),
        )


def _watchdog_s(variables: Mapping[str, str]) -> float:
    """After how many seconds the service manager gives this process up (sd_watchdog_enabled(3)); 0: never."""
    meant_for = variables.get("WATCHDOG_PID", "")
    microseconds = variables.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or (meant_for and meant_for != str(os.getpid())):
        return 0.0
    return int(microseconds) / 1_000_000


def _runtime_dir(variables: Mapping[str, str]) -> Path:
    """The user's own folder for running programs; a folder named after the user where there is none."""
    given = Path(variables.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and given.is_dir():
        return given / "regulars"
    return Path(tempfile.gettempdir()) / f"regulars-{os.getuid()}"
