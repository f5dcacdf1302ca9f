"""The database: connections that read a snapshot, one that writes, and the shared table registry.

SQLite (the default) has exactly one writing connection, which also checkpoints; readers cannot
write. PostgreSQL pools both, and its writers queue for one lock at their begin: one transaction
touches postings, people, coupons, rights and replica versions, in an order that depends on what a
store tells, so no order of row locks would hold for all. Nobody can wait in a circle, and what is
true of one database is true of the other. SQL stays portable between them: a noun's repository
never asks which.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import orjson
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

MIGRATIONS = Path(__file__).parent / "migrations"
_READERS_MAX = 8
_LOCK_WAIT_S = 10.0
_WRITERS_LOCK = 0x5265_6775_6C61_7273
"""The number of PostgreSQL's lock that writers of one database queue for: "Regulars" in ASCII."""
_EPOCH_BYTES = 16
_WRITER_CACHE_KIB = 32 * 1024
"""A group of a backlog stays in memory until its commit; beyond this its pages are written twice."""
_CHECKPOINT_PAGES = 8_000
"""The log is folded into the file after so many pages: an index page changed by each group is then moved once."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every noun registers here, so that a test can compare them with the migrations."""

BigNumber = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of 64 bits; on SQLite also one that can number rows by itself."""

replica_life = Table(
    "replica_life",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(40), nullable=False),
    Column("version", BigNumber, nullable=False),
)
"""One row: the random name of this database's life, and the last replica version given out in it."""


class DatabaseError(Exception):
    """The database cannot be used: says which, what it answered, and what to do."""


class _Cursor(Protocol):
    def execute(self, statement: str) -> Any: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


class Database:
    """One tenant's database, by URL. ``prepare`` it once, then ``read`` and ``write``."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            self.is_sqlite = self._url.get_backend_name() == "sqlite"
            self._writer, self._readers = self._sqlite_engines() if self.is_sqlite else self._server_engines()
        except (ArgumentError, ModuleNotFoundError) as error:
            raise DatabaseError(
                f"database url {shown(url)}: {error}. Use sqlite:///file or postgresql+psycopg://…"
            ) from error

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string(hide_password=True)})"

    def prepare(self) -> None:
        """Bring the tables to the present shape. Raises :class:`DatabaseError`."""
        try:
            if self.is_sqlite:
                Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
            with self.write() as connection:
                migrate(connection)
                if connection.scalar(select(replica_life.c.id)) is None:
                    connection.execute(
                        replica_life.insert().values(id=1, epoch=secrets.token_hex(_EPOCH_BYTES), version=0)
                    )
        except (SQLAlchemyError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise DatabaseError(
                f"{self!r} cannot be opened: {reason}. Check the path and rights, or the server"
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent snapshot; nothing can be written through it."""
        with self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction at a time: committed at the end of the block, rolled back when it raises."""
        with self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_WRITERS_LOCK,))
            yield connection

    def reachable(self) -> bool:
        """Whether a trivial question is answered."""
        try:
            with self.read() as connection:
                return connection.scalar(select(replica_life.c.version)) is not None
        except SQLAlchemyError:
            return False

    def close(self) -> None:
        """Return every connection; the writer last, so that it is the one that checkpoints."""
        self._readers.dispose()
        self._writer.dispose()

    def _sqlite_engines(self) -> tuple[Engine, Engine]:
        if self._url.database in (None, "", ":memory:"):
            raise DatabaseError("database url names no file: write sqlite:////var/lib/regulars/cloud.db")
        room = (f"cache_size = -{_WRITER_CACHE_KIB}", f"wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        writer = _sqlite_engine(self._url, pool_size=1, begin="BEGIN IMMEDIATE", pragmas=room)
        readers = _sqlite_engine(self._url, pool_size=_READERS_MAX, begin="BEGIN", pragmas=("query_only = ON",))
        return writer, readers

    def _server_engines(self) -> tuple[Engine, Engine]:
        writer = create_engine(
            self._url,
            pool_size=_READERS_MAX,
            pool_pre_ping=True,
            connect_args={"options": f"-c lock_timeout={int(_LOCK_WAIT_S * 1_000)}"},
        )
        readers = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return writer, readers


def _sqlite_engine(url: URL, *, pool_size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_LOCK_WAIT_S,
        connect_args={"timeout": _LOCK_WAIT_S, "isolation_level": None, "check_same_thread": False},
    )
    every = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", *pragmas)

    @event.listens_for(engine, "connect")
    def _configure(connection: _DriverConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in every:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def migrate(connection: Connection) -> None:
    """Apply every revision this database has not seen, in the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def insert_many(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert plain tuples through the driver's ``executemany``: for landing, where every microsecond counts."""
    if rows:
        connection.exec_driver_sql(insert_sql(connection, table, columns), list(rows))


def update_many(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement with :func:`positional` marks once per row."""
    if rows:
        connection.exec_driver_sql(sql, list(rows))


def insert_sql(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    """``INSERT`` with one positional mark per column, in the driver's own style."""
    mark = positional(connection)
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"  # noqa: S608


def among(connection: Connection, values: Iterable[str | int]) -> tuple[str, tuple[object]]:
    """What follows a column to find any of these values, and the one value that holds them all.

    For landing: the SQL is the same however many they are. A list of marks costs more to write than to look up.
    """
    if connection.dialect.name == "sqlite":
        return "IN (SELECT value FROM json_each(?))", (orjson.dumps(list(values)).decode(),)
    return "= ANY(%s)", (list(values),)


def for_update(connection: Connection) -> str:
    """The end of a query that locks its rows; SQLite has one writer, who needs none."""
    return "" if connection.dialect.name == "sqlite" else " FOR UPDATE"


def positional(connection: Connection) -> str:
    """The driver's mark for one positional value."""
    return "?" if connection.dialect.paramstyle == "qmark" else "%s"


def shown(url: str) -> str:
    """A URL without its password, for messages."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return f"{url:.20}…"


def epoch_and_version(connection: Connection) -> tuple[str, int]:
    """The name of this database's life and its latest replica version."""
    row = connection.execute(select(replica_life.c.epoch, replica_life.c.version)).one()
    return str(row.epoch), int(row.version)


def draw_versions(connection: Connection, count: int) -> range:
    """Take the next ``count`` replica versions, in this transaction.

    Each changed row gets its own, so that a replica step can end between any two rows. The row lock
    makes concurrent writers queue: versions become visible in the order in which they were drawn.
    """
    if count == 0:
        return range(0)
    after = connection.scalar(
        update(replica_life).values(version=replica_life.c.version + count).returning(replica_life.c.version)
    )
    last = int(after or 0)
    return range(last - count + 1, last + 1)
