"""What can be done with members and media. Each call is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import repository
from cloud_crm.members.repository import MemberRow
from cloud_crm.members.schemas import ImportedMember, MediumView, MemberView, NewMedium, NewMember
from cloud_crm.problems import conflict, not_found, unusable
from loyalty.identifiers import MediumId, medium_id

MEMBERS_SHOWN_MAX = 200
_MEMBER_ID_BYTES = 8
_RANDOM_UID_BYTES = 4
_RANDOM_UID_FIRST = 0x08


class MemberService:
    """Members of one tenant. ``medium_key`` hashes media numbers exactly as every gateway does."""

    def __init__(self, database: Database, *, clock: Clock, medium_key: bytes, changed: Callable[[], None]) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._changed = changed
        self._clock = clock
        self._key = medium_key

    def add(self, new: NewMember) -> str:
        """A new member's random id."""
        with self._changing() as connection:
            return self._add(connection, _new_id(), new)

    def take_over(self, entries: Sequence[ImportedMember]) -> list[str]:
        """Add or change many members with their media: all, or none. Raises :class:`Problem` naming the entry."""
        with self._changing() as connection:
            return [self._take_over(connection, index, entry) for index, entry in enumerate(entries)]

    def link(self, member_id: str, medium: NewMedium) -> MediumId:
        """Link a medium to a member; again for the same member changes nothing. Raises :class:`Problem`."""
        with self._changing() as connection:
            if repository.find_member(connection, member_id) is None:
                raise _no_member(member_id)
            return self._link(connection, member_id, medium, "number_hex")

    def unlink(self, member_id: str, medium: str) -> None:
        """A medium is nobody's any more. Raises :class:`Problem` when it is not this member's."""
        with self._changing() as connection:
            row = repository.find_medium(connection, medium)
            if row is None or row.member_id != member_id:
                raise not_found(f"medium {medium}", f"See /api/members/{member_id} for this member's media")
            repository.link_medium(
                connection, medium_id=medium, member_id=None, technology=row.technology, at=self._now()
            )

    def view(self, member_id: str) -> MemberView:
        """One member. Raises :class:`Problem`."""
        with self._database.read() as connection:
            row = repository.find_member(connection, member_id)
            if row is None:
                raise _no_member(member_id)
            return _views(connection, [row])[0]

    def newest(self, *, limit: int = MEMBERS_SHOWN_MAX, search: str = "") -> tuple[list[MemberView], int]:
        """Members, newest first, and how many there are in all."""
        with self._database.read() as connection:
            rows = repository.newest_members(connection, limit=limit, search=search)
            return _views(connection, rows), repository.count_members(connection)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._database.write() as connection:
            yield connection
        self._changed()

    def _take_over(self, connection: Connection, index: int, entry: ImportedMember) -> str:
        member_id = entry.member or _new_id()
        if repository.find_member(connection, member_id) is None:
            self._add(connection, member_id, entry)
        else:
            repository.change_member(connection, member_id=member_id, name=entry.name, language=entry.language)
        for place, medium in enumerate(entry.media):
            self._link(connection, member_id, medium, f"{index}.media.{place}.number_hex")
        return member_id

    def _add(self, connection: Connection, member_id: str, new: NewMember) -> str:
        repository.add_member(connection, member_id=member_id, name=new.name, language=new.language, at=self._now())
        return member_id

    def _link(self, connection: Connection, member_id: str, medium: NewMedium, place: str) -> MediumId:
        number = bytes.fromhex(medium.number_hex)
        if medium.technology == "card" and len(number) == _RANDOM_UID_BYTES and number[0] == _RANDOM_UID_FIRST:
            raise unusable(place, "is a random number that this card changes at every tap", "Use another card")
        found = medium_id(medium.technology, number, key=self._key)
        row = repository.find_medium(connection, found)
        if row is not None and row.member_id == member_id:
            return found
        if row is not None and row.member_id is not None:
            raise conflict(place, "is linked to another member", "Unlink it there first, or use another medium")
        repository.link_medium(
            connection, medium_id=found, member_id=member_id, technology=medium.technology, at=self._now()
        )
        return found

    def _now(self) -> str:
        return rfc3339(self._clock())


def _new_id() -> str:
    return secrets.token_hex(_MEMBER_ID_BYTES)


def _no_member(member_id: str) -> Exception:
    return not_found(f"member {member_id}", "See /members for those who joined")


def _views(connection: Connection, rows: Sequence[MemberRow]) -> list[MemberView]:
    ids = [row.member_id for row in rows]
    balances, media = ledger.balances(connection, ids), repository.media_of(connection, ids)
    return [
        MemberView(
            member=row.member_id,
            name=row.name,
            language=row.language,
            created_at=row.created_at,
            balance=balances[row.member_id],
            media=[
                MediumView(medium=medium.medium_id, technology=medium.technology, linked_at=medium.linked_at)
                for medium in media.get(row.member_id, [])
            ],
        )
        for row in rows
    ]
