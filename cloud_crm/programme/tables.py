"""Rows of loyalty programmes; the newest is in force."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from cloud_crm.database import BigNumber, metadata

programmes = Table(
    "programmes",
    metadata,
    Column("version", BigNumber, primary_key=True, autoincrement=False),
    Column("name", String(80), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("points", Integer, nullable=False),
    Column("per_minor", Integer, nullable=False),
    Column("minimum_minor", Integer, nullable=False),
    Column("source", String(10), nullable=False),
    Column("since", String(30), nullable=False),
)
"""``source`` says whether the configuration file or an operator set it; ``since`` when."""
