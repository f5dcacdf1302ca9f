"""The in-store bus with everybody on it, on real brokers: forged commands, floods, and a broker that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from devices.store_bus import BusSettings
from edge_agent.config.home_assistant_settings import HomeAssistantSettings
from edge_agent.home_assistant.entities import Snapshot, StoreFacts
from edge_agent.home_assistant.publisher import COMMANDS_WAITING_MAX, HomeAssistant, HomeAssistantTools
from kiosk_ui.staff.board import ActResult, AlertState, AlertView, Board, BoardAct, Severity, SlotView, StockState
from tests.brokers import Broker
from tests.conformance.bus_ear import WITHIN_S, say

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALERT = "0123456789abcdef" * 2
FORGED = 400


class Store:
    """A store told to Home Assistant, with one alert open; counts how often its floor is looked at."""

    def __init__(self, broker: Broker) -> None:
        self.looks = 0
        self.acts: list[tuple[str, BoardAct]] = []
        self.acted = asyncio.Event()
        self.stands = asyncio.Event()
        self.told = HomeAssistant(
            HomeAssistantSettings(port=broker.port),
            HomeAssistantTools(
                gateway="shop-1", language="en", snapshot=self.look, changed=self.nothing_new, act=self.act
            ),
        )

    def look(self) -> Snapshot:
        self.looks += 1
        if self.looks > 1:  # the first time it is told all, so now all was told
            self.stands.set()
        alert = AlertView(
            id=ALERT, kind="stock_out", subject="A1", severity=Severity.URGENT, state=AlertState.RAISED,
            raised_at=NOW, changed_at=NOW,
        )  # fmt: skip
        slot = SlotView(
            slot="A1", sku="tea", name_zh="茶", name_en="Tea", zone="", units=0, capacity=9, reorder_at=2,
            state=StockState.OUT,
        )  # fmt: skip
        return Snapshot(Board(store_name="Shop", at=NOW, alerts=(alert,), slots=(slot,)), StoreFacts(True, "full", "1"))

    async def nothing_new(self) -> None:
        await asyncio.Event().wait()

    async def act(self, alert: str, act: BoardAct) -> ActResult:
        self.acts.append((alert, act))
        self.acted.set()
        return ActResult(is_done=True)


@asynccontextmanager
async def told_store(broker: Broker) -> AsyncIterator[Store]:
    store = Store(broker)
    telling = asyncio.create_task(store.told.run())
    try:
        async with asyncio.timeout(WITHIN_S):
            await store.stands.wait()
        yield store
    finally:
        telling.cancel()
        await asyncio.wait((telling,))


async def test_forged_commands_cost_the_store_nothing_and_drown_no_true_one(any_broker: Broker) -> None:
    top, slots = "regulars/shop-1/alerts/acknowledge", "regulars/shop-1/slots"
    async with told_store(any_broker) as store:
        before = store.looks
        forged = [
            *((top, f"{number:032x}".encode()) for number in range(FORGED)),
            *((f"{slots}/x{number}/acknowledge", b"PRESS") for number in range(FORGED)),
            *((f"{slots}/A1/acknowledge", payload) for payload in (b"", b"\xff" * 40, b"PRESS\n", b"{" * 9_000)),
            (top, b"none"),
            (top, ALERT.upper().encode()),
        ]
        await say(BusSettings(port=any_broker.port), *forged, (top, ALERT.encode()))
        async with asyncio.timeout(WITHIN_S):
            await store.acted.wait()
        assert [alert for alert, _ in store.acts] == [ALERT]
        assert store.looks - before < COMMANDS_WAITING_MAX
