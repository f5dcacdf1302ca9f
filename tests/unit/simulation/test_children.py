"""Child processes: ready before use, gone after, never orphaned."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from simulation.processes.children import Child, ChildError, Plan

_PATIENCE_S = 10.0
_SLEEPER = "import signal; signal.pause()"
_STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
)


async def at_once() -> bool:
    return True


def plan(tmp_path: Path, program: str, *, ready: object = at_once) -> Plan:
    assert callable(ready)
    return Plan("sleeper", (sys.executable, "-c", program), tmp_path / "sleeper.log", ready)


async def gone(pid: int) -> bool:
    """Whether the process ends in time, without being waited for by us."""
    try:
        await asyncio.to_thread(psutil.Process(pid).wait, _PATIENCE_S)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


async def test_a_child_is_stopped_politely_and_only_once(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, _SLEEPER))
    await child.start()
    pid = child.pid
    assert pid is not None
    assert os.getpgid(pid) == pid
    await child.stop()
    await child.stop()
    assert not child.running
    assert not psutil.pid_exists(pid)


async def test_a_child_that_ignores_the_request_is_made_to_end(tmp_path: Path) -> None:
    log = tmp_path / "sleeper.log"

    async def is_up() -> bool:
        return b"up" in log.read_bytes()

    child = Child(plan(tmp_path, _STUBBORN, ready=is_up))
    await child.start()
    pid = child.pid
    assert pid is not None
    await child.stop(grace_s=0.1)
    assert not psutil.pid_exists(pid)


async def test_a_child_that_dies_while_starting_says_why(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    child = Child(plan(tmp_path, "raise SystemExit('the port is taken')", ready=never))
    with pytest.raises(ChildError, match=r"sleeper ended while starting with status 1(.|\n)*the port is taken"):
        await child.start()


async def test_a_killed_child_can_be_started_again(tmp_path: Path) -> None:
    child = Child(plan(tmp_path, _SLEEPER))
    await child.start()
    child.kill()
    assert await child.wait() == -signal.SIGKILL
    await child.start()
    assert child.running
    assert child.starts == 2
    await child.stop()


async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent_program = f"""
import asyncio, sys
from pathlib import Path
from simulation.processes.children import Child, Plan

async def ready():
    return True

async def main():
    child = Child(Plan("sleeper", (sys.executable, "-c", {_SLEEPER!r}), Path({str(tmp_path / "log")!r}), ready))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent_program, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert parent.stdout is not None
    async with asyncio.timeout(_PATIENCE_S):
        pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    assert await gone(pid)
