"""Whatever is cut off, restored, repeated or overtaken: nobody spends more here than they earned.

Real journals and a real witness, the pure accounts of :mod:`loyalty.rights` as the cloud, and chance, seeded.
"""

from __future__ import annotations

import random
import shutil
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from cloud_bridge.envelope import GENESIS_HASH
from cloud_bridge.receipts import Ack, Head
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.outbox import RolledBack
from edge_agent.journal import Transaction
from loyalty.identifiers import GatewayId
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED
from loyalty.rights import account as accounts
from loyalty.rights.account import Granted, GrantRequest, Settled, opened
from loyalty.rights.movements import GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.standing import Standing, greet
from tests.unit.edge.journal_bench import Hands, queue
from tests.unit.edge.rights_bench import RightsBench, name, rights_bench

GATEWAY = GatewayId("store-1")
STEPS = 90
SEEDS = range(20, 36)


class PowerCut(BaseException):
    """The store loses power here."""


class Cloud:
    """One member's account, and what one gateway has told."""

    def __init__(self) -> None:
        self.account = opened()
        self.standing = Standing()
        self.known: set[str] = set()
        self.heads: dict[str, Head] = {}
        self.recalled: dict[str, int] = {}
        self.grants = 0

    async def meet(self, bench: RightsBench, chance: random.Random) -> None:
        """The line is up: hello, what is queued, the answer, and a lease."""
        while True:
            here = bench.journal.incarnation
            head = self.heads.get(here, Head(sequence=0, hash=GENESIS_HASH))
            answer = await bench.journal.acknowledge(Ack(incarnation=here, lanes={Lane.LEDGER: head}))
            if isinstance(answer, RolledBack):
                await bench.journal.begin_incarnation("rolled back")
                continue
            met = greet(self.standing, Incarnation(here))
            if met.standing.current != self.standing.current:
                self.account = accounts.withdraw(self.account, GATEWAY)
            self.standing = met.standing
            await bench.say("superseded" if met.refusal else "welcome", is_first=not met.standing.retired)
            if not met.refusal:
                break
        await self.hear(bench, some=chance.random() < 0.3)
        await self.lease(bench, recall=chance.random() < 0.2)

    async def hear(self, bench: RightsBench, *, some: bool = False) -> None:
        rows = await queue(bench.journal)
        for row in rows[: len(rows) // 2] if some else rows:
            event = orjson.loads(row.body)
            self._land(event["type"], event["data"])
            self.heads[row.incarnation] = Head(sequence=row.sequence, hash=event["hash"])
        here = bench.journal.incarnation
        if here in self.heads:
            await bench.journal.acknowledge(Ack(incarnation=here, lanes={Lane.LEDGER: self.heads[here]}))

    async def lease(self, bench: RightsBench, *, recall: bool) -> None:
        here = Incarnation(bench.journal.incarnation)
        self.grants += 1
        free = self.account.avail - accounts.owed(self.account, besides=GATEWAY)
        request = GrantRequest(GrantId(str(self.grants)), GATEWAY, here, free)
        granted = accounts.grant(self.account, request, standing=self.standing)
        if isinstance(granted, Granted):
            self.account = granted.account
        lease = self.account.leases.get(GATEWAY, accounts.NO_LEASE)
        if recall:
            self.recalled[here] = self.recalled.get(here, 0) + 15
        await bench.told(bench.right(lease.granted, recalled=self.recalled.get(here, 0)))

    def _land(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "regulars.points.posted.v1":
            for posting in data["postings"]:
                self._posted(posting)
        elif kind == "regulars.rights.moved.v1":
            self._settle(data["movement"], Kind(data["kind"]), data["points"], data["lease"])

    def _posted(self, posting: dict[str, Any]) -> None:
        if posting.get("lease") is not None:
            self._settle(posting["id"], _kind(posting), posting["points"], posting["lease"])
        elif posting["id"] not in self.known:
            # Points that made no rights in the store arise in the cloud; this store takes none of those back.
            assert _kind(posting) is Kind.EARNED
            after = accounts.issue(self.account, posting["points"])
            assert not isinstance(after, Refusal)
            self.account = after
            self.known.add(posting["id"])

    def _settle(self, movement_id: str, kind: Kind, points: int, lease: str) -> None:
        fact = Movement(MovementId(movement_id), kind, GATEWAY, Incarnation(lease), points)
        settled = accounts.settle(self.account, fact, standing=self.standing, known=self.known)  # type: ignore[arg-type]
        if isinstance(settled, Settled):
            self.account = settled.account
            self.known.add(movement_id)
        else:
            assert settled is Refusal.DUPLICATE


def _kind(posting: dict[str, Any]) -> Kind:
    if posting["debit"] == PROGRAMME_ISSUED:
        return Kind.EARNED
    return Kind.REDEEMED if posting["credit"] == PROGRAMME_REDEEMED else Kind.UNEARNED


class Store:
    """A store whose disk is cut off and restored, with somebody who tries to spend all there is."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.hands = Hands()
        self.cloud = Cloud()
        self.earned: dict[str, int] = {}
        self.sold_at: dict[str, datetime] = {}
        self.spent = 0
        self.redeemed = 0
        self._folder, self._witness = folder / "disk", folder / "stick"
        self._copies: list[Path] = []
        self._running = AsyncExitStack()
        self.bench: RightsBench

    async def start(self) -> None:
        self._running = AsyncExitStack()
        starting = rights_bench(self._folder, self.hands, witness=self._witness, welcome=False)
        self.bench = await self._running.enter_async_context(starting)

    async def stop(self) -> None:
        await self.bench.standing.confirm()
        await self._running.aclose()

    async def step(self, number: int) -> None:
        self.hands.pass_ms(self.chance.randrange(1, 4 * 3_600_000))
        what = self.chance.choices(
            ("sell", "redeem", "reserve", "tap", "meet", "restart", "cut", "copy", "restore"),
            (30, 30, 8, 8, 14, 5, 4, 4, 3),
        )[0]
        await getattr(self, f"_{what}")(number)
        assert self.spent <= sum(self.earned.values()), f"{what} in step {number}"

    async def _sell(self, number: int) -> None:
        fact, points = f"sale-{number}", self.chance.randint(1, 60)
        if self.earned and self.chance.random() < 0.25:
            fact, points = self.chance.choice(list(self.earned.items()))  # a till that repeats itself
        if fact not in self.earned or await self._is_unknown(fact):
            sold_at = self.sold_at.setdefault(fact, self.bench.now)
            await self.bench.earn(fact, points, sold_at=sold_at)
            self.earned[fact] = points

    async def _is_unknown(self, fact: str) -> bool:
        """What the books of a store decide before they ask for rights: whether this receipt is here."""
        booked = await self.bench.journal.read(lambda reader: {p.posting_id for p in reader.postings()})
        return name(fact) not in booked

    async def _redeem(self, number: int) -> None:
        points = self.chance.randint(1, 80)
        session = f"quote-{self.chance.randint(1, 3)}"
        answer = await self.bench.redeem(f"gift-{number}", points, session=session)
        if not isinstance(answer, Refusal):
            self.spent += points
            self.redeemed += 1
        if self.chance.random() < 0.7:
            await self.bench.standing.confirm()

    async def _reserve(self, _: int) -> None:
        await self.bench.reserve(f"quote-{self.chance.randint(1, 3)}", self.chance.randint(1, 40))

    async def _tap(self, _: int) -> None:
        await self.bench.fill(1)

    async def _meet(self, _: int) -> None:
        await self.cloud.meet(self.bench, self.chance)

    async def _restart(self, _: int) -> None:
        await self.stop()
        await self.start()

    async def _cut(self, number: int) -> None:
        """Power goes between witness and commit."""

        def unit(tx: Transaction) -> None:
            self.bench.desk.redeem(tx, "anna", name(f"cut-{number}"), 1, sale=None)
            raise PowerCut

        with pytest.raises(PowerCut):
            await self.bench.write(unit)
        await self._running.aclose()
        await self.start()

    async def _copy(self, number: int) -> None:
        await self.stop()
        target = self._folder.with_name(f"copy-{number}")
        shutil.copytree(self._folder, target)
        self._copies.append(target)
        await self.start()

    async def _restore(self, _: int) -> None:
        """The disk is an old copy again; the stick is not."""
        if self._copies:
            await self.stop()
            shutil.rmtree(self._folder)
            shutil.copytree(self.chance.choice(self._copies), self._folder)
            await self.start()


@pytest.mark.parametrize("seed", SEEDS)
async def test_nobody_spends_more_than_they_earned_whatever_happens_to_the_disk(tmp_path: Path, seed: int) -> None:
    store = Store(tmp_path, seed)
    await store.start()
    try:
        for number in range(STEPS):
            await store.step(number)
        await store.cloud.meet(store.bench, random.Random(seed))
        await store.cloud.hear(store.bench)
    finally:
        await store.stop()
    account = store.cloud.account
    placed = account.avail + sum(lease.held for lease in account.leases.values()) + sum(account.suspense.values())
    assert placed == account.balance
    assert store.redeemed > 0, "a history in which nothing was redeemed proves nothing"
