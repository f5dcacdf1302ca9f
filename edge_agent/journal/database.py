"""The file itself: how it is opened, how full it is, and the ballast that is thrown when it is full."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Protocol

from edge_agent.journal.migrations import APPLICATION_ID, SCHEMA_VERSION, migrate
from edge_agent.journal.values import JournalError

TELEMETRY_FILL_MAX = 0.90
"""Above this, telemetry keeps no more than may be in flight."""
REDEEM_FILL_MAX = 0.90
"""Above this, nothing is redeemed: the room that is left is for what members earn and give back."""
LEDGER_FILL_MAX = 0.97
"""Above this, the ledger takes no more rows."""
BALLAST_FILL_MAX = 0.85
"""Below this, a released ballast is taken aboard again."""

_BUSY_MS = 5_000
_PAGE_BYTES = 4_096
_READER_CACHE_KB = 512
"""Of 2,000 that SQLite would take for each reader: pages and status read little, and the system caches the file."""
_CHECKPOINT_PAGES = 1_000
"""The log is folded into the file after this many pages: overwriting a log is cheaper than growing one."""
_REMEDY_FOREIGN = "Point the configuration at the gateway's own journal, or move this file away"
_REMEDY_DAMAGED = (
    "Move the file away and start again: a new journal begins a new incarnation and members come back from the cloud"
)


def open_writer(path: Path, gateway_id: str) -> sqlite3.Connection:
    """The one connection that writes and checkpoints. Raises :class:`JournalError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(
            f"the journal cannot be opened ({error})", place=str(path), remedy="Check the folder and its permissions"
        ) from error
    try:
        _check_ours(connection, path)
        _set_durable(connection, path)
        migrate(connection)
        _check_owner(connection, path, gateway_id)
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(path, error) from error
    except JournalError:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read, beside a running writer or without one. Raises :class:`JournalError`."""
    if not path.is_file():
        raise JournalError("there is no journal here", place=str(path), remedy="Check the path; a gateway creates it")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KB}")
        _check_ours(connection, path)
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            raise JournalError("this journal is empty", place=str(path), remedy="Start the gateway once")
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    return connection


def unreadable(path: Path, error: sqlite3.Error) -> JournalError:
    """The error for a file in which SQLite itself lost its way."""
    return JournalError(f"the journal cannot be read ({error})", place=str(path), remedy=_REMEDY_DAMAGED)


class Statements(Protocol):
    """What most of this room needs of a connection."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor: ...


class Guarded:
    """The writing connection as units of work see it.

    A full disk makes SQLite take the whole transaction back; a statement after that would commit on
    its own. So once it happened every further statement fails too, whatever the unit caught.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.lost: sqlite3.Error | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.lost is not None:
            raise self.lost
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            self._judge(error)
            raise

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        if self.lost is not None:
            raise self.lost
        try:
            return self._connection.executemany(sql, parameters)
        except sqlite3.Error as error:
            self._judge(error)
            raise

    def _judge(self, error: sqlite3.Error) -> None:
        if is_full(error) or not self._connection.in_transaction:
            self.lost = error


def is_full(error: BaseException) -> bool:
    """Whether SQLite ran out of room."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application_id != APPLICATION_ID:
        raise JournalError("this database belongs to another program", place=str(path), remedy=_REMEDY_FOREIGN)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"the journal has schema {version}, this software knows {SCHEMA_VERSION}",
            place=str(path),
            remedy="Install the newer version of the software again",
        )


def _set_durable(connection: sqlite3.Connection, path: Path) -> None:
    """WAL and a real fsync at each commit, or no start: durability is never downgraded silently."""
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if mode != "wal" or connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
        raise JournalError(
            f"this file system offers journal mode {mode} only",
            place=str(path),
            remedy="Use a local disk (not a share)",
        )


def _check_owner(connection: sqlite3.Connection, path: Path, gateway_id: str) -> None:
    connection.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (gateway_id,))
    owner = connection.execute("SELECT gateway_id FROM identity").fetchone()[0]
    if owner != gateway_id:
        raise JournalError(f"this journal belongs to gateway {owner}", place=str(path), remedy=_REMEDY_FOREIGN)


class Lock:
    """Keeps a second gateway off the same journal; released by the kernel when the process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take it, or raise :class:`JournalError` at once."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="ascii")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise JournalError(
                "another gateway is using this journal", place=str(self._path), remedy="Stop the other one first"
            ) from error
        except OSError as error:
            raise JournalError(
                f"the journal's folder cannot be written ({error.strerror})",
                place=str(self._path),
                remedy="Check the folder and its permissions",
            ) from error

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Disk:
    """How full the journal's disk is, and the ballast: a file that is deleted when nothing else can be.

    With ``bytes_max`` the size is limited by SQLite itself, and the ballast is part of that limit.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, bytes_max: int, ballast_bytes: int) -> None:
        self._connection = connection
        self._folder = path.parent
        self._ballast = path.with_name(path.name + ".ballast")
        self._ballast_bytes = ballast_bytes
        self._bytes_max = bytes_max
        self._fill = self._fill_with_ballast = 0.0
        self.measure()
        self.take_ballast()

    @property
    def fill(self) -> float:
        """Used share, 0 to 1, of what the journal has and could still get, as last measured."""
        return self._fill

    @property
    def has_ballast(self) -> bool:
        return self._ballast_bytes == 0 or self._ballast.exists()

    def measure(self) -> float:
        """Look again. Free pages inside the file count as room."""
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        unused = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        disk = os.statvfs(self._folder)
        used = (pages - unused) * _PAGE_BYTES
        room = unused * _PAGE_BYTES + disk.f_bavail * disk.f_frsize
        if self._bytes_max:
            room = min(room, max(0, self._quota() - used))
        self._fill = _share(used, room)
        self._fill_with_ballast = _share(used, room - self._ballast_bytes)
        return self._fill

    def take_ballast(self) -> None:
        """Reserve the ballast, where there is room for it."""
        if not self.has_ballast and self._fill_with_ballast < BALLAST_FILL_MAX:
            try:
                with self._ballast.open("wb") as ballast:
                    os.posix_fallocate(ballast.fileno(), 0, self._ballast_bytes)
            except OSError:
                self._ballast.unlink(missing_ok=True)
        self._limit()

    def release_ballast(self) -> bool:
        """Give the reserved room back; whether there was any."""
        had = self._ballast_bytes > 0 and self._ballast.exists()
        self._ballast.unlink(missing_ok=True)
        self._limit()
        return had

    def _quota(self) -> int:
        return self._bytes_max - (self._ballast_bytes if self._ballast.exists() else 0)

    def _limit(self) -> None:
        if self._bytes_max:
            self._connection.execute(f"PRAGMA max_page_count = {max(1, self._quota() // _PAGE_BYTES)}")


def _share(used: int, room: int) -> float:
    return used / (used + room) if room > 0 else 1.0
