"""Clerks: they read the staff board as anybody does, say "I am on it", walk there and put it right.

Whether that resolved anything is the sensor's word, not theirs: they look at the board again. What somebody else has
claimed they leave alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from simulation.floor.aisles import Aisles
from simulation.floor.slot import ShelfSlot

NAMES = ("小周 Zhou", "阿丽 Li")
LOOK_S = 1.0
"""How often a clerk looks at the board."""
NOTICE_S = 4.0
"""How long an alert has stood there before a clerk takes it: time for somebody else to be quicker."""
WALK_S = 3.0
_GLANCE_S = 0.25
_HANDFUL = 6
"""Pieces that go onto a shelf at once."""
_FILL_S = 1.4
_ATTEMPTS_MAX = 20
_OPEN_STATES = frozenset({"raised", "escalated"})
_STOCK_KINDS = frozenset({"low_stock", "stock_out"})
_LOOKED_INTO_KINDS = frozenset({"missing", "phantom", "card_copied"})
"""What is over when somebody has looked into it: no sensor can say so."""
_KINDS = _STOCK_KINDS | _LOOKED_INTO_KINDS | {"wrong_item"}


@dataclass(frozen=True, slots=True)
class Task:
    """An alert that a clerk can do something about."""

    alert: str
    kind: str
    slot: ShelfSlot | None


class StaffBoard:
    """The board's HTTP side, as a browser uses it."""

    def __init__(self, url: str, web: httpx.AsyncClient) -> None:
        self._url = url
        self._web = web

    async def read(self) -> dict[str, Any] | None:
        """What it shows; ``None`` while the gateway does not answer."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = await self._web.get(f"{self._url}/api/board")
            if answer.is_success:
                board: dict[str, Any] = answer.json()
                return board
        return None

    async def shows(self, wanted: Callable[[dict[str, Any]], bool], *, timeout_s: float) -> dict[str, Any] | None:
        """Wait until it shows what is ``wanted``; the board then, ``None`` when it did not in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    board = await self.read()
                    if board is not None and wanted(board):
                        return board
                    await asyncio.sleep(_GLANCE_S)
        return None

    async def knows_the_shelves(self, *, timeout_s: float) -> bool:
        """Wait until it tells of every slot how much lies there; whether it did in time."""
        return await self.shows(_tells_all, timeout_s=timeout_s) is not None

    async def act(self, alert: str, act: str, actor: str) -> bool:
        """Do something to an alert; whether it was done."""
        return await self._post(f"alerts/{alert}", {"act": act, "actor": actor})

    async def count(self, slot: str, units: int, actor: str) -> bool:
        """Write down what was counted; whether it was taken."""
        return await self._post(f"slots/{slot}/count", {"units": units, "actor": actor})

    async def _post(self, path: str, body: dict[str, Any]) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return (await self._web.post(f"{self._url}/staff/board/{path}", json=body)).is_success
        return False


def _tells_all(board: dict[str, Any]) -> bool:
    return all(slot["units"] is not None for slot in board["slots"])


class Clerks:
    """``work()`` runs while the shop is open. ``on_duty`` can be switched off: then the visitor has to do it."""

    def __init__(self, aisles: Aisles, board: StaffBoard, *, names: tuple[str, ...] = NAMES) -> None:
        self._aisles = aisles
        self._board = board
        self._names = names
        self._taken: set[str] = set()
        self._first_seen_s: dict[str, float] = {}
        self.on_duty = True
        self.refills = 0

    async def work(self) -> None:
        """Count what no scale weighs, then look at the board until cancelled."""
        await self._count_by_hand(self._names[0])
        async with asyncio.TaskGroup() as shift:
            for name in self._names:
                shift.create_task(self._shift_of(name), name="clerk")

    async def _count_by_hand(self, name: str) -> None:
        """What has no scale is counted before the shop opens."""
        for slot in self._aisles.world.slots.values():
            if not slot.plan.is_weighed:
                await self._write_down(slot, name)

    async def _write_down(self, slot: ShelfSlot, name: str) -> None:
        for _ in range(_ATTEMPTS_MAX):
            if await self._board.count(slot.plan.slot, slot.units, name):
                return
            await asyncio.sleep(LOOK_S)

    async def _shift_of(self, name: str) -> None:
        while True:
            task = await self._next() if self.on_duty else None
            if task is None:
                await asyncio.sleep(LOOK_S)
                continue
            self._taken.add(task.alert)
            try:
                await self._do(task, name)
            finally:
                self._taken.discard(task.alert)

    async def _next(self) -> Task | None:
        """The first alert of the board that nobody has taken and that has stood there for a moment."""
        board = await self._board.read()
        if board is None:
            return None
        now_s = self._aisles.clock.now_s()
        open_alerts = [one for one in board["alerts"] if one["state"] in _OPEN_STATES and one["kind"] in _KINDS]
        self._first_seen_s = {one["id"]: self._first_seen_s.get(one["id"], now_s) for one in open_alerts}
        for one in open_alerts:
            has_waited = now_s - self._first_seen_s[one["id"]] >= NOTICE_S
            if has_waited and one["id"] not in self._taken and not one["claimed_by"]:
                return Task(one["id"], one["kind"], self._aisles.world.slots.get(one["subject"]))
        return None

    async def _do(self, task: Task, name: str) -> None:
        if not await self._board.act(task.alert, "acknowledge", name):
            return
        await asyncio.sleep(WALK_S)
        if task.kind in _LOOKED_INTO_KINDS:
            await self._board.act(task.alert, "resolve", name)
        elif task.slot is not None and task.kind == "wrong_item":
            slot = task.slot
            await self._aisles.reach(slot, lambda: self._aisles.world.tidy(slot), seconds=_FILL_S)
        elif task.slot is not None:
            await self._refill(task.slot, name)

    async def _refill(self, slot: ShelfSlot, name: str) -> None:
        """Handful by handful, as it is done; a slot without a scale is counted then."""
        await self._aisles.refill(slot, pieces=_HANDFUL, seconds=_FILL_S)
        self.refills += 1
        if not slot.plan.is_weighed:
            await self._write_down(slot, name)
