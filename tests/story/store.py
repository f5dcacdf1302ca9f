"""A whole store and its cloud in real processes, for stories: broker, cloud, gateway, virtual hardware."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from devices.observations import CardUid, SaleCompleted, SaleLine
from devices.virtual.till import VirtualTill
from kiosk_ui.kiosk.screens import kiosk_channel
from simulation.day.turns import SeedMember
from simulation.evidence.books import Audit, Auditor
from simulation.evidence.witness import Witness
from simulation.head_office import HeadOffice, members_arrived
from simulation.processes.ports import choose
from simulation.shop_floor import Counter, ShopFloor
from simulation.stage import BrokerKind, Stage, StagePlan
from simulation.store_files import GATEWAY_ID, KIOSK, TILL, Ports, StoreFolder
from tests.story.launcher import CLOCK_AHEAD, DIE_AT

LAUNCHER = Path(__file__).with_name("launcher.py")
OPENING = datetime(2024, 2, 29, 9, 0, tzinfo=UTC)
ANNA = SeedMember("m-anna", "Anna 安娜", "en", CardUid.from_hex("04A1B2C3D4E580"))
BAO = SeedMember("m-bao", "Bao 阿宝", "zh-CN", CardUid.from_hex("04A1B2C3D4E581"))
STRANGER = CardUid.from_hex("04A1B2C3D4E5FF")


@dataclass
class Store:
    """What a story can do in the store, in the words of the shop."""

    stage: Stage
    floor: ShopFloor
    auditor: Auditor
    office: HeadOffice
    web: httpx.AsyncClient
    folder: Path
    receipts: int = field(default=0)

    def next_sale(self, total_minor: int, *, refund_of: str | None = None) -> SaleCompleted:
        """A receipt of one line, numbered on."""
        self.receipts += 1
        line = SaleLine("SKU-1", "Jasmine tea", 1 if refund_of is None else -1, abs(total_minor))
        sold_at = OPENING + timedelta(minutes=self.receipts)
        return SaleCompleted(f"R-{self.receipts:05d}", TILL, "CNY", total_minor, (line,), sold_at, refund_of=refund_of)

    def kill_at(self, station: str) -> None:
        """The gateway will die by SIGKILL when an observation or a row next reaches this station."""
        order = self.folder / DIE_AT
        order.with_suffix(".new").write_text(station)
        order.with_suffix(".new").replace(order)

    async def restarted(self, *, starts: int = 2) -> None:
        """Wait until the gateway has died and serves again, for the ``starts``-th time since opening."""
        async with asyncio.timeout(30):
            if self.stage.gateway.starts < starts:
                await self.stage.gateway.wait()
            await members_arrived(self.auditor, 2)

    def set_clock_ahead(self, seconds: int) -> None:
        """Move the gateway's wall clock."""
        clock = self.folder / CLOCK_AHEAD
        clock.with_suffix(".new").write_text(str(seconds))
        clock.with_suffix(".new").replace(clock)

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
        answer = await self.web.get(f"{self.stage.cloud_url}/api/members/{member.member}")
        answer.raise_for_status()
        return int(answer.json()["balance"])


@asynccontextmanager
async def open_store(folder: Path, *, broker: BrokerKind = BrokerKind.MOSQUITTO) -> AsyncIterator[Store]:
    """Open a store whose gateway knows Anna and Bao. Nothing of it is left afterwards."""
    files = StoreFolder(folder)
    ports = Ports(*choose((0,) * 6))
    files.write(ports, currency="CNY")
    plan = StagePlan(files, ports, broker, (sys.executable, str(LAUNCHER)), seed=7)
    async with AsyncExitStack() as opened:
        web = await opened.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=10))
        stage = await opened.enter_async_context(Stage(plan, web))
        till = VirtualTill(
            f"http://127.0.0.1:{ports.till}/till/sales",
            name=TILL,
            secret=files.secret("till.key"),
            now_s=lambda: int(OPENING.timestamp()),
        )
        await opened.enter_async_context(till)
        witness = Witness(f"{stage.kiosk_url}/live/{kiosk_channel(KIOSK)}")
        await opened.enter_async_context(witness)
        counter = Counter(stage.reader, stage.scanner, till, witness, f"{stage.kiosk_url}/kiosk/{KIOSK}/choice")
        auditor = Auditor(web, gateway=stage.kiosk_url, cloud=stage.cloud_url, gateway_id=GATEWAY_ID)
        office = HeadOffice(web, stage.cloud_url)
        await office.enrol([ANNA, BAO])
        await members_arrived(auditor, 2)
        yield Store(stage, ShopFloor(counter, web), auditor, office, web, folder)


__all__ = ["ANNA", "BAO", "OPENING", "STRANGER", "Store", "open_store"]
