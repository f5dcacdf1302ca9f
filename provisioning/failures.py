"""Errors as people should meet them: one message, what to do about it, an exit status. No traceback."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the command's exit status means. Usage errors are 2."""

    OK = 0
    FAILED = 1
    """The command could not do its work."""
    USAGE = 2
    CHECK_FAILED = 3
    """The command worked, and what it checked is not in order."""
    BUG = 70
    """A fault in Regulars itself; ``--debug`` shows where."""


class CommandFailure(Exception):
    """What went wrong and what to do. ``problem`` and ``remedy`` are whole sentences."""

    def __init__(self, problem: str, remedy: str = "", *, status: Exit = Exit.FAILED) -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy
        self.status = status
