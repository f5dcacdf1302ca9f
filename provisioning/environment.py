"""The only reader of environment variables: everything else is told what it needs.

===================  ======================================================================
Variable             Meaning
===================  ======================================================================
``XDG_RUNTIME_DIR``  Where the running demo leaves word of itself, so that ``regulars tap`` finds it
``NO_COLOR``         Set to anything: no colours
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

    @classmethod
    def read(cls, variables: Mapping[str, str] | None = None) -> Environment:
        """Read ``variables``, by default those of this process."""
        found = os.environ if variables is None else variables  # noqa: TID251 - this module owns it
        return cls(runtime_dir=_runtime_dir(found), colour="NO_COLOR" not in found)


def _runtime_dir(variables: Mapping[str, str]) -> Path:
    """The user's own folder for running programs; a folder named after the user where there is none."""
    given = Path(variables.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and given.is_dir():
        return given / "regulars"
    return Path(tempfile.gettempdir()) / f"regulars-{os.getuid()}"
