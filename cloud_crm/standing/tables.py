"""Rows of members' standings and of referrals that were paid."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from cloud_crm.database import BigNumber, metadata

standings = Table(
    "member_standings",
    metadata,
    Column("member_id", String(40), primary_key=True),
    Column("purchases", BigNumber, nullable=False),
    Column("qualifying", BigNumber, nullable=False),
    Column("tier", String(60), nullable=False, server_default=""),
    Column("tier_since", String(10), nullable=False, server_default=""),
    Column("tier_ends", String(10), nullable=False, server_default=""),
    Column("member_type", String(60), nullable=False, server_default=""),
    Column("seen_on", String(10), nullable=False),
    Column("next_day", String(10), nullable=False),
    Index(None, "next_day"),
)
"""As computed on the store's day ``seen_on``; ``tier_ends`` is the day on which the tier is lost unless reached again.

On ``next_day`` it is computed anew, whatever happens before.
"""

referral_payouts = Table(
    "referral_payouts",
    metadata,
    Column("referred", String(40), primary_key=True),
    Column("referrer", String(40), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("sale", String(80), nullable=False),
    Column("paid_on", String(10), nullable=False),
    Column("minimum_minor", BigNumber, nullable=False),
    Column("points", Text, nullable=False),
    Column("reversed_at", String(30)),
    Index(None, "referrer", "paid_on"),
)
"""One row per member who was brought: which sale paid, and what (``points``: JSON). Paid once, reversed once."""
