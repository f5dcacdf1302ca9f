"""Each database the cloud can stand on, in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of two stores."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        database = Database(server.new_database())
    else:
        database = Database(f"sqlite:///{tmp_path}/cloud.db")
    database.prepare()
    with database.write() as connection:
        gateways.enrol(connection, [("store-1", "High Street"), ("store-2", "人民广场店")])
    yield database
    database.close()
