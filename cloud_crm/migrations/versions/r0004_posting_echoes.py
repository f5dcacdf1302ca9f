"""Postings that more than one gateway told, so that each gateway's ledger can be compared with the cloud's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "posting_echoes",
        sa.Column("posting_id", sa.String(length=32), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("posting_id", "gateway_id", name=op.f("pk_posting_echoes")),
    )
    op.create_index(op.f("ix_posting_echoes_gateway_id"), "posting_echoes", ["gateway_id"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("posting_echoes")
