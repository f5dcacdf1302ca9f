"""SQL about members and media. Every change draws replica versions in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select, update

from cloud_crm.database import draw_versions, insert_many, positional, update_many
from cloud_crm.members.contact import NO_CONTACT, Contact
from cloud_crm.members.tables import media, members
from loyalty.codes import read_code, referral_code

_LOOKUP_ROWS_MAX = 1_000
_DAY_CHARS = 10
_MEDIUM_PLACE = 2


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as stored; see :data:`cloud_crm.members.tables.members`."""

    member_id: str
    name: str
    language: str
    created_at: str
    version: int
    joined_on: str = ""
    birthday: str = ""
    contact: str = ""
    contact_hint: str = ""
    phone_index: str | None = None
    phone_end_index: str | None = None
    referral_code: str | None = None
    referred_by: str | None = None
    home_gateway: str = ""
    pin: str = ""
    pin_hlc: str = ""
    details_hlc: str = ""
    duplicate_of: str | None = None
    blocked_at: str | None = None


@dataclass(frozen=True, slots=True)
class MediumRow:
    """A medium and whose it is; ``member_id`` is ``None`` once unlinked or blocked."""

    medium_id: str
    member_id: str | None
    technology: str
    linked_at: str
    version: int
    public_key: str | None = None
    blocked_from: str | None = None
    blocked_reason: str = ""
    chip: str | None = None


class Person(NamedTuple):
    """A member to be added. ``joined_on`` is the day of the row's time where it is left out."""

    member_id: str
    name: str
    language: str
    joined_on: str = ""
    birthday: str = ""
    contact: Contact = NO_CONTACT
    referred_by: str | None = None
    home_gateway: str = ""


class Link(NamedTuple):
    """Whose a medium is (``None``: nobody's). A phone has a ``public_key``, a card that proves itself a ``chip``."""

    member_id: str | None
    technology: str
    medium_id: str
    public_key: str | None = None
    blocked_from: str | None = None
    blocked_reason: str = ""
    chip: str | None = None


def find_member(connection: Connection, member_id: str) -> MemberRow | None:
    """One member, or ``None``."""
    row = connection.execute(select(members).where(members.c.member_id == member_id)).one_or_none()
    return None if row is None else MemberRow(*row)


def find_members(connection: Connection, member_ids: Sequence[str]) -> dict[str, MemberRow]:
    """Those of these ids that are members."""
    return {
        row.member_id: MemberRow(*row)
        for some in _stretches(member_ids)
        for row in connection.execute(select(members).where(members.c.member_id.in_(some)))
    }


def settle_in(connection: Connection, member_ids: Collection[str], gateway_id: str) -> list[str]:
    """The store where a member was seen first is their home. Returns those who had none before."""
    found: list[str] = []
    for some in _stretches(sorted(member_ids)):
        homeless = members.c.member_id.in_(some), members.c.home_gateway == ""
        query = update(members).where(*homeless).values(home_gateway=gateway_id)
        found.extend(connection.scalars(query.returning(members.c.member_id)))
    return found


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
    """New members, each with a referral code and the next replica version.

    Who gives a phone number that is known is noted as a possible duplicate of the first who gave it.
    """
    versions = draw_versions(connection, len(new))
    codes = _referral_codes(connection, [p.member_id for p in new])
    first = first_with_phone(connection, [p.contact.phone_index for p in new if p.contact.phone_index])
    rows = []
    for p, version in zip(new, versions, strict=True):
        duplicate_of = first.setdefault(p.contact.phone_index, p.member_id) if p.contact.phone_index else p.member_id
        rows.append(
            {
                "member_id": p.member_id,
                "name": p.name,
                "language": p.language,
                "created_at": at,
                "version": version,
                "joined_on": p.joined_on or at[:_DAY_CHARS],
                "birthday": p.birthday,
                **contact_columns(p.contact),
                "referral_code": codes[p.member_id],
                "referred_by": p.referred_by,
                "home_gateway": p.home_gateway,
                "duplicate_of": None if duplicate_of == p.member_id else duplicate_of,
            }
        )
    columns = tuple(rows[0]) if rows else ()
    insert_many(connection, members, columns, [tuple(row.values()) for row in rows])


def rename_members(connection: Connection, changed: Sequence[Person]) -> None:
    """Other names or languages, each with the next replica version."""
    versions = draw_versions(connection, len(changed))
    mark = positional(connection)
    update_many(
        connection,
        f"UPDATE members SET name = {mark}, language = {mark}, version = {mark} WHERE member_id = {mark}",  # noqa: S608
        [(p.name, p.language, version, p.member_id) for p, version in zip(changed, versions, strict=True)],
    )


def change_member(connection: Connection, member_id: str, changes: Mapping[str, object]) -> None:
    """Set columns of one member, with the next replica version."""
    version = draw_versions(connection, 1)[0]
    connection.execute(update(members).where(members.c.member_id == member_id).values(**changes, version=version))


def stamp_details(connection: Connection, member_id: str, hlc: str) -> None:
    """Remember the stamp of the fact that the details came with."""
    connection.execute(update(members).where(members.c.member_id == member_id).values(details_hlc=hlc))


def contact_columns(contact: Contact) -> dict[str, str | None]:
    """The columns that hold somebody's contact details."""
    return {
        "contact": contact.sealed,
        "contact_hint": contact.hint,
        "phone_index": contact.phone_index,
        "phone_end_index": contact.phone_end_index,
    }


def first_with_phone(connection: Connection, indexes: Sequence[str]) -> dict[str, str]:
    """The first member with each of these numbers, by the number's hash."""
    found: dict[str, str] = {}
    for some in _stretches(indexes):
        query = select(members.c.phone_index, members.c.member_id).where(members.c.phone_index.in_(some))
        for index, member_id in connection.execute(query.order_by(members.c.created_at, members.c.member_id)):
            found.setdefault(index, member_id)
    return found


def with_referral_code(connection: Connection, code: str) -> MemberRow | None:
    """Whose referral code this is."""
    row = connection.execute(select(members).where(members.c.referral_code == code)).one_or_none()
    return None if row is None else MemberRow(*row)


def lock_member(connection: Connection, member_id: str) -> MemberRow | None:
    """One member, the row locked until the transaction ends where the database can."""
    row = connection.execute(select(members).where(members.c.member_id == member_id).with_for_update()).one_or_none()
    return None if row is None else MemberRow(*row)


def link_media(connection: Connection, links: Sequence[Link], at: str) -> None:
    """Say whose media are (``None``: nobody's), each with the next replica version."""
    known = known_media(connection, [link.medium_id for link in links])
    versions = draw_versions(connection, len(links))
    rows = [(*link, at, version) for link, version in zip(links, versions, strict=True)]
    columns = (*Link._fields, "linked_at", "version")
    insert_many(connection, media, columns, [row for row in rows if row[_MEDIUM_PLACE] not in known])
    mark = positional(connection)
    sets = ", ".join(f"{name} = {mark}" for name in columns)
    update_many(
        connection,
        f"UPDATE media SET {sets} WHERE medium_id = {mark}",  # noqa: S608 - marks, no values
        [(*row, row[_MEDIUM_PLACE]) for row in rows if row[_MEDIUM_PLACE] in known],
    )


def tell_media_again(connection: Connection, member_id: str) -> None:
    """Give a member's media new versions, for stores that were told to forget the member."""
    mine = media_of(connection, [member_id]).get(member_id, [])
    for row, version in zip(mine, draw_versions(connection, len(mine)), strict=True):
        connection.execute(update(media).where(media.c.medium_id == row.medium_id).values(version=version))


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


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: a part of a name or id, a referral code, or the hash of a phone number or of its end."""

    text: str = ""
    phone_index: str | None = None
    phone_end_index: str | None = None


def newest_members(connection: Connection, *, limit: int, search: Search) -> list[MemberRow]:
    """Members, newest first; where ``search`` asks, only those that fit."""
    query = select(members).order_by(members.c.created_at.desc(), members.c.member_id).limit(limit)
    if search.text:
        fitting = [
            members.c.name.icontains(search.text, autoescape=True),
            members.c.member_id.contains(search.text, autoescape=True),
            members.c.referral_code == read_code(search.text),
        ]
        if search.phone_index:
            fitting.append(members.c.phone_index == search.phone_index)
        if search.phone_end_index:
            fitting.append(members.c.phone_end_index == search.phone_end_index)
        query = query.where(or_(*fitting))
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


def _referral_codes(connection: Connection, member_ids: Sequence[str]) -> dict[str, str | None]:
    """The referral code of each: worked out of the id, as the stores do. Of two equal ones the first counts."""
    derived = {member_id: referral_code(member_id) for member_id in member_ids}
    taken = {
        code
        for some in _stretches(sorted(set(derived.values())))
        for code in connection.scalars(select(members.c.referral_code).where(members.c.referral_code.in_(some)))
    }
    codes: dict[str, str | None] = {}
    for member_id, code in derived.items():
        codes[member_id] = None if code in taken else code
        taken.add(code)
    return codes


def _stretches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _LOOKUP_ROWS_MAX):
        yield ids[start : start + _LOOKUP_ROWS_MAX]
