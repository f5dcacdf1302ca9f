"""A seeded store day: the same seed and date give the same day, to the last fen.

Pure: no clock, no input, no output. Shoppers come in two waves, at noon and after work. Members tap
before they pay, or after and claim the receipt, and some pay with points; others are anonymous or
hold a card nobody knows; some join, buy for a party and come back for a reward; some bring goods back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random

from devices.observations import CardUid, SaleCompleted, SaleLine
from simulation.day.assortment import PRODUCTS, member_name
from simulation.day.turns import (
    ClaimSale,
    Join,
    PayWithPoints,
    RingUp,
    ScanCode,
    SeedMember,
    Step,
    StoreDay,
    TakeReward,
    TapCard,
    Turn,
)
from simulation.files.store import COUNTERS_MAX, CounterNames

TURNS_MAX = 20_000
MEMBERS_MAX = 50_000
BASKET_LINES_MAX = 6

_OPENS_AT_HOUR = 9
_ARRIVALS_BY_HOUR = (5, 6, 8, 15, 11, 6, 6, 8, 13, 17, 11, 6)
_CST = timezone(timedelta(hours=8), "CST")
_CODE_SHARE = 0.15
_REFUND_SHARE = 0.06
_STRANGERS = 6
_BEHAVIOURS = {
    "tap_first": 38,
    "tap_after": 16,
    "anonymous": 20,
    "stranger": 6,
    "code": 7,
    "price_check": 3,
    "points": 10,
    "newcomer": 3,
    "reward": 3,
}
"""What shoppers do, and how many in a hundred and some do it."""
_PARTY_ITEMS = (4, 6)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """How big a day: ``turns`` at ``counters`` counters by at most ``members`` regulars, on ``day`` in UTC+8."""

    seed: int
    day: date
    turns: int = 240
    members: int = 60
    counters: int = 2
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if not 1 <= self.turns <= TURNS_MAX:
            raise ValueError(f"a day has 1 to {TURNS_MAX} turns, not {self.turns}")
        if not 1 <= self.members <= MEMBERS_MAX:
            raise ValueError(f"a day has 1 to {MEMBERS_MAX} members, not {self.members}")
        if not 1 <= self.counters <= COUNTERS_MAX:
            raise ValueError(f"a store has 1 to {COUNTERS_MAX} counters, not {self.counters}")


def store_day(plan: DayPlan) -> StoreDay:
    """The whole day of ``plan``."""
    random = Random(f"regulars/day/{plan.seed}/{plan.day.isoformat()}")  # noqa: S311 - a script, not a secret
    members = tuple(_members(plan, random))
    strangers = tuple(_card(random) for _ in range(_STRANGERS))
    turns = _Script(plan, random, members, strangers).turns()
    return StoreDay(members, strangers, plan.currency, tuple(sorted(turns, key=lambda turn: turn.at)))


def _members(plan: DayPlan, random: Random) -> Iterator[SeedMember]:
    for number in range(plan.members):
        name, language = member_name(number)
        key = f"m{random.getrandbits(64):016x}"
        code = f"RGL:{random.getrandbits(80):020x}" if random.random() < _CODE_SHARE else None
        yield SeedMember(key, name, language, _card(random), code)


def _card(random: Random) -> CardUid:
    """Seven bytes starting with 04, NXP's number: fixed, not drawn anew at each tap."""
    return CardUid(b"\x04" + random.randbytes(6))


class _Script:
    """Writes the turns of one day; holds what the turns share: the receipt counter and the dice."""

    def __init__(
        self, plan: DayPlan, random: Random, members: tuple[SeedMember, ...], strangers: tuple[CardUid, ...]
    ) -> None:
        self._plan = plan
        self._random = random
        self._members = members
        self._strangers = strangers
        self._with_code = [member for member in members if member.code is not None]
        self._receipts = 0
        self._joined: list[tuple[CardUid, str]] = []

    def turns(self) -> Iterator[Turn]:
        """Turns in the order they were written; refunds follow their sales."""
        closing = self._moment(_OPENS_AT_HOUR + len(_ARRIVALS_BY_HOUR), 0)
        for at in self._arrivals():
            counter = self._counter()
            steps = self._steps(at, counter)
            yield Turn(at, steps, counter.number)
            sales = [step.receipt for step in steps if isinstance(step, RingUp)]
            if sales and self._random.random() < _REFUND_SHARE:
                later = min(at + timedelta(minutes=self._random.randint(20, 180)), closing)
                counter = self._counter()
                yield Turn(later, (RingUp(self._refund(sales[0], later, counter)),), counter.number)

    def _arrivals(self) -> list[datetime]:
        hours = self._random.choices(range(len(_ARRIVALS_BY_HOUR)), _ARRIVALS_BY_HOUR, k=self._plan.turns)
        return sorted(self._moment(_OPENS_AT_HOUR + hour, self._random.randrange(3_600)) for hour in hours)

    def _moment(self, hour: int, second: int) -> datetime:
        midnight = datetime.combine(self._plan.day, time(0), tzinfo=_CST)
        return midnight + timedelta(hours=hour, seconds=second)

    def _counter(self) -> CounterNames:
        return CounterNames(self._random.randint(1, self._plan.counters))

    def _steps(self, at: datetime, counter: CounterNames) -> tuple[Step, ...]:
        (behaviour,) = self._random.choices(tuple(_BEHAVIOURS), tuple(_BEHAVIOURS.values()))
        tap: Step = TapCard(self._random.choice(self._members).card)
        match behaviour:
            case "price_check":
                return (ScanCode(self._random.choice(PRODUCTS).sku),)
            case "tap_first":
                return (tap, self._sale(at, counter))
            case "tap_after":
                sale = self._sale(at, counter)
                return (sale, tap, ClaimSale(sale.receipt.sale_id))
            case "stranger":
                return (TapCard(self._random.choice(self._strangers)), self._sale(at, counter))
            case "points":
                return (tap, PayWithPoints(self._sale(at, counter).receipt))
            case "newcomer":
                return self._newcomer(at, counter)
            case "reward" if self._joined:
                card, pin = self._random.choice(self._joined)
                return (TapCard(card), TakeReward(pin))
            case "code" if self._with_code:
                return (ScanCode(self._random.choice(self._with_code).code or ""), self._sale(at, counter))
            case _:
                return (self._sale(at, counter),)

    def _newcomer(self, at: datetime, counter: CounterNames) -> tuple[Step, ...]:
        """Joins with a card of their own and buys for a party: enough for a reward later in the day."""
        card, pin = _card(self._random), f"{self._random.randrange(20, 100)}0{self._random.randrange(100, 1_000)}"
        name, language = member_name(self._plan.members + len(self._joined))
        phone = f"139{self._random.randrange(10**8):08d}"
        self._joined.append((card, pin))
        treat = max(PRODUCTS, key=lambda product: product.price_minor)
        line = SaleLine(treat.sku, treat.name, self._random.randint(*_PARTY_ITEMS), treat.price_minor)
        return (TapCard(card), Join(name, language, phone, pin), RingUp(self._receipt((line,), at, counter)))

    def _sale(self, at: datetime, counter: CounterNames) -> RingUp:
        count = 1 + min(int(self._random.expovariate(0.6)), BASKET_LINES_MAX - 1)
        weights = [product.weight for product in PRODUCTS]
        picked = dict.fromkeys(self._random.choices(PRODUCTS, weights, k=count))
        lines = tuple(
            SaleLine(product.sku, product.name, self._random.choice((1, 1, 1, 2, 3)), product.price_minor)
            for product in picked
        )
        return RingUp(self._receipt(lines, at, counter))

    def _refund(self, sale: SaleCompleted, at: datetime, counter: CounterNames) -> SaleCompleted:
        """One line of the sale comes back, whole."""
        line = self._random.choice(sale.lines)
        back = (SaleLine(line.sku, line.name, -line.quantity, line.unit_minor),)
        return self._receipt(back, at, counter, refund_of=sale.sale_id)

    def _receipt(
        self, lines: tuple[SaleLine, ...], at: datetime, counter: CounterNames, *, refund_of: str | None = None
    ) -> SaleCompleted:
        self._receipts += 1
        return SaleCompleted(
            sale_id=f"{self._plan.day:%y%m%d}-{self._receipts:05d}",
            till=counter.till,
            currency=self._plan.currency,
            total_minor=sum(line.quantity * line.unit_minor for line in lines),
            lines=lines,
            sold_at=at.astimezone(UTC),
            refund_of=refund_of,
        )
