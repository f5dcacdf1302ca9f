"""A disk is restored: the store begins a new journal, and tells again what is still open, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.unit.edge.alerts_bench import alert_bench, empty, filled


async def test_a_new_incarnation_tells_every_open_alert_again_in_the_same_commit(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        for subject in ("A1", "A2", "A3"):
            await bench.raises(empty(subject))
        await bench.finds(filled("A2"))
        await bench.passes(seconds=10)
        await bench.acts("acknowledge", alert=next(v.id for v in bench.alerts.views() if v.subject == "A3"))
        before = await bench.events()
        await bench.journal.begin_incarnation("the disk was restored")
        again = (await bench.events())[len(before) :]
        assert sorted((event["subject"], event["state"], event["reason"]) for event in again) == [
            ("A1", "raised", "told_again"),
            ("A3", "acknowledged", "told_again"),
        ]
        assert {event["alert"] for event in again} <= {event["alert"] for event in before}
        assert (await bench.journal.verify()).ok


async def test_an_alert_that_was_told_again_goes_on_as_it_was(tmp_path: Path) -> None:
    async with alert_bench(tmp_path) as bench:
        await bench.raises()
        await bench.journal.begin_incarnation("the disk was restored")
        await bench.restarts()
        await bench.finds(filled())
        await bench.passes(seconds=10)
        assert await bench.states() == ["raised", "raised", "resolved"]
        assert bench.state() == "resolved"
