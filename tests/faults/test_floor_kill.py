"""A gateway is killed at any statement while its floor writes; the shelf is refilled while it is dead; it starts again.

What it was told is durable is there, nothing is half there, nothing is raised twice, and the refill is one change.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

from edge_agent.journal.inspection import verify_file
from kiosk_ui.staff.board import AlertState
from tests.faults.floor_victim import Deed

ROOT = Path(__file__).resolve().parents[2]
REFILLED = 10
STRIDE = "5"


def told_of(folder: Path) -> tuple[dict[str, int], int]:
    """The last that was told durable of each thing, and how many were sold in all."""
    words = [line.split() for line in (folder / "told").read_text().splitlines() if "None" not in line]
    return {name: int(value) for name, value in words}, sum(int(value) for name, value in words if name == "sold")


async def gone_on(folder: Path) -> None:
    """Start again where the power went, with a shelf that was filled meanwhile, and compare."""
    told, sold = told_of(folder)
    deed = Deed(folder)
    bench = deed.bench
    bench.ns += 2 * 3_600 * 1_000_000_000
    assert bench.journal.mended == ()
    await bench.floor.begin()
    stocks, totals, counter, taught, alerts = await bench.journal.read(
        lambda r: (
            r.stocks(), r.sold_of(["tea"]), r.card_counter("card"), r.calibrations(), r.open_alerts(),
        )
    )  # fmt: skip
    kept = stocks["A1"].units if "A1" in stocks else None
    assert bench.slot().units == kept, "the board shows what the journal holds"
    assert {(view.kind, view.subject) for view in bench.open_alerts().values()} == {(a.kind, a.subject) for a in alerts}
    assert totals.get("tea", (0, 0))[0] in {sold, sold + 2, sold + 5}, "at most the sale in flight is not known of"
    assert counter >= told.get("counter", -1)
    assert (taught["bus/scale-2"].zero_counts if taught else 0) >= told.get("zero", 0)
    changes = len(await bench.events("stock.changed"))

    await deed.weighs(REFILLED, seconds=12)
    await deed.waits(120)
    assert bench.slot().units == REFILLED
    new = (await bench.events("stock.changed"))[changes:]
    # What nobody knew before is no change.
    delta = 0 if kept is None else REFILLED - kept
    # A slot that has just changed tells that some seconds later: then this is told first.
    told_units = stocks["A1"].told if "A1" in stocks else None
    untold = [] if kept is None or told_units in {None, kept} else [kept - (told_units or 0)]
    assert [event["delta"] for event in new] == [*untold, delta], "what happened meanwhile is one change"
    assert not any(view.kind in {"stock_out", "low_stock"} for view in bench.open_alerts().values())
    raised = Counter(e["alert"] for e in await bench.events("alert.changed") if e["state"] == AlertState.RAISED)
    assert set(raised.values()) <= {1}, "nothing is raised twice"
    missing = [event["units"] for event in await bench.events("stock.discrepancy") if event["kind"] == "missing"]
    left = 8 - totals.get("tea", (0, 0))[0]
    assert sum(missing) <= left, "nobody is accused of more than left the shelf unsold, nor twice of the same"
    await bench.journal.close()
    assert verify_file(folder / "journal.db").ok


async def test_a_floor_killed_at_any_statement_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.floor_victim", str(tmp_path), STRIDE],
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
        if (tmp_path / str(life) / "told").exists():
            await gone_on(tmp_path / str(life))
