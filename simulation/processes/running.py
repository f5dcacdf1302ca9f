"""Word of a running demo, so that ``regulars tap`` in another terminal finds it.

One small file per demo in the user's runtime folder, readable by that user only, gone with the demo.
A demo that was killed leaves its file behind; it is recognised by its dead process and removed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE_BYTES_MAX = 4_096
_PREFIX = "demo-"


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo that runs: its process, where it is controlled, and where its files are."""

    pid: int
    control_url: str
    data_dir: str


@contextlib.contextmanager
def announced(runtime_dir: Path, demo: RunningDemo) -> Iterator[Path]:
    """Leave word while the ``with`` block runs. Raises ``OSError`` where the folder is not ours."""
    runtime_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if runtime_dir.stat().st_uid != os.getuid():
        raise PermissionError(f"{runtime_dir} belongs to somebody else")
    path = runtime_dir / f"{_PREFIX}{demo.pid}.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(demo), file)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def find_running(runtime_dir: Path) -> RunningDemo | None:
    """The demo that was started last and still runs. Removes word of those that do not."""
    found: list[tuple[float, RunningDemo]] = []
    for path in runtime_dir.glob(f"{_PREFIX}*.json"):
        demo = _read(path)
        if demo is None or not _is_alive(demo.pid):
            path.unlink(missing_ok=True)
            continue
        with contextlib.suppress(FileNotFoundError):
            found.append((path.stat().st_mtime, demo))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _read(path: Path) -> RunningDemo | None:
    try:
        if path.stat().st_uid != os.getuid() or path.stat().st_size > _FILE_BYTES_MAX:
            return None
        table = json.loads(path.read_text(encoding="utf-8"))
        return RunningDemo(int(table["pid"]), str(table["control_url"]), str(table["data_dir"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True
