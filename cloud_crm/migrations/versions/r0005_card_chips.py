"""Cards that prove themselves: the sealed number that their keys are derived from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("media", sa.Column("chip", sa.String(length=400), nullable=True))


def downgrade() -> None:
    """Drop it again."""
    op.drop_column("media", "chip")
