"""Shop floors: what each shelf holds, alerts, discrepancies, and cards that did not prove themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("shelf_stock", "articles", "floor_alerts", "stock_discrepancies", "refused_cards")


def upgrade() -> None:
    """Create the tables."""
    _stock()
    _articles()
    _alerts()
    _discrepancies()
    _cards()


def downgrade() -> None:
    """Drop them again."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _stock() -> None:
    op.create_table(
        "shelf_stock",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("units", _NUMBER, nullable=False),
        sa.Column("capacity", _NUMBER, nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("hlc", sa.String(length=40), nullable=False),
        sa.Column("told_at", sa.String(length=40), nullable=False),
        _of_gateway("shelf_stock"),
        sa.PrimaryKeyConstraint("gateway_id", "slot", name=op.f("pk_shelf_stock")),
    )
    op.create_index(op.f("ix_shelf_stock_sku"), "shelf_stock", ["sku"])


def _articles() -> None:
    op.create_table(
        "articles",
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_articles")),
    )


def _alerts() -> None:
    op.create_table(
        "floor_alerts",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("severity", sa.String(length=80), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("units", _NUMBER),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("until", sa.String(length=40)),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("hlc", sa.String(length=40), nullable=False),
        sa.Column("raised_at", sa.String(length=40), nullable=False),
        sa.Column("changed_at", sa.String(length=40), nullable=False),
        _of_gateway("floor_alerts"),
        sa.PrimaryKeyConstraint("gateway_id", "alert_id", name=op.f("pk_floor_alerts")),
    )
    op.create_index(op.f("ix_floor_alerts_state_gateway_id"), "floor_alerts", ["state", "gateway_id"])
    op.create_index(op.f("ix_floor_alerts_gateway_id_kind_subject"), "floor_alerts", ["gateway_id", "kind", "subject"])


def _discrepancies() -> None:
    op.create_table(
        "stock_discrepancies",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("discrepancy", sa.String(length=32), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("units", _NUMBER, nullable=False),
        sa.Column("slot", sa.String(length=80)),
        sa.Column("told_at", sa.String(length=40), nullable=False),
        _of_gateway("stock_discrepancies"),
        sa.PrimaryKeyConstraint("gateway_id", "discrepancy", name=op.f("pk_stock_discrepancies")),
    )
    op.create_index(op.f("ix_stock_discrepancies_told_at"), "stock_discrepancies", ["told_at"])


def _cards() -> None:
    op.create_table(
        "refused_cards",
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("reader", sa.String(length=80), nullable=False),
        sa.Column("medium", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("counter", _NUMBER),
        sa.Column("seen", _NUMBER),
        sa.Column("told_at", sa.String(length=40), nullable=False),
        _of_gateway("refused_cards"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_refused_cards")),
    )
    op.create_index(op.f("ix_refused_cards_gateway_id_told_at"), "refused_cards", ["gateway_id", "told_at"])
    op.create_index(op.f("ix_refused_cards_medium"), "refused_cards", ["medium"])


def _of_gateway(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["gateway_id"], ["gateways.gateway_id"], name=op.f(f"fk_{table}_gateway_id_gateways")
    )
