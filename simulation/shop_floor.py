"""The floor of one store: its counters side by side, each with its hands, and one tally of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from devices.virtual.till import VirtualTill
from kiosk_ui.kiosk.screens import kiosk_channel
from simulation.branch import Branch, CounterHardware
from simulation.checkout import pay_with_points
from simulation.day.turns import ClaimSale, Join, PayWithPoints, RingUp, ScanCode, Step, TakeReward, TapCard, Turn
from simulation.evidence.witness import Witness
from simulation.hands import Counter, Hands, Tally
from simulation.self_service import join, take_reward

_WITNESS_TIMEOUT_S = 10.0


class ShopFloor:
    """Performs turns, one after the other, each at its own counter."""

    def __init__(self, hands: Sequence[Hands], tally: Tally) -> None:
        self.hands = tuple(hands)
        self.tally = tally

    def at(self, counter: int) -> Hands:
        """The hands at counter ``counter`` (from 1). Raises ``ValueError`` where the store has no such counter."""
        if not 1 <= counter <= len(self.hands):
            raise ValueError(f"this store has the counters 1 to {len(self.hands)}, not {counter}")
        return self.hands[counter - 1]

    async def perform(self, turn: Turn) -> None:
        """Every step of a turn, in order. Raises ``TillGaveUp``, and ``ValueError`` for a counter that is not there."""
        for step in turn.steps:
            await _perform(step, self.at(turn.counter))


async def _perform(step: Step, hands: Hands) -> None:
    match step:
        case TapCard(card):
            await hands.tap(card)
        case ScanCode(text):
            await hands.scan(text)
        case RingUp(receipt):
            await hands.ring_up(receipt)
        case ClaimSale(sale_id):
            await hands.claim(sale_id)
        case PayWithPoints(receipt):
            await pay_with_points(hands, receipt)
        case Join():
            await join(hands, step)
        case TakeReward(pin):
            await take_reward(hands, pin=pin)


@asynccontextmanager
async def furnished(branch: Branch, web: httpx.AsyncClient, *, now_s: Callable[[], int]) -> AsyncIterator[ShopFloor]:
    """Put a till and a witness at every counter of a running store; ``now_s`` is the tills' clock (unix seconds)."""
    tally = Tally()
    async with AsyncExitStack() as opened:
        hands = []
        for hardware in branch.counters:
            counter = _counter(branch, hardware, now_s)
            await opened.enter_async_context(counter.till)
            await opened.enter_async_context(counter.witness)
            hands.append(Hands(counter, web, tally))
        async with asyncio.timeout(_WITNESS_TIMEOUT_S):
            for one in hands:
                await one.counter.witness.connected.wait()
        yield ShopFloor(hands, tally)


def _counter(branch: Branch, hardware: CounterHardware, now_s: Callable[[], int]) -> Counter:
    names = hardware.names
    secret = branch.plan.folder.till_key
    return Counter(
        names,
        hardware.reader,
        hardware.scanner,
        VirtualTill(branch.till_url, name=names.till, secret=secret, now_s=now_s),
        Witness(f"{branch.url}/live/{kiosk_channel(names.kiosk)}"),
        branch.kiosk_url(names),
    )
