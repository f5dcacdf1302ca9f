"""What can be done with the programme."""

from __future__ import annotations

from collections.abc import Callable

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.problems import Problem, not_found, unusable
from cloud_crm.programme import repository
from cloud_crm.programme.document import ProgrammeDocument, document_from_json, document_from_toml
from cloud_crm.programme.repository import ProgrammeRow
from cloud_crm.programme.schemas import ConcernView, ProgrammeView
from cloud_crm.standing import repository as standings
from loyalty.terms.fields import ProgrammeError
from loyalty.terms.warnings import warnings

_KEY_CHARS_MAX = 120


class ProgrammeService:
    """The programme of one tenant."""

    def __init__(self, database: Database, *, clock: Clock, changed: Callable[[], None]) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._changed = changed
        self._clock = clock

    def begin(self, document: ProgrammeDocument | None) -> None:
        """Bring the configured programme into force, if the file changed since it was last read."""
        if document is None:
            return
        with self._database.write() as connection:
            known = repository.in_force(connection, source="file")
            if known is None or known.document.terms != document.terms:
                repository.put(connection, document, source="file", at=rfc3339(self._clock()))
                standings.look_again(connection)

    def put_json(self, body: bytes, *, operator: str) -> ProgrammeView:
        """Bring a programme file written as JSON into force. Raises :class:`Problem` naming the key at fault."""
        try:
            return self.put(document_from_json(body), operator=operator)
        except ProgrammeError as error:
            raise _refusal(error) from error

    def put_toml(self, text: str, *, operator: str) -> ProgrammeView:
        """Bring a ``programme.toml`` into force. Raises :class:`Problem` naming the key at fault."""
        try:
            return self.put(document_from_toml(text), operator=operator)
        except ProgrammeError as error:
            raise _refusal(error) from error

    def put(self, document: ProgrammeDocument, *, operator: str) -> ProgrammeView:
        """Bring a programme into force everywhere."""
        with self._database.write() as connection:
            repository.put(connection, document, source="operator", at=rfc3339(self._clock()), set_by=operator)
            standings.look_again(connection)
        self._changed()
        return self.in_force()

    def in_force(self) -> ProgrammeView:
        """The programme now. Raises :class:`Problem` before the first."""
        return view_of(self.row())

    def row(self) -> ProgrammeRow:
        """The programme now, as it is kept. Raises :class:`Problem` before the first."""
        with self._database.read() as connection:
            row = repository.in_force(connection)
        if row is None:
            raise not_found("the programme", "PUT one here, or name a programme_file in cloud.toml")
        return row

    def history(self) -> list[ProgrammeRow]:
        """The newest programmes, the one in force first."""
        with self._database.read() as connection:
            return repository.history(connection)


def view_of(row: ProgrammeRow) -> ProgrammeView:
    """A programme as the API tells it."""
    rate = row.programme
    return ProgrammeView(
        name=rate.name,
        currency=rate.currency,
        points=rate.points,
        per_minor=rate.per_minor,
        minimum_minor=rate.minimum_minor,
        source=row.source,
        set_by=row.set_by,
        since=row.since,
        version=row.version,
        document=row.document.table,
        warnings=[ConcernView(key=one.key, says=one.says, remedy=one.remedy) for one in warnings(row.document.terms)],
    )


def _refusal(error: ProgrammeError) -> Problem:
    """The key is quoted text of the file's author: it shall not fill a screen."""
    key = error.key if error.key.isprintable() else ascii(error.key)
    problem = "is missing" if error.found is None else f"is {error.shown}"
    return unusable(f"body.{key:.{_KEY_CHARS_MAX}}", problem, f"{error.remedy[:1].upper()}{error.remedy[1:]}")
