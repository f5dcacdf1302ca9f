"""Rights and points: accounts, leases, lots, sale books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of rights and of points."""
    _accounts()
    _standings()
    _lots()
    _sales()


def _accounts() -> None:
    """Where every point is."""
    op.create_table(
        "rights_accounts",
        sa.Column("account_id", _NUMBER, nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=80), nullable=False),
        sa.Column("home_gateway", sa.String(length=63), nullable=True),
        sa.Column("balance", _NUMBER, nullable=False),
        sa.Column("avail", _NUMBER, nullable=False),
        sa.CheckConstraint("avail >= 0", name=op.f("ck_rights_accounts_never_overspent")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_rights_accounts")),
        sa.UniqueConstraint("member_id", "currency", name=op.f("uq_rights_accounts_member_id_currency")),
    )
    op.create_index(op.f("ix_rights_accounts_home_gateway"), "rights_accounts", ["home_gateway"], unique=False)
    op.create_table(
        "rights_holdings",
        sa.Column("account_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=True),
        sa.Column("held", _NUMBER, nullable=False),
        sa.Column("granted", _NUMBER, nullable=False),
        sa.Column("recalled", _NUMBER, nullable=False),
        sa.Column("returned", _NUMBER, nullable=False),
        sa.Column("suspense", _NUMBER, nullable=False),
        sa.Column("written_off", _NUMBER, nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["rights_accounts.account_id"], name=op.f("fk_rights_holdings_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "gateway_id", name=op.f("pk_rights_holdings")),
    )
    op.create_index(
        op.f("ix_rights_holdings_gateway_id_version"), "rights_holdings", ["gateway_id", "version"], unique=False
    )
    op.create_table(
        "rights_movements",
        sa.Column("movement_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", _NUMBER, nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("points", _NUMBER, nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_rights_movements")),
    )
    op.create_index(op.f("ix_rights_movements_account_id"), "rights_movements", ["account_id"], unique=False)


def _standings() -> None:
    """How the cloud stands with each gateway, and what the merchant bears."""
    op.create_table(
        "rights_standings",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("current", sa.String(length=32), nullable=True),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_rights_standings")),
    )
    op.create_table(
        "rights_incarnations",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("greeted_at", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "incarnation", name=op.f("pk_rights_incarnations")),
    )
    op.create_table(
        "rights_losses",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written_off", _NUMBER, nullable=False),
        sa.Column("goodwill", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_losses")),
    )
    op.create_table(
        "rights_actions",
        sa.Column("action_id", _NUMBER, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=True),
        sa.Column("member_id", sa.String(length=40), nullable=True),
        sa.Column("points", _NUMBER, nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_rights_actions")),
    )
    op.create_index(op.f("ix_rights_actions_gateway_id"), "rights_actions", ["gateway_id"], unique=False)
    op.create_index(op.f("ix_rights_actions_member_id"), "rights_actions", ["member_id"], unique=False)


def _lots() -> None:
    """Points by age."""
    op.create_table(
        "points_accounts",
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("debt", _NUMBER, nullable=False),
        sa.Column("next_day", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_points_accounts")),
    )
    op.create_index(op.f("ix_points_accounts_next_day"), "points_accounts", ["next_day"], unique=False)
    op.create_table(
        "lots",
        sa.Column("lot_id", _NUMBER, nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("accrual", sa.String(length=80), nullable=False),
        sa.Column("points", _NUMBER, nullable=False),
        sa.Column("earned_on", sa.String(length=10), nullable=False),
        sa.Column("available_on", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=True),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("by_cloud", sa.Boolean(), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lots")),
    )
    op.create_index(op.f("ix_lots_member_id"), "lots", ["member_id"], unique=False)
    op.create_table(
        "redemptions",
        sa.Column("posting_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("sale", sa.String(length=80), nullable=True),
        sa.Column("points", _NUMBER, nullable=False),
        sa.Column("restored", _NUMBER, nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("posting_id", name=op.f("pk_redemptions")),
    )
    op.create_index(op.f("ix_redemptions_gateway_id_sale"), "redemptions", ["gateway_id", "sale"], unique=False)


def _sales() -> None:
    """What became of each sale."""
    op.create_table(
        "sale_books",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=True),
        sa.Column("total_minor", _NUMBER, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sold_at", sa.String(length=40), nullable=False),
        sa.Column("sold_on", sa.String(length=10), nullable=False),
        sa.Column("refunded_minor", _NUMBER, nullable=False),
        sa.Column("earned", _NUMBER, nullable=False),
        sa.Column("taken_back", _NUMBER, nullable=False),
        sa.Column("redeemed", _NUMBER, nullable=False),
        sa.Column("restored", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "sale", name=op.f("pk_sale_books")),
    )
    op.create_index(op.f("ix_sale_books_member_id"), "sale_books", ["member_id"], unique=False)
    op.create_table(
        "shared_sales",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=False),
        sa.Column("settlements", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "sale", name=op.f("pk_shared_sales")),
    )
    op.create_table(
        "sale_refunds",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=False),
        sa.Column("of_gateway", sa.String(length=63), nullable=False),
        sa.Column("of_sale", sa.String(length=80), nullable=False),
        sa.Column("refunded_minor", _NUMBER, nullable=False),
        sa.Column("refunded_on", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", "sale", name=op.f("pk_sale_refunds")),
    )
    op.create_index(op.f("ix_sale_refunds_of_gateway_of_sale"), "sale_refunds", ["of_gateway", "of_sale"], unique=False)
    op.create_table(
        "undo_requests",
        sa.Column("redemption", sa.String(length=32), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("points", _NUMBER, nullable=False),
        sa.Column("compensated", _NUMBER, nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("redemption", name=op.f("pk_undo_requests")),
    )
    op.create_index(
        op.f("ix_undo_requests_gateway_id_version"), "undo_requests", ["gateway_id", "version"], unique=False
    )


def downgrade() -> None:
    """Drop them, children first."""
    for table in (
        "undo_requests",
        "sale_refunds",
        "shared_sales",
        "sale_books",
        "redemptions",
        "lots",
        "points_accounts",
        "rights_actions",
        "rights_losses",
        "rights_incarnations",
        "rights_standings",
        "rights_movements",
        "rights_holdings",
        "rights_accounts",
    ):
        op.drop_table(table)
