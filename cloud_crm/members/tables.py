"""Rows of members and of the media they show."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from cloud_crm.database import BigNumber, metadata

members = Table(
    "members",
    metadata,
    Column("member_id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("language", String(10), nullable=False),
    Column("created_at", String(30), nullable=False),
    Column("version", BigNumber, nullable=False),
    Index(None, "version", unique=True),
)
"""``version`` is the replica version of the last change of the member or of the balance."""

media = Table(
    "media",
    metadata,
    Column("medium_id", String(32), primary_key=True),
    Column("member_id", String(40), ForeignKey("members.member_id")),
    Column("technology", String(10), nullable=False),
    Column("linked_at", String(30), nullable=False),
    Column("version", BigNumber, nullable=False),
    Index(None, "member_id"),
    Index(None, "version", unique=True),
)
"""``medium_id`` is a keyed hash; the number itself is never stored. Unlinked: ``member_id`` is null."""
