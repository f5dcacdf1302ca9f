"""Rows of recorded events, as received."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from cloud_crm.database import BigNumber, metadata

events = Table(
    "events",
    metadata,
    Column("position", BigNumber, primary_key=True),
    Column("stream_id", BigNumber, ForeignKey("streams.stream_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "stream_id", "sequence", unique=True),
)
"""``position`` is the order of landing in this database; ``body`` the whole sealed event."""
