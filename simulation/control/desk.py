"""What a visitor of the control page can do to the store: the same things a shopper or a mishap does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud_crm.clock import Clock
from devices.observations import CardUid, SaleCompleted, SaleLine
from devices.virtual.cards import Card
from devices.virtual.faults import FaultKind
from devices.virtual.ntag424 import personalised
from simulation.branch import Branch
from simulation.checkout import pay_with_points
from simulation.control.views import (
    ControlView,
    CounterView,
    GatewayAction,
    KioskView,
    LeaseView,
    ReaderState,
    SaleView,
)
from simulation.day.assortment import PRODUCTS
from simulation.day.turns import StoreDay
from simulation.evidence.books import Auditor
from simulation.faults.fixture import Fixtures
from simulation.floor.open_floor import OpenFloor
from simulation.hands import Hands, TapOutcome, TillGaveUp, strong_card, virtual_card
from simulation.head_office import HeadOffice
from simulation.shop_floor import ShopFloor
from simulation.stage import Stage

HANDS_MAX = 8
"""Taps that may wait for a reader; more are refused."""
NOT_THE_KEY = b"not the real key"
_SALE_TIMEOUT_S = 15.0


class Refusal(Exception):
    """What was asked for cannot be done now. Says why and what to do, in a sentence each."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Store:
    """The running store as the desk needs it."""

    stage: Stage
    branch: Branch
    floor: ShopFloor
    auditor: Auditor
    head_office: HeadOffice
    day: StoreDay
    clock: Clock
    shelves: OpenFloor
    fixtures: Fixtures


@dataclass(frozen=True, slots=True)
class Said:
    """What the gateway and the cloud last told of themselves; ``None`` while they tell nothing."""

    status: dict[str, Any] | None = None
    rights: dict[str, Any] | None = None


class Desk:
    """The hands of the control page. Every verb returns once it has taken effect."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.last_sale: SaleCompleted | None = None
        self.stranger: CardUid | None = None
        self._hands = 0
        self._receipts = 0

    def _at(self, counter: int) -> Hands:
        try:
            return self.store.floor.at(counter)
        except ValueError as error:
            raise Refusal(f"There is no counter {counter}.", "Choose another.") from error

    async def tap(self, uid: str, *, counter: int) -> TapOutcome:
        """Hold a card to the reader. Raises :class:`Refusal`."""
        try:
            card = CardUid.from_hex(uid)
        except ValueError as error:
            raise Refusal("This is no card number.", "Write 4 to 10 bytes in hexadecimal.") from error
        outcome = await self._hold(virtual_card(card), counter=counter)
        if outcome is TapOutcome.UNKNOWN:
            self.stranger = card
        return outcome

    async def prove(self, *, is_clone: bool, counter: int) -> TapOutcome:
        """Hold the card that proves itself to the reader, or a copy that has its number and not its keys.

        Raises :class:`Refusal`.
        """
        if not self.store.day.members:
            raise Refusal("This store has no members.", "Tap an unknown card.")
        number = strong_card(self.store.day.members[0]).number
        key = NOT_THE_KEY if is_clone else self.store.stage.plan.folder.card_master_key
        return await self._hold(personalised(number, key), counter=counter)

    async def _hold(self, card: Card, *, counter: int) -> TapOutcome:
        hands = self._at(counter)
        if self._hands >= HANDS_MAX:
            raise Refusal(f"{HANDS_MAX} cards wait at the reader already.", "Wait for one of them.")
        self._hands += 1
        try:
            return await hands.hold(card)
        finally:
            self._hands -= 1

    async def scan(self, text: str, *, counter: int) -> None:
        """Scan a code. Raises :class:`Refusal`."""
        if not text.isprintable():
            raise Refusal("This is no code.", "Write printable characters only.")
        if not await self._at(counter).scan(text):
            raise Refusal("The scanner's line did not take the code.", "Wait until the gateway runs.")

    async def sell(self, amount_minor: int, *, counter: int, with_points: bool = False) -> SaleView:
        """Ring up one article at this price; with points, as far as they go here. Raises :class:`Refusal`."""
        hands = self._at(counter)
        sale = self._receipt(hands, quantity=1, amount_minor=amount_minor)
        self.last_sale = await ring_up(hands, sale, with_points=with_points)
        return _sale_view(self.last_sale)

    async def refund(self, *, counter: int) -> SaleView:
        """Give the last sale back. Raises :class:`Refusal`."""
        if self.last_sale is None:
            raise Refusal("There is no sale of this page to refund.", "Make one first.")
        hands, sale = self._at(counter), self.last_sale
        refund = self._receipt(hands, quantity=-1, amount_minor=sale.total_minor, refund_of=sale.sale_id)
        await ring_up(hands, refund)
        self.last_sale = None
        return _sale_view(refund)

    def cable(self, *, plugged: bool) -> None:
        """Pull or plug the network cable between store and broker."""
        if plugged:
            self.store.branch.cable.plug()
        else:
            self.store.branch.cable.pull()

    async def set_reader(self, state: ReaderState, *, counter: int) -> None:
        """Unplug a reader, silence it, or let it work again. Raises :class:`Refusal`."""
        fixture = self.store.fixtures.named(self._at(counter).counter.names.reader)
        if state is ReaderState.WORKING:
            await fixture.heal()
        else:
            await fixture.fail(FaultKind(state.value))

    def _reader_of(self, hands: Hands) -> str:
        fault = self.store.fixtures.named(hands.counter.names.reader).fault
        return ReaderState.WORKING.value if fault is None else fault.value

    async def gateway(self, action: GatewayAction) -> None:
        """Restart the gateway, or kill it with signal 9."""
        branch = self.store.branch
        if not branch.gateway.running:
            raise Refusal("The gateway is just starting.", "Wait a second.")
        if action is GatewayAction.KILL:
            branch.kill_gateway()
        else:
            await branch.restart_gateway()

    async def link(self, member: str) -> None:
        """Give the last unknown card to a member, in the head office. Raises :class:`Refusal`, ``HeadOfficeError``."""
        if self.stranger is None:
            raise Refusal("There is no unknown card to link.", "Tap one first.")
        await self.store.head_office.link(member, self.stranger)
        self.stranger = None

    def view(self, said: Said, turns: tuple[int, int]) -> ControlView:
        """The state as the page shows it."""
        status = said.status
        branch, tally = self.store.branch, self.store.floor.tally
        lanes = _sums(status)
        return ControlView(
            plugged=branch.cable.plugged,
            counters=tuple(_counter_view(hands, self._reader_of(hands)) for hands in self.store.floor.hands),
            gateway_running=branch.gateway.running and status is not None,
            gateway_starts=branch.gateway.starts,
            online=_is_online(status),
            is_frozen=_is_frozen(status),
            lease=_lease(said.rights),
            last_sale=None if self.last_sale is None else _sale_view(self.last_sale),
            stranger=self.stranger is not None,
            taps=tally.taps,
            greeted=tally.greeted,
            sales=tally.sales,
            refunds=tally.refunds,
            recorded=lanes.get("recorded"),
            acked=lanes.get("acked"),
            queued=lanes.get("queued"),
            points_redeemed=tally.points_redeemed,
            rewards=tally.rewards,
            joined=tally.joined,
            turns_done=turns[0],
            turns_total=turns[1],
            tap_ms=round(tally.tap_to_screen_s[-1] * 1_000, 1) if tally.tap_to_screen_s else None,
        )

    def _receipt(
        self, hands: Hands, *, quantity: int, amount_minor: int, refund_of: str | None = None
    ) -> SaleCompleted:
        now: datetime = self.store.clock().astimezone(UTC)
        self._receipts += 1
        product = PRODUCTS[self._receipts % len(PRODUCTS)]
        return SaleCompleted(
            sale_id=f"desk-{now:%y%m%d%H%M%S}-{self._receipts}",
            till=hands.counter.names.till,
            currency=self.store.day.currency,
            total_minor=quantity * amount_minor,
            lines=(SaleLine(product.sku, product.name, quantity, amount_minor),),
            sold_at=now,
            refund_of=refund_of,
        )


async def ring_up(hands: Hands, receipt: SaleCompleted, *, with_points: bool = False) -> SaleCompleted:
    """Close a receipt at the till; as it was closed. Raises :class:`Refusal`."""
    try:
        async with asyncio.timeout(_SALE_TIMEOUT_S):
            if with_points:
                return await pay_with_points(hands, receipt)
            await hands.ring_up(receipt)
            return receipt
    except TimeoutError as error:
        problem = f"The till got no answer within {_SALE_TIMEOUT_S:.0f} s."
        raise Refusal(problem, "Wait until the gateway runs.") from error
    except TillGaveUp as error:
        raise Refusal(f"{error}.", "Correct the receipt.") from error


def _counter_view(hands: Hands, reader: str) -> CounterView:
    counter = hands.counter
    seen = counter.witness.latest
    kiosk = None
    if seen is not None:
        view = seen.view
        kiosk = KioskView(
            screen=seen.screen, name=view.get("name"), balance=view.get("balance"), points=view.get("points")
        )
    return CounterView(number=counter.names.number, reader=reader, kiosk=kiosk, kiosk_url=counter.kiosk_url)


def _sale_view(sale: SaleCompleted) -> SaleView:
    return SaleView(sale=sale.sale_id, total_minor=sale.total_minor, currency=sale.currency)


def _is_frozen(status: dict[str, Any] | None) -> bool | None:
    rights = status.get("rights") if status else None
    return bool(rights["is_frozen"]) if rights else None


def _lease(rights: dict[str, Any] | None) -> LeaseView | None:
    if rights is None:
        return None
    return LeaseView(
        points_held=rights["points_held"],
        coupons_held=rights["coupons_held"],
        points_in_suspense=rights["points_in_suspense"],
    )


def _sums(status: dict[str, object] | None) -> dict[str, int]:
    lanes = status.get("lanes") if status else None
    if not isinstance(lanes, dict):
        return {}
    return {key: sum(int(lane[key]) for lane in lanes.values()) for key in ("recorded", "acked", "queued")}


def _is_online(status: dict[str, object] | None) -> bool | None:
    link = status.get("link") if status else None
    return link.get("state") == "online" if isinstance(link, dict) else None
