"""What landed facts about people do here: registrations, changes, links, blocks, PINs, answers, acts of staff.

Each is applied once, in the order of its lane. What cannot be applied (sealed by another tenant, about a member nobody
knows, a card that is another's) is kept as a dispute; the event itself is stored either way, and landing goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import orjson
from sqlalchemy import Connection

from cloud_bridge.contract import (
    ConsentV1,
    MediumBlockedV1,
    MediumLinkedV1,
    MemberChangedV1,
    MemberRegisteredV1,
    PinChangedV1,
    StaffActedV1,
    SurveyAnsweredV1,
)
from cloud_bridge.landing.store import Landed
from cloud_bridge.payload import EventData
from cloud_bridge.personal import SealError
from cloud_crm.clock import rfc3339
from cloud_crm.members import records, repository
from cloud_crm.members.contact import Contact, ContactBook, ContactError, month_day
from cloud_crm.members.records import ActRow, ConsentRow, DisputeRow, SurveyRow
from cloud_crm.members.repository import Link, MemberRow, Person
from cloud_crm.members.schemas import MEDIA_PER_MEMBER_MAX, NAME_CHARS_MAX, printable
from loyalty.codes import read_code

TECHNOLOGIES = ("card", "code", "phone")
_TYPES: tuple[type[EventData], ...] = (
    MemberRegisteredV1,
    MemberChangedV1,
    MediumLinkedV1,
    MediumBlockedV1,
    PinChangedV1,
    SurveyAnsweredV1,
    StaffActedV1,
)
PEOPLE_TYPES = frozenset(payload.type for payload in _TYPES)


class _DisputedError(Exception):
    """This fact cannot be applied; ``reason`` is a key for the page, and never shows what was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Fact:
    """One landed event: where from, its id, the store's stamps, and what it says."""

    gateway_id: str
    event_id: str
    at: str
    hlc: str
    data: EventData


class PeopleLanding:
    """Applies facts about people. ``key`` is the tenant's medium key, under which details are sealed."""

    def __init__(self, key: bytes) -> None:
        self._book = ContactBook(key)

    def effects(self, connection: Connection, landed: Landed, *, at: str) -> None:
        """Apply what these events say about people; ``at`` is the cloud's time."""
        for event in landed.events:
            if event.type not in PEOPLE_TYPES or (data := event.data) is None:
                continue
            fact = _Fact(landed.stream.gateway_id, event.id, _moment(event.time, at), event.hlc, data)
            try:
                self._apply(connection, fact, at)
            except _DisputedError as dispute:
                member = _plain(getattr(data, "member", None) or "")
                row = DisputeRow(fact.event_id, fact.gateway_id, data.type, dispute.reason, member, at)
                records.add_dispute(connection, row)

    def _apply(self, connection: Connection, fact: _Fact, at: str) -> None:
        match fact.data:
            case MemberRegisteredV1() as said:
                self._register(connection, fact, said, at)
            case MemberChangedV1() as said:
                self._change(connection, fact, said)
            case MediumLinkedV1() as said:
                _link(connection, fact, said)
            case MediumBlockedV1() as said:
                _block(connection, fact, said)
            case PinChangedV1() as said:
                self._change_pin(connection, fact, said)
            case SurveyAnsweredV1() as said:
                _answer(connection, fact, said)
            case StaffActedV1() as said:
                _act(connection, fact, said)

    def _register(self, connection: Connection, fact: _Fact, said: MemberRegisteredV1, at: str) -> None:
        """A member id that is known was registered before: the first registration stands."""
        if repository.find_member(connection, said.member) is not None:
            return
        details = self._details(said.member, said.personal)
        brought_by = read_code(said.referrer)
        referrer = repository.with_referral_code(connection, brought_by) if brought_by else None
        person = Person(
            said.member,
            details.name,
            _plain(said.language),
            joined_on=_day(said.joined_on),
            birthday=details.birthday,
            contact=details.contact,
            referred_by=referrer.member_id if referrer else None,
            home_gateway=fact.gateway_id,
        )
        repository.add_members(connection, [person], at)
        repository.stamp_details(connection, said.member, fact.hlc)
        _consent(connection, fact, said.member, said.consents)

    def _change(self, connection: Connection, fact: _Fact, said: MemberChangedV1) -> None:
        """Consents are all kept; of details the newest by the stores' clocks count, in whatever order they land."""
        row = _known(connection, said.member)
        _consent(connection, fact, said.member, said.consents)
        changes: dict[str, object] = {}
        if fact.hlc > row.details_hlc and (said.personal is not None or said.language is not None):
            changes["details_hlc"] = fact.hlc
            if said.language is not None:
                changes["language"] = _plain(said.language)
            if said.personal is not None:
                changes |= self._changed_details(row, said.personal)
        repository.change_member(connection, said.member, changes)

    def _changed_details(self, row: MemberRow, sealed: str) -> dict[str, object]:
        """The columns of what was filled in; a detail that is not mentioned stays."""
        changes: dict[str, object] = {}
        with _disputable():
            said = self._book.opened(row.member_id, sealed)
            if "name" in said:
                changes["name"] = _name(said["name"])
            if "birthday" in said:
                changes["birthday"] = month_day(said["birthday"])
            if said.keys() & {"phone", "email"}:
                both = {**self._book.opened(row.member_id, row.contact), **said}
                contact = self._book.contact(row.member_id, phone=both.get("phone", ""), email=both.get("email", ""))
                changes |= repository.contact_columns(contact)
        return changes

    def _change_pin(self, connection: Connection, fact: _Fact, said: PinChangedV1) -> None:
        """An empty verifier takes the PIN away: staff reset it."""
        row = _known(connection, said.member)
        if said.sealed and not self._book.is_sealed_for(said.member, said.sealed):
            raise _DisputedError("not_sealed_here")
        if fact.hlc > row.pin_hlc:
            repository.change_member(connection, said.member, {"pin": said.sealed, "pin_hlc": fact.hlc})

    def _details(self, member: str, sealed: str) -> _Details:
        with _disputable():
            opened = self._book.opened(member, sealed)
            contact = self._book.contact(member, phone=opened.get("phone", ""), email=opened.get("email", ""))
            return _Details(_name(opened.get("name", "")), month_day(opened.get("birthday", "")), contact)


@contextmanager
def _disputable() -> Iterator[None]:
    try:
        yield
    except SealError as error:
        raise _DisputedError("not_sealed_here") from error
    except ContactError as error:
        raise _DisputedError(f"unusable_{error.field}") from error


@dataclass(frozen=True, slots=True)
class _Details:
    name: str
    birthday: str
    contact: Contact


def _link(connection: Connection, fact: _Fact, said: MediumLinkedV1) -> None:
    """The first link of a medium stands until it is undone; a block made later elsewhere is not undone by it."""
    row = _known(connection, said.member)
    known = repository.known_media(connection, [said.medium]).get(said.medium)
    technology = said.technology if said.technology in TECHNOLOGIES else "card"
    if known is not None:
        if known.member_id not in (None, row.member_id):
            raise _DisputedError("linked_to_another")
        if known.member_id is None and fact.at < known.linked_at:
            raise _DisputedError("undone_since")
        if known.member_id == row.member_id and known.public_key == said.public_key:
            return
    elif len(repository.media_of(connection, [row.member_id]).get(row.member_id, [])) >= MEDIA_PER_MEMBER_MAX:
        raise _DisputedError("too_many_media")
    link = Link(row.member_id, technology, said.medium, said.public_key)
    repository.link_media(connection, [link], fact.at)


def _block(connection: Connection, fact: _Fact, said: MediumBlockedV1) -> None:
    """A medium that is another's by now is not taken from them by an old fact."""
    known = repository.known_media(connection, [said.medium]).get(said.medium)
    if known is None or known.member_id is None:
        return
    if known.member_id != said.member:
        raise _DisputedError("linked_to_another")
    blocked = Link(None, known.technology, said.medium, None, said.member, _plain(said.reason))
    repository.link_media(connection, [blocked], fact.at)


def _answer(connection: Connection, fact: _Fact, said: SurveyAnsweredV1) -> None:
    row = _known(connection, said.member)
    answers = orjson.dumps([_plain(answer) for answer in said.answers]).decode()
    records.add_survey(
        connection, SurveyRow(fact.event_id, row.member_id, said.survey, answers, fact.at, fact.gateway_id)
    )


def _act(connection: Connection, fact: _Fact, said: StaffActedV1) -> None:
    """An act about somebody nobody knows is kept all the same: it is evidence."""
    row = ActRow(
        source=fact.event_id,
        at=fact.at,
        place=fact.gateway_id,
        actor=_plain(said.actor),
        role=_plain(said.role),
        action=_plain(said.action),
        reason=_plain(said.reason),
        member_id=said.member,
        subject=_plain(said.subject),
    )
    records.add_act(connection, row)


def _consent(connection: Connection, fact: _Fact, member: str, said: tuple[ConsentV1, ...]) -> None:
    rows = {
        one.purpose: ConsentRow(
            member,
            _plain(one.purpose),
            one.granted,
            _plain(one.text_version),
            fact.at,
            fact.gateway_id,
            "",
            fact.event_id,
        )
        for one in said
    }
    records.add_consents(connection, list(rows.values()))


def _known(connection: Connection, member: str) -> MemberRow:
    row = repository.lock_member(connection, member)
    if row is None:
        raise _DisputedError("unknown_member")
    return row


def _name(text: str) -> str:
    try:
        name = printable(text.strip())
    except ValueError as error:
        raise _DisputedError("unusable_name") from error
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        raise _DisputedError("unusable_name")
    return name


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise _DisputedError("unusable_day") from error


def _moment(text: str, at: str) -> str:
    """The store's stamp in the form of all times here; the cloud's for what is no time or has not come yet."""
    try:
        moment = datetime.fromisoformat(text)
        return min(rfc3339(moment), at) if moment.tzinfo else at
    except (ValueError, OverflowError):
        return at


def _plain(text: str) -> str:
    """NUL is the one character that PostgreSQL's text cannot hold."""
    return text.replace("\x00", "\ufffd")
