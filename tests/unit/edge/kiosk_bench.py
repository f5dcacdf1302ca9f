"""A whole gateway on a bench: the real web application, the real journal, one counter, and a cloud that is played."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from cloud_bridge.payload import EventData
from cloud_bridge.receipts import RightsStanding
from cloud_bridge.replica import (
    ReplicaCoupon,
    ReplicaMedium,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaStep,
    ReplicaUndo,
)
from cloud_bridge.topics import Lane
from devices.observations import CardTapped, CardUid, CodeScanned, SaleCompleted, SaleLine, SaleReceipt, Trust
from edge_agent.config import EdgeSettings
from edge_agent.gateway import Gateway
from edge_agent.journal import Journal, JournalSettings
from edge_agent.surroundings import Surroundings
from kiosk_ui.kiosk.screens import Screen
from loyalty.identifiers import medium_id
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, SOLD_AT, HandClock, medium

KEY = b"m" * 32
CONFIG = """
[gateway]
id = "harbour-1"
store = "harbour"
store_name = "Harbour"
timezone = "Asia/Shanghai"
data_dir = "data"
secret_file = "secret"
medium_key_file = "key"
[web]
port = {port}
{web}
[broker]
port = 1
[[counters]]
name = "front"
kiosk = "front"
till = "till-1"
readers = ["door"]
scanners = ["eye"]
[[counters]]
name = "back"
kiosk = "back"
till = "till-2"
[[devices]]
name = "door"
driver = "serial_scanner"
port = "/dev/null"
[[devices]]
name = "eye"
driver = "serial_scanner"
port = "/dev/null"
"""
TERMS: dict[str, Any] = {
    "programme": {"name": "Regulars", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0},
    "earning": {
        "activities": [{"id": "visit-survey", "kind": "survey", "points": 20, "period": "ever"}],
        "referral": {"referrer_points": 50, "referred_points": 30, "minimum_minor": 2000},
    },
    "tiers": {"levels": [{"id": "silver", "name": "Silver", "at": 100_000}]},
    "rewards": [
        {"id": "tea", "name": "A pot of tea", "kind": "goods", "points": 120, "value_minor": 1200},
        {"id": "mug", "name": "A mug", "kind": "goods", "points": 400, "value_minor": 4000},
        {"id": "five-off", "name": "Five off", "kind": "coupon", "points": 50, "value_minor": 500, "coupon": "five"},
        {"id": "rare", "name": "Rare", "kind": "coupon", "points": 10, "value_minor": 500, "coupon": "limited"},
    ],
    "coupons": [
        {"id": "five", "name": "Five off", "kind": "amount", "amount_minor": 500, "minimum_minor": 1000},
        {
            "id": "limited",
            "name": "Limited",
            "kind": "amount",
            "amount_minor": 500,
            "budget": {"campaign_uses_max": 10},
        },
    ],
}


class KioskBench:
    """The store's counter ``front``: cards, codes, fingers, the till, and what the screen shows."""

    def __init__(self, gateway: Gateway, journal: Journal, clock: HandClock) -> None:
        self.gateway = gateway
        self.journal = journal
        self.clock = clock
        self.receipts: list[SaleReceipt] = []
        transport = httpx.ASGITransport(app=gateway.application())
        self.web = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._version = 0

    @property
    def screen(self) -> Screen:
        """What stands on the kiosk of the counter ``front``."""
        return self.gateway.kiosks["front"].screen

    def shows(self) -> dict[str, Any]:
        """The same, as the page gets it."""
        return self.screen.model_dump(mode="json")

    async def tap(self, card: CardUid, trust: Trust = Trust.WEAK) -> dict[str, Any]:
        await self.gateway.handle("door", CardTapped(card, "NTAG213", trust))
        return self.shows()

    async def scan(self, text: str) -> dict[str, Any]:
        await self.gateway.handle("eye", CodeScanned(text, "qr"))
        return self.shows()

    async def sell(self, sale: str, minor: int, *, refund_of: str | None = None) -> None:
        line = SaleLine("tea", "Tea", 1 if minor >= 0 else -1, abs(minor))
        receipt = SaleCompleted(
            sale, "till-1", "CNY", minor, (line,), SOLD_AT, refund_of=refund_of, reply=self.receipts.append
        )
        await self.gateway.handle("till-feed", receipt)

    async def ask(self, view: str, subject: str = "", *, visit: str | None = None, kiosk: str = "front") -> int:
        body = {"view": view, "visit": self.screen.visit if visit is None else visit, "subject": subject}
        return (await self.web.post(f"/kiosk/{kiosk}/ask", json=body)).status_code

    async def see(self, view: str, subject: str = "") -> dict[str, Any]:
        assert await self.ask(view, subject) == 204
        return self.shows()

    async def post(self, form: str, fields: dict[str, str], **body: Any) -> httpx.Response:
        sent = {"form": form, "visit": self.screen.visit, "fields": fields} | body
        return await self.web.post("/kiosk/front/form", json=sent)

    async def fill(self, form: str, fields: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        response = await self.post(form, fields or {}, **body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def join(self, **fields: str) -> dict[str, Any]:
        """Become a member with what is on the screen: an unknown card, or nothing."""
        await self.see("register")
        return await self.fill("register", {"name": "Chen Li", "language": "en"} | fields)

    async def learn(
        self,
        *members: ReplicaMember,
        media: tuple[tuple[str, str | None], ...] = (),
        keys: dict[str, str] | None = None,
        rights: dict[str, int] | None = None,
        terms: dict[str, Any] | None = None,
        afresh: bool = False,
        included: int = 0,
        epoch: str = "one",
        undone: tuple[ReplicaUndo, ...] = (),
        coupons: tuple[ReplicaCoupon, ...] = (),
    ) -> None:
        """The cloud's next word; ``rights`` are points leased to this gateway, by member."""
        before, self._version = (0 if afresh else self._version), self._version + 1
        version, programme = self._version, None
        if terms is not None:
            rate = terms["programme"]
            programme = ReplicaProgramme(**rate, version=version, terms=terms)
        incarnation = self.journal.incarnation
        await self.gateway.replica.apply(
            ReplicaStep(
                epoch=epoch,
                from_version=before,
                to_version=version,
                latest_version=version,
                as_of="2026-06-02T09:00:00.000Z",
                incarnation=incarnation,
                included={Lane.LEDGER: {"sequence": included, "hash": "0" * 64}} if included else {},
                programme=programme,
                members=members,
                media=tuple(
                    ReplicaMedium(medium=m, member=who, version=version, public_key=(keys or {}).get(m))
                    for m, who in media
                ),
                rights=tuple(
                    ReplicaRight(member=m, currency="points", incarnation=incarnation, granted=points, version=version)
                    for m, points in (rights or {}).items()
                ),
                undone=undone,
                coupons=coupons,
            )
        )

    async def welcome(self) -> None:
        """The cloud greets this incarnation: it may redeem."""
        word = RightsStanding(incarnation=self.journal.incarnation, standing="welcome", is_first=True)
        await self.gateway.standing.heard(word)

    async def events(self, kind: type[EventData] | None = None) -> list[dict[str, Any]]:
        """The payloads of the ledger lane, oldest first, of one type or all."""
        rows = await self.journal.read(lambda reader: list(reader.tail(Lane.LEDGER, 1_000)))
        events = sorted((orjson.loads(row.body) for row in rows), key=lambda event: event["sequence"])
        return [event["data"] for event in events if kind is None or event["type"] == kind.type]

    async def balance(self, member: str) -> int:
        found = await self.journal.read(lambda reader: reader.balance(member))
        assert found is not None
        return found.points

    async def free(self, member: str) -> int:
        """Points of a member that nobody has reserved here."""
        wallet = await self.journal.read(lambda reader: reader.wallet(member))
        return wallet.rights - sum(wallet.reserved.values())


def anna(**changes: Any) -> ReplicaMember:
    told: dict[str, Any] = {"member": "anna", "name": "Anna", "language": "en", "balance": 480, "version": 1}
    return ReplicaMember(**(told | {"joined_on": "2025-01-01"} | changes))


def ben(**changes: Any) -> ReplicaMember:
    told: dict[str, Any] = {"member": "ben", "name": "Ben", "language": "zh-CN", "balance": 0, "version": 1}
    return ReplicaMember(**(told | changes))


@asynccontextmanager
async def kiosk_bench(
    folder: Path, *, clock: HandClock | None = None, stocked: bool = True, web: str = ""
) -> AsyncIterator[KioskBench]:
    """Open the store in ``folder`` (again, if it is there): Anna has 480 points, 300 of them usable here."""
    clock = clock or HandClock()
    config = folder / "edge.toml"
    config.write_text(CONFIG.format(port=1, web=web))
    (folder / "secret").write_text("s" * 32)
    (folder / "key").write_bytes(KEY)
    settings = EdgeSettings.load(config)
    hybrid = clock.hybrid()
    journal = Journal.open(JournalSettings(folder / "journal.db", "harbour-1", b"s" * 32), clock=hybrid)
    gateway = Gateway(settings, journal, hybrid, Surroundings(chance=random.Random(7)))
    opened = {name: asyncio.Event() for name in gateway.kiosks}
    touching = [asyncio.create_task(_take(gateway, name, opened[name])) for name in gateway.kiosks]
    bench = KioskBench(gateway, journal, clock)
    try:
        await gateway.tap_path.replay()
        for touch in opened.values():
            await touch.wait()
        if stocked:
            await bench.learn(
                anna(),
                ben(),
                media=((medium(ANNA_CARD), "anna"), (medium(BEN_CARD), "ben")),
                rights={"anna": 300},
                terms=TERMS,
            )
            await bench.welcome()
        yield bench
    finally:
        for kiosk in gateway.kiosks.values():
            kiosk.close()
        for task in touching:
            task.cancel()
        await asyncio.gather(*touching, return_exceptions=True)
        await gateway.kiosk_desk.settled()
        await bench.web.aclose()
        await journal.close()


async def _take(gateway: Gateway, name: str, opened: asyncio.Event) -> None:
    """What the supervisor does with a kiosk's touches, without its patience."""
    async with gateway.touches[name] as touch:
        opened.set()
        async for seen in touch.observations():
            await gateway.handle(f"touch-{name}", seen)


def phone_medium(key_id: bytes) -> str:
    return medium_id("phone", key_id, key=KEY)
