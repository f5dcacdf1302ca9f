"""A server that a test starts, and the line by which it says that it listens."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from typing import IO

_LINES_KEPT = 40


class Started:
    """Reads what a server says, to its end, so that its pipe never fills; ``process`` has its output piped."""

    def __init__(self, process: subprocess.Popen[bytes], *, ready: bytes) -> None:
        if process.stdout is None:
            raise ValueError("the server's output has to be a pipe")
        self._process = process
        self._ready = ready
        self._said: deque[bytes] = deque(maxlen=_LINES_KEPT)
        self._is_over = threading.Event()
        self._is_ready = False
        threading.Thread(target=self._listen, args=(process.stdout,), name=f"pid {process.pid}", daemon=True).start()

    def wait(self, timeout_s: float) -> None:
        """Return once it said that it is ready. Raises ``RuntimeError`` with its last words where it never does."""
        if not self._is_over.wait(timeout_s) or not self._is_ready:
            words = b"".join(self._said).decode("utf-8", "replace")
            raise RuntimeError(f"{self._process.args!r} was not ready within {timeout_s} s. It said:\n{words}")

    def _listen(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._said.append(line)
                if self._ready in line:
                    self._is_ready = True
                    self._is_over.set()
        self._is_over.set()
