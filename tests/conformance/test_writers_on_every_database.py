"""Whoever writes at the same time waits in a queue, never in a circle: nothing is lost, and nobody is turned away."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy import text

from cloud_crm.coupons.schemas import IssueBody
from cloud_crm.coupons.service import CouponService
from cloud_crm.database import Database
from cloud_crm.gateways.days import StoreDays
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.members.account import AccountDesk, Adjustment
from cloud_crm.points.days import DayTurn
from cloud_crm.rights import accounts
from cloud_crm.rights.books import RightsTerms, points_of
from cloud_crm.rights.schemas import Goodwill
from cloud_crm.rights.service import RightsService
from cloud_crm.standing.turning import StandingTurn
from loyalty.identifiers import MemberId
from tests.unit.cloud.conftest import MEDIUM_KEY
from tests.unit.cloud.shop_days import ZONES, Shop
from tests.unit.cloud.store_days import FakeClock

MEMBERS = [f"m{number}" for number in range(6)]
ROUNDS = 6
GOODWILL_CAP = 10_000
PROGRAMME: dict[str, Any] = {
    "coupons": [{"id": "five-off", "name": "Five off", "kind": "amount", "amount_minor": 500}],
    "tiers": {"by": "visits", "levels": [{"id": "gold", "name": "Gold", "at": 2}]},
    "member_types": [
        {"id": "new", "offers": [{"kind": "welcome_pack", "coupon": "five-off"}]},
    ],
}


class Office:
    """Everybody who writes to the database of one shop."""

    def __init__(self, database: Database) -> None:
        clock = FakeClock()
        self.shop = Shop(database, PROGRAMME, clock)
        settings = LoyaltySettings(zones=ZONES, rights=RightsTerms(loss_cap_points=GOODWILL_CAP))
        self.desk = AccountDesk(database, settings, clock=clock, changed=_nothing)
        self.rights = RightsService(database, settings, clock=clock, changed=_nothing)
        self.days = DayTurn(database, settings, clock=clock, changed=_nothing)
        self.standings = StandingTurn(database, self.shop.keeper, clock=clock, changed=_nothing)
        self.coupons = CouponService(database, StoreDays(ZONES), clock=clock, medium_key=MEDIUM_KEY, changed=_nothing)

    def sell(self, store: str, order: int) -> None:
        """A store sells to everybody, in its own order."""
        for number in range(ROUNDS):
            for member in MEMBERS[::order]:
                self.shop.sell(member, f"{store}-{number}-{member}", 1_000, store=store)

    def adjust(self) -> None:
        for number in range(ROUNDS):
            for member in MEMBERS[::-1]:
                asked = Adjustment(points=3, reason="counted", key=f"{number}-{member}")
                self.desk.adjust(member, asked, operator="ada")

    def give(self) -> None:
        for number in range(ROUNDS):
            for member in MEMBERS:
                asked = Goodwill(points=2, reason="sorry", key=f"round-{number}")
                self.rights.show_goodwill(member, asked, actor="ada")

    def issue(self) -> None:
        for number in range(ROUNDS):
            body = IssueBody(key=f"round-{number}", members=MEMBERS[::-1], reason="thanks")
            self.coupons.issue("five-off", body, operator="ada")

    def turn(self) -> None:
        for _ in range(ROUNDS):
            self.days.turn_all()
            self.standings.turn()

    def stand(self) -> None:
        """A gateway is given up and let back in, again and again."""
        for _ in range(ROUNDS):
            self.rights.revoke("store-2", reason="tried", actor="ada")
            self.rights.reinstate("store-2", reason="tried", actor="ada")


def _nothing() -> None: ...


def together(*works: Callable[[], None]) -> None:
    """All at the same time; raises what any of them raised."""
    gate = Barrier(len(works))

    def begin(work: Callable[[], None]) -> None:
        gate.wait(30)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(begin, work) for work in works]:
            done.result(120)


def test_stores_and_the_head_office_write_to_the_same_members_at_once(database: Database) -> None:
    office = Office(database)
    for member in MEMBERS:
        office.shop.join(member, {"name": member})
    together(
        lambda: office.sell("store-1", 1),
        lambda: office.sell("store-2", -1),
        office.adjust,
        office.give,
        office.issue,
        office.turn,
        office.stand,
    )
    earned = ROUNDS * (2 * 10 + 3 + 2)
    assert {member: office.shop.balance(member) for member in MEMBERS} == dict.fromkeys(MEMBERS, earned)
    with database.write() as connection:
        kept = accounts.lock(connection, [points_of(MemberId(member)) for member in MEMBERS])
    for account in kept.values():
        books = account.books
        held = sum(lease.held for lease in books.leases.values()) + sum(books.suspense.values())
        assert books.balance == earned == books.avail + held


def test_writers_queue_at_their_begin(database: Database) -> None:
    """What one has read, no other has changed when it writes, without a lock on any row."""
    gate = Barrier(8)

    def count(_: int) -> None:
        gate.wait(30)
        for _ in range(5):
            with database.write() as connection:
                version = connection.scalar(text("SELECT version FROM replica_life"))
                connection.execute(text("UPDATE replica_life SET version = :next"), {"next": version + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    with database.read() as connection:
        assert connection.scalar(text("SELECT version FROM replica_life")) == 40
