"""Rows of points: lots, what redemptions took of them, and what became of each sale."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from cloud_crm.database import BigNumber, metadata

points_accounts = Table(
    "points_accounts",
    metadata,
    Column("member_id", String(40), primary_key=True),
    Column("debt", BigNumber, nullable=False),
    Column("next_day", String(10)),
    Index(None, "next_day"),
)
"""``debt`` is what the member owes; on ``next_day`` the turn of the day moves something (null: never)."""

lots = Table(
    "lots",
    metadata,
    Column("lot_id", BigNumber, primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("accrual", String(80), nullable=False),
    Column("points", BigNumber, nullable=False),
    Column("earned_on", String(10), nullable=False),
    Column("available_on", String(10), nullable=False),
    Column("last_day", String(10)),
    Column("pending", Boolean, nullable=False),
    Column("by_cloud", Boolean, nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("sale", String(80)),
    Index(None, "member_id"),
)
"""Points of one accrual that are still there. ``by_cloud``: here they are released, not by the store of the sale.

``gateway_id`` is where they were posted, ``sale`` the receipt that earned them.
"""

redemptions = Table(
    "redemptions",
    metadata,
    Column("posting_id", String(32), primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("lease", String(32)),
    Column("sale", String(80)),
    Column("points", BigNumber, nullable=False),
    Column("restored", BigNumber, nullable=False),
    Column("taken", Text, nullable=False),
    Index(None, "gateway_id", "sale"),
)
"""What was redeemed, and the parts of lots it ``taken`` (JSON), so that a restoration gives those back."""

sale_books = Table(
    "sale_books",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("sale", String(80), primary_key=True),
    Column("member_id", String(40)),
    Column("total_minor", BigNumber),
    Column("currency", String(3), nullable=False),
    Column("sold_at", String(40), nullable=False),
    Column("sold_on", String(10), nullable=False),
    Column("refunded_minor", BigNumber, nullable=False),
    Column("earned", BigNumber, nullable=False),
    Column("taken_back", BigNumber, nullable=False),
    Column("redeemed", BigNumber, nullable=False),
    Column("restored", BigNumber, nullable=False),
    Index(None, "member_id"),
)
"""What became of one sale in all stores. ``member_id`` is null while nobody claimed it, ``total_minor`` while only
decisions about it, or refunds of it, have landed.
"""

shared_sales = Table(
    "shared_sales",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("sale", String(80), primary_key=True),
    Column("settlements", BigNumber, nullable=False),
)
"""Sales given back where their store could not see it: these the cloud settles, ``settlements`` times so far."""

sale_refunds = Table(
    "sale_refunds",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("sale", String(80), primary_key=True),
    Column("of_gateway", String(63), nullable=False),
    Column("of_sale", String(80), nullable=False),
    Column("refunded_minor", BigNumber, nullable=False),
    Column("refunded_on", String(10), nullable=False),
    Index(None, "of_gateway", "of_sale"),
)
"""Receipts that gave a sale back, each once, whichever store made them and whether or not the sale is known yet."""

undo_requests = Table(
    "undo_requests",
    metadata,
    Column("redemption", String(32), primary_key=True),
    Column("gateway_id", String(63), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("points", BigNumber, nullable=False),
    Column("compensated", BigNumber, nullable=False),
    Column("version", BigNumber, nullable=False),
    Index(None, "gateway_id", "version"),
)
"""The gateway that made a redemption shall restore ``points`` of it in all; ``compensated`` of them were given by
goodwill, because the incarnation that made it is gone.
"""
