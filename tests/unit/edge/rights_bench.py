"""A gateway's rights on a bench: a journal, a desk, and what the cloud says about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import RightsStanding
from cloud_bridge.replica import ReplicaMember, ReplicaRight, ReplicaUndo
from edge_agent.journal import POINTS, Journal, StandingWord, Transaction
from edge_agent.rights.attestor import Attestor
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.replies import Replies
from edge_agent.rights.standing import GatewayStanding
from edge_agent.rights.witness import WitnessFile
from loyalty.identifiers import EventId, MemberId, PostingId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, Posting, Rule, available
from loyalty.rights.movements import Incarnation, Refusal
from loyalty.rights.wallet import Wallet
from tests.unit.edge.journal_bench import Hands, queue, settings, step, tap

T = TypeVar("T")
Word = Literal["welcome", "superseded", "revoked"]


@dataclass(frozen=True)
class Coupon:
    instance: str
    member: str = "anna"


def name(text: str) -> str:
    """A movement's name."""
    return posting_id(text)


class RightsBench:
    """One member's points at one gateway, as decisions move them: each step with the posting that tells of it."""

    def __init__(self, journal: Journal, hands: Hands, witness: WitnessFile | None) -> None:
        self.journal = journal
        self.hands = hands
        self.attestor = Attestor(witness, "store-1")
        self.desk = RightsDesk(self.attestor)
        self.standing = GatewayStanding(journal, self.desk, self.attestor)
        self._version = 0

    @property
    def now(self) -> datetime:
        return self.hands.clock().now()

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        return await self.journal.write(unit)

    async def say(self, word: Word, *, is_first: bool = True, incarnation: str | None = None) -> None:
        await self.standing.heard(
            RightsStanding(incarnation=incarnation or self.journal.incarnation, standing=word, is_first=is_first)
        )

    async def told(
        self,
        *rights: ReplicaRight,
        undone: tuple[ReplicaUndo, ...] = (),
        people: tuple[ReplicaMember, ...] = (),
        **changes: Any,
    ) -> None:
        """A replica step: rights, what is to be undone, and members with all that is told of them."""
        cursor = await self.journal.read(lambda reader: reader.replica_cursor())
        said = step(first=cursor.version, last=cursor.version + 1, rights=rights, undone=undone, **changes)
        said = said.model_copy(update={"members": people})

        def unit(tx: Transaction) -> None:
            tx.apply_step(said)
            Replies(self.desk).answer(tx, said)

        await self.write(unit)

    def right(self, granted: int, recalled: int = 0, **changes: Any) -> ReplicaRight:
        chosen = {"member": "anna", "currency": POINTS, "incarnation": self.journal.incarnation, "version": 1}
        return ReplicaRight(**(chosen | {"granted": granted, "recalled": recalled} | changes))

    async def earn(
        self, fact: str, points: int, *, member: str = "anna", sold_at: datetime | None = None
    ) -> str | None:
        """A sale that earns points, with its posting."""

        def unit(tx: Transaction) -> str | None:
            lease = self.desk.earn(tx, member, name(fact), points, sold_at=sold_at or self.now)
            post(tx, member, fact, points, lease=lease)
            return lease

        return await self.write(unit)

    async def unearn(self, fact: str, points: int, *, member: str = "anna") -> str | None:
        def unit(tx: Transaction) -> str | None:
            lease = self.desk.unearn(tx, member, name(fact), points, sold_at=self.now)
            post(tx, member, fact, -points, lease=lease)
            return lease

        return await self.write(unit)

    async def redeem(
        self, fact: str, points: int, *, session: str | None = None, sale: str | None = None
    ) -> Incarnation | Refusal:
        """A redemption, with its posting if it is granted."""

        def unit(tx: Transaction) -> Incarnation | Refusal:
            lease = self.desk.redeem(tx, "anna", name(fact), points, sale=sale, session=session)
            if not isinstance(lease, Refusal):
                post(tx, "anna", fact, -points, lease=lease, rule=Rule.REDEMPTION)
            return lease

        return await self.write(unit)

    async def reserve(self, session: str, points: int) -> Refusal | None:
        return await self.write(lambda tx: self.desk.reserve(tx, "anna", session, points))

    async def release(self, session: str) -> None:
        await self.write(lambda tx: self.desk.release(tx, "anna", session))

    async def wallet(self, member: str = "anna", currency: str = POINTS) -> Wallet:
        return await self.journal.read(lambda reader: reader.wallet(member, currency))

    async def rights(self, member: str = "anna", currency: str = POINTS) -> int:
        return (await self.wallet(member, currency)).rights

    async def facts(self, kind: type[EventData]) -> list[dict[str, Any]]:
        """The payloads of one type that the cloud has not acknowledged, oldest first."""
        events = [orjson.loads(row.body) for row in await queue(self.journal)]
        return [event["data"] for event in events if event["type"] == kind.type]

    async def fill(self, rows: int) -> None:
        """Taps of nobody: the ledger grows."""
        for number in range(rows):
            await self.write(lambda tx, number=number: tx.record(tap(number)))  # type: ignore[misc]


def post(tx: Transaction, member: str, fact: str, points: int, *, lease: str | None, rule: Rule = Rule.SPEND) -> None:
    """Book a posting as a decision does."""
    account = available(MemberId(member))
    other = PROGRAMME_REDEEMED if rule is Rule.REDEMPTION else PROGRAMME_ISSUED
    debit, credit = (other, account) if points > 0 else (account, other)
    told = PostingV1(id=name(fact), debit=debit, credit=credit, points=abs(points), lease=lease)
    recorded = tx.record(PointsPostedV1(cause="cause", member=member, rule=rule.value, postings=(told,)))
    booked = Posting(PostingId(told.id), debit, credit, abs(points), rule, EventId("cause"))
    tx.post([booked], recorded)


@asynccontextmanager
async def rights_bench(
    folder: Path,
    hands: Hands | None = None,
    *,
    witness: Path | WitnessFile | None = None,
    welcome: bool = True,
    machine: str = "",
    **limits: Any,
) -> AsyncIterator[RightsBench]:
    """Start a gateway over the journal in ``folder``; ``welcome``: the cloud greets it, as the first of its lives."""
    hands = hands or Hands()
    hands.pass_ms(1_000)
    journal = Journal.open(settings(folder, **limits), clock=hands.clock())
    try:
        bench = RightsBench(journal, hands, WitnessFile(witness) if isinstance(witness, Path) else witness)
        await bench.standing.begin(machine)
        if welcome:
            await bench.say("welcome")
        yield bench
    finally:
        await journal.close()


A_DAY = timedelta(days=1)


async def state_of(bench: RightsBench) -> tuple[StandingWord | None, bool]:
    state = await bench.journal.read(lambda reader: reader.rights_state())
    return state.standing, state.is_frozen
