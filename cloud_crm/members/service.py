"""What can be done with members and media. Each call is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import records, repository
from cloud_crm.members.chips import CHIP, CardBook
from cloud_crm.members.contact import ContactBook, ContactError, month_day, phone_digits
from cloud_crm.members.records import CLOUD, ConsentRow, new_source
from cloud_crm.members.repository import Link, MemberRow, Person, Search
from cloud_crm.members.schemas import (
    ConsentGiven,
    ContactView,
    ImportedMember,
    MediumView,
    MemberChange,
    MemberView,
    NewMedium,
    NewMember,
)
from cloud_crm.problems import conflict, not_found, unusable
from cloud_crm.standing.keeping import StandingKeeper
from loyalty.codes import read_code
from loyalty.identifiers import MediumId, medium_id

MEMBERS_SHOWN_MAX = 200
_MEMBER_ID_BYTES = 8
_RANDOM_UID_BYTES = 4
_RANDOM_UID_FIRST = 0x08
_PHONE_SEARCH_DIGITS_MIN = 4


class MemberService:
    """Members of one tenant. ``medium_key`` hashes media numbers exactly as every gateway does."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        medium_key: bytes,
        keeper: StandingKeeper,
        changed: Callable[[], None],
        cards: CardBook | None = None,
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of; ``cards`` keeps strong ones."""
        self._cards = cards or CardBook(medium_key)
        self._keeper = keeper
        self._database = database
        self._changed = changed
        self._clock = clock
        self._key = medium_key
        self._book = ContactBook(medium_key)

    def add(self, new: NewMember, *, operator: str = "") -> str:
        """A new member's random id. Raises :class:`Problem` naming the field."""
        with self._changing() as connection:
            person = self._person(connection, _new_id(), new)
            repository.add_members(connection, [person], self._now())
            self._keep_consents(connection, person.member_id, new.consents, operator)
            self._keeper.refresh(connection, [person.member_id], self._clock())
            return person.member_id

    def take_over(self, entries: Sequence[ImportedMember], *, operator: str = "") -> list[str]:
        """Add or change many members with their media: all, or none. Raises :class:`Problem` naming the entry."""
        ids = [entry.member or _new_id() for entry in entries]
        _check_unique(ids)
        wanted = [
            (f"{index}.media.{place}.number_hex", member_id, medium)
            for index, (member_id, entry) in enumerate(zip(ids, entries, strict=True))
            for place, medium in enumerate(entry.media)
        ]
        with self._changing() as connection:
            known = repository.known_members(connection, ids)
            people = [
                self._person(connection, member_id, entry, place=f"{index}.")
                for index, (member_id, entry) in enumerate(zip(ids, entries, strict=True))
            ]
            repository.add_members(connection, [p for p in people if p.member_id not in known], self._now())
            repository.rename_members(connection, [p for p in people if p.member_id in known])
            for person, entry in zip(people, entries, strict=True):
                self._keep_consents(connection, person.member_id, entry.consents, operator)
            self._link(connection, wanted)
            self._keeper.refresh(connection, ids, self._clock())
        return ids

    def change(self, member_id: str, change: MemberChange, *, operator: str = "") -> MemberView:
        """Other details of a member; what is ``None`` stays. Raises :class:`Problem`."""
        with self._changing() as connection:
            row = _locked(connection, member_id)
            said = change.model_dump(exclude_none=True, include={"name", "language"})
            columns: dict[str, object] = dict(said)
            if change.home is not None:
                columns["home_gateway"] = change.home
            with _named_fault():
                if change.birthday is not None:
                    columns["birthday"] = month_day(change.birthday)
                if change.phone is not None or change.email is not None:
                    kept = self._book.opened(member_id, row.contact)
                    phone = kept.get("phone", "") if change.phone is None else change.phone
                    email = kept.get("email", "") if change.email is None else change.email
                    contact = self._book.contact(member_id, phone=phone, email=email)
                    columns |= repository.contact_columns(contact)
            self._keep_consents(connection, member_id, change.consents, operator)
            repository.change_member(connection, member_id, columns)
            if fields := sorted(change.model_dump(exclude_none=True, exclude={"consents"})):
                self._note(connection, "change_member", operator, "", member_id, ", ".join(fields))
            self._keeper.refresh(connection, [member_id], self._clock())
        return self.view(member_id)

    def link(self, member_id: str, medium: NewMedium, *, operator: str = "") -> MediumId:
        """Link a medium to a member; again for the same member changes nothing. Raises :class:`Problem`."""
        with self._changing() as connection:
            _locked(connection, member_id)
            found = self._link(connection, [("number_hex", member_id, medium)])[0]
            self._note(connection, "link_medium", operator, "", member_id, found)
            return found

    def unlink(self, member_id: str, medium: str, *, operator: str = "") -> None:
        """A medium is nobody's any more. Raises :class:`Problem` when it is not this member's."""
        self.block_medium(member_id, medium, reason="", operator=operator)

    def block_medium(self, member_id: str, medium: str, *, reason: str, operator: str) -> None:
        """A medium is lost, stolen or replaced; where ``reason`` is given, it is kept with who did it."""
        with self._changing() as connection:
            row = repository.known_media(connection, [medium]).get(medium)
            if row is None or row.member_id != member_id:
                raise not_found(f"medium {medium}", f"See /api/members/{member_id} for this member's media")
            blocked_from = member_id if reason else None
            link = Link(None, row.technology, medium, None, blocked_from, reason)
            repository.link_media(connection, [link], self._now())
            self._note(connection, "block_medium" if reason else "unlink_medium", operator, reason, member_id, medium)

    def replace_medium(self, member_id: str, old: str, new: NewMedium, *, reason: str, operator: str) -> MediumId:
        """Block one medium and link another in its place, in one step. Raises :class:`Problem`."""
        with self._changing() as connection:
            row = repository.known_media(connection, [old]).get(old)
            if row is None or row.member_id != member_id:
                raise not_found(f"medium {old}", f"See /api/members/{member_id} for this member's media")
            found = self._link(connection, [("number_hex", member_id, new)])[0]
            if found == old:
                raise conflict("number_hex", "is the medium that is to be replaced", "Use another medium")
            blocked = Link(None, row.technology, old, None, member_id, reason)
            repository.link_media(connection, [blocked], self._now())
            self._note(connection, "replace_medium", operator, reason, member_id, old)
            return found

    def block(self, member_id: str, *, blocked: bool, reason: str, operator: str) -> None:
        """Tell no store of a member any more, or tell them again. Nothing of the member is lost."""
        with self._changing() as connection:
            _locked(connection, member_id)
            at = self._now()
            repository.change_member(connection, member_id, {"blocked_at": at if blocked else None})
            self._note(connection, "block_member" if blocked else "unblock_member", operator, reason, member_id, "")
            if not blocked:
                repository.tell_media_again(connection, member_id)

    def view(self, member_id: str) -> MemberView:
        """One member. Raises :class:`Problem`."""
        with self._database.read() as connection:
            row = repository.find_member(connection, member_id)
            if row is None:
                raise no_member(member_id)
            return views(connection, [row])[0]

    def contact(self, member_id: str) -> ContactView:
        """A member's contact details, opened. Raises :class:`Problem`."""
        with self._database.read() as connection:
            row = repository.find_member(connection, member_id)
        if row is None:
            raise no_member(member_id)
        opened = self._book.opened(member_id, row.contact)
        return ContactView(phone=opened.get("phone", ""), email=opened.get("email", ""))

    def newest(self, *, limit: int = MEMBERS_SHOWN_MAX, search: str = "") -> tuple[list[MemberView], int]:
        """Members, newest first, and how many there are in all."""
        with self._database.read() as connection:
            rows = repository.newest_members(connection, limit=limit, search=self._search(search))
            return views(connection, rows), repository.count_members(connection)

    def _search(self, text: str) -> Search:
        """A whole phone number, or the last digits of one, is looked for by its hash."""
        try:
            digits = phone_digits(text)
        except ContactError:
            short = text.strip()
            is_end = len(short) == _PHONE_SEARCH_DIGITS_MIN and short.isascii() and short.isdigit()
            return Search(text, phone_end_index=self._book.phone_end_index(short) if is_end else None)
        return Search(text, phone_index=self._book.phone_index(digits) if digits else None)

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._database.write() as connection:
            yield connection
        self._changed()

    def _person(self, connection: Connection, member_id: str, new: NewMember, *, place: str = "") -> Person:
        code = read_code(new.referrer)
        referrer = repository.with_referral_code(connection, code) if code else None
        if new.referrer and referrer is None:
            raise unusable(f"{place}referrer", "is nobody's referral code", "Correct it, or leave it out")
        with _named_fault(place):
            return Person(
                member_id,
                new.name,
                new.language,
                joined_on=new.joined_on.isoformat() if new.joined_on else "",
                birthday=month_day(new.birthday),
                contact=self._book.contact(member_id, phone=new.phone, email=new.email),
                referred_by=referrer.member_id if referrer else None,
                home_gateway=new.home,
            )

    def _keep_consents(
        self, connection: Connection, member_id: str, consents: Sequence[ConsentGiven], operator: str
    ) -> None:
        source = new_source()
        rows = [
            ConsentRow(member_id, c.purpose, c.granted, c.text_version, self._now(), CLOUD, operator, source)
            for c in consents
        ]
        records.add_consents(connection, rows)

    def _note(self, connection: Connection, action: str, operator: str, reason: str, member: str, subject: str) -> None:
        records.note(connection, action, subject, at=self._now(), because=(operator, reason), member=member)

    def _link(self, connection: Connection, wanted: Sequence[tuple[str, str, NewMedium]]) -> list[MediumId]:
        """Link each medium, given with its place in the request and its member. Raises :class:`Problem`."""
        found = [self._identify(place, medium) for place, _, medium in wanted]
        known = repository.known_media(connection, found)
        owners = {medium: row.member_id for medium, row in known.items()}
        proving = {medium for medium, row in known.items() if row.member_id is not None and row.chip is not None}
        links: list[Link] = []
        for identified, (place, member_id, medium) in zip(found, wanted, strict=True):
            owner = owners.get(identified)
            if owner not in (None, member_id):
                raise conflict(place, "is linked to another member", "Unlink it there first, or use another medium")
            # A plain number may become a card that proves itself; the other way round it is unlinked first.
            if owner is None or (medium.technology == CHIP and identified not in proving):
                owners[identified] = member_id
                chip = self._chip(place, identified, medium)
                links.append(Link(member_id, medium.technology, identified, chip=chip))
        repository.link_media(connection, links, self._now())
        return found

    def _chip(self, place: str, identified: str, medium: NewMedium) -> str | None:
        """What is stored of a card that proves itself, to derive its keys from."""
        if medium.technology != CHIP:
            return None
        if not self._cards.is_open:
            raise unusable(
                place, "is of a card that proves itself, and there is no master key", "Set card_master_key_file"
            )
        try:
            return self._cards.sealed_number(identified, bytes.fromhex(medium.number_hex))
        except ValueError as error:
            raise unusable(place, f"is no such card's: {error}", "Read the card's number with a reader") from error

    def _identify(self, place: str, medium: NewMedium) -> MediumId:
        number = bytes.fromhex(medium.number_hex)
        if medium.technology != "code" and len(number) == _RANDOM_UID_BYTES and number[0] == _RANDOM_UID_FIRST:
            raise unusable(place, "is a random number that this card changes at every tap", "Use another card")
        return medium_id("code" if medium.technology == "code" else "card", number, key=self._key)

    def _now(self) -> str:
        return rfc3339(self._clock())


@contextmanager
def _named_fault(place: str = "") -> Iterator[None]:
    try:
        yield
    except ContactError as error:
        raise unusable(f"{place}{error.field}", error.problem, error.remedy) from error


def _new_id() -> str:
    return secrets.token_hex(_MEMBER_ID_BYTES)


def _check_unique(member_ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for index, member_id in enumerate(member_ids):
        if member_id in seen:
            raise unusable(f"{index}.member", f"{member_id} is there twice", "Put all of a member in one entry")
        seen.add(member_id)


def no_member(member_id: str) -> Exception:
    """The refusal for an id that nobody has."""
    return not_found(f"member {member_id}", "See /members for those who joined")


def _locked(connection: Connection, member_id: str) -> MemberRow:
    row = repository.lock_member(connection, member_id)
    if row is None:
        raise no_member(member_id)
    return row


def views(connection: Connection, rows: Sequence[MemberRow]) -> list[MemberView]:
    """Members with their media, consents and balances."""
    ids = [row.member_id for row in rows]
    balances, media = ledger.balances(connection, ids), repository.media_of(connection, ids)
    agreed = records.consents_of(connection, ids)
    return [
        MemberView(
            member=row.member_id,
            name=row.name,
            language=row.language,
            created_at=row.created_at,
            joined_on=row.joined_on,
            birthday=row.birthday,
            contact_hint=row.contact_hint,
            referral_code=row.referral_code,
            referred_by=row.referred_by,
            home=row.home_gateway,
            duplicate_of=row.duplicate_of,
            blocked_at=row.blocked_at,
            consents=agreed.get(row.member_id, {}),
            balance=balances[row.member_id],
            media=[
                MediumView(medium=medium.medium_id, technology=medium.technology, linked_at=medium.linked_at)
                for medium in media.get(row.member_id, [])
            ],
        )
        for row in rows
    ]
