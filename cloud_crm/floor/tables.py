"""Rows about shop floors. ``hlc`` and ``incarnation`` say which word of a store a row rests on."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from cloud_crm.database import BigNumber, metadata

shelf_stock = Table(
    "shelf_stock",
    metadata,
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), primary_key=True),
    Column("slot", String(80), primary_key=True),
    Column("sku", String(80), nullable=False),
    Column("units", BigNumber, nullable=False),
    Column("capacity", BigNumber, nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("hlc", String(40), nullable=False),
    Column("told_at", String(40), nullable=False),
    Index(None, "sku"),
)
"""What each slot of each store holds, by its newest word."""

articles = Table(
    "articles",
    metadata,
    Column("sku", String(80), primary_key=True),
    Column("name_zh", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
)
"""What an article is called, as the store that told of it last calls it."""

floor_alerts = Table(
    "floor_alerts",
    metadata,
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), primary_key=True),
    Column("alert_id", String(32), primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("state", String(80), nullable=False),
    Column("severity", String(80), nullable=False),
    Column("zone", String(40), nullable=False),
    Column("sku", String(80), nullable=False),
    Column("units", BigNumber),
    Column("reason", String(300), nullable=False),
    Column("until", String(40)),
    Column("escalation", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("hlc", String(40), nullable=False),
    Column("raised_at", String(40), nullable=False),
    Column("changed_at", String(40), nullable=False),
    Index(None, "state", "gateway_id"),
    Index(None, "gateway_id", "kind", "subject"),
)
"""Every alert of every store, as it stands by its newest word. Never deleted."""

stock_discrepancies = Table(
    "stock_discrepancies",
    metadata,
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), primary_key=True),
    Column("discrepancy", String(32), primary_key=True),
    Column("sku", String(80), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("units", BigNumber, nullable=False),
    Column("slot", String(80)),
    Column("told_at", String(40), nullable=False),
    Index(None, "told_at"),
)
"""Where shelf and till disagreed for good, each once."""

refused_cards = Table(
    "refused_cards",
    metadata,
    Column("event_id", String(80), primary_key=True),
    Column("gateway_id", String(63), ForeignKey("gateways.gateway_id"), nullable=False),
    Column("reader", String(80), nullable=False),
    Column("medium", String(32), nullable=False),
    Column("reason", String(80), nullable=False),
    Column("counter", BigNumber),
    Column("seen", BigNumber),
    Column("told_at", String(40), nullable=False),
    Index(None, "gateway_id", "told_at"),
    Index(None, "medium"),
)
"""Cards that did not prove themselves: forgeries, replays, copies."""
