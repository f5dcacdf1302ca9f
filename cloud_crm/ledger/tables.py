"""Rows of the points ledger. Postings are only ever added."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from cloud_crm.database import BigNumber, metadata

postings = Table(
    "postings",
    metadata,
    Column("position", BigNumber, primary_key=True),
    Column("posting_id", String(32), nullable=False, unique=True),
    Column("debit", String(80), nullable=False),
    Column("credit", String(80), nullable=False),
    Column("points", Integer, nullable=False),
    Column("rule", String(80), nullable=False),
    Column("cause", String(80), nullable=False),
    Column("sale", String(80)),
    Column("gateway_id", String(63), nullable=False),
    Column("posted_at", String(40), nullable=False),
    CheckConstraint("points > 0", name="moves_points"),
    Index(None, "debit"),
    Index(None, "credit"),
    Index(None, "gateway_id", "position"),
)
"""``points`` leave ``debit`` and arrive at ``credit``; ``posted_at`` is the store's stamp."""

posting_echoes = Table(
    "posting_echoes",
    metadata,
    Column("posting_id", String(32), primary_key=True),
    Column("gateway_id", String(63), primary_key=True),
    Index(None, "gateway_id"),
)
"""A posting that another gateway told as well, word for word: a gift of a day that two stores gave while apart.

It counts once; that the second store also holds it is what the comparison of its ledger needs to know.
"""

posting_conflicts = Table(
    "posting_conflicts",
    metadata,
    Column("conflict_id", BigNumber, primary_key=True),
    Column("posting_id", String(32), nullable=False),
    Column("debit", String(80), nullable=False),
    Column("credit", String(80), nullable=False),
    Column("points", Integer, nullable=False),
    Column("rule", String(80), nullable=False),
    Column("cause", String(80), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("at", String(30), nullable=False),
    Index(None, "gateway_id"),
)
"""A posting that claimed a known id with another content. The first stands; this one waits for a person."""
