"""SQL about members and media. Every change draws replica versions in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from cloud_crm.database import draw_versions, positional
from cloud_crm.members.tables import media, members


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


def find_member(connection: Connection, member_id: str) -> MemberRow | None:
    """One member, or ``None``."""
    row = connection.execute(select(members).where(members.c.member_id == member_id)).one_or_none()
    return None if row is None else MemberRow(*row)


def find_medium(connection: Connection, medium_id: str) -> MediumRow | None:
    """One medium, or ``None``. Locked until the transaction ends where the database can."""
    row = connection.execute(select(media).where(media.c.medium_id == medium_id).with_for_update()).one_or_none()
    return None if row is None else MediumRow(*row)


def add_member(connection: Connection, *, member_id: str, name: str, language: str, at: str) -> None:
    """A new member, with the next replica version."""
    version = draw_versions(connection, 1)[0]
    connection.execute(
        insert(members).values(member_id=member_id, name=name, language=language, created_at=at, version=version)
    )


def change_member(connection: Connection, *, member_id: str, name: str, language: str) -> None:
    """Another name or language, with the next replica version."""
    version = draw_versions(connection, 1)[0]
    connection.execute(
        update(members).where(members.c.member_id == member_id).values(name=name, language=language, version=version)
    )


def link_medium(connection: Connection, *, medium_id: str, member_id: str | None, technology: str, at: str) -> None:
    """Say whose a medium is (``None``: nobody's), with the next replica version."""
    version = draw_versions(connection, 1)[0]
    values = {"member_id": member_id, "technology": technology, "linked_at": at, "version": version}
    changed = connection.execute(update(media).where(media.c.medium_id == medium_id).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(media).values(medium_id=medium_id, **values))


def touch(connection: Connection, member_ids: Collection[str]) -> None:
    """Give members new versions because their balances changed, so that the stores hear of it."""
    if not member_ids:
        return
    versions = draw_versions(connection, len(member_ids))
    mark = positional(connection)
    connection.exec_driver_sql(
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
