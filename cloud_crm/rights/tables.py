"""Rows of rights: accounts, what each gateway holds of them, how the cloud stands with each gateway.

Whoever writes what a gateway holds has that gateway's row of ``rights_standings`` locked for sharing; whoever changes
the standing has it locked alone. Accounts are locked after standings and in the order of their numbers, replica
versions are drawn last: so nobody waits in a circle.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from cloud_crm.database import BigNumber, metadata

rights_accounts = Table(
    "rights_accounts",
    metadata,
    Column("account_id", BigNumber, primary_key=True),
    Column("member_id", String(40), nullable=False),
    Column("currency", String(80), nullable=False),
    Column("home_gateway", String(63)),
    Column("balance", BigNumber, nullable=False),
    Column("avail", BigNumber, nullable=False),
    UniqueConstraint("member_id", "currency"),
    CheckConstraint("avail >= 0", name="never_overspent"),
    Index(None, "home_gateway"),
)
"""``currency`` is ``points`` or ``coupon/INSTANCE``; ``member_id`` is empty for a coupon anybody may use.

``home_gateway`` is leased first. The member's own row says where that is; of an account without one it is the first
gateway at which it was seen.
"""

rights_holdings = Table(
    "rights_holdings",
    metadata,
    Column("account_id", BigNumber, ForeignKey("rights_accounts.account_id"), primary_key=True, autoincrement=False),
    Column("gateway_id", String(63), primary_key=True),
    Column("incarnation", String(32)),
    Column("held", BigNumber, nullable=False),
    Column("granted", BigNumber, nullable=False),
    Column("recalled", BigNumber, nullable=False),
    Column("returned", BigNumber, nullable=False),
    Column("suspense", BigNumber, nullable=False),
    Column("written_off", BigNumber, nullable=False),
    Column("version", BigNumber, nullable=False),
    Index(None, "gateway_id", "version"),
)
"""One gateway's part of one account. ``incarnation`` holds the lease (null: none), ``held`` of it is left.

``granted``, ``recalled`` and ``returned`` are totals of that incarnation; ``suspense`` and ``written_off`` are of
those before it. ``version`` is the replica version of the last grant or recall. The gateway named by empty text holds
what was taken back in the cloud beyond what was available.
"""

rights_movements = Table(
    "rights_movements",
    metadata,
    Column("movement_id", String(32), primary_key=True),
    Column("account_id", BigNumber, nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("points", BigNumber, nullable=False),
    Column("lease", String(32), nullable=False),
    Column("at", String(30), nullable=False),
    Index(None, "account_id"),
)
"""Facts about rights that are no postings: returns, and coupons used. Never deleted: a fact counts once."""

rights_standings = Table(
    "rights_standings",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("current", String(32)),
    Column("revoked", Boolean, nullable=False),
)
"""Which incarnation of a gateway may hold leases: none while ``current`` is null."""

rights_incarnations = Table(
    "rights_incarnations",
    metadata,
    Column("gateway_id", String(63), primary_key=True),
    Column("incarnation", String(32), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("greeted_at", String(30), nullable=False),
)
"""Every incarnation that ever greeted; those that are not current are retired for good."""

rights_losses = Table(
    "rights_losses",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("written_off", BigNumber, nullable=False),
    Column("goodwill", BigNumber, nullable=False),
)
"""One row: what the merchant bears for gateways that are gone. The cap is a setting."""

rights_actions = Table(
    "rights_actions",
    metadata,
    Column("action_id", BigNumber, primary_key=True),
    Column("action", String(20), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("gateway_id", String(63)),
    Column("member_id", String(40)),
    Column("points", BigNumber, nullable=False),
    Column("at", String(30), nullable=False),
    Index(None, "gateway_id"),
    Index(None, "member_id"),
)
"""What an operator did about rights, and why. Never changed."""
