"""SQL about members and media. Every change draws replica versions in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from cloud_crm.database import draw_versions, insert_many, positional, update_many
from cloud_crm.members.tables import media, members

_LOOKUP_ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as stored."""

    member_id: str
    name: str
    language: str
    created_at: str
    version: int


@dataclass(frozen=True, slots=True)
class MediumRow:
    """A medium and whose it is; ``member_id`` is ``None`` once unlinked."""

    medium_id: str
    member_id: str | None
    technology: str
    linked_at: str
    version: int


class Person(NamedTuple):
    """What is told of a member."""

    member_id: str
    name: str
    language: str


class Link(NamedTuple):
    """Whose a medium is; nobody's when ``member_id`` is ``None``."""

    member_id: str | None
    technology: str
    medium_id: str


def find_member(connection: Connection, member_id: str) -> MemberRow | None:
    """One member, or ``None``."""
    row = connection.execute(select(members).where(members.c.member_id == member_id)).one_or_none()
    return None if row is None else MemberRow(*row)


def known_members(connection: Connection, member_ids: Sequence[str]) -> set[str]:
    """Those of these ids that are members."""
    return {
        member_id
        for some in _stretches(member_ids)
        for member_id in connection.scalars(select(members.c.member_id).where(members.c.member_id.in_(some)))
    }


def known_media(connection: Connection, medium_ids: Sequence[str]) -> dict[str, MediumRow]:
    """Those of these media that were ever linked. Locked until the transaction ends where the database can."""
    rows = [
        MediumRow(*row)
        for some in _stretches(medium_ids)
        for row in connection.execute(select(media).where(media.c.medium_id.in_(some)).with_for_update())
    ]
    return {row.medium_id: row for row in rows}


def add_members(connection: Connection, new: Sequence[Person], at: str) -> None:
    """New members, each with the next replica version."""
    versions = draw_versions(connection, len(new))
    rows = [(p.member_id, p.name, p.language, at, version) for p, version in zip(new, versions, strict=True)]
    insert_many(connection, members, ("member_id", "name", "language", "created_at", "version"), rows)


def change_members(connection: Connection, changed: Sequence[Person]) -> None:
    """Other names or languages, each with the next replica version."""
    versions = draw_versions(connection, len(changed))
    mark = positional(connection)
    update_many(
        connection,
        f"UPDATE members SET name = {mark}, language = {mark}, version = {mark} WHERE member_id = {mark}",  # noqa: S608
        [(p.name, p.language, version, p.member_id) for p, version in zip(changed, versions, strict=True)],
    )


def link_media(connection: Connection, links: Sequence[Link], at: str) -> None:
    """Say whose media are (``None``: nobody's), each with the next replica version."""
    known = known_media(connection, [link.medium_id for link in links])
    versions = draw_versions(connection, len(links))
    rows = [(*link, at, version) for link, version in zip(links, versions, strict=True)]
    columns = ("member_id", "technology", "medium_id", "linked_at", "version")
    insert_many(connection, media, columns, [row for row in rows if row[2] not in known])
    mark = positional(connection)
    update_many(
        connection,
        f"UPDATE media SET member_id = {mark}, technology = {mark}, linked_at = {mark}, version = {mark} "  # noqa: S608
        f"WHERE medium_id = {mark}",
        [(member, technology, at, v, medium) for member, technology, medium, at, v in rows if medium in known],
    )


def touch(connection: Connection, member_ids: Collection[str]) -> None:
    """Give members new versions because their balances changed, so that the stores hear of it."""
    if not member_ids:
        return
    versions = draw_versions(connection, len(member_ids))
    mark = positional(connection)
    update_many(
        connection,
        f"UPDATE members SET version = {mark} WHERE member_id = {mark}",  # noqa: S608 - marks, no values
        list(zip(versions, sorted(member_ids), strict=True)),
    )


def changed_members(connection: Connection, *, after: int, limit: int) -> list[MemberRow]:
    """Members changed after a version, in the order of their versions."""
    rows = connection.execute(select(members).where(members.c.version > after).order_by(members.c.version).limit(limit))
    return [MemberRow(*row) for row in rows]


def changed_media(connection: Connection, *, after: int, limit: int) -> list[MediumRow]:
    """Media changed after a version, in the order of their versions."""
    rows = connection.execute(select(media).where(media.c.version > after).order_by(media.c.version).limit(limit))
    return [MediumRow(*row) for row in rows]


def newest_members(connection: Connection, *, limit: int, search: str = "") -> list[MemberRow]:
    """Members, newest first; ``search`` keeps those whose name or id contains it."""
    query = select(members).order_by(members.c.created_at.desc(), members.c.member_id).limit(limit)
    if search:
        query = query.where(
            members.c.name.icontains(search, autoescape=True) | members.c.member_id.contains(search, autoescape=True)
        )
    return [MemberRow(*row) for row in connection.execute(query)]


def count_members(connection: Connection) -> int:
    """How many members there are."""
    return int(connection.scalar(select(func.count()).select_from(members)) or 0)


def names(connection: Connection, member_ids: Sequence[str]) -> dict[str, str]:
    """Names by member, of those that exist."""
    rows = connection.execute(select(members.c.member_id, members.c.name).where(members.c.member_id.in_(member_ids)))
    return {row.member_id: row.name for row in rows}


def media_of(connection: Connection, member_ids: Sequence[str]) -> dict[str, list[MediumRow]]:
    """Media by member, oldest link first."""
    rows = connection.execute(
        select(media).where(media.c.member_id.in_(member_ids)).order_by(media.c.linked_at, media.c.medium_id)
    )
    found: dict[str, list[MediumRow]] = {}
    for row in rows:
        medium = MediumRow(*row)
        found.setdefault(str(medium.member_id), []).append(medium)
    return found


def _stretches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _LOOKUP_ROWS_MAX):
        yield ids[start : start + _LOOKUP_ROWS_MAX]
