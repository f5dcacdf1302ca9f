"""Makes or updates a journal's schema in a process of its own, so that what that takes of memory goes with it.

The migrations bring numpy along, 26 MB that a gateway which never needs them again would keep until its next start.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import structlog

from edge_agent.journal.database import Lock, open_writer
from edge_agent.journal.migrations import SCHEMA_VERSION
from edge_agent.journal.values import JournalError

WAIT_S_MAX = 60.0
"""Longer than any journal of a store takes on the slowest disk."""

_log = structlog.get_logger(__name__)


async def prepare(path: Path, gateway_id: str) -> None:
    """Bring the journal at ``path`` up to this version's schema; one that is, or that cannot be read, is left alone.

    Never fails: whatever goes wrong here, opening the journal meets it again and says it in full.
    """
    if _version(path) in {SCHEMA_VERSION, None}:
        return
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, str(path), gateway_id)
    try:
        async with asyncio.timeout(WAIT_S_MAX):
            await child.wait()
    except TimeoutError:
        # SQLite undoes the half of a step that is missing its commit.
        child.kill()
        await child.wait()
    if child.returncode:
        _log.warning("service", problem="the journal was not prepared beforehand", status=child.returncode)


def _version(path: Path) -> int | None:
    """The schema of the file; 0 where there is none yet, ``None`` where that cannot be told."""
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return None


def _main(path: Path, gateway_id: str) -> int:
    lock = Lock(path)
    try:
        lock.take()
        open_writer(path, gateway_id).close()
    except JournalError:
        return 1
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2]))
