"""A gateway killed at one statement of its journal after another while it raises, passes on and pushes an alert.

``python -m tests.faults.alert_victim FOLDER STRIDE``: for every STRIDE-th statement of it, a forked process does it in
``FOLDER/N`` until ``kill -9`` meets it just before that statement. The phone lies outside: what reached it is in the
file ``phone`` of that folder. The last folder is one in which the deed was done to its end. Prints how many there are.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from edge_agent.alerts.messages import Message
from edge_agent.alerts.sender import Verdict
from edge_agent.journal import Transaction
from tests.unit.edge.alerts_bench import SENT, AlertBench, Phones, alert_bench, empty, filled

TELLS_ALL = [{"name": "floor", "url_file": "/floor", "tell": ["raised", "escalated", "resolved"]}]


class PhoneOutside(Phones):
    """A phone that keeps what it got when the gateway dies."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._paper = os.open(folder / "phone", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def send(self, url_file: Path, message: Message) -> Verdict:
        os.write(self._paper, f"{message.title}\n".encode())
        return SENT


def take_up(bench: AlertBench, folder: Path) -> None:
    """The same phone, whoever holds it."""
    bench.phones = PhoneOutside(folder)
    bench.pusher = bench.new_pusher()


async def live(bench: AlertBench) -> None:
    """Raise, tell, pass on, tell, resolve, tell: from wherever the last life ended."""
    for _ in range(2):
        if not bench.alerts.views():
            await bench.finds(empty())
            await bench.passes(seconds=2)
        await bench.delivers()
        if bench.state() == "raised":
            await bench.passes(minutes=31)
        await bench.delivers()
        await bench.finds(filled())
        await bench.passes(seconds=4)
        await bench.passes(minutes=11)
        await bench.delivers()


async def die(folder: Path, statement: int) -> None:
    """Live, and be killed just before the given statement of the journal's writer."""
    async with alert_bench(folder, destinations=TELLS_ALL) as bench:
        await bench.journal.write(_nothing)
        take_up(bench, folder)
        left = itertools.count(statement - 1, -1)

        def count(_: str) -> None:
            if next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        bench.journal._committer._connection.set_trace_callback(count)
        await live(bench)
        (folder / "done").touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _nothing(_: Transaction) -> None:
    """A turn of the writer, so that what the start left to do is done."""


def main(folder: Path, stride: int) -> int:
    """Kill one life after another, until one was lived to its end."""
    for life, statement in enumerate(itertools.count(1, stride), 1):
        copy = folder / str(life)
        copy.mkdir()
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(die(copy, statement))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise RuntimeError(f"not killed at statement {statement}")
        if (copy / "done").exists():
            return life
    raise AssertionError


if __name__ == "__main__":
    sys.stderr.write(f"{main(Path(sys.argv[1]), int(sys.argv[2]))}\n")
