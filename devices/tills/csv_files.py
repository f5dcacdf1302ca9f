"""Sales CSV files on disk: read line by line with a bound, and the folder they are dropped into.

Everything here blocks; the driver calls it from a thread.
"""

from __future__ import annotations

import csv
import io
import lzma
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from devices.device import DeviceFault, Trouble
from devices.tills.csv_rows import LINE_LENGTH_MAX, RejectedRow

REJECTED_COLUMNS = ("Line", "Column", "Problem", "Remedy")
_FILES_MAX = 1_000
_NAMES_TRIED_MAX = 10_000


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a plain or ``.xz`` file. Undecodable bytes stay, as lone surrogates, for the row that has them.

    Of an endless line one character more than allowed is kept, so that it is refused. Raises
    ``OSError`` for a file that cannot be read and for a damaged ``.xz``.
    """
    try:
        with _open_text(path) as file:
            while text := file.readline(LINE_LENGTH_MAX + 1):
                yield text
                while len(text) > LINE_LENGTH_MAX and not text.endswith(("\n", "\r")):
                    text = file.readline(LINE_LENGTH_MAX + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise OSError(f"{path}: the compressed file is damaged ({error})") from error


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8", errors="surrogateescape", newline="")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has changed."""

    inode: int
    length_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of the file as it is now. Raises ``OSError``."""
        status = path.stat()
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(slots=True)
class SalesFolder:
    """Where tills drop CSV files; what was read moves to ``done/``, what could not to ``rejected/``."""

    path: Path
    _before: dict[Path, Stamp] = field(default_factory=dict)

    @property
    def done(self) -> Path:
        """Files whose receipts are all durably recorded."""
        return self.path / "done"

    @property
    def rejected(self) -> Path:
        """Rows that are in no receipt, each with its reason, under the name of their file."""
        return self.path / "rejected"

    def prepare(self) -> None:
        """Check the folder and make the two inside. Raises :class:`DeviceFault`."""
        if not self.path.is_dir():
            remedy = "create it, or mend `folder`"
            raise DeviceFault(f"{self.path}: there is no such folder", remedy=remedy, key=Trouble.GONE)
        try:
            for folder in (self.done, self.rejected):
                folder.mkdir(exist_ok=True)
                probe = folder / ".writable"
                probe.touch()
                probe.unlink()
        except OSError as error:
            remedy = "let the service's user write into the folder"
            reason = f"{self.path}: cannot write here ({error.strerror})"
            raise DeviceFault(reason, remedy=remedy, key=Trouble.FORBIDDEN) from error

    def settled(self) -> list[tuple[Path, Stamp]]:
        """CSV files that have not changed since the last look, oldest first; a growing file waits."""
        now = dict(_csv_files(self.path)[:_FILES_MAX])
        ready = [(path, stamp) for path, stamp in now.items() if self._before.get(path) == stamp]
        self._before = now
        return ready

    def history(self, bytes_max: int) -> Iterator[Path]:
        """The newest files in ``done/`` that together have at most ``bytes_max``, oldest first."""
        kept: list[Path] = []
        for path, stamp in reversed(_csv_files(self.done)):
            bytes_max -= stamp.length_bytes
            if bytes_max < 0:
                break
            kept.append(path)
        return reversed(kept)


def _csv_files(folder: Path) -> list[tuple[Path, Stamp]]:
    found = []
    for path in folder.iterdir():
        if path.suffix.lower() == ".csv" and not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            with suppress(FileNotFoundError):  # taken away meanwhile
                found.append((path, Stamp.of(path)))
    return sorted(found, key=lambda item: (item[1].modified_ns, item[0].name))


class RejectedRows:
    """The rows of one file that are in no receipt, written beside it as they are found.

    Each row stands as it was, followed by line, column, problem and remedy: mended, the file can be
    dropped into the folder again, because columns of other names are ignored.
    """

    def __init__(self, folder: SalesFolder, path: Path) -> None:
        self.count = 0
        self.first: RejectedRow | None = None
        self._folder = folder
        self._name = path.name
        self._part = folder.rejected / f".{path.name}.part"
        self._file: TextIO | None = None

    def add(self, rejected: Iterable[RejectedRow], *, header: str) -> None:
        """Write rows down; ``header`` is the first line of their file."""
        for row in rejected:
            if self._file is None:
                self.first = row
                self._file = self._part.open("w", encoding="utf-8", errors="surrogateescape", newline="")
                self._file.write(f"{header},{_csv_line(REJECTED_COLUMNS)}")
            self.count += 1
            self._file.write(f"{row.text},{_csv_line((str(row.line), row.column, row.problem, row.remedy))}")

    def keep(self) -> Path | None:
        """Give the file its name, now that it is whole; ``None`` when nothing was rejected."""
        if self._file is None:
            return None
        self._file.close()
        self._file = None
        return self._part.replace(free_name(self._folder.rejected, self._name))

    def discard(self) -> None:
        """Drop what was written of a file that will be read again; nothing happens after ``keep``."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)


def free_name(folder: Path, name: str) -> Path:
    """A path in ``folder`` that nothing has yet: ``name``, or ``stem.2.csv``, ``stem.3.csv`` …"""
    wanted = Path(name)
    candidates = (f"{wanted.stem}.{number}{wanted.suffix}" for number in range(2, _NAMES_TRIED_MAX))
    for candidate in (name, *candidates):
        if not (folder / candidate).exists():
            return folder / candidate
    reason = f"{folder}: too many files are named {name}"
    raise DeviceFault(reason, remedy="clear the folder", key=Trouble.NOT_TAKEN)


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
