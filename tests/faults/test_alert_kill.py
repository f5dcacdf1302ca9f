"""A gateway is killed just before each statement of an alert's life; then it starts again and the alert goes on.

In the end it is resolved, staff were told of every state, and at most one message came twice: the one in flight.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from edge_agent.journal.inspection import verify_file
from kiosk_ui.staff.board import AlertState
from tests.faults.alert_victim import TELLS_ALL, live, take_up
from tests.unit.edge.alerts_bench import NOON, alert_bench

ROOT = Path(__file__).resolve().parents[2]
RAISED, NOBODY_CAME, DONE = "缺货：A1", "还没有人处理。缺货：A1", "已恢复。缺货：A1"


async def gone_on(folder: Path) -> tuple[Counter[str], list[str]]:
    """Start again where the power went and live on; what the phone got in both lives, and what the books say."""
    async with alert_bench(folder, at=NOON + timedelta(hours=2), destinations=TELLS_ALL) as bench:
        assert bench.journal.mended == ()
        open_ones = [view for view in bench.alerts.views() if view.state is not AlertState.RESOLVED]
        assert len(open_ones) <= 1
        take_up(bench, folder)
        # A floor's first tick: what came due meanwhile waits from here on, for its full period at most.
        await bench.passes()
        await live(bench)
        states = await bench.states()
        assert await bench.journal.read(lambda reader: reader.pushes_waiting()) == {}
    assert verify_file(folder / "journal.db").ok
    return Counter((folder / "phone").read_text().splitlines()), states


async def test_a_gateway_killed_at_any_statement_tells_staff_all_the_same(tmp_path: Path) -> None:
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.alert_victim", str(tmp_path), "3"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    lives = int(ran.stderr.splitlines()[-1])
    assert lives > 15
    for life in range(1, lives + 1):
        told, states = await gone_on(tmp_path / str(life))
        assert states == ["raised", "escalated", "resolved"], life
        assert set(told) <= {RAISED, NOBODY_CAME, DONE}, life
        assert told[DONE] in {1, 2}, life
        assert sum(told.values()) - len(told) <= 1, f"at most the message in flight came twice: {life} {told}"
