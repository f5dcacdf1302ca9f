"""SQL about the programme. A change adds a row; earlier programmes stay, so that a posting can be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from cloud_crm.database import draw_versions
from cloud_crm.programme.document import ProgrammeDocument, document_of_rate, kept_document
from cloud_crm.programme.tables import programmes
from loyalty.programme import Programme
from loyalty.terms.document import Terms
from loyalty.terms.earning import LotTerms

HISTORY_ROWS_MAX = 20


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme, who set it (``file`` or ``operator``, by name), since when, and its replica version."""

    document: ProgrammeDocument
    source: str
    set_by: str
    since: str
    version: int

    @property
    def programme(self) -> Programme:
        """The rate on spending."""
        return self.document.terms.programme


def in_force(connection: Connection, *, source: str | None = None) -> ProgrammeRow | None:
    """The newest programme, of one source where asked; ``None`` before the first."""
    query = select(programmes).order_by(programmes.c.version.desc()).limit(1)
    if source is not None:
        query = query.where(programmes.c.source == source)
    row = connection.execute(query).one_or_none()
    return None if row is None else _row(row)


def terms_in_force(connection: Connection) -> Terms | None:
    """The terms now; ``None`` before the first programme."""
    row = in_force(connection)
    return None if row is None else row.document.terms


def lot_terms_of(terms: Terms | None) -> LotTerms:
    """How points wait and expire; before the first programme they do neither."""
    return LotTerms() if terms is None else terms.lots


def lot_terms(connection: Connection) -> LotTerms:
    """How points wait and expire now."""
    return lot_terms_of(terms_in_force(connection))


def history(connection: Connection) -> list[ProgrammeRow]:
    """The newest programmes, the one in force first."""
    query = select(programmes).order_by(programmes.c.version.desc()).limit(HISTORY_ROWS_MAX)
    return [_row(row) for row in connection.execute(query)]


def put(connection: Connection, document: ProgrammeDocument, *, source: str, at: str, set_by: str = "") -> int:
    """Bring a programme into force; returns its replica version."""
    version = draw_versions(connection, 1)[0]
    rate = document.terms.programme
    connection.execute(
        insert(programmes).values(
            version=version,
            name=rate.name,
            currency=rate.currency,
            points=rate.points,
            per_minor=rate.per_minor,
            minimum_minor=rate.minimum_minor,
            source=source,
            since=at,
            document=document.text,
            set_by=set_by,
        )
    )
    return version


def _row(row: Row[Any]) -> ProgrammeRow:
    rate = Programme(row.name, row.currency, row.points, row.per_minor, row.minimum_minor)
    document = kept_document(row.document) if row.document else document_of_rate(rate)
    return ProgrammeRow(document, row.source, row.set_by, row.since, int(row.version))
