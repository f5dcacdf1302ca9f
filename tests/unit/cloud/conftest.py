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


@pytest.fixture
def told() -> list[Landed]:
    return []


@pytest.fixture
def landing(database: Database, clock: FakeClock, told: list[Landed]) -> CrmLandingStore:
    def hear(landed: Sequence[Landed]) -> None:
        told.extend(landed)

    return CrmLandingStore(database, secrets={"store-1": SECRET, "store-2": SECRET}, clock=clock, told=hear)
