"""A prepared cloud database with one enrolled store, and landing on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cloud_bridge.landing.store import Landed
from cloud_bridge.transport import BrokerUnreachable, Will, Wire
from cloud_crm.app import cloud_app
from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings, load_settings
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
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


MEDIUM_KEY = b"the medium key of this tenant, 32"
CLOUD_TOML = """
medium_key_file = "medium.key"

[database]
url = "sqlite:///cloud.db"

[[gateways]]
id = "store-1"
store_name = "High Street"
secret_file = "store.secret"

[[gateways]]
id = "store-2"
store_name = "人民广场店"
secret_file = "store.secret"

[programme]
name = "Regulars"
currency = "GBP"
points = 1
per_minor = 100
"""


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


@asynccontextmanager
async def _nobody_answers(_: Will | None) -> AsyncIterator[Wire]:
    raise BrokerUnreachable("there is no broker in this test")
    yield


@pytest.fixture
def settings(tmp_path: Path) -> CloudSettings:
    """A whole configuration on disk, loaded as the program loads it."""
    (tmp_path / "medium.key").write_bytes(MEDIUM_KEY)
    (tmp_path / "store.secret").write_bytes(SECRET)
    (tmp_path / "cloud.toml").write_text(CLOUD_TOML, encoding="utf-8")
    return load_settings(tmp_path / "cloud.toml")


@pytest.fixture
def cloud(settings: CloudSettings, clock: FakeClock) -> Iterator[Cloud]:
    """Everything but a broker; landing does not run unless a test runs it."""
    cloud = Cloud(settings, clock=clock, dial=_nobody_answers)
    yield cloud
    cloud.close()


@pytest.fixture
async def web(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, as on the machine itself."""
    async with client_of(cloud) as client:
        yield client


def client_of(cloud: Cloud) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=cloud_app(cloud), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")
