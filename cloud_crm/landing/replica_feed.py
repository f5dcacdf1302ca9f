"""What a store must hear next: the rows changed since the version it has, as one bounded step.

Balances and the gateway's heads are read in one snapshot, so that the gateway can add exactly those
of its own postings that the balances do not include yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from cloud_bridge.receipts import Head
from cloud_bridge.replica import (
    STEP_BYTES_MAX,
    STEP_ROWS_MAX,
    ReplicaCoupon,
    ReplicaMedium,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaStep,
    ReplicaUndo,
)
from cloud_bridge.topics import Lane
from cloud_crm.coupons import repository as coupons
from cloud_crm.coupons.repository import CouponRow
from cloud_crm.database import epoch_and_version
from cloud_crm.gateways import repository as gateways
from cloud_crm.members import repository as members
from cloud_crm.members.replica_rows import medium_entry, member_entries
from cloud_crm.members.repository import MediumRow, MemberRow
from cloud_crm.points import undoing
from cloud_crm.programme import repository as programmes
from cloud_crm.programme.repository import ProgrammeRow
from cloud_crm.rights import replica_rows

_ENVELOPE_BYTES = 4_096
"""Room for everything in a step that is neither a row nor the programme."""

T = TypeVar("T")

CardKeysOf = Callable[[MediumRow], str | None]
"""Seals the keys of a card for the gateway that is told; ``None`` for a medium that is only a number."""


def _no_card(_: MediumRow) -> None:
    """For tenants without cards that prove themselves."""


@dataclass(frozen=True, slots=True)
class ReplicaPlace:
    """Where a gateway's replica stands, and for which incarnation it asks."""

    gateway_id: str
    incarnation: str
    epoch: str
    version: int


@dataclass(frozen=True, slots=True)
class _Removed:
    """A member whom no store shall know any more."""

    member: str
    version: int

    def model_dump_json(self) -> str:
        return f'"{self.member}"'


_Stored = MemberRow | MediumRow | CouponRow | ReplicaRight | ReplicaUndo
_Entry = ReplicaMember | ReplicaMedium | ReplicaCoupon | ReplicaRight | ReplicaUndo | _Removed


def next_step(
    connection: Connection, place: ReplicaPlace, *, as_of: str, card_keys: CardKeysOf = _no_card
) -> ReplicaStep | None:
    """The step after ``place``, read from the caller's snapshot; ``None`` when nothing changed since.

    Another epoch, or a version beyond the latest, starts again from 0.
    """
    epoch, latest = epoch_and_version(connection)
    start = place.version if place.epoch == epoch and place.version <= latest else 0
    if start == latest and place.epoch == epoch:
        return None
    changes = _Changes.after(connection, place.gateway_id, (start, latest), card_keys)
    return ReplicaStep(
        epoch=epoch,
        from_version=start,
        to_version=changes.to_version,
        latest_version=latest,
        as_of=as_of,
        incarnation=place.incarnation,
        included=_heads(connection, place),
        programme=changes.programme,
        members=changes.of(ReplicaMember),
        media=changes.of(ReplicaMedium),
        rights=changes.of(ReplicaRight),
        coupons=changes.of(ReplicaCoupon),
        undone=changes.of(ReplicaUndo),
        removed=tuple(row.member for row in changes.of(_Removed)),
    )


@dataclass(frozen=True, slots=True)
class _Changes:
    """Rows in the order of their versions, and the version the step reaches with them."""

    rows: Sequence[_Entry]
    programme: ReplicaProgramme | None
    to_version: int

    @classmethod
    def after(
        cls, connection: Connection, gateway_id: str, between: tuple[int, int], card_keys: CardKeysOf
    ) -> _Changes:
        start, latest = between
        found: list[_Stored] = [
            *members.changed_members(connection, after=start, limit=STEP_ROWS_MAX + 1),
            *members.changed_media(connection, after=start, limit=STEP_ROWS_MAX + 1),
            *coupons.changed_coupons(connection, after=start, limit=STEP_ROWS_MAX + 1),
            *replica_rows.changed(connection, gateway_id, after=start, limit=STEP_ROWS_MAX + 1),
            *undoing.changed(connection, gateway_id, after=start, limit=STEP_ROWS_MAX + 1),
        ]
        found.sort(key=lambda row: row.version)
        rows = list(_entries(connection, found[:STEP_ROWS_MAX], card_keys))
        told = _programme(programmes.in_force(connection), start, latest)
        fitting = _fitting(rows, room=STEP_BYTES_MAX - _ENVELOPE_BYTES - _bytes(told))
        whole = fitting == len(found)
        to_version = latest if whole else rows[fitting - 1].version
        in_step = told if told is not None and told.version <= to_version else None
        return cls(rows[:fitting], in_step, to_version)

    def of(self, kind: type[T]) -> tuple[T, ...]:
        """The rows of one kind."""
        return tuple(row for row in self.rows if isinstance(row, kind))


def _entries(connection: Connection, rows: Sequence[_Stored], card_keys: CardKeysOf) -> Iterator[_Entry]:
    people = member_entries(connection, [row for row in rows if isinstance(row, MemberRow)])
    for row in rows:
        match row:
            case MemberRow():
                yield people.get(row.member_id) or _Removed(row.member_id, row.version)
            case MediumRow():
                yield medium_entry(row, card_keys=card_keys(row))
            case CouponRow():
                yield coupons.entry(row)
            case ReplicaRight() | ReplicaUndo():
                yield row


def _bytes(told: ReplicaProgramme | None) -> int:
    return 0 if told is None else len(told.model_dump_json().encode())


def _fitting(rows: Sequence[_Entry], *, room: int) -> int:
    """How many rows fit into ``room`` bytes; one row always does."""
    for index, row in enumerate(rows):
        room -= len(row.model_dump_json().encode()) + 1
        if room < 0:
            return max(index, 1)
    return len(rows)


def _programme(row: ProgrammeRow | None, start: int, to_version: int) -> ReplicaProgramme | None:
    if row is None or not start < row.version <= to_version:
        return None
    rate = row.programme
    return ReplicaProgramme(
        name=rate.name,
        currency=rate.currency,
        points=rate.points,
        per_minor=rate.per_minor,
        minimum_minor=rate.minimum_minor,
        version=row.version,
        terms=row.document.table,
    )


def _heads(connection: Connection, place: ReplicaPlace) -> dict[Lane, Head]:
    found = gateways.read_streams(connection, [place.gateway_id])
    return {
        Lane(row.lane): Head(sequence=row.high, hash=row.hash) for row in found if row.incarnation == place.incarnation
    }
