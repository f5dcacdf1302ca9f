"""Every database the cloud can stand on keeps the same books.

SQLite always; PostgreSQL where its server is installed: each test has an empty database of its own in it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from cloud_bridge.landing.batches import Batch
from cloud_bridge.topics import Lane
from cloud_crm.database import Database, draw_versions, epoch_and_version
from cloud_crm.events import repository as events
from cloud_crm.gateways import quarantine
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import repository as members
from cloud_crm.schema import metadata
from loyalty.ledger import digest
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

AT = "2026-05-01T09:00:00.000Z"


@pytest.fixture
def landing(database: Database) -> CrmLandingStore:
    secrets = {"store-1": SECRET, "store-2": SECRET}
    return CrmLandingStore(database, secrets=secrets, clock=FakeClock(), watcher=FakeWatcher())


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_second_start_changes_nothing(database: Database) -> None:
    with database.read() as connection:
        before = epoch_and_version(connection)
    database.prepare()
    with database.read() as connection:
        assert epoch_and_version(connection) == before


def test_nothing_is_written_through_a_reader(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as connection:
        draw_versions(connection, 1)


def test_a_reader_keeps_its_snapshot(database: Database) -> None:
    with database.read() as reader:
        before = epoch_and_version(reader)
        with database.write() as writer:
            draw_versions(writer, 3)
        assert epoch_and_version(reader) == before


def test_versions_drawn_by_many_threads_are_all_different(database: Database) -> None:
    def draw(_: int) -> int:
        with database.write() as connection:
            return draw_versions(connection, 1)[0]

    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(draw, range(40)))
    assert sorted(drawn) == list(range(1, 41))


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_repeats_of_batches_end_at_the_same_books(
    database: Database, landing: CrmLandingStore, seed: int
) -> None:
    chance = random.Random(seed)
    days = [StoreDay(), StoreDay("store-2", "c" * 32)]
    for index in range(60):
        day = chance.choice(days)
        member = chance.choice(["alma", "bo", "cy"])
        chance.choice([day.tap, day.show, lambda d=day, m=member, i=index: d.earn(m, f"r-{i}", i + 1)])()
    batches = [
        day.batch(first, first + 6, lane=lane)
        for day in days
        for lane in Lane
        for first in range(1, len(day.rows[lane]) + 1, 5)
    ]
    for _ in range(12):
        chance.shuffle(batches)
        for group in groups(batches, chance):
            landing.land(group)
    with database.read() as connection:
        for row in gateways.read_streams(connection, ["store-1", "store-2"]):
            day = next(day for day in days if day.gateway_id == row.gateway_id)
            assert (row.high, row.hash) == day.heads[Lane(row.lane)]
            assert row.received == row.high
            stored = events.hashes(connection, row.stream_id, 1, row.high)
            assert stored == {sealed.sequence: sealed.hash for sealed in day.rows[Lane(row.lane)]}
        postings = list(ledger.every_posting(connection))
        assert len(postings) == sum(b"points.posted" in r.body for day in days for r in day.rows[Lane.LEDGER])
        assert ledger.points_issued(connection) == sum(ledger.balances(connection, ["alma", "bo", "cy"]).values())
        assert digest(postings) == digest(reversed(postings))


def groups(batches: list[Batch], chance: random.Random) -> Iterator[list[Batch]]:
    rest = list(batches)
    while rest:
        size = chance.randint(1, 5)
        yield rest[:size]
        rest = rest[size:]


def test_conflicts_quarantine_and_release_are_the_same_everywhere(database: Database, landing: CrmLandingStore) -> None:
    day, forged = StoreDay(), StoreDay()
    day.earn("alma", "r-1\x00", 12)
    forged.earn("alma", "r-1", 99)
    landing.land([day.batch()])
    assert landing.land([forged.batch()]).notices.keys() == {"store-1"}
    with database.write() as connection:
        assert quarantine.release(connection, "store-1", operator="lin", at=AT)
        assert not quarantine.release(connection, "store-1", operator="lin", at=AT)
    again = day.reborn()
    again.earn("alma", "r-1\x00", 13)
    landing.land([again.batch()])
    with database.read() as connection:
        assert ledger.balances(connection, ["alma"]) == {"alma": 12}
        assert ledger.conflicts_of(connection) == {"store-1": 1}


def test_members_and_media_travel_in_steps(database: Database, landing: CrmLandingStore) -> None:
    with database.write() as connection:
        for index in range(3):
            members.add_members(connection, [members.Person(f"m{index}", f"王{index}%", "zh-CN")], AT)
            members.link_media(connection, [members.Link(f"m{index}", "card", f"{index:032x}")], AT)
        members.touch(connection, {"m1", "nobody"})
    step = landing.next_step("store-1", incarnation="a" * 32, epoch="", version=0)
    assert step is not None
    assert [row.member for row in step.members] == ["m0", "m2", "m1"]
    assert len(step.media) == 3
    with database.read() as connection:
        assert [row.member_id for row in members.newest_members(connection, limit=9, search=members.Search("1%"))] == [
            "m1"
        ]
