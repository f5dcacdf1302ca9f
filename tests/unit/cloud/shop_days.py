"""A tenant with stores that sell: what they tell lands with all its effects, and time passes as told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_bridge.contract import PointsPostedV1, PostingV1, SaleCompletedV1
from cloud_bridge.receipts import Hello
from cloud_bridge.replica import ReplicaCoupon, ReplicaMember
from cloud_crm.clock import rfc3339
from cloud_crm.coupons import repository as coupons
from cloud_crm.coupons.repository import CouponRow
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.gateways.days import StoreDays
from cloud_crm.landing.loyalty import LoyaltyLanding, LoyaltySettings
from cloud_crm.landing.store import CrmLandingStore, LandingEffects
from cloud_crm.ledger import repository as ledger
from cloud_crm.programme import repository as programmes
from cloud_crm.programme.document import document_from_mapping
from cloud_crm.standing import repository as standings
from cloud_crm.standing.keeping import StandingKeeper
from cloud_crm.standing.landing import LandedPeople
from cloud_crm.standing.repository import StandingRow
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, available
from tests.unit.cloud.conftest import MEDIUM_KEY, FakeWatcher
from tests.unit.cloud.people_days import ANNA, register
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

CAUSE = "a" * 32 + "/ledger/1"
RATE = {"name": "P", "currency": "CNY"}
ZONES = {"store-1": "Asia/Shanghai", "store-2": "Pacific/Honolulu"}


class Shop:
    """Two stores and their cloud. ``day`` of each store is written to, then :meth:`land`."""

    def __init__(self, database: Database, programme: Mapping[str, Any], clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.keeper = StandingKeeper(StoreDays(ZONES))
        effects = LandingEffects(LoyaltyLanding(LoyaltySettings(zones=ZONES)), LandedPeople(MEDIUM_KEY, self.keeper))
        self.landing = CrmLandingStore(
            database, secrets=dict.fromkeys(ZONES, SECRET), clock=clock, watcher=FakeWatcher(), effects=effects
        )
        self.days = {gateway: StoreDay(gateway) for gateway in ZONES}
        self._landed = dict.fromkeys(ZONES, 0)
        with database.write() as connection:
            gateways.enrol(connection, [(gateway, gateway) for gateway in ZONES])
        self.announce(programme)
        for gateway, day in self.days.items():
            self.landing.greet(gateway, Hello(incarnation=day.incarnation))

    def announce(self, programme: Mapping[str, Any]) -> None:
        """Another programme is in force."""
        with self.database.write() as connection:
            document = document_from_mapping({"programme": RATE, **programme})
            programmes.put(connection, document, source="operator", at=rfc3339(self.clock()))
            standings.look_again(connection)

    def join(
        self, member: str, details: Mapping[str, str] = ANNA, *, store: str = "store-1", referrer: str = ""
    ) -> None:
        """Somebody joins in a store today."""
        on = StoreDays(ZONES).on(store, self.clock())
        register(self._today(store), member, details, referrer=referrer, joined_on=on.isoformat())
        self.land(store)

    def sell(self, member: str, sale: str, minor: int, *, store: str = "store-1", points: int | None = None) -> None:
        """A member buys; one point for each full 1.00."""
        day = self._today(store)
        day.write(SaleCompletedV1(sale=sale, till="t", currency="CNY", total_minor=minor, sold_at=day.time))
        self._post(day, member, sale, PROGRAMME_ISSUED, available(MemberId(member)), points or minor // 100)
        self.land(store)

    def refund(self, member: str, sale: str, minor: int, *, points: int, store: str = "store-1") -> None:
        """A member gives goods of a sale back."""
        day = self._today(store)
        refund = f"back-{sale}"
        day.write(
            SaleCompletedV1(sale=refund, till="t", currency="CNY", total_minor=-minor, sold_at=day.time, refund_of=sale)
        )
        self._post(day, member, refund, available(MemberId(member)), PROGRAMME_ISSUED, points)
        self.land(store)

    def land(self, store: str = "store-1") -> None:
        """What a store has written reaches the cloud."""
        day = self.days[store]
        result = self.landing.land([day.batch(self._landed[store] + 1)])
        assert not result.refusals, result.refusals
        self._landed[store] = day.heads[next(iter(day.heads))][0]

    def pass_days(self, days: int) -> None:
        """Days pass, each with its turn."""
        for _ in range(days):
            self.clock.at += timedelta(days=1)
            self.turn()

    def until(self, at: datetime) -> None:
        """It is ``at`` now, and the day turns."""
        self.clock.at = at.astimezone(UTC)
        self.turn()

    def turn(self) -> None:
        """The day turns."""
        after = ""
        while True:
            with self.database.write() as connection:
                after = self.keeper.turn_day(connection, self.clock(), after=after)
            if not after:
                return

    def standing(self, member: str) -> StandingRow:
        """Where a member stands."""
        with self.database.read() as connection:
            return standings.standings_of(connection, [member])[member]

    def held(self, member: str) -> list[CouponRow]:
        """What a member may still use."""
        with self.database.read() as connection:
            return coupons.open_of(connection, [member])

    def coupons(self, member: str) -> list[str]:
        """The coupons a member may still use, by key."""
        return sorted(row.coupon for row in self.held(member))

    def balance(self, member: str) -> int:
        """A member's available points."""
        with self.database.read() as connection:
            return ledger.balances(connection, [member])[member]

    def told(self, store: str = "store-1") -> tuple[dict[str, ReplicaMember], dict[str, ReplicaCoupon]]:
        """Members by id and coupons by instance, as a store that begins from nothing is told."""
        members: dict[str, ReplicaMember] = {}
        instances: dict[str, ReplicaCoupon] = {}
        epoch, version = "", 0
        incarnation = self.days[store].incarnation
        while step := self.landing.next_step(store, incarnation=incarnation, epoch=epoch, version=version):
            members |= {row.member: row for row in step.members}
            for gone in step.removed:
                members.pop(gone, None)
            instances |= {row.instance: row for row in step.coupons}
            epoch, version = step.epoch, step.to_version
        return members, instances

    def _today(self, store: str) -> StoreDay:
        self.days[store].time = rfc3339(self.clock())
        return self.days[store]

    def _post(self, day: StoreDay, member: str, sale: str, debit: str, credit: str, points: int) -> None:
        if points:
            posting = PostingV1(id=posting_id("spend", day.gateway_id, sale), debit=debit, credit=credit, points=points)
            rule = "spend" if debit == PROGRAMME_ISSUED else "refund"
            day.write(PointsPostedV1(cause=CAUSE, member=member, rule=rule, sale=sale, postings=(posting,)))
