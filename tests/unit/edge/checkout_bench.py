"""A checkout on a bench: a store with a programme, rights and coupons, and tills that ask and confirm."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloud_bridge.contract import CouponUsedV1, PointsPostedV1
from cloud_bridge.receipts import RightsStanding
from cloud_bridge.replica import (
    ReplicaCoupon,
    ReplicaMedium,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaStep,
)
from devices.observations import CardUid, QuoteAnswer, QuoteAsked, SaleCompleted, SaleLine, SaleReceipt
from edge_agent.day_turn import DayTurn
from edge_agent.decisions import Decisions
from edge_agent.journal import POINTS, Journal, JournalSettings
from edge_agent.outcomes import Outcome
from edge_agent.rights.attestor import Attestor
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.standing import GatewayStanding
from edge_agent.rights.witness import WitnessFile
from edge_agent.tap_path import log_passage
from loyalty.identifiers import medium_id
from loyalty.ledger import balance, pending
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, KEY, SECRET, HandClock, StoreBench, bench_shop, medium

PROGRAMME = """
[programme]
name = "Harbour"
currency = "CNY"
points = 1
per_minor = 100

[redeeming]
points = 100
value_minor = 200

[[rewards]]
id = "ten-off"
name = "10.00 off"
kind = "cash"
points = 400
value_minor = 1000

[[coupons]]
id = "tenth"
name = "10 % off"
kind = "percent"
percent = 10

[[coupons]]
id = "five-off"
name = "5.00 off"
kind = "amount"
amount_minor = 500
minimum_minor = 2000

[[coupons]]
id = "cake"
name = "A slice of cake"
kind = "gift"
gift_sku = "CAKE"
gift_cost_minor = 600
"""


def instance(number: int) -> str:
    return f"{number:032x}"


def held(number: int, coupon: str, member: str = "anna", **changes: Any) -> ReplicaCoupon:
    return ReplicaCoupon(**({"instance": instance(number), "coupon": coupon, "member": member, "version": 1} | changes))


def code_of(text: str) -> str:
    return medium_id("code", text.encode(), key=KEY)


def goods(minor: int, *, category: str = "", brand: str = "", pieces: int = 1) -> SaleLine:
    return SaleLine("tea", "Tea", pieces, minor, category, brand)


class CheckoutBench(StoreBench):
    """One store with its rights, walked question by question."""

    def __init__(
        self,
        journal: Journal,
        clock: HandClock,
        timezone: str,
        pin_above_points: int,
        witness: WitnessFile | None = None,
    ) -> None:
        shop, attestor = bench_shop(timezone, pin_above_points=pin_above_points), Attestor(witness, "harbour-1")
        self.proven: set[str] = set()
        self.desk = RightsDesk(attestor)
        super().__init__(
            journal,
            clock,
            log_passage,
            Decisions(shop, self.desk, is_proven=lambda counter, member: member in self.proven),
        )
        self.standing = GatewayStanding(journal, self.desk, attestor)
        self.day = DayTurn(journal, shop, self.desk)
        self.quotes: list[QuoteAnswer] = []

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.ns / 1e9, UTC)

    async def welcome(self) -> None:
        """The cloud greets this start of the gateway, the first of its lives."""
        said = RightsStanding(incarnation=self.journal.incarnation, standing="welcome", is_first=True)
        await self.standing.heard(said)

    async def told(self, terms: str | None = None, **changes: Any) -> None:
        """The cloud's next word: ``terms`` as TOML, members, rights, coupons."""
        cursor = await self.journal.read(lambda reader: reader.replica_cursor())
        programme = None
        if terms is not None:
            table = tomllib.loads(terms)
            rate = {"points": 1, "per_minor": 100, "minimum_minor": 0} | table["programme"]
            programme = ReplicaProgramme(**rate, version=1, terms=table)
        version = cursor.version
        step = ReplicaStep(
            **{
                "epoch": "one",
                "from_version": version,
                "to_version": version + 1,
                "latest_version": version + 1,
                "as_of": "2026-06-02T09:00:00.000Z",
                "incarnation": self.journal.incarnation,
                "programme": programme,
                **changes,
            }
        )
        await self.replica.apply(step)

    def right(self, granted: int, *, member: str = "anna", currency: str = POINTS, recalled: int = 0) -> ReplicaRight:
        return ReplicaRight(
            member=member,
            currency=currency,
            incarnation=self.journal.incarnation,
            granted=granted,
            recalled=recalled,
            version=1,
        )

    async def give(self, *coupons: ReplicaCoupon, here: bool = True) -> None:
        """Coupons somebody holds, their rights leased to this gateway."""
        rights = tuple(self.right(1, member=c.member, currency=f"coupon/{c.instance}") for c in coupons)
        await self.told(coupons=coupons, rights=rights if here else ())

    async def ask(self, key: str, *lines: SaleLine, till: str = "till-1", **changes: Any) -> QuoteAnswer:
        """A till asks for a price."""
        asked = QuoteAsked(key, till, "CNY", lines, reply=self.quotes.append, **changes)
        await self.path.walk("till-feed", asked)
        return self.quotes[-1]

    async def pay(
        self,
        sale: str,
        minor: int,
        *,
        quote: str | None = None,
        lines: Sequence[SaleLine] = (),
        card: CardUid | None = None,
        till: str = "till-1",
        sold_at: datetime | None = None,
    ) -> SaleReceipt:
        """A till tells a sale, or (below 0) nothing else than that."""
        receipt = SaleCompleted(
            sale,
            till,
            "CNY",
            minor,
            tuple(lines) or (goods(minor),),
            sold_at or self.now,
            card=card,
            quote=quote,
            reply=self.receipts.append,
        )
        await self.path.walk("till-feed", receipt)
        return self.receipts[-1]

    async def refund(
        self, sale: str, minor: int, *, of: str | None, store: str | None = None
    ) -> tuple[Outcome | None, SaleReceipt]:
        """A till gives ``minor`` back."""
        line = SaleLine("tea", "Tea", -1, minor)
        told = SaleCompleted(
            sale,
            "till-1",
            "CNY",
            -minor,
            (line,),
            self.now,
            refund_of=of,
            refund_store=store,
            reply=self.receipts.append,
        )
        return await self.path.walk("till-feed", told), self.receipts[-1]

    async def usable(self, member: str = "anna") -> int:
        found = await self.journal.read(lambda reader: reader.usable(member, on=self.now.date()))
        assert found is not None
        return found.points

    async def rights(self, member: str = "anna", currency: str = POINTS) -> int:
        wallet = await self.journal.read(lambda reader: reader.wallet(member, currency))
        return wallet.rights

    async def reserved(self, member: str = "anna", currency: str = POINTS) -> dict[str, int]:
        wallet = await self.journal.read(lambda reader: reader.wallet(member, currency))
        return dict(wallet.reserved)

    async def waiting(self, member: str = "anna") -> int:
        """What the ledger says waits."""
        postings = await self.journal.read(lambda reader: list(reader.postings()))
        return balance(postings, pending(member))  # type: ignore[arg-type]

    async def moves(self) -> list[tuple[str, int, bool]]:
        """Every posting told: its rule, its points, and whether rights of this gateway moved with it."""
        return [
            (posting["rule"], posting["points"], "lease" in posting)
            for fact in await self.facts(PointsPostedV1)
            for posting in fact["postings"]  # type: ignore[attr-defined]
        ]

    async def used_coupons(self) -> list[str]:
        return [str(fact["coupon"]) for fact in await self.facts(CouponUsedV1)]


@asynccontextmanager
async def checkout_bench(
    folder: Path,
    *,
    clock: HandClock | None = None,
    terms: str = PROGRAMME,
    timezone: str = "UTC",
    points: int = 0,
    welcome: bool = True,
    pin_above_points: int = 10_000,
    witness: Path | None = None,
    disk_bytes_max: int = 0,
    **anna: Any,
) -> AsyncIterator[CheckoutBench]:
    """Open the store; the first time it hears of Anna (``points`` hers and all of them leased here) and Ben."""
    clock = clock or HandClock()
    journal = Journal.open(
        JournalSettings(folder / "journal.db", "harbour-1", SECRET, ballast_bytes=0, disk_bytes_max=disk_bytes_max),
        clock=clock.hybrid(),
    )
    try:
        stick = WitnessFile(witness) if witness else None
        bench = CheckoutBench(journal, clock, timezone, pin_above_points, stick)
        await bench.standing.begin()
        await bench.day.begin()
        if welcome:
            await bench.welcome()
        cursor = await journal.read(lambda reader: reader.replica_cursor())
        if cursor.version == 0:
            members = (
                ReplicaMember(member="anna", name="Anna", language="en", balance=points, version=1, **anna),
                ReplicaMember(member="ben", name="Ben", language="en", balance=0, version=1),
            )
            media = (
                ReplicaMedium(medium=medium(ANNA_CARD), member="anna", version=1),
                ReplicaMedium(medium=medium(BEN_CARD), member="ben", version=1),
            )
            rights = (bench.right(points),) if points else ()
            await bench.told(terms, members=members, media=media, rights=rights)
        yield bench
    finally:
        await journal.close()


A_DAY = timedelta(days=1)
