"""The process that speaks to services crashes, babbles, floods its pipe or is killed; a day has no network."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from edge_agent.alerts.messages import Message
from edge_agent.alerts.sender import ChildSender, Fate, Verdict
from kiosk_ui.staff.board import Severity
from tests.unit.edge.alerts_bench import SENT, alert_bench, empty, filled

WHAT = Message("缺货：A1", "请补货。", Severity.WARNING, "1.raised.0")
LIMIT_S = 3.0
BAD_CHILDREN = {
    "crashes at once": "raise SystemExit(3)",
    "crashes after the order": "import sys; sys.stdin.readline(); raise SystemExit(3)",
    "prints garbage": "import sys; sys.stdin.readline(); print('\\x00\\xff{nonsense')",
    "prints a list": "import sys; sys.stdin.readline(); print('[1, 2]')",
    "prints an unknown verdict": 'import sys; sys.stdin.readline(); print(\'{"verdict": "perhaps"}\')',
    "prints a number without end": "import sys; sys.stdin.readline(); print('{\"verdict\": ' + '9' * 3000 + '}')",
    "never reads its order": "import time; time.sleep(600)",
    "fills its pipe without a line": "import sys\nwhile True: sys.stdout.write('x' * 65536)",
    "fills its pipe with lines": "while True: print('y')",
    "is killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "leaves a child behind that holds its pipe": (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'], stderr=2);"
        " raise SystemExit(3)"
    ),
    "is killed while its child holds its pipe": (
        "import subprocess, sys, time;"
        " subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'], stderr=2); time.sleep(600)"
    ),
}


@pytest.fixture
def address(tmp_path: Path) -> Path:
    file = tmp_path / "phone.url"
    file.write_text("ntfy://127.0.0.1/regulars\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize("source", BAD_CHILDREN.values(), ids=BAD_CHILDREN)
async def test_whatever_the_child_does_the_message_may_be_tried_again(source: str, address: Path) -> None:
    sender = ChildSender((sys.executable, "-c", source), sending_s_max=LIMIT_S)
    async with asyncio.timeout(LIMIT_S + 2):
        verdict = await sender.send(address, WHAT)
    assert verdict.fate is Fate.FAILED
    assert verdict.reason in {"process", "timed_out"}


async def test_after_a_child_that_was_killed_the_next_one_sends(address: Path) -> None:
    killed = ChildSender((sys.executable, "-c", BAD_CHILDREN["is killed"]))
    well = f"import sys; sys.stdin.readline(); print({json.dumps(json.dumps({'verdict': 'sent'}))})"
    assert (await killed.send(address, WHAT)).fate is Fate.FAILED
    assert await ChildSender((sys.executable, "-c", well)).send(address, WHAT) == Verdict(Fate.SENT)


async def test_a_send_that_is_given_up_leaves_no_child_behind(address: Path, tmp_path: Path) -> None:
    born = tmp_path / "pid"
    source = f"import os, time; open({str(born)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    sending = asyncio.create_task(ChildSender((sys.executable, "-c", source)).send(address, WHAT))
    async with asyncio.timeout(10):
        while not (born.exists() and born.read_text()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    with pytest.raises(ProcessLookupError):
        os.kill(int(born.read_text()), 0)


async def test_a_day_without_a_network_ends_in_one_message_of_what_is_still_so(tmp_path: Path) -> None:
    """Forty shelves ran empty meanwhile, thirty were refilled: nobody hears of those, and of the others once."""
    async with alert_bench(tmp_path) as bench:
        bench.phones.answers["floor"] = Verdict(Fate.FAILED, "unreachable")
        for hour in range(24):
            now_empty = [empty(f"slot-{hour}-{n}") for n in range(2)]
            await bench.finds(*now_empty)
            for _ in range(4):
                await bench.passes(minutes=15)
                await bench.delivers()
            if hour < 19:
                await bench.finds(*(filled(found.subject) for found in now_empty))
                await bench.passes(seconds=5)
        tried = len(bench.phones.told)
        assert tried < 24 * 4 * 2, "less and less often, and many at once are one"
        bench.phones.answers["floor"] = SENT
        await bench.passes(minutes=25)
        titles = [title for _ in range(4) for title in await bench.delivers()]
        assert len(titles) == 1
        (_, digest) = bench.phones.told[-1]
        for hour in range(24):
            assert (f"slot-{hour}-0" in digest.body) is (hour >= 19), digest.body
