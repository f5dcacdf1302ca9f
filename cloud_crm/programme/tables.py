"""Rows of loyalty programmes; the newest is in force."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

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
    Column("document", Text, nullable=False, server_default=""),
    Column("set_by", String(80), nullable=False, server_default=""),
)
"""``source`` says whether the configuration file or an operator set it (``set_by``); ``since`` when.

``document`` is the whole file as JSON; empty where the programme was nothing but its rate.
"""
