"""The schema, step by step. Each step and the record that it was taken commit together.

A *place* is one integer, ``incarnation number << 32 | sequence``: it is the rowid of an event, so
that a lane is one append-only b-tree without a second index, and it orders rows across incarnations.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x52474C52
"""Marks the file as a journal of ours (``RGLR``)."""

SCHEMA_VERSION = 3

_FIRST = (
    "CREATE TABLE identity(one INTEGER PRIMARY KEY CHECK (one = 1), gateway_id TEXT NOT NULL)",
    """CREATE TABLE incarnations(
        number INTEGER PRIMARY KEY, incarnation TEXT NOT NULL UNIQUE, reason TEXT NOT NULL, began TEXT NOT NULL)""",
    """CREATE TABLE boots(
        boot_id TEXT NOT NULL, hlc TEXT NOT NULL, monotonic_ns INTEGER NOT NULL, timequality TEXT NOT NULL)""",
    """CREATE TABLE lanes(
        number INTEGER NOT NULL, lane TEXT NOT NULL, hlc TEXT NOT NULL,
        head INTEGER NOT NULL, head_hash TEXT NOT NULL, acked INTEGER NOT NULL, acked_hash TEXT NOT NULL,
        pruned INTEGER NOT NULL, pruned_hash TEXT NOT NULL, PRIMARY KEY (number, lane)) WITHOUT ROWID""",
    "CREATE TABLE events_ledger(place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE events_telemetry(place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    """CREATE TABLE gaps(
        lane TEXT NOT NULL, place INTEGER NOT NULL, last INTEGER NOT NULL, last_hash TEXT NOT NULL,
        reason TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (lane, place)) WITHOUT ROWID""",
    "CREATE TABLE undecided(place INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, set_aside TEXT)",
    "CREATE TABLE deferred(place INTEGER PRIMARY KEY, awaits TEXT NOT NULL, key TEXT NOT NULL)",
    "CREATE INDEX deferred_by_key ON deferred(awaits, key)",
    "CREATE TABLE kept(place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    """CREATE TABLE visits(
        counter TEXT PRIMARY KEY, medium TEXT NOT NULL, member TEXT, at_ms INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE sales(
        sale TEXT PRIMARY KEY, till TEXT NOT NULL, currency TEXT NOT NULL, total_minor INTEGER NOT NULL,
        refunded_minor INTEGER NOT NULL, points INTEGER NOT NULL, member TEXT, medium TEXT, refund_of TEXT,
        fingerprint TEXT NOT NULL, place INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE INDEX sales_unclaimed ON sales(till, at_ms)
        WHERE member IS NULL AND medium IS NULL AND refund_of IS NULL""",
    """CREATE TABLE postings(
        posting_id TEXT PRIMARY KEY, debit TEXT NOT NULL, credit TEXT NOT NULL, points INTEGER NOT NULL,
        rule TEXT NOT NULL, cause TEXT NOT NULL, place INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX postings_by_place ON postings(place)",
    "CREATE INDEX postings_by_credit ON postings(credit, place) WHERE credit <> 'programme:issued'",
    "CREATE INDEX postings_by_debit ON postings(debit, place) WHERE debit <> 'programme:issued'",
    """CREATE TABLE replica(
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, version INTEGER NOT NULL,
        as_of TEXT NOT NULL, included INTEGER NOT NULL)""",
    """CREATE TABLE replica_members(
        member TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, balance INTEGER NOT NULL,
        included INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE replica_media(medium TEXT PRIMARY KEY, member TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX replica_media_by_member ON replica_media(member)",
    """CREATE TABLE replica_programme(
        one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL, currency TEXT NOT NULL,
        points INTEGER NOT NULL, per_minor INTEGER NOT NULL, minimum_minor INTEGER NOT NULL)""",
    "INSERT INTO replica VALUES (1, '', 0, '', 0)",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to this version; nothing to do is the usual case."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
        return
    # Imported only when there is work: it brings numpy along, 26 MB that a running gateway can do without.
    from sqlite_utils import Database  # noqa: PLC0415
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415

    steps = Migrations("regulars.journal")
    steps(name="0001_first")(_first)
    steps(name="0002_loyalty")(_loyalty)
    steps(name="0003_floor")(_floor)
    steps.apply(Database(connection, execute_plugins=False, recursive_triggers=False))


def _first(database: Database) -> None:
    for statement in _FIRST:
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _loyalty(database: Database) -> None:
    # Those rooms build on the lanes, which build on the file, which is migrated here.
    from edge_agent.journal import people, replica, wallets  # noqa: PLC0415
    from edge_agent.journal.lanes import second_copies  # noqa: PLC0415
    from edge_agent.journal.till_books import checkout  # noqa: PLC0415

    for statement in (*replica.TABLES, *wallets.TABLES, *checkout.TABLES, *people.TABLES, *second_copies.TABLES):
        database.execute(statement)


def _floor(database: Database) -> None:
    # As above.
    from edge_agent.journal import floor  # noqa: PLC0415

    for statement in floor.TABLES:
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
