"""People and programme: whole programme files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what members, coupons and whole programmes need."""
    _programme()


def _programme() -> None:
    """The whole file beside the rate."""
    with op.batch_alter_table("programmes") as table:
        table.add_column(sa.Column("document", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("set_by", sa.String(length=80), server_default="", nullable=False))


def downgrade() -> None:
    """Drop it again."""
    with op.batch_alter_table("programmes") as table:
        table.drop_column("set_by")
        table.drop_column("document")
