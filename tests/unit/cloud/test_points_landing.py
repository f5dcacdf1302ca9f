"""Lots, sales given back elsewhere and the turn of the day, from the stores' facts to the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloud_bridge.contract import DecisionDeferredV1, PointsPostedV1, PostingV1, RightsMovedV1, SaleCompletedV1
from cloud_bridge.receipts import Hello
from cloud_crm.clock import rfc3339
from cloud_crm.database import Database
from cloud_crm.landing.loyalty import LoyaltyLanding, LoyaltySettings
from cloud_crm.landing.store import CrmLandingStore, LandingEffects
from cloud_crm.ledger import repository as ledger
from cloud_crm.points import repository as points
from cloud_crm.points.days import DayTurn
from cloud_crm.programme import repository as programmes
from cloud_crm.programme.document import document_from_toml
from cloud_crm.rights import accounts
from cloud_crm.rights.books import RightsTerms, points_of
from loyalty.identifiers import GatewayId, MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, available, pending
from loyalty.rights.account import Account
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

ALMA = MemberId("alma")
MINE, WAITS = available(ALMA), pending(ALMA)
FIRST, SECOND = "a" * 32, "b" * 32
PROGRAMME = """
[programme]
name = "P"
currency = "CNY"
points = 1
per_minor = 100
[lots]
expiry = "days"
after = 30
"""


class Chain:
    """Two stores and the cloud; ``total`` is what the cloud's books say of Alma, checked each time."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.settings = LoyaltySettings(stores={"harbour": "store-1"}, rights=RightsTerms(loss_cap_points=1_000))
        self.landing = CrmLandingStore(
            database,
            secrets={"store-1": SECRET, "store-2": SECRET},
            clock=clock,
            watcher=FakeWatcher(),
            effects=LandingEffects(LoyaltyLanding(self.settings)),
        )
        self.one, self.two = StoreDay(), StoreDay("store-2", SECOND)
        self._sent = {"store-1": 0, "store-2": 0}
        with database.write() as connection:
            programmes.put(connection, document_from_toml(PROGRAMME), source="test", at=rfc3339(clock()))
        for day in (self.one, self.two):
            self.landing.greet(day.gateway_id, Hello(incarnation=day.incarnation))

    def land(self, *days: StoreDay) -> None:
        for day in days or (self.one, self.two):
            if day.heads and len(day.rows["ledger"]) > self._sent[day.gateway_id]:  # type: ignore[index]
                self.landing.land([day.batch(self._sent[day.gateway_id] + 1)])
                self._sent[day.gateway_id] = len(day.rows["ledger"])  # type: ignore[index]
        self.total()

    def sell(self, day: StoreDay, sale: str, minor: int, *, of: str | None = None, store: str | None = None) -> None:
        day.time = rfc3339(self.clock())
        day.write(
            SaleCompletedV1(
                sale=sale, till="t", currency="CNY", total_minor=minor, sold_at=day.time, refund_of=of,
                refund_store=store,
            )
        )  # fmt: skip

    def post(self, day: StoreDay, name: str, moves: tuple[str, str], points: int, *, sale: str, own: bool = True,
             original: str | None = None) -> str:  # fmt: skip
        key = posting_id(name, day.gateway_id, sale)
        lease = day.incarnation if own else None
        posting = PostingV1(id=key, debit=moves[0], credit=moves[1], points=points, lease=lease, original=original)
        day.write(PointsPostedV1(cause="c", member=ALMA, rule=name, sale=sale, postings=(posting,)))
        return key

    def total(self) -> tuple[int, int, int]:
        """Available, pending and owed; ledger, lots and rights must agree."""
        with self.database.read() as connection:
            found = points.load(connection, [ALMA])[ALMA]
            points.load_lots(connection, [found])
            account = found.account
            assert ledger.balances(connection, [ALMA])[ALMA] == account.available
        assert self.rights().balance == account.available - account.debt
        return account.available, account.pending, account.debt

    def rights(self) -> Account:
        with self.database.write() as connection:
            return accounts.lock(connection, [points_of(ALMA)])[points_of(ALMA)].books

    def turn(self) -> None:
        DayTurn(self.database, self.settings, clock=self.clock, changed=lambda: None).turn_all()
        self.total()


@pytest.fixture
def chain(database: Database, clock: FakeClock) -> Chain:
    return Chain(database, clock)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2)])
def test_a_sale_given_back_in_two_stores_ends_at_what_is_left_of_it(chain: Chain, order: tuple[int, ...]) -> None:
    def sold() -> None:
        chain.sell(chain.one, "s", 10_000)
        chain.post(chain.one, "spend", (PROGRAMME_ISSUED, MINE), 100, sale="s")
        chain.land(chain.one)

    def back_elsewhere() -> None:
        chain.sell(chain.two, "f2", -6_000, of="s", store="harbour")
        chain.land(chain.two)

    def back_at_home() -> None:
        chain.sell(chain.one, "f1", -6_000, of="s")
        chain.post(chain.one, "refund", (MINE, PROGRAMME_ISSUED), 60, sale="s")
        chain.land(chain.one)

    for step in order:
        (sold, back_elsewhere, back_at_home)[step]()
    assert chain.total()[0] - chain.total()[2] == 0


def test_a_refund_whose_sale_the_store_has_forgotten_is_settled_by_the_cloud(chain: Chain) -> None:
    chain.sell(chain.one, "s", 10_000)
    chain.post(chain.one, "spend", (PROGRAMME_ISSUED, MINE), 100, sale="s")
    chain.land(chain.one)
    chain.sell(chain.one, "f", -2_500, of="s")
    chain.one.write(DecisionDeferredV1(cause="c", awaits="sale", sale="f"))
    chain.land(chain.one)
    assert chain.total() == (75, 0, 0)


def test_a_redemption_brought_back_elsewhere_is_undone_by_the_store_that_made_it(chain: Chain) -> None:
    chain.sell(chain.one, "s", 10_000)
    chain.post(chain.one, "spend", (PROGRAMME_ISSUED, MINE), 100, sale="before")
    made = chain.post(chain.one, "redemption", (MINE, PROGRAMME_REDEEMED), 80, sale="s")
    chain.land(chain.one)
    chain.sell(chain.two, "f2", -5_000, of="s", store="harbour")
    chain.land(chain.two)
    step = chain.landing.next_step("store-1", incarnation=FIRST, epoch="", version=0)
    other = chain.landing.next_step("store-2", incarnation=SECOND, epoch="", version=0)
    assert step is not None
    assert other is not None
    assert [(row.redemption, row.member, row.points) for row in step.undone] == [(made, "alma", 40)]
    assert other.undone == ()
    chain.post(chain.one, "restore", (PROGRAMME_REDEEMED, MINE), 40, sale="s", original=made)
    chain.land(chain.one)
    assert chain.total() == (60, 0, 0)


def test_where_the_redeeming_life_is_gone_the_merchant_bears_what_is_brought_back(chain: Chain) -> None:
    chain.sell(chain.one, "s", 10_000)
    chain.post(chain.one, "spend", (PROGRAMME_ISSUED, MINE), 100, sale="before")
    chain.post(chain.one, "redemption", (MINE, PROGRAMME_REDEEMED), 80, sale="s")
    chain.land(chain.one)
    chain.landing.greet("store-1", Hello(incarnation="c" * 32))
    chain.sell(chain.two, "f2", -5_000, of="s", store="harbour")
    chain.land(chain.two)
    assert chain.total() == (60, 0, 0)
    chain.sell(chain.two, "f3", -5_000, of="s", store="harbour")
    chain.land(chain.two)
    assert chain.total() == (100, 0, 0)


def test_points_expire_once_here_and_are_asked_back_where_they_are_leased(chain: Chain, clock: FakeClock) -> None:
    chain.post(chain.one, "spend", (PROGRAMME_ISSUED, MINE), 100, sale="s")
    chain.land(chain.one)
    clock.at += timedelta(days=40)
    for _ in range(2):
        chain.turn()
    assert chain.total() == (100, 0, 0)
    step = chain.landing.next_step("store-1", incarnation=FIRST, epoch="", version=0)
    assert step is not None
    assert [(row.granted, row.recalled) for row in step.rights] == [(0, 100)]
    chain.one.write(
        RightsMovedV1(
            movement=posting_id("back"), kind="returned", member=ALMA, currency="points", lease=FIRST, points=70
        )
    )
    chain.land(chain.one)
    assert chain.total() == (30, 0, 0)
    assert chain.rights().leases[GatewayId("store-1")].held == 30
    assert chain.rights().avail == 0


def test_an_activity_two_stores_saw_counts_once_and_the_cloud_makes_it_usable(chain: Chain) -> None:
    for day in (chain.one, chain.two):
        key = posting_id("birthday", "alma", "2026")
        posting = PostingV1(id=key, debit=PROGRAMME_ISSUED, credit=WAITS, points=50)
        day.write(PointsPostedV1(cause="c", member=ALMA, rule="birthday", postings=(posting,)))
    chain.land()
    assert chain.total() == (50, 0, 0)
    assert chain.rights().leases[GatewayId("store-1")].held > 0


def test_a_sale_that_waits_is_released_by_its_store_alone(chain: Chain, clock: FakeClock) -> None:
    earned = chain.post(chain.one, "spend", (PROGRAMME_ISSUED, WAITS), 50, sale="s", own=False)
    chain.land(chain.one)
    clock.at += timedelta(days=20)
    chain.turn()
    assert chain.total() == (0, 50, 0)
    release = PostingV1(id=posting_id("release", earned), debit=WAITS, credit=MINE, points=50, lease=FIRST)
    chain.one.write(PointsPostedV1(cause="c", member=ALMA, rule="release", postings=(release,)))
    chain.land(chain.one)
    assert chain.total() == (50, 0, 0)
    assert chain.rights().leases[GatewayId("store-1")].held == 50
