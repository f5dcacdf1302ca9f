"""Seeded days at shelves through the real floor: is the number right, is staff called when they should be, how fast."""

from __future__ import annotations

import argparse
import asyncio
import gc
import math
import resource
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from benchmarks._shelf_days import DayRules, Episode, TrueSlot, slots_of
from cloud_bridge.topics import Lane
from devices.readings import Measure, SensorRead
from edge_agent.alerts.engine import Alerts
from edge_agent.clock import BUILD_DATE_MS, HybridClock
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.floor.findings import AlertKind
from edge_agent.floor.floor import Floor, FloorTools
from edge_agent.journal import Journal, JournalSettings
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import AlertState

describe = "stock: ±1 unit, alerts' precision and recall, seconds to a stock-out, over seeded days; readings a second"

SLOTS_A_DAY = 20
RIGHT_MIN = 0.99
OUT_S_MAX = 5.0
_SUMS = (
    "readings",
    "judged",
    "exact",
    "within_one",
    "untellable",
    "untellable_wrong",
    "flaps",
    "stolen",
    "missing",
    "phantom",
)
_GRACE_S = 10.0
"""An episode shorter than this is nobody's business; an alert may be so late."""


@dataclass(slots=True)
class Figures:
    """What was counted, over all days."""

    readings: int = 0
    judged: int = 0
    exact: int = 0
    within_one: int = 0
    worst: int = 0
    untellable: int = 0
    """Of those judged: something stood there that weighs a whole number of units."""
    untellable_wrong: int = 0
    """Of those: more than one unit off."""
    raised: Counter[str] = field(default_factory=Counter)
    rightly: Counter[str] = field(default_factory=Counter)
    episodes: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    flaps: int = 0
    seconds_to_out: list[float] = field(default_factory=list)
    stolen: int = 0
    missing: int = 0
    phantom: int = 0
    events: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Called:
    """One time that staff were called."""

    kind: str
    slot: str
    at_s: float
    until_s: float | None = None


class ShelfDay:
    """One day of a store: its truth, its floor, and a clock moved by hand."""

    def __init__(self, seed: int, folder: Path, *, slots: int = SLOTS_A_DAY, rules: DayRules | None = None) -> None:
        self._ns = (BUILD_DATE_MS + 86_400_000) * 1_000_000
        self._rules = rules or DayRules()
        self.slots = slots_of(seed, slots, self._rules)
        clock = HybridClock(lambda: self._ns, lambda: self._ns, BUILD_DATE_MS, lambda: True, boot_id="day")
        self._clock = clock
        settings = JournalSettings(path=folder / "journal.db", gateway_id="store-1", secret=b"s" * 32)
        self.journal = Journal.open(settings, clock=clock)
        self._calls: list[_Called] = []
        self.figures = Figures()
        self.floor = self._new_floor()

    def _new_floor(self) -> Floor:
        tools = FloorTools(
            journal=self.journal,
            hub=LiveHub(),
            store_name="Store",
            now=self._clock.now,
            monotonic=self._clock.monotonic,
            alerts=lambda reader: Alerts.load(reader, AlertSettings()),
        )
        return Floor(tools, FloorSettings(), plan=tuple(slot.planned for slot in self.slots))

    async def live(self) -> Figures:
        """Let the day pass, a sample of each scale and a look at the floor every second."""
        await self.floor.begin()
        for second in range(int(self._rules.opens_s)):
            self._ns += 1_000_000_000
            now_s = float(second)
            for slot in self.slots:
                await self._second(slot, now_s)
            await self.floor.tick()
            self._see_alerts(now_s)
            self._judge(now_s)
        await self._sum_up()
        await self.journal.close()
        return self.figures

    async def _second(self, slot: TrueSlot, now_s: float) -> None:
        sku = slot.planned.sku
        if sold := slot.pass_to(now_s):
            await self.journal.write(lambda tx: tx.sold(sku, sold))
            self.floor.sold([sku])
        grams = slot.sample(now_s)
        if grams is not None:
            self.figures.readings += 1
            await self.floor.observe("bus", SensorRead(slot.planned.scale.removeprefix("bus/"), Measure.WEIGHT, grams))

    def _judge(self, now_s: float) -> None:
        if now_s < 60:
            return
        for slot, view in zip(self.slots, self.floor.board().slots, strict=True) if now_s % 5 == 0 else ():
            if view.note in {"hand", "stale"} or view.units is None or not slot.is_quiet(now_s):
                continue
            miss = abs(view.units - len(slot.units))
            self.figures.judged += 1
            self.figures.exact += miss == 0
            self.figures.within_one += miss <= 1
            if not slot.is_tellable():
                self.figures.untellable += 1
                self.figures.untellable_wrong += miss > 1
                continue
            self.figures.worst = max(self.figures.worst, miss)

    def _see_alerts(self, now_s: float) -> None:
        open_now = {(a.kind, a.subject) for a in self.floor.alert_views() if a.state is not AlertState.RESOLVED}
        going_on = {(call.kind, call.slot): call for call in self._calls if call.until_s is None}
        for key, call in going_on.items():
            if key not in open_now:
                call.until_s = now_s
        for kind, subject in open_now - going_on.keys():
            self._calls.append(_Called(kind, subject, now_s))

    async def _sum_up(self) -> None:
        by_slot = {slot.planned.slot: slot for slot in self.slots}
        for kind, episodes_of in ((AlertKind.STOCK_OUT, _empty), (AlertKind.WRONG_ITEM, _wrong)):
            calls = [call for call in self._calls if call.kind == kind.value and call.slot in by_slot]
            self._match(kind.value, calls, {name: episodes_of(slot) for name, slot in by_slot.items()})
        by_key: dict[tuple[str, str], list[_Called]] = {}
        for call in self._calls:
            by_key.setdefault((call.kind, call.slot), []).append(call)
        for calls in by_key.values():
            for before, after in pairwise(calls):
                if before.until_s is not None and after.at_s - before.until_s < _GRACE_S:
                    self.figures.flaps += not _warranted(by_slot.get(after.slot), before.until_s, after.at_s)
        self.figures.stolen = sum(slot.stolen for slot in self.slots)
        await self._read_events()

    def _match(self, kind: str, calls: list[_Called], episodes: dict[str, list[Episode]]) -> None:
        figures = self.figures
        for call in calls:
            figures.raised[kind] += 1
            figures.rightly[kind] += any(
                one.begin_s <= call.at_s <= (one.end_s or math.inf) + _GRACE_S for one in episodes[call.slot]
            )
        for name, found in episodes.items():
            slot = next(slot for slot in self.slots if slot.planned.slot == name)
            for one in found:
                end_s = one.end_s or self._rules.opens_s
                if end_s - one.begin_s < 30 or not one.is_tellable:
                    continue
                figures.episodes[kind] += 1
                of_slot = (call for call in calls if call.slot == name)
                within = [c for c in of_slot if c.at_s <= end_s and (c.until_s or math.inf) > one.begin_s]
                figures.told[kind] += bool(within)
                if within and kind == AlertKind.STOCK_OUT.value and not slot.was_silent(one.begin_s):
                    figures.seconds_to_out.append(max(0.0, within[0].at_s - one.hand_gone_s))

    async def _read_events(self) -> None:
        rows = await self.journal.read(
            lambda reader: [*reader.tail(Lane.LEDGER, 1_000_000), *reader.tail(Lane.TELEMETRY, 1_000_000)]
        )
        for row in rows:
            event = orjson.loads(row.body)
            self.figures.events[event["type"]] += 1
            if event["type"] == "regulars.stock.discrepancy.v1":
                units, kind = event["data"]["units"], event["data"]["kind"]
                self.figures.missing += units * ((kind == "missing") - (kind == "found"))
                self.figures.phantom += units * (kind == "phantom")


def _empty(slot: TrueSlot) -> list[Episode]:
    return slot.empty


def _wrong(slot: TrueSlot) -> list[Episode]:
    return slot.wrong


def _warranted(slot: TrueSlot | None, until_s: float, again_s: float) -> bool:
    """Whether the goods themselves came and went between the end of a call and the next."""
    return slot is not None and any(until_s - 30 <= at_s <= again_s for at_s in slot.moves)


def add(total: Figures, day: Figures) -> Figures:
    """The figures of two stretches of days."""
    for name in _SUMS:
        setattr(total, name, getattr(total, name) + getattr(day, name))
    total.worst = max(total.worst, day.worst)
    for name in ("raised", "rightly", "episodes", "told", "events"):
        getattr(total, name).update(getattr(day, name))
    total.seconds_to_out += day.seconds_to_out
    return total


def live_days(days: int, *, seed: int, slots: int = SLOTS_A_DAY, rules: DayRules | None = None) -> Figures:
    """So many seeded days, one after the other."""
    total = Figures()
    for day in range(days):
        with tempfile.TemporaryDirectory() as folder:
            total = add(total, asyncio.run(_day(seed + day, Path(folder), slots, rules)))
    return total


async def _day(seed: int, folder: Path, slots: int, rules: DayRules | None) -> Figures:
    return await ShelfDay(seed, folder, slots=slots, rules=rules).live()


def run(arguments: list[str]) -> dict[str, Any]:
    """Live days, and say how right the floor was."""
    parser = argparse.ArgumentParser(prog="benchmarks stock")
    parser.add_argument("--days", type=int, default=10, help=f"days, of {SLOTS_A_DAY} slots each")
    parser.add_argument("--hours", type=float, default=10.0, help="how long the shop is open")
    parser.add_argument("--seed", type=int, default=20_260_601)
    asked = parser.parse_args(arguments)
    began_s = perf_counter()
    figures = live_days(asked.days, seed=asked.seed, rules=DayRules(opens_s=asked.hours * 3_600))
    took_s = perf_counter() - began_s
    gc.collect()
    outs = sorted(figures.seconds_to_out) or [0.0]
    right = figures.within_one / max(1, figures.judged)
    return {
        "slot_days": asked.days * SLOTS_A_DAY,
        "readings": figures.readings,
        "readings_a_second": round(figures.readings / took_s),
        "judged": figures.judged,
        "exact": round(figures.exact / max(1, figures.judged), 5),
        "within_one": round(right, 5),
        "worst_miss": figures.worst,
        "untellable": figures.untellable,
        "untellable_and_wrong": figures.untellable_wrong,
        "alerts": [
            {
                "kind": kind,
                "raised": figures.raised[kind],
                "precision": _share(figures.rightly[kind], figures.raised[kind]),
                "episodes": figures.episodes[kind],
                "recall": _share(figures.told[kind], figures.episodes[kind]),
            }
            for kind in sorted(figures.episodes | figures.raised)
        ],
        "flaps": figures.flaps,
        "seconds_to_stock_out": {"p50": outs[len(outs) // 2], "p99": outs[int(len(outs) * 0.99)], "max": outs[-1]},
        "stolen": figures.stolen,
        "told_missing": figures.missing,
        "told_phantom": figures.phantom,
        "events": dict(figures.events),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "targets": [
            {"name": "within one unit", "value": round(right, 5), "target": RIGHT_MIN, "met": right >= RIGHT_MIN},
            {"name": "seconds to stock-out", "value": outs[-1], "target": OUT_S_MAX, "met": outs[-1] <= OUT_S_MAX},
            {"name": "flaps", "value": figures.flaps, "target": 0, "met": figures.flaps == 0},
        ],
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
