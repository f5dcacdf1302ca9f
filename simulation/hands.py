"""What people do at one counter, with virtual hardware, as slowly as it takes.

Each verb waits until it has taken effect on the real path (the kiosk's stream, the till's answer),
so nobody overtakes themselves, however fast the day is played.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from devices.observations import CardUid, SaleCompleted
from devices.virtual.cards import Card, FelicaCard, Ntag213, Type4Card
from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.scanner import VirtualScanner
from devices.virtual.till import TillAnswer, VirtualTill
from kiosk_ui.kiosk.touch import Choice
from simulation.day.turns import SeedMember
from simulation.evidence.figures import SAMPLES_MAX
from simulation.evidence.witness import Seen, Witness
from simulation.files.store import CounterNames
from simulation.fingers import Fingers

ANSWER_TIMEOUT_S = 3.0
"""How long a shopper holds the card when nothing happens."""
FIELD_EMPTY_TIMEOUT_S = 1.0
TILL_ATTEMPTS_MAX = 60
_TILL_RETRY_S = 0.25
_TILL_RETRY_S_MAX = 2.0
_TOUCH_ATTEMPTS_MAX = 3
_TAP_SCREENS = frozenset({"greeting", "unknown_card", "problem"})


class TillGaveUp(RuntimeError):
    """A till could not hand over a sale, however often it tried: the run cannot be trusted any more."""


class TapOutcome(StrEnum):
    """What a member saw after holding a card to the reader."""

    GREETED = "greeted"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    """The card should have proved itself, and did not."""
    UNANSWERED = "unanswered"
    """Nothing within ``ANSWER_TIMEOUT_S``: the reader is broken, or the gateway is down."""


@dataclass(slots=True)
class Tally:
    """What was done at the counter; only counted once it was done."""

    taps: int = 0
    greeted: int = 0
    unknown: int = 0
    refused_cards: int = 0
    unanswered: int = 0
    scans: int = 0
    sales: int = 0
    refunds: int = 0
    claims: int = 0
    refused_sales: int = 0
    points_redeemed: int = 0
    joined: int = 0
    rewards: int = 0
    tap_to_screen_s: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES_MAX))


@dataclass(frozen=True, slots=True)
class Counter:
    """The hardware of one counter, and the address of its kiosk."""

    names: CounterNames
    reader: VirtualPn532
    scanner: VirtualScanner
    till: VirtualTill
    witness: Witness
    kiosk_url: str


class Hands:
    """A shopper's and a cashier's hands at one counter; ``tally`` says what came of what they did."""

    def __init__(self, counter: Counter, web: httpx.AsyncClient, tally: Tally | None = None) -> None:
        self.counter = counter
        self.tally = Tally() if tally is None else tally
        self.fingers = Fingers(counter.kiosk_url, counter.witness, web)
        self._web = web
        self._reader_free = asyncio.Lock()

    async def tap(self, uid: CardUid) -> TapOutcome:
        """Hold a plain card of this number to the reader; see :meth:`hold`."""
        return await self.hold(virtual_card(uid))

    async def hold(self, card: Card) -> TapOutcome:
        """Hold a card to the reader until the kiosk answers, take it away, wait for an empty field.

        The time is taken from the moment the card is in the field to the moment a client of the
        kiosk's live stream has the screen.
        """
        reader, witness = self.counter.reader, self.counter.witness
        async with self._reader_free:
            before = witness.count
            began_s = asyncio.get_running_loop().time()
            reader.present(card)
            try:
                seen = await witness.sees(_TAP_SCREENS, after=before, timeout_s=ANSWER_TIMEOUT_S)
            finally:
                reader.remove()
            await asyncio.to_thread(reader.wait_until_waiting, timeout_s=FIELD_EMPTY_TIMEOUT_S)
        return self._count_tap(seen, began_s)

    def _count_tap(self, seen: Seen | None, began_s: float) -> TapOutcome:
        self.tally.taps += 1
        if seen is None:
            self.tally.unanswered += 1
            return TapOutcome.UNANSWERED
        self.tally.tap_to_screen_s.append(seen.at_s - began_s)
        if seen.screen == "greeting":
            self.tally.greeted += 1
            return TapOutcome.GREETED
        if seen.screen == "problem":
            self.tally.refused_cards += 1
            return TapOutcome.REFUSED
        self.tally.unknown += 1
        return TapOutcome.UNKNOWN

    async def scan(self, text: str) -> bool:
        """Pull the scanner's trigger; whether the code went out on the line."""
        sent = await asyncio.to_thread(self.counter.scanner.scan, text)
        self.tally.scans += sent
        return sent

    async def ring_up(self, receipt: SaleCompleted) -> TillAnswer:
        """Close a receipt at the till, which tries again until the gateway has it or refuses it for good."""
        retry_s = _TILL_RETRY_S
        for _ in range(TILL_ATTEMPTS_MAX):
            with contextlib.suppress(httpx.HTTPError):
                answer = await self.counter.till.post_sale(receipt)
                if answer.settled:
                    self._count_sale(receipt, answer)
                    return answer
                if answer.status_code < 500 and answer.retry_after_s is None:
                    raise TillGaveUp(f"the gateway refused receipt {receipt.sale_id}: {dict(answer.body)!r:.500}")
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, _TILL_RETRY_S_MAX)
        raise TillGaveUp(f"the gateway took receipt {receipt.sale_id} in none of {TILL_ATTEMPTS_MAX} attempts")

    def _count_sale(self, receipt: SaleCompleted, answer: TillAnswer) -> None:
        if answer.status_code == httpx.codes.CONFLICT:
            self.tally.refused_sales += 1
        elif receipt.refund_of is None:
            self.tally.sales += 1
        else:
            self.tally.refunds += 1

    async def claim(self, sale_id: str) -> bool:
        """Touch "Yes, that was me", if the kiosk asks about this sale; whether the touch was recorded."""
        seen = self.counter.witness.latest
        asked = seen.view.get("claimable") if seen is not None and seen.screen == "greeting" else None
        if not asked or asked.get("sale") != sale_id:
            return False
        for _ in range(_TOUCH_ATTEMPTS_MAX):
            with contextlib.suppress(httpx.HTTPError):
                body = {"choice": Choice.CLAIM.value, "subject": sale_id}
                response = await self._web.post(f"{self.counter.kiosk_url}/choice", json=body)
                if response.is_success:
                    self.tally.claims += 1
                    return True
            await asyncio.sleep(_TILL_RETRY_S)
        return False


def virtual_card(uid: CardUid) -> Card:
    """A virtual card with this number: an NTAG213 where the number is one of NXP's, a FeliCa for 8 bytes."""
    number = uid.number
    if len(number) == 7 and number[0] == 0x04:
        return Ntag213(number)
    if len(number) == 8:
        return FelicaCard(number)
    return Type4Card(number)


def strong_card(member: SeedMember) -> CardUid:
    """The number of a member's second card, one that proves itself."""
    return CardUid(b"\x04" + hashlib.sha256(f"regulars/strong/{member.member}".encode()).digest()[:6])
