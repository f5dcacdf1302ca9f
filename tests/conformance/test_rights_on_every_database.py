"""Rights are the same on every database, also when many threads want the same points at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1, RightsMovedV1
from cloud_bridge.landing.store import Greeted
from cloud_bridge.receipts import Hello
from cloud_bridge.replica import ReplicaRight
from cloud_crm.clock import rfc3339
from cloud_crm.database import Database
from cloud_crm.landing.loyalty import LoyaltyLanding, LoyaltySettings
from cloud_crm.landing.store import CrmLandingStore, LandingEffects
from cloud_crm.ledger import repository as ledger
from cloud_crm.points import repository as points
from cloud_crm.rights import accounts
from cloud_crm.rights.accounts import AccountKey
from cloud_crm.rights.books import RightsBooks, RightsTerms, points_of
from cloud_crm.rights.schemas import Goodwill, WriteOff
from cloud_crm.rights.service import RightsService
from loyalty.identifiers import GatewayId, MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, available
from loyalty.rights.account import Account
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

ALMA = MemberId("alma")
FIRST, SECOND = "a" * 32, "b" * 32
CLAIMANTS = 64
AT = "2026-05-01T09:00:00.000Z"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings() -> LoyaltySettings:
    return LoyaltySettings(rights=RightsTerms(loss_cap_points=100))


@pytest.fixture
def landing(database: Database, clock: FakeClock, settings: LoyaltySettings) -> CrmLandingStore:
    return CrmLandingStore(
        database,
        secrets={"store-1": SECRET, "store-2": SECRET},
        clock=clock,
        watcher=FakeWatcher(),
        effects=LandingEffects(LoyaltyLanding(settings)),
    )


@pytest.fixture
def service(database: Database, clock: FakeClock, settings: LoyaltySettings) -> RightsService:
    return RightsService(database, settings, clock=clock, changed=lambda: None)


def greet(landing: CrmLandingStore, gateway: str = "store-1", incarnation: str = FIRST) -> Greeted:
    greeted = landing.greet(gateway, Hello(incarnation=incarnation, boot="one"))
    assert greeted is not None
    return greeted


def post(day: StoreDay, name: str, points: int, *, debit: str, credit: str, lease: str | None = None) -> None:
    posting = PostingV1(id=posting_id(name, day.gateway_id), debit=debit, credit=credit, points=points, lease=lease)
    cause = f"{day.incarnation}/ledger/1"
    day.write(PointsPostedV1(cause=cause, member=ALMA, rule="spend", sale=name, postings=(posting,)))


def earn(day: StoreDay, name: str, points: int, *, lease: str | None = None) -> None:
    post(day, name, points, debit=PROGRAMME_ISSUED, credit=available(ALMA), lease=lease)


def redeem(day: StoreDay, name: str, points: int, *, lease: str) -> None:
    post(day, name, points, debit=available(ALMA), credit=PROGRAMME_REDEEMED, lease=lease)


def give_back(day: StoreDay, name: str, points: int, *, lease: str) -> None:
    moved = posting_id("returned", name)
    day.write(
        RightsMovedV1(movement=moved, kind="returned", member=ALMA, currency="points", lease=lease, points=points)
    )


def books_of(database: Database, key: AccountKey | None = None) -> Account:
    with database.write() as connection:
        found = accounts.lock(connection, [key or points_of(ALMA)])
        kept = next(iter(found.values())).books
    assert kept.avail + sum(lease.held for lease in kept.leases.values()) + sum(kept.suspense.values()) == kept.balance
    return kept


def rights_told(landing: CrmLandingStore, gateway: str, incarnation: str) -> Sequence[ReplicaRight]:
    step = landing.next_step(gateway, incarnation=incarnation, epoch="", version=0)
    assert step is not None
    return step.rights


def test_what_a_store_credits_itself_is_leased_there_and_what_it_does_not_is_granted(
    database: Database, landing: CrmLandingStore
) -> None:
    assert greet(landing).standing.model_dump() == {
        "incarnation": FIRST, "standing": "welcome", "is_first": True, "boot": "one",
    }  # fmt: skip
    day = StoreDay()
    earn(day, "own", 100, lease=FIRST)
    earn(day, "not-own", 30)
    landing.land([day.batch()])
    kept = books_of(database)
    assert (kept.balance, kept.avail, kept.leases[GatewayId("store-1")].held) == (130, 0, 130)
    (right,) = rights_told(landing, "store-1", FIRST)
    assert (right.member, right.currency, right.incarnation, right.granted) == ("alma", "points", FIRST, 30)
    assert rights_told(landing, "store-2", SECOND) == ()


def test_a_grant_is_told_once_more_only_when_it_grows(database: Database, landing: CrmLandingStore) -> None:
    greet(landing)
    day = StoreDay()
    earn(day, "one", 30)
    landing.land([day.batch()])
    step = landing.next_step("store-1", incarnation=FIRST, epoch="", version=0)
    assert step is not None
    landing.land([day.batch()])
    assert landing.next_step("store-1", incarnation=FIRST, epoch=step.epoch, version=step.to_version) is None


def test_a_new_incarnation_puts_what_the_old_one_held_in_suspense(database: Database, landing: CrmLandingStore) -> None:
    greet(landing)
    day = StoreDay()
    earn(day, "own", 100, lease=FIRST)
    landing.land([day.batch()])
    assert greet(landing, incarnation=SECOND).standing.is_first is False
    assert books_of(database).suspense == {"store-1": 100}
    assert greet(landing, incarnation=FIRST).standing.standing == "superseded"
    assert rights_told(landing, "store-1", SECOND) == ()
    redeem(day, "late", 40, lease=FIRST)
    give_back(day, "late", 60, lease=FIRST)
    landing.land([day.batch()])
    kept = books_of(database)
    assert (kept.balance, kept.suspense) == (60, {})
    assert kept.avail == 0, "what came back was leased again: to the incarnation that is welcome"
    assert kept.leases[GatewayId("store-1")].held == 60


def test_a_receipt_told_again_by_a_restored_disk_earns_once_and_its_points_stay_in_doubt(
    database: Database, landing: CrmLandingStore, clock: FakeClock
) -> None:
    greet(landing)
    clock.pass_seconds(3_600)
    greet(landing, incarnation=SECOND)
    reborn = StoreDay().reborn(SECOND)
    earn(reborn, "before-the-restore", 50)
    reborn.time = rfc3339(clock() + timedelta(seconds=1))
    earn(reborn, "after-it", 20)
    landing.land([reborn.batch()])
    kept = books_of(database)
    assert (kept.balance, kept.suspense) == (70, {"store-1": 50})
    lost = StoreDay()
    earn(lost, "before-the-restore", 50, lease=FIRST)
    redeem(lost, "spent-before-the-restore", 50, lease=FIRST)
    landing.land([lost.batch()])
    kept = books_of(database)
    assert (kept.balance, kept.suspense) == (20, {})


def test_revoke_write_off_and_goodwill_move_points_within_the_cap(
    database: Database, landing: CrmLandingStore, service: RightsService
) -> None:
    greet(landing)
    day = StoreDay()
    earn(day, "own", 150, lease=FIRST)
    landing.land([day.batch()])
    with database.write() as connection:
        from cloud_crm.members import repository as members

        members.add_members(connection, [members.Person("alma", "Alma", "en")], AT)
    out = service.revoke("store-1", reason="stolen", actor="lin")
    assert (out.standing, out.points_held, out.points_in_suspense) == ("revoked", 0, 150)
    assert greet(landing).standing.standing == "revoked"
    assert service.write_off("store-1", WriteOff(reason="gone"), actor="lin").model_dump() == {
        "points": 100,
        "left": 50,
    }
    assert service.show_goodwill("alma", Goodwill(reason="sorry", points=80, key="one"), actor="lin").points == 80
    out = service.of_gateway("store-1")
    assert (out.points_in_suspense, out.points_written_off) == (50, 100)
    assert (out.losses.written_off, out.losses.goodwill) == (100, 80)
    assert [act.action for act in out.actions] == ["write_off", "revoke"]
    redeem(day, "it-was-spent", 120, lease=FIRST)
    landing.land([day.batch()])
    out = service.of_gateway("store-1")
    assert (out.points_in_suspense, out.points_written_off, out.losses.written_off) == (0, 30, 30)
    kept = books_of(database)
    with database.read() as connection:
        assert ledger.balances(connection, ["alma"])["alma"] == kept.balance == 80
    assert service.reinstate("store-1", reason="found", actor="lin").standing == "greeted"


def test_lots_ledger_and_rights_say_the_same_whatever_two_stores_post(
    database: Database, landing: CrmLandingStore
) -> None:
    greet(landing)
    greet(landing, "store-2", SECOND)
    one, two = StoreDay(), StoreDay("store-2", SECOND)
    earn(one, "a", 100, lease=FIRST)
    redeem(one, "b", 60, lease=FIRST)
    post(two, "c", 70, debit=available(ALMA), credit=PROGRAMME_ISSUED, lease=SECOND)
    post(two, "d", 70, debit=available(ALMA), credit=PROGRAMME_ISSUED)
    earn(one, "e", 50)
    for day in (two, one):
        landing.land([day.batch()])
    kept = books_of(database)
    with database.read() as connection:
        found = points.load(connection, [ALMA])[ALMA]
        points.load_lots(connection, [found])
        balance = ledger.balances(connection, ["alma"])["alma"]
    assert balance == found.account.available >= 0
    assert kept.balance == found.account.available - found.account.debt == 100 - 60 - 70 - 70 + 50
    assert kept.avail >= 0


@pytest.mark.parametrize("currency", ["points", "coupon/welcome"])
def test_of_64_claims_of_the_same_right_exactly_one_wins(database: Database, currency: str) -> None:
    key = AccountKey(ALMA, currency)
    with database.write() as connection:
        from cloud_crm.rights import standings
        from loyalty.rights.movements import Incarnation
        from loyalty.rights.standing import Standing

        for gateway, incarnation in (("store-1", FIRST), ("store-2", SECOND)):
            standings.alone(connection, gateway)
            standings.keep(connection, gateway, Standing(Incarnation(incarnation)), at=AT)
        books = RightsBooks(connection, RightsTerms(), at=AT)
        books.open([key], ())
        books.issue(key, 1)
        books.save()
    start = Barrier(8)

    def claim(number: int) -> bool:
        if number < 8:
            start.wait(timeout=30)
        gateway = GatewayId(f"store-{1 + number % 2}")
        with database.write() as connection:
            books = RightsBooks(connection, RightsTerms(), at=AT)
            books.open([key], [gateway])
            won = books.lease(key, gateway, 1) is None
            books.save()
        return won

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(CLAIMANTS)))
    assert sum(won) == 1
    kept = books_of(database, key)
    assert (kept.balance, kept.avail, sum(lease.held for lease in kept.leases.values())) == (1, 0, 1)


def test_an_account_wanted_by_many_threads_at_once_is_opened_once(database: Database) -> None:
    def give(_: int) -> None:
        with database.write() as connection:
            books = RightsBooks(connection, RightsTerms(), at=AT)
            books.open([points_of(ALMA)], ())
            books.issue(points_of(ALMA), 3)
            books.save()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(give, range(40)))
    assert books_of(database).avail == 120


def test_grants_and_revocations_at_once_leave_nothing_leased_to_a_gateway_given_up(
    database: Database, landing: CrmLandingStore, service: RightsService
) -> None:
    greet(landing)

    def lease(number: int) -> None:
        member = MemberId(f"m{number}")
        with database.write() as connection:
            books = RightsBooks(connection, RightsTerms(), at=AT)
            books.open([points_of(member)], ["store-1"])
            books.issue(points_of(member), 10)
            books.top_up(points_of(member), GatewayId("store-1"))
            books.save()

    def act(number: int) -> None:
        if number == 20:
            service.revoke("store-1", reason="stolen", actor="lin")
        else:
            lease(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    out = service.of_gateway("store-1")
    assert out.points_held == 0
    everything = [books_of(database, points_of(MemberId(f"m{number}"))) for number in range(40) if number != 20]
    assert sum(kept.balance for kept in everything) == 390
    assert sum(kept.avail for kept in everything) + out.points_in_suspense == 390
