"""Whole stores and their cloud in real processes, for stories: broker, cloud, gateways, virtual hardware."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from devices.observations import CardUid, SaleCompleted, SaleLine
from simulation.branch import Branch
from simulation.day.turns import SeedMember
from simulation.evidence.books import Audit, Auditor
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.store import StorePlan
from simulation.hands import Hands
from simulation.head_office import HeadOffice, members_arrived
from simulation.shop_floor import ShopFloor, furnished
from simulation.stage import BrokerKind, Stage, StagePlan
from tests.story.launcher import CLOCK_AHEAD, DIE_AT, TIME_PASSED

LAUNCHER = Path(__file__).with_name("launcher.py")
CLONE_SEED = 900
CLONE_RECEIPTS = 9_000
"""The till beside a cloned gateway numbers on from here: a receipt number is a sale's own in a store."""
OPENING = datetime(2024, 2, 29, 9, 0, tzinfo=UTC)
ANNA = SeedMember("m-anna", "Anna 安娜", "en", CardUid.from_hex("04A1B2C3D4E580"))
BAO = SeedMember("m-bao", "Bao 阿宝", "zh-CN", CardUid.from_hex("04A1B2C3D4E581"))
STRANGER = CardUid.from_hex("04A1B2C3D4E5FF")
POINT_PER_YUAN: Mapping[str, Any] = {
    "programme": {"name": "Regulars", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0}
}
"""The plainest programme: a point for each full yuan, nothing else."""


@dataclass
class Store:
    """What a story can do in one store, in the words of the shop."""

    branch: Branch
    shop: ShopFloor
    auditor: Auditor
    office: HeadOffice
    web: httpx.AsyncClient
    cloud_url: str
    receipts: int = field(default=0)

    @property
    def floor(self) -> Hands:
        """The hands at the first counter."""
        return self.shop.at(1)

    @property
    def second(self) -> Hands:
        """The hands at the second counter."""
        return self.shop.at(2)

    @property
    def folder(self) -> Path:
        """Where this store's files are."""
        return self.branch.plan.folder.path

    def next_sale(self, total_minor: int, *, refund_of: str | None = None, at: int = 1) -> SaleCompleted:
        """A receipt of one line at counter ``at``, numbered on."""
        self.receipts += 1
        line = SaleLine("SKU-1", "Jasmine tea", 1 if refund_of is None else -1, abs(total_minor))
        sold_at = OPENING + timedelta(minutes=self.receipts)
        till = self.shop.at(at).counter.names.till
        return SaleCompleted(f"R-{self.receipts:05d}", till, "CNY", total_minor, (line,), sold_at, refund_of=refund_of)

    def kill_at(self, station: str) -> None:
        """The gateway will die by SIGKILL when an observation or a row next reaches this station."""
        order = self.folder / DIE_AT
        order.with_suffix(".new").write_text(station)
        order.with_suffix(".new").replace(order)

    async def restarted(self, *, starts: int = 2) -> None:
        """Wait until the gateway has died and serves again, for the ``starts``-th time since opening."""
        async with asyncio.timeout(30):
            if self.branch.gateway.starts < starts:
                await self.branch.gateway.wait()
            await members_arrived(self.auditor, 2)

    def set_clock_ahead(self, seconds: int) -> None:
        """Move the gateway's wall clock."""
        say_seconds(self.folder / CLOCK_AHEAD, seconds)

    def let_pass(self, seconds: int) -> None:
        """So many seconds have gone by for the gateway, in all, beyond those of this machine."""
        say_seconds(self.folder / TIME_PASSED, seconds)

    async def balanced(self, *, timeout_s: float = 30.0) -> Audit:
        """Wait until the cloud has the whole ledger lane; the books must be in order then.

        Telemetry may still be on its way: it leaves every 15 s.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                audit = await self.auditor.drain(timeout_s=0.1)
                ledger = (await self.auditor.status())["lanes"]["ledger"]
                if ledger["queued"] == 0 and audit.ledger_matches:
                    break
        assert audit.uneven_lanes == ()
        assert audit.duplicates_applied == 0
        assert audit.undecided == 0
        assert not audit.quarantined
        return audit

    async def until_posted(self, postings: int) -> Audit:
        """Wait until both ledgers hold this many postings."""
        async with asyncio.timeout(30):
            while (audit := await self.balanced()).store.postings < postings:
                pass
        return audit

    async def cloud_balance(self, member: SeedMember) -> int:
        """What the cloud's ledger says of a member."""
        answer = await self.web.get(f"{self.cloud_url}/api/members/{member.member}")
        answer.raise_for_status()
        return int(answer.json()["balance"])


@dataclass
class Chain:
    """Several stores, one broker and one cloud."""

    stage: Stage
    stores: list[Store]
    office: HeadOffice
    web: httpx.AsyncClient
    files: ChainFolder
    opened: AsyncExitStack

    def set_cloud_clock_ahead(self, seconds: int) -> None:
        """Move the cloud's wall clock."""
        say_seconds(self.files.path / "cloud" / CLOCK_AHEAD, seconds)

    async def member_of(self, store: Store, sale: str) -> str:
        """Whose purchase the cloud holds this receipt of a store to be."""
        answer = await self.web.get(f"{self.stage.cloud_url}/api/ledger", params={"limit": 1_000})
        answer.raise_for_status()
        told = [one for one in answer.json()["postings"] if one["sale"] == sale]
        return next(str(one["member"]) for one in told if one["gateway"] == store.branch.gateway_id)

    async def balance(self, member: str) -> int:
        """What the cloud's ledger says of a member."""
        answer = await self.web.get(f"{self.stage.cloud_url}/api/members/{member}")
        answer.raise_for_status()
        return int(answer.json()["balance"])

    async def rights(self, member: str) -> dict[str, int]:
        """What the cloud's rights account of a member's points says: free, out on lease, in suspense, and the sum."""
        answer = await self.web.get(f"{self.stage.cloud_url}/api/members/{member}/rights")
        answer.raise_for_status()
        account = answer.json()
        return {key: int(account[key]) for key in ("available", "out", "suspense", "balance")}

    async def rights_add_up(self, member: str) -> dict[str, int]:
        """What is free, lent and in suspense must be the member's balance, and none of it below zero."""
        account = await self.rights(member)
        assert account["available"] + account["out"] + account["suspense"] == account["balance"], account
        assert min(account.values()) >= 0, account
        return account

    async def greeted(self, store: Store) -> None:
        """Wait until the cloud has greeted a store: from then on it leases rights there."""
        async with asyncio.timeout(30):
            while (await self._rights_of(store))["standing"] != "greeted":
                await store.auditor.status()

    async def _rights_of(self, store: Store) -> dict[str, Any]:
        answer = await self.web.get(f"{self.stage.cloud_url}/api/gateways/{store.branch.gateway_id}/rights")
        answer.raise_for_status()
        rights: dict[str, Any] = answer.json()
        return rights

    async def forgiven(self, store: Store, member: str, points: int) -> None:
        """The operator gives up what is in suspense of a store, and gives the member as much at the merchant's expense.

        No gateway says any more what became of those points: a person decides, and both sides are capped and kept.
        """
        why = {"reason": "disk restored, receipts compared", "points": points, "key": secrets.token_hex(8)}
        for path, body in (
            (f"/api/gateways/{store.branch.gateway_id}/rights/write-off", {**why, "member": member}),
            (f"/api/members/{member}/goodwill", why),
        ):
            answer = await self.web.post(f"{self.stage.cloud_url}{path}", json=body)
            assert answer.is_success, answer.text
            assert answer.json() == {"points": points, "left": 0}

    async def incarnations(self, store: Store) -> int:
        """How many lives of a store's gateway the cloud knows."""
        return 1 + int((await self._rights_of(store))["earlier_incarnations"])

    async def settled(self, stores: Sequence[Store]) -> None:
        """Wait until nothing of these stores' ledger lanes is on its way any more, whatever a former disk knew."""
        async with asyncio.timeout(60):
            for store in stores:
                while (await store.auditor.status())["lanes"]["ledger"]["queued"]:
                    await store.auditor.audit()

    async def cloned(self, store: Store, disk: Path) -> Store:
        """A second machine with a copy of this store's configuration, secrets and (from ``disk``) its data; it runs."""
        folder = replace(store.branch.plan.folder, path=self.files.path / f"clone-of-{store.branch.gateway_id}")
        (ports,) = ChainPorts.free(stores=1).stores
        folder.write(ports)
        shutil.copytree(disk, folder.data_dir, dirs_exist_ok=True)
        branch = self.stage.branch_at(folder, ports, seed=CLONE_SEED)
        clone = await self.furnish(await self.opened.enter_async_context(branch))
        clone.receipts = CLONE_RECEIPTS
        return clone

    async def furnish(self, branch: Branch) -> Store:
        """The store at a running branch, with tills and witnesses at its counters."""
        shop = await self.opened.enter_async_context(furnished(branch, self.web, now_s=opening_s))
        auditor = Auditor.of(branch, self.web, cloud=self.stage.cloud_url)
        return Store(branch, shop, auditor, self.office, self.web, self.stage.cloud_url)


def opening_s() -> int:
    """The tills' clock stands still: signatures have no part in these stories."""
    return int(OPENING.timestamp())


def say_seconds(file: Path, seconds: int) -> None:
    """Tell a running program about its clocks: see ``tests/story/launcher.py``."""
    file.with_suffix(".new").write_text(str(seconds))
    file.with_suffix(".new").replace(file)


@asynccontextmanager
async def open_chain(
    folder: Path,
    *plans: StorePlan,
    programme: Mapping[str, Any] = POINT_PER_YUAN,
    broker: BrokerKind = BrokerKind.MOSQUITTO,
    members: Sequence[SeedMember] = (ANNA, BAO),
) -> AsyncIterator[Chain]:
    """Open stores whose gateways know the members. Nothing of them is left afterwards."""
    files, ports = ChainFolder(folder, plans), ChainPorts.free(stores=len(plans))
    files.write(ports, programme)
    plan = StagePlan(files, ports, broker, (sys.executable, str(LAUNCHER)), seed=7)
    async with AsyncExitStack() as opened:
        web = await opened.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=10))
        stage = await opened.enter_async_context(Stage(plan, web))
        office = HeadOffice(web, stage.cloud_url)
        await office.enrol(members)
        chain = Chain(stage, [], office, web, files, opened)
        for branch in stage.branches:
            store = await chain.furnish(branch)
            await members_arrived(store.auditor, len(members))
            await chain.greeted(store)
            chain.stores.append(store)
        yield chain


@asynccontextmanager
async def open_store(
    folder: Path,
    *,
    broker: BrokerKind = BrokerKind.MOSQUITTO,
    programme: Mapping[str, Any] = POINT_PER_YUAN,
) -> AsyncIterator[Store]:
    """Open one store with one counter, whose gateway knows Anna and Bao."""
    async with open_chain(folder, StorePlan(counters=1, timezone="UTC"), programme=programme, broker=broker) as chain:
        yield chain.stores[0]
