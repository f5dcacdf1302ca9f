"""A prepared cloud database with one enrolled store, and landing on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cloud_bridge.landing.store import Landed
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing_store import CrmLandingStore
from tests.unit.cloud.store_days import SECRET, FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/cloud.db")
    database.prepare()
    with database.write() as connection:
        gateways.enrol(connection, [("store-1", "High Street"), ("store-2", "人民广场店")])
    yield database
    database.close()


class FakeWatcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.groups: list[Landed] = []
        self.gateways: list[str] = []

    def landed(self, landed: Sequence[Landed]) -> None:
        self.groups.extend(landed)

    def stirred(self, gateway_id: str) -> None:
        self.gateways.append(gateway_id)


@pytest.fixture
def watcher() -> FakeWatcher:
    return FakeWatcher()


@pytest.fixture
def landing(database: Database, clock: FakeClock, watcher: FakeWatcher) -> CrmLandingStore:
    return CrmLandingStore(database, secrets={"store-1": SECRET, "store-2": SECRET}, clock=clock, watcher=watcher)
