"""The cloud is killed while it lands: what was acknowledged is there, whole, and the rest comes again once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_bridge.landing.store import Stream
from cloud_bridge.topics import Lane
from cloud_crm.database import Database
from cloud_crm.events import repository as events
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.ledger import repository as ledger
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

ROWS = 3_000
BATCH = 20

_LAND_UNTIL_KILLED = """
import sys
from tests.faults.test_landing_store_killed import BATCH, ROWS, day_of_sales, landing_on
from cloud_crm.database import Database
landing = landing_on(Database(sys.argv[1]))
day = day_of_sales()
for first in range(1, ROWS + 1, BATCH):
    landing.land([day.batch(first, first + BATCH - 1)])
    print(first + BATCH - 1, flush=True)
"""


def day_of_sales() -> StoreDay:
    """The same day each time: a row for every sale, one point each."""
    day = StoreDay()
    for index in range(ROWS):
        day.earn(f"member-{index % 7}", f"r-{index}", 1)
    return day


def landing_on(database: Database) -> CrmLandingStore:
    return CrmLandingStore(database, secrets={"store-1": SECRET}, clock=FakeClock(), watcher=FakeWatcher())


@pytest.fixture
def url(tmp_path: Path) -> str:
    database = Database(f"sqlite:///{tmp_path}/cloud.db")
    database.prepare()
    with database.write() as connection:
        gateways.enrol(connection, [("store-1", "High Street")])
    database.close()
    return f"sqlite:///{tmp_path}/cloud.db"


@pytest.fixture
def reopened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.mark.parametrize("acknowledged", [BATCH, 7 * BATCH, 40 * BATCH])
def test_a_kill_loses_nothing_acknowledged_and_repeats_nothing(url: str, reopened: Database, acknowledged: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _LAND_UNTIL_KILLED, url], stdout=subprocess.PIPE, text=True) as cloud:
        assert cloud.stdout is not None
        last = next(int(line) for line in cloud.stdout if int(line) >= acknowledged)
        cloud.kill()
    assert last < ROWS, "killed too late to show anything"

    day = day_of_sales()
    with reopened.read() as connection:
        row = gateways.find_stream(connection, Stream("store-1", day.incarnation, Lane.LEDGER))
        assert row is not None
        assert row.high >= acknowledged
        assert row.high % BATCH == 0, "a batch is there whole or not at all"
        assert len(events.hashes(connection, row.stream_id, 1, ROWS)) == row.high
        assert sum(1 for _ in ledger.every_posting(connection)) == row.high

    landing = landing_on(reopened)
    for first in range(1, ROWS + 1, 100):
        landing.land([day.batch(first, first + 99)])
    with reopened.read() as connection:
        after = gateways.find_stream(connection, Stream("store-1", day.incarnation, Lane.LEDGER))
        assert after is not None
        assert (after.high, after.received, after.duplicates) == (ROWS, ROWS, row.high)
        assert ledger.points_issued(connection) == ROWS
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
