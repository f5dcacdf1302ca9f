"""What the command that runs for months does without."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from provisioning.cli import CommandGroup
CommandGroup().get_command(None, sys.argv[1])
loaded = set(sys.modules)
import rich.console
print(*loaded & {"rich", "pygments", "attr", "structlog"})
"""


def test_a_gateway_loads_no_colours_and_can_still_have_them() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, "edge"], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["structlog"]
