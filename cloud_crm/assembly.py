"""One tenant's cloud, put together from its settings: read this to see what depends on what."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from cloud_bridge.landing.service import Landing, StoreThread
from cloud_bridge.landing.store import LandingResult
from cloud_bridge.transport import Dial, mqtt_dial
from cloud_crm.clock import Clock, system_clock
from cloud_crm.config import CloudSettings, ConfigError, read_card_key, read_secret
from cloud_crm.coupons.service import CouponService
from cloud_crm.database import Database
from cloud_crm.disputes.service import DisputeDesk
from cloud_crm.events.service import EventService
from cloud_crm.floor.service import FloorService
from cloud_crm.gateways import repository as gateways
from cloud_crm.gateways.days import StoreDays
from cloud_crm.gateways.pages import StoreDesk
from cloud_crm.gateways.service import GatewayService
from cloud_crm.landing.loyalty import LoyaltyLanding, LoyaltySettings
from cloud_crm.landing.store import CrmLandingStore, LandingEffects
from cloud_crm.ledger.service import LedgerService
from cloud_crm.members.account import AccountDesk
from cloud_crm.members.activities import ActivityDesk
from cloud_crm.members.chips import CardBook, strong_cards
from cloud_crm.members.service import MemberService
from cloud_crm.metrics import CloudFigures
from cloud_crm.news import News
from cloud_crm.points.days import DayTurn
from cloud_crm.programme.configured import configured_programme
from cloud_crm.programme.pages import Explain, plain_explanation
from cloud_crm.programme.service import ProgrammeService
from cloud_crm.rights.books import RightsTerms
from cloud_crm.rights.service import RightsService
from cloud_crm.standing.keeping import StandingKeeper
from cloud_crm.standing.landing import LandedPeople
from cloud_crm.standing.turning import StandingTurn
from kiosk_ui.design import Pages
from kiosk_ui.live import LiveHub
from loyalty.rights.sizing import SizingPolicy

_FOLDER = Path(__file__).parent
ASSETS = _FOLDER / "assets"
_log = structlog.get_logger()
_CLIENT_ID = "regulars-cloud"


class LoopCall:
    """Brings calls from worker threads to the event loop; without a running loop they are not needed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """From now on calls go to the running loop."""
        self._loop = asyncio.get_running_loop()

    def end(self) -> None:
        """From now on calls are dropped: nobody is there to see."""
        self._loop = None

    def __call__(self, function: Any, *arguments: Any) -> None:
        """Call ``function`` on the loop, soon."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(function, *arguments)


def loyalty_settings(settings: CloudSettings) -> LoyaltySettings:
    """What landing must know of the tenant. Tills call a store by its gateway's id or by its name."""
    rights = settings.rights
    names = {gateway.store_name: gateway.id for gateway in settings.gateways}
    return LoyaltySettings(
        zones={gateway.id: gateway.timezone for gateway in settings.gateways},
        stores=names | {gateway.id: gateway.id for gateway in settings.gateways},
        rights=RightsTerms(SizingPolicy(rights.visitor_percent, rights.visitor_points_max), rights.loss_cap_points),
    )


def card_book(settings: CloudSettings, medium_key: bytes) -> CardBook:
    """The tenant's strong cards. Raises ``ConfigError`` for a master key that is none."""
    file = settings.card_master_key_file
    return CardBook(medium_key, read_card_key(file, "card_master_key_file") if file else None)


def _check_master_key(settings: CloudSettings, cards: int) -> None:
    """Without their keys, stores would take strong cards for plain numbers that anybody can copy."""
    if cards and settings.card_master_key_file is None:
        raise ConfigError(
            Path("cloud.toml"),
            "card_master_key_file",
            f"is missing, and {cards} members hold cards that prove themselves",
            "Name the file with the master key again",
        )


class Cloud:
    """Everything the app serves. Opens the database: raises ``ConfigError`` or ``DatabaseError``."""

    def __init__(
        self,
        settings: CloudSettings,
        *,
        clock: Clock = system_clock,
        dial: Dial | None = None,
        explain: Explain = plain_explanation,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.explain = explain
        configured = configured_programme(settings)
        self.is_alive = True
        """False once a part of the work has ended by a bug: whoever supervises the process restarts it."""
        self.database = Database(settings.database.url)
        self._call_soon = LoopCall()
        self._thread = StoreThread()
        self.hub = LiveHub()
        self.pages = Pages(templates=[_FOLDER / "templates"], locales=[_FOLDER / "locales"])
        self._build_services(clock)
        self._build_landing(clock, dial or mqtt_dial(settings.broker, client_id=_CLIENT_ID))
        self.database.prepare()
        with self.database.write() as connection:
            _check_master_key(settings, strong_cards(connection))
            gateways.enrol(connection, [(gateway.id, gateway.store_name) for gateway in settings.gateways])
        self.programme.begin(configured)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Land and publish for as long as the block lasts."""
        self._call_soon.begin()
        self.news.declare([gateway.gateway for gateway in await asyncio.to_thread(self.gateways.every)])
        tasks = [asyncio.create_task(work, name=name) for name, work in self._work()]
        for task in tasks:
            task.add_done_callback(self._ended)
        try:
            yield
        finally:
            self.hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._call_soon.end()
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Finish the transaction in progress and close the database."""
        self._thread.close()
        self.database.close()

    def _work(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        return [
            ("news", self.news.run()),
            ("landing", self.landing.run()),
            ("days", self.days.run()),
            ("standings", self.standings.run()),
        ]

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Work ends by cancellation only; anything else is a bug that a restart should not hide."""
        if not task.cancelled() and task.exception() is not None:
            _log.error("post", outcome="work ended", work=task.get_name(), exc_info=task.exception())
            self.is_alive = False

    def is_ready(self) -> dict[str, bool]:
        """What must be there before requests make sense, and whether it is."""
        return {"database": self.database.reachable(), "broker": self.landing.connected}

    def _build_services(self, clock: Clock) -> None:
        key = read_secret(self.settings.medium_key_file, "medium_key_file")
        self._loyalty = loyalty_settings(self.settings)
        days = StoreDays(self._loyalty.zones)
        self._keeper = StandingKeeper(days)
        self._people = LandedPeople(key, self._keeper, self._loyalty.rights)
        self._cards = card_book(self.settings, key)
        self.members = MemberService(
            self.database,
            clock=clock,
            medium_key=key,
            keeper=self._keeper,
            changed=self._replica_changed,
            cards=self._cards,
        )
        self.programme = ProgrammeService(self.database, clock=clock, changed=self._replica_changed)
        self.coupons = CouponService(self.database, days, clock=clock, medium_key=key, changed=self._replica_changed)
        self.gateways = GatewayService(self.database, clock=clock, released=self._released)
        self.rights = RightsService(self.database, self._loyalty, clock=clock, changed=self._replica_changed)
        self.activities = ActivityDesk(self.database, self._loyalty, clock=clock, changed=self._replica_changed)
        self.accounts = AccountDesk(self.database, self._loyalty, clock=clock, changed=self._replica_changed)
        self.disputes = DisputeDesk(self.database, self._keeper, clock=clock, changed=self._replica_changed)
        self.ledger = LedgerService(self.database)
        self.floor = FloorService(self.database, clock=clock)
        self.events = EventService(self.database)
        self.desk = StoreDesk(self.gateways, self.ledger, self.events)
        self.standings = StandingTurn(self.database, self._keeper, clock=clock, changed=self._replica_changed)
        self.news = News(self.hub, self.desk, self._call_soon)

    def _build_landing(self, clock: Clock, dial: Dial) -> None:
        secrets = {
            gateway.id: read_secret(gateway.secret_file, f"gateways.{index}.secret_file")
            for index, gateway in enumerate(self.settings.gateways)
        }
        effects = LandingEffects(LoyaltyLanding(self._loyalty), self._people, self._cards)
        self._store = CrmLandingStore(self.database, secrets=secrets, clock=clock, watcher=self.news, effects=effects)
        self.landing = Landing(
            self._store,
            dial,
            offload=self._thread,
            rng=random.Random(),  # noqa: S311 - jitter
            on_landed=self._count,
        )
        self.days = DayTurn(self.database, self._loyalty, clock=clock, changed=self._replica_changed)
        self.figures = CloudFigures(self.gateways.every, self.landing)

    def _count(self, result: LandingResult) -> None:
        self.figures.count(result)

    def _replica_changed(self) -> None:
        self._call_soon(self.landing.replica_changed)

    def _released(self, gateway_id: str, incarnation: str) -> None:
        self._call_soon(self.landing.released, gateway_id, self._store.ack(gateway_id, incarnation))
        self.news.stirred(gateway_id)
