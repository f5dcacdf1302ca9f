"""``regulars demo`` as a process under test, and a look at what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0
_ADDRESS = re.compile(r"(Kiosk|Staff board|Store status|Cloud CRM|Demo control)\s+(http://\S+)")


class DemoProcess:
    """Runs the command with its runtime folder inside ``folder``; killed at the end of the ``with`` block."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._runtime = folder / "runtime"
        self._runtime.mkdir(exist_ok=True)
        self._options = options
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._children: list[psutil.Process] = []
        self._addresses: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """In which ``regulars tap`` finds this demo and no other."""
        folders = {"XDG_RUNTIME_DIR": str(self._runtime), "TMPDIR": str(self._runtime)}
        return os.environ | folders | {"NO_COLOR": "1", "COLUMNS": "200"}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "provisioning.cli", "demo", *self._options],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note_children()
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._lines.append(line)
                if found := _ADDRESS.search(line):
                    self._addresses[found[1]] = found[2]
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._lines)

    def address(self, what: str) -> str:
        """Wait until it has printed this address."""
        with self._news:
            said = self._news.wait_for(
                lambda: what in self._addresses or self._process.poll() is not None, timeout=PATIENCE_S
            )
        assert said, f"the demo printed no address of {what}:\n{self.output()}"
        assert what in self._addresses, self.output()
        self._note_children()
        return self._addresses[what]

    def first_line(self) -> str:
        """Wait until it has printed anything."""
        with self._news:
            self._news.wait_for(lambda: bool(self._lines) or self._process.poll() is not None, timeout=PATIENCE_S)
        return self.output()

    def control(self, path: str, **body: object) -> dict[str, object]:
        """Ask the control page's API for something."""
        response = httpx.post(f"{self.address('Demo control')}{path}", json=body, timeout=30.0, trust_env=False)
        assert response.is_success, response.text
        answer: dict[str, object] = response.json()
        return answer

    def state(self) -> dict[str, object]:
        """What the control page shows."""
        response = httpx.get(f"{self.address('Demo control')}/api/state", timeout=30.0, trust_env=False)
        state: dict[str, object] = response.json()
        return state

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._note_children()
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """``kill -9`` of the demo itself."""
        self._note_children()
        self._process.kill()

    def wait(self, *, timeout_s: float = PATIENCE_S) -> int:
        """Its exit status; raises ``subprocess.TimeoutExpired``."""
        status = self._process.wait(timeout_s)
        self._reader.join(PATIENCE_S)
        return status

    def leftovers(self) -> list[str]:
        """Child processes that still live and ports that still answer, some seconds after the end."""
        _, alive = psutil.wait_procs(self._children, timeout=3.0)
        ports = [int(url.split(":")[2].split("/")[0]) for url in self._addresses.values()]
        return [f"process {one.pid} {one.name()}" for one in alive] + [f"port {one}" for one in ports if _answers(one)]

    def _note_children(self) -> None:
        try:
            found = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self._children.extend(child for child in found if child not in self._children)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
