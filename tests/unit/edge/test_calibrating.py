"""The desk behind the calibration page: lessons over HTTP on a virtual chip, kept in a real journal, used at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from cloud_bridge.topics import Lane
from edge_agent.floor.calibrating import IDLE_S, LESSONS_MAX, drift_of
from edge_agent.floor.hearing import Hearers, Hearing
from edge_agent.shelves.calibration import Calibration
from kiosk_ui.staff.calibration import CALIBRATION_CHANNEL
from tests.unit.edge.calibrating_bench import SCALE, SLOT, school
from tests.unit.edge.journal_bench import Hands


async def test_a_lesson_over_http_is_kept_with_its_event_and_used_at_once(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        found = await one.teach({"units": 3, "actor": "Li"}, 990)
        assert found["known_g"] == 990
        assert found["error_units"] < 0.05
        kept = await one.do("keep")
        assert kept.json()["step"] == "done"
        [line] = one.floor.used
        assert line.counts_per_kg == pytest.approx(420_000, rel=0.001)
        assert await one.journal.read(lambda reader: reader.calibrations()) == {SCALE: line}
        [row] = await one.journal.read(lambda reader: list(reader.tail(Lane.LEDGER, 10)))
        event = orjson.loads(row.body)
        assert event["type"] == "regulars.scale.calibrated.v1"
        assert event["data"]["scale"] == SCALE
        assert event["data"]["known_g"] == 990
        assert event["data"]["actor"] == "Li"
        assert (await one.do("lesson")).status_code == 404


async def test_every_reading_reaches_the_page_as_it_comes(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        await one.do("begin", {"known_g": 500})
        async with one.hub.reader(CALIBRATION_CHANNEL) as reader:
            events = reader.events()
            await anext(events)
            await one.weigh(1)
            view = orjson.loads((await anext(events)).json)
        assert view["slot"] == SLOT
        assert view["beat"] > 0
        assert view["live_counts"] == pytest.approx(84_000, abs=200)
        assert view["live_g"] is None


@pytest.mark.parametrize("slot", ["C-01", "D-01", "nowhere"])
async def test_a_slot_without_a_scale_has_no_lesson(tmp_path: Path, slot: str) -> None:
    async with school(tmp_path) as one:
        answer = await one.do("begin", {"known_g": 500}, slot=slot)
        assert (answer.status_code, answer.json()["reason"]) == (404, "gone")


async def test_more_items_than_a_shelf_bears_are_refused(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        answer = await one.do("begin", {"units": 1_000})
        assert (answer.status_code, answer.json()["reason"]) == (409, "too_heavy")


async def test_one_scale_has_one_lesson_at_a_time(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        answers = await asyncio.gather(*(one.do("begin", {"known_g": 500}) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert (await one.do("end")).status_code == 204
        assert (await one.do("begin", {"known_g": 500})).is_success


async def test_a_scale_that_tells_counts_needs_a_weight_once(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        refused = await one.do("begin")
        assert (refused.status_code, refused.json()["reason"]) == (409, "never_taught")
        await one.teach({"known_g": 500}, 500)
        await one.do("keep")
        assert (await one.do("begin")).json()["teach"] == "zero"


async def test_the_empty_shelf_weighed_again_later_tells_its_drift(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        await one.teach({"known_g": 500}, 500)
        await one.do("keep")
        one.hands.pass_ms(4 * 86_400_000)
        one.cell.chip.load_g = 20  # dust, creep, a label: the zero moved
        await one.weigh(1)
        await one.do("begin")
        await one.do("go-on", {"step": "empty"})
        await one.weigh(8)
        view = (await one.do("lesson")).json()
        assert view["step"] == "confirm"
        assert view["drift_g"] == pytest.approx(20, abs=0.3)
        assert view["drift_g_per_day"] == pytest.approx(5, abs=0.1)
        await one.do("keep", {"actor": "Wang"})
        scales = (await one.web.get("/api/calibrations")).json()["scales"]
        assert [scale["slot"] for scale in scales] == [SLOT, "B-01"]
        assert scales[0]["drift_g_per_day"] == pytest.approx(5, abs=0.1)
        assert scales[0]["known_g"] == 500
        assert scales[1]["taught_at"] is None
        assert one.floor.used[-1].counts_per_kg == one.floor.used[0].counts_per_kg


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"known_g": 500, "units": 3}, 422),
        ({"known_g": 0}, 422),
        ({"known_g": 1e9}, 422),
        ({"units": 0}, 422),
        ({"units": 3, "speling": 1}, 422),
        ({"known_g": "NaN"}, 422),
        ({"actor": "x" * 81, "units": 1}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_place(tmp_path: Path, body: dict[str, Any], status: int) -> None:
    async with school(tmp_path) as one:
        answer = await one.do("begin", body)
        assert answer.status_code == status
        assert answer.json()["place"].startswith("body")


async def test_steps_are_neither_skipped_nor_made_up(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        assert (await one.do("go-on", {"step": "empty"})).json()["reason"] == "no_lesson"
        await one.do("begin", {"known_g": 500})
        for step in ("load", "taring", "confirm", "nonsense"):
            assert (await one.do("go-on", {"step": step})).json()["reason"] == "wrong_step"
        assert (await one.do("keep")).json()["reason"] == "wrong_step"
        assert (await one.do("go-on", {"step": "empty"})).json()["step"] == "taring"
        assert (await one.do("go-on", {"step": "empty"})).json()["step"] == "taring"
        assert (await one.do("again")).json()["step"] == "empty"


async def test_another_sites_page_cannot_teach_a_scale(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        answer = await one.do("begin", {"known_g": 500}, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code == 403


async def test_a_journal_that_cannot_keep_it_leaves_the_lesson_to_be_kept_again(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        await one.teach({"known_g": 500}, 500)
        await one.journal.close()
        answer = await one.do("keep")
        assert answer.status_code == 503
        assert (await one.do("lesson")).json()["step"] == "confirm"
        assert one.floor.used == []


async def test_a_silent_scale_is_told_of_and_a_forgotten_lesson_ends(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        await one.do("begin", {"known_g": 500})
        await one.time_passes(10)
        assert (await one.do("lesson")).json()["problem"] == "silent"
        await one.time_passes(IDLE_S)
        assert (await one.do("lesson")).json()["reason"] == "no_lesson"
        assert (await one.do("begin", {"known_g": 500})).is_success


async def test_a_lesson_that_ended_listens_no_more(tmp_path: Path) -> None:
    async with school(tmp_path) as one:
        for _ in range(3 * LESSONS_MAX):
            assert (await one.do("begin", {"known_g": 500})).is_success
            await one.weigh(0.5)
            await one.do("end")
            await one.weigh(0.5)
        with listening(one.floor.hearers) as hearing:
            assert hearing.sensor == SCALE


@contextmanager
def listening(hearers: Hearers) -> Iterator[Hearing]:
    """Fails when lessons that ended still listen: only so many may at a time."""
    with hearers.listen(SCALE) as hearing:
        yield hearing


def test_drift_needs_two_lessons_half_a_day_apart() -> None:
    now = Hands().clock().now()
    old = Calibration(SCALE, 84_000, 420_000, now, 500)
    assert drift_of([]) is drift_of([old]) is None
    assert drift_of([Calibration(SCALE, 84_420, 420_000, now + timedelta(hours=2), 500), old]) is None
    assert drift_of([Calibration(SCALE, 84_420, 420_000, now + timedelta(days=2), 500), old]) == 0.5
