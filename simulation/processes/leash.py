"""``python -m simulation.processes.leash PARENT_PID -- PROGRAM …``: become PROGRAM, and die with the parent.

Linux sends the leashed process SIGKILL when its parent goes, even by ``kill -9``; elsewhere the
program runs unleashed. A program of its own rather than a ``preexec_fn``: code between fork and
exec can deadlock in a parent that has threads, and the demo's virtual hardware has some.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_USAGE = 2
_ORPHAN = 4


def main(arguments: list[str]) -> int:
    """Replace this process. Returns, with an exit status, only when that is impossible."""
    if len(arguments) < 3 or arguments[1] != "--" or not arguments[0].isdigit():
        sys.stderr.write("usage: python -m simulation.processes.leash PARENT_PID -- PROGRAM [ARGUMENT …]\n")
        return _USAGE
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # The parent may have died before the leash was on.
        if os.getppid() != int(arguments[0]):
            return _ORPHAN
    os.execvp(arguments[2], arguments[2:])  # noqa: S606 - becoming another program is the point
    raise AssertionError("execvp returns only by raising")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
