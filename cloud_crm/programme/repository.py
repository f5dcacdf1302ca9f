"""SQL about the programme. A change adds a row; earlier programmes stay, so that a posting can be explained."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from cloud_crm.database import draw_versions
from cloud_crm.programme.tables import programmes
from loyalty.programme import Programme


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme, who set it (``file`` or ``operator``), since when, and its replica version."""

    programme: Programme
    source: str
    since: str
    version: int


def in_force(connection: Connection, *, source: str | None = None) -> ProgrammeRow | None:
    """The newest programme, of one source where asked; ``None`` before the first."""
    query = select(programmes).order_by(programmes.c.version.desc()).limit(1)
    if source is not None:
        query = query.where(programmes.c.source == source)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    programme = Programme(row.name, row.currency, row.points, row.per_minor, row.minimum_minor)
    return ProgrammeRow(programme, row.source, row.since, row.version)


def put(connection: Connection, programme: Programme, *, source: str, at: str) -> int:
    """Bring a programme into force; returns its replica version."""
    version = draw_versions(connection, 1)[0]
    connection.execute(
        insert(programmes).values(
            version=version,
            name=programme.name,
            currency=programme.currency,
            points=programme.points,
            per_minor=programme.per_minor,
            minimum_minor=programme.minimum_minor,
            source=source,
            since=at,
        )
    )
    return version
