"""Rows about gateways: who they are, what each lane has delivered, what is lost, what is disputed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from cloud_crm.database import BigNumber, metadata

gateways = Table(
    "gateways",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("store_name", String(80), nullable=False),
    Column("presence", String(10), nullable=False, server_default="unknown"),
    Column("presence_at", String(30)),
    Column("heard_at", String(30)),
    Column("incarnation", String(32)),
    Column("hello", Text),
    Column("replica_epoch", String(40), nullable=False, server_default=""),
    Column("replica_sent", BigNumber, nullable=False, server_default="0"),
    Column("replica_applied", BigNumber, nullable=False, server_default="0"),
)
"""``incarnation`` and ``hello`` are what the gateway last said of itself."""

streams = Table(
    "streams",
    metadata,
    Column("stream_id", BigNumber, primary_key=True),
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("high", BigNumber, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("received", BigNumber, nullable=False),
    Column("duplicates", BigNumber, nullable=False),
    Column("lost", BigNumber, nullable=False),
    UniqueConstraint("gateway_id", "incarnation", "lane"),
)
"""One lane of one incarnation: ``high = received + lost``, always; ``duplicates`` came again and changed nothing."""

gaps = Table(
    "gaps",
    metadata,
    Column("gap_id", BigNumber, primary_key=True),
    Column("stream_id", BigNumber, ForeignKey("streams.stream_id"), nullable=False),
    Column("first", BigNumber, nullable=False),
    Column("last", BigNumber, nullable=False),
    Column("reason", String(80), nullable=False),
    Column("at", String(30), nullable=False),
    UniqueConstraint("stream_id", "first"),
)
"""Rows a gateway has signed as gone."""

quarantines = Table(
    "quarantines",
    metadata,
    Column("quarantine_id", BigNumber, primary_key=True),
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("lane", String(10), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", String(30), nullable=False),
    Column("released_at", String(30)),
    Column("released_by", String(80)),
    Index(None, "gateway_id", "released_at"),
)
"""A disputed body and, once an operator has looked, who set it aside and when. Never deleted."""
