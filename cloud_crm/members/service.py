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
from cloud_crm.members.repository import Link, MemberRow, Person
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
            member_id = _new_id()
            repository.add_members(connection, [Person(member_id, new.name, new.language)], self._now())
            return member_id

    def take_over(self, entries: Sequence[ImportedMember]) -> list[str]:
        """Add or change many members with their media: all, or none. Raises :class:`Problem` naming the entry."""
        people = [Person(entry.member or _new_id(), entry.name, entry.language) for entry in entries]
        _check_unique([person.member_id for person in people])
        wanted = [
            (f"{index}.media.{place}.number_hex", person.member_id, medium)
            for index, (person, entry) in enumerate(zip(people, entries, strict=True))
            for place, medium in enumerate(entry.media)
        ]
        with self._changing() as connection:
            known = repository.known_members(connection, [person.member_id for person in people])
            repository.add_members(connection, [p for p in people if p.member_id not in known], self._now())
            repository.change_members(connection, [p for p in people if p.member_id in known])
            self._link(connection, wanted)
        return [person.member_id for person in people]

    def link(self, member_id: str, medium: NewMedium) -> MediumId:
        """Link a medium to a member; again for the same member changes nothing. Raises :class:`Problem`."""
        with self._changing() as connection:
            if repository.find_member(connection, member_id) is None:
                raise _no_member(member_id)
            return self._link(connection, [("number_hex", member_id, medium)])[0]

    def unlink(self, member_id: str, medium: str) -> None:
        """A medium is nobody's any more. Raises :class:`Problem` when it is not this member's."""
        with self._changing() as connection:
            row = repository.known_media(connection, [medium]).get(medium)
            if row is None or row.member_id != member_id:
                raise not_found(f"medium {medium}", f"See /api/members/{member_id} for this member's media")
            repository.link_media(connection, [Link(None, row.technology, medium)], self._now())

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

    def _link(self, connection: Connection, wanted: Sequence[tuple[str, str, NewMedium]]) -> list[MediumId]:
        """Link each medium, given with its place in the request and its member. Raises :class:`Problem`."""
        found = [self._identify(place, medium) for place, _, medium in wanted]
        owners = {m: row.member_id for m, row in repository.known_media(connection, found).items()}
        links: list[Link] = []
        for identified, (place, member_id, medium) in zip(found, wanted, strict=True):
            owner = owners.get(identified)
            if owner is None:
                owners[identified] = member_id
                links.append(Link(member_id, medium.technology, identified))
            elif owner != member_id:
                raise conflict(place, "is linked to another member", "Unlink it there first, or use another medium")
        repository.link_media(connection, links, self._now())
        return found

    def _identify(self, place: str, medium: NewMedium) -> MediumId:
        number = bytes.fromhex(medium.number_hex)
        if medium.technology == "card" and len(number) == _RANDOM_UID_BYTES and number[0] == _RANDOM_UID_FIRST:
            raise unusable(place, "is a random number that this card changes at every tap", "Use another card")
        return medium_id(medium.technology, number, key=self._key)

    def _now(self) -> str:
        return rfc3339(self._clock())


def _new_id() -> str:
    return secrets.token_hex(_MEMBER_ID_BYTES)


def _check_unique(member_ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for index, member_id in enumerate(member_ids):
        if member_id in seen:
            raise unusable(f"{index}.member", f"{member_id} is there twice", "Put all of a member in one entry")
        seen.add(member_id)


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
