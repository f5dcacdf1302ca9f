"""The database: prepared once, migrated in step with the tables, written by one connection."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from cloud_crm.database import Database, DatabaseError, draw_versions, epoch_and_version, replica_life
from cloud_crm.schema import metadata


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path}/cloud.db")
    database.prepare()
    return database


def test_the_migrations_lead_to_the_tables_that_the_code_uses(database: Database) -> None:
    with database.write() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_second_start_keeps_the_life_of_the_database(database: Database) -> None:
    with database.read() as connection:
        epoch, version = epoch_and_version(connection)
    database.prepare()
    with database.read() as connection:
        assert epoch_and_version(connection) == (epoch, version)


def test_two_databases_have_different_epochs(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path}/other.db")
    other.prepare()
    with database.read() as mine, other.read() as theirs:
        assert epoch_and_version(mine)[0] != epoch_and_version(theirs)[0]


def test_versions_are_drawn_once_and_a_failed_transaction_gives_them_back(database: Database) -> None:
    with database.write() as connection:
        assert draw_versions(connection, 3) == range(1, 4)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        draw_versions(connection, 5)
        _ = 1 / 0
    with database.write() as connection:
        assert draw_versions(connection, 1) == range(4, 5)


def test_a_reader_sees_one_snapshot_while_a_writer_commits(database: Database) -> None:
    with database.read() as reader:
        before = epoch_and_version(reader)
        with database.write() as writer:
            draw_versions(writer, 1)
        assert epoch_and_version(reader) == before
    with database.read() as reader:
        assert epoch_and_version(reader) != before


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"), database.read() as connection:
        connection.execute(insert(replica_life).values(id=2, epoch="x", version=0))


def test_commits_are_durable_and_keys_are_checked(database: Database) -> None:
    for open_connection in (database.read, database.write):
        with open_connection() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "oracle://x/y", "sqlite:////proc/nowhere/cloud.db"])
def test_an_unusable_url_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(DatabaseError, match=r"[Uu]se sqlite:///|write sqlite:///|Check the path"):
        Database(url).prepare()


def test_a_password_in_the_url_is_never_shown() -> None:
    database = Database("postgresql+psycopg://user:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in repr(database)
    assert not database.reachable()
    with pytest.raises(DatabaseError) as failure:
        database.prepare()
    assert "hunter2" not in str(failure.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cloud.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseError, match="cannot be opened"):
        Database(f"sqlite:///{tmp_path}/cloud.db").prepare()


def test_the_single_row_of_life_exists_once(database: Database) -> None:
    database.prepare()
    with database.read() as connection:
        assert len(connection.execute(select(replica_life)).all()) == 1
