"""Rows of coupon instances and of what is gone of their budgets."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, UniqueConstraint

from cloud_crm.database import BigNumber, metadata

coupon_budgets = Table(
    "coupon_budgets",
    metadata,
    Column("coupon", String(60), primary_key=True),
    Column("issued", BigNumber, nullable=False),
    Column("liability_minor", BigNumber, nullable=False),
)
"""What is gone of the budget of each coupon of the programme. Whoever issues locks the row first."""

coupon_instances = Table(
    "coupon_instances",
    metadata,
    Column("instance", String(32), primary_key=True),
    Column("coupon", String(60), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("code", String(32)),
    Column("issue_key", String(160), nullable=False),
    Column("source", String(20), nullable=False),
    Column("issued_by", String(80), nullable=False),
    Column("issued_at", String(30), nullable=False),
    Column("worth_minor", BigNumber, nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("used_at", String(30)),
    Column("used_gateway", String(63), nullable=False, server_default=""),
    Column("used_sale", String(80), nullable=False, server_default=""),
    Column("withdrawn_at", String(30)),
    Column("version", BigNumber, nullable=False),
    UniqueConstraint("issue_key"),
    UniqueConstraint("code"),
    Index(None, "version", unique=True),
    Index(None, "member_id"),
    Index(None, "coupon", "issued_at"),
)
"""``member_id`` is empty for a code that anybody may use; ``code`` is the keyed hash of its text, which is not kept.

``issue_key`` names what it was issued for, so that it is issued once. ``worth_minor`` is what it counts for in
the liability: the most it takes off, and once used what it took. ``last_day`` is empty where it has none.
"""
