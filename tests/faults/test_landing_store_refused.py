"""The database refuses in the middle: nothing half-done, a typed error worth another try, then it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_bridge.landing.store import LandingStoreError
from cloud_bridge.receipts import Hello
from cloud_bridge.topics import Lane
from cloud_crm.database import Database
from cloud_crm.events import repository as events
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.ledger import repository as ledger
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/cloud.db")
    database.prepare()
    with database.write() as connection:
        gateways.enrol(connection, [("store-1", "High Street")])
    yield database
    database.close()


@pytest.fixture
def watcher() -> FakeWatcher:
    return FakeWatcher()


@pytest.fixture
def landing(database: Database, watcher: FakeWatcher) -> CrmLandingStore:
    return CrmLandingStore(database, secrets={"store-1": SECRET}, clock=FakeClock(), watcher=watcher)


def break_after(database: Database, table: str) -> None:
    """From now on, writing to ``table`` fails as a full disk does, after the writes before it went well."""
    with database.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )


def mend(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")


@pytest.mark.parametrize("table", ["streams", "events", "postings", "gaps"])
def test_a_write_that_fails_anywhere_leaves_no_part_of_the_group(
    database: Database, landing: CrmLandingStore, watcher: FakeWatcher, table: str
) -> None:
    day = StoreDay()
    day.tap()
    day.tap()
    day.earn("alma", "r-1", 5)
    batch = day.batch_of([day.lose(1, 2, "corrupt"), day.rows[Lane.LEDGER][2]])
    break_after(database, table)
    with pytest.raises(Exception, match="disk full"):
        landing.land([batch])
    with database.read() as connection:
        assert gateways.read_streams(connection, ["store-1"]) == []
        assert events.latest_position(connection) == 0
        assert list(ledger.every_posting(connection)) == []
    assert watcher.groups == []
    mend(database)
    assert landing.land([batch]).applied == 2
    with database.read() as connection:
        assert ledger.balances(connection, ["alma"]) == {"alma": 5}


def test_a_database_that_vanished_is_worth_another_try() -> None:
    landing = CrmLandingStore(
        Database("postgresql+psycopg://nobody@127.0.0.1:9/none"),
        secrets={"store-1": SECRET},
        clock=FakeClock(),
        watcher=FakeWatcher(),
    )
    day = StoreDay()
    day.tap()
    with pytest.raises(LandingStoreError) as refusal:
        landing.land([day.batch()])
    assert refusal.value.retry_after_s > 0
    with pytest.raises(LandingStoreError):
        landing.greet("store-1", Hello(incarnation=day.incarnation))
    with pytest.raises(LandingStoreError):
        landing.next_step("store-1", incarnation=day.incarnation, epoch="", version=0)
