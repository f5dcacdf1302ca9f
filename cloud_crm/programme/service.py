"""What can be done with the programme."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.problems import not_found, unusable
from cloud_crm.programme import repository
from cloud_crm.programme.repository import ProgrammeRow
from cloud_crm.programme.schemas import ProgrammeView
from loyalty.programme import Programme, ProgrammeError, programme_from_mapping


class ProgrammeService:
    """The programme of one tenant."""

    def __init__(self, database: Database, *, clock: Clock, changed: Callable[[], None]) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._changed = changed
        self._clock = clock

    def begin(self, programme: Programme | None) -> None:
        """Bring the configured programme into force, if the file changed since it was last read."""
        if programme is None:
            return
        with self._database.write() as connection:
            known = repository.in_force(connection, source="file")
            if known is None or known.programme != programme:
                repository.put(connection, programme, source="file", at=rfc3339(self._clock()))

    def put(self, table: Mapping[str, object]) -> ProgrammeView:
        """Bring a programme into force. Raises :class:`Problem` naming the key at fault."""
        try:
            programme = programme_from_mapping(table)
        except ProgrammeError as error:
            raise unusable(f"body.{error.key}", f"{error.found!r:.80} cannot be used", error.remedy) from error
        with self._database.write() as connection:
            repository.put(connection, programme, source="operator", at=rfc3339(self._clock()))
        self._changed()
        return self.in_force()

    def in_force(self) -> ProgrammeView:
        """The programme now. Raises :class:`Problem` before the first."""
        with self._database.read() as connection:
            row = repository.in_force(connection)
        if row is None:
            raise not_found("the programme", "PUT one here, or write a [programme] section in cloud.toml")
        return _view(row)


def _view(row: ProgrammeRow) -> ProgrammeView:
    terms = row.programme
    return ProgrammeView(
        name=terms.name,
        currency=terms.currency,
        points=terms.points,
        per_minor=terms.per_minor,
        minimum_minor=terms.minimum_minor,
        source=row.source,
        since=row.since,
        version=row.version,
    )
