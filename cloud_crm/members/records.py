"""SQL about what was agreed, answered, done and disputed: rows that are only ever added, once per source."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select

from cloud_crm.database import insert_sql
from cloud_crm.members.tables import consents, disputes, staff_acts, surveys

CLOUD = "cloud"
"""The place of what is done at the head office."""

HEAD_OFFICE_ROLE = "head office"
"""In which capacity an operator acts there."""

_SOURCE_BYTES = 16

_ROWS_MAX = 200
_LOOKUP_ROWS_MAX = 1_000


class ConsentRow(NamedTuple):
    """One yes or no of a member to one purpose."""

    member_id: str
    purpose: str
    granted: bool
    text_version: str
    at: str
    place: str
    actor: str
    source: str


class SurveyRow(NamedTuple):
    """One answered survey; ``answers`` as JSON."""

    event_id: str
    member_id: str
    survey: str
    answers: str
    at: str
    gateway_id: str


class ActRow(NamedTuple):
    """What somebody of the staff did, and why. ``source`` is the event, or a name drawn here."""

    source: str
    at: str
    place: str
    actor: str
    role: str
    action: str
    reason: str
    member_id: str | None
    subject: str


class DisputeRow(NamedTuple):
    """A landed fact that could not be applied."""

    event_id: str
    gateway_id: str
    kind: str
    reason: str
    member_id: str
    at: str


def add_consents(connection: Connection, rows: Sequence[ConsentRow]) -> None:
    """Keep consents, each once per source and purpose."""
    _add(connection, consents, rows, "source, purpose")


def add_survey(connection: Connection, row: SurveyRow) -> None:
    """Keep the answers, once per event."""
    _add(connection, surveys, [row], "event_id")


def add_act(connection: Connection, row: ActRow) -> None:
    """Keep what was done, once per source."""
    _add(connection, staff_acts, [row], "source")


def add_dispute(connection: Connection, row: DisputeRow) -> None:
    """Keep that a fact could not be applied, once per event."""
    _add(connection, disputes, [row], "event_id")


def note(
    connection: Connection, action: str, subject: str, *, at: str, because: tuple[str, str], member: str | None
) -> None:
    """Keep what an operator did (``because``: who, why), to a member where it was to one."""
    operator, reason = because
    row = ActRow(new_source(), at, CLOUD, operator, HEAD_OFFICE_ROLE, action, reason, member, subject)
    add_act(connection, row)


def is_noted(connection: Connection, source: str) -> bool:
    """Whether an act of this source was kept."""
    return connection.scalar(select(staff_acts.c.act_id).where(staff_acts.c.source == source)) is not None


def new_source() -> str:
    """A name for something that was done at the head office, where no event names it."""
    return f"{CLOUD}/{secrets.token_hex(_SOURCE_BYTES)}"


def consents_of(connection: Connection, member_ids: Sequence[str]) -> dict[str, dict[str, bool]]:
    """What each of these members agrees to now: the newest word on every purpose."""
    found: dict[str, dict[str, bool]] = {}
    for start in range(0, len(member_ids), _LOOKUP_ROWS_MAX):
        some = member_ids[start : start + _LOOKUP_ROWS_MAX]
        query = select(consents.c.member_id, consents.c.purpose, consents.c.granted).where(
            consents.c.member_id.in_(some)
        )
        for member_id, purpose, granted in connection.execute(query.order_by(consents.c.consent_id)):
            found.setdefault(member_id, {})[purpose] = bool(granted)
    return found


def consent_history(connection: Connection, member_id: str) -> list[ConsentRow]:
    """All that a member said, newest first."""
    return [ConsentRow(*row) for row in _newest(connection, consents, ConsentRow._fields, member_id, "consent_id")]


def acts_on(connection: Connection, member_id: str) -> list[ActRow]:
    """What was done to a member, newest first."""
    return [ActRow(*row) for row in _newest(connection, staff_acts, ActRow._fields, member_id, "act_id")]


def acts_of(connection: Connection, member_id: str, action: str) -> list[ActRow]:
    """All that was done to a member of one kind, oldest first."""
    query = select(*(staff_acts.c[name] for name in ActRow._fields))
    chosen = query.where(staff_acts.c.member_id == member_id, staff_acts.c.action == action)
    return [ActRow(*row) for row in connection.execute(chosen.order_by(staff_acts.c.act_id))]


def surveys_of(connection: Connection, member_id: str) -> list[SurveyRow]:
    """The surveys that a member answered in stores."""
    query = select(*(surveys.c[name] for name in SurveyRow._fields)).where(surveys.c.member_id == member_id)
    return [SurveyRow(*row) for row in connection.execute(query.order_by(surveys.c.event_id))]


def disputes_of(connection: Connection, *, limit: int = _ROWS_MAX) -> list[DisputeRow]:
    """Facts that could not be applied, newest first."""
    query = select(disputes).order_by(disputes.c.at.desc(), disputes.c.event_id).limit(limit)
    return [DisputeRow(*row) for row in connection.execute(query)]


def _newest(connection: Connection, table: Table, fields: Sequence[str], member_id: str, order: str) -> list[Any]:
    query = select(*(table.c[name] for name in fields)).where(table.c.member_id == member_id)
    return list(connection.execute(query.order_by(table.c[order].desc()).limit(_ROWS_MAX)))


def _add(connection: Connection, table: Table, rows: Sequence[NamedTuple], once: str) -> None:
    if rows:
        sql = insert_sql(connection, table, rows[0]._fields) + f" ON CONFLICT ({once}) DO NOTHING"
        connection.exec_driver_sql(sql, [tuple(row) for row in rows])
