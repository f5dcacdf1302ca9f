"""The first shape: gateways and their streams, events, ledger, members, media, programmes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _registry()
    _people()
    _ledger()
    _landed()


def _registry() -> None:
    """Who the stores are, and what holds for all of them."""
    op.create_table(
        "gateways",
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("store_name", sa.String(length=80), nullable=False),
        sa.Column("presence", sa.String(length=10), server_default="unknown", nullable=False),
        sa.Column("presence_at", sa.String(length=30), nullable=True),
        sa.Column("heard_at", sa.String(length=30), nullable=True),
        sa.Column("incarnation", sa.String(length=32), nullable=True),
        sa.Column("hello", sa.Text(), nullable=True),
        sa.Column("replica_epoch", sa.String(length=40), server_default="", nullable=False),
        sa.Column("replica_sent", _NUMBER, server_default="0", nullable=False),
        sa.Column("replica_applied", _NUMBER, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateways")),
    )
    op.create_table(
        "programmes",
        sa.Column("version", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per_minor", sa.Integer(), nullable=False),
        sa.Column("minimum_minor", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("since", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_programmes")),
    )
    op.create_table(
        "replica_life",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=40), nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replica_life")),
    )


def _people() -> None:
    """Members and what they show."""
    op.create_table(
        "members",
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.String(length=30), nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_members")),
    )
    op.create_index(op.f("ix_members_version"), "members", ["version"], unique=True)
    op.create_table(
        "media",
        sa.Column("medium_id", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=True),
        sa.Column("technology", sa.String(length=10), nullable=False),
        sa.Column("linked_at", sa.String(length=30), nullable=False),
        sa.Column("version", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_media_member_id")),
        sa.PrimaryKeyConstraint("medium_id", name=op.f("pk_media")),
    )
    op.create_index(op.f("ix_media_member_id"), "media", ["member_id"], unique=False)
    op.create_index(op.f("ix_media_version"), "media", ["version"], unique=True)


def _ledger() -> None:
    """Points."""
    op.create_table(
        "postings",
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("posting_id", sa.String(length=32), nullable=False),
        sa.Column("debit", sa.String(length=80), nullable=False),
        sa.Column("credit", sa.String(length=80), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=True),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("posted_at", sa.String(length=40), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_postings_moves_points")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_postings")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_postings_posting_id")),
    )
    op.create_index(op.f("ix_postings_credit"), "postings", ["credit"], unique=False)
    op.create_index(op.f("ix_postings_debit"), "postings", ["debit"], unique=False)
    op.create_index(op.f("ix_postings_gateway_id_position"), "postings", ["gateway_id", "position"], unique=False)
    op.create_table(
        "posting_conflicts",
        sa.Column("conflict_id", _NUMBER, nullable=False),
        sa.Column("posting_id", sa.String(length=32), nullable=False),
        sa.Column("debit", sa.String(length=80), nullable=False),
        sa.Column("credit", sa.String(length=80), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("conflict_id", name=op.f("pk_posting_conflicts")),
    )
    op.create_index(op.f("ix_posting_conflicts_gateway_id"), "posting_conflicts", ["gateway_id"], unique=False)


def _landed() -> None:
    """What the stores delivered."""
    op.create_table(
        "streams",
        sa.Column("stream_id", _NUMBER, nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("high", _NUMBER, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("received", _NUMBER, nullable=False),
        sa.Column("duplicates", _NUMBER, nullable=False),
        sa.Column("lost", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateways.gateway_id"], name=op.f("fk_streams_gateway_id")),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_streams")),
        sa.UniqueConstraint("gateway_id", "incarnation", "lane", name=op.f("uq_streams_gateway_id_incarnation_lane")),
    )
    op.create_table(
        "events",
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("stream_id", _NUMBER, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.stream_id"], name=op.f("fk_events_stream_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_stream_id_sequence"), "events", ["stream_id", "sequence"], unique=True)
    op.create_table(
        "gaps",
        sa.Column("gap_id", _NUMBER, nullable=False),
        sa.Column("stream_id", _NUMBER, nullable=False),
        sa.Column("first", _NUMBER, nullable=False),
        sa.Column("last", _NUMBER, nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.stream_id"], name=op.f("fk_gaps_stream_id")),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_gaps")),
        sa.UniqueConstraint("stream_id", "first", name=op.f("uq_gaps_stream_id_first")),
    )
    op.create_table(
        "quarantines",
        sa.Column("quarantine_id", _NUMBER, nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("incarnation", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=10), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.String(length=30), nullable=False),
        sa.Column("released_at", sa.String(length=30), nullable=True),
        sa.Column("released_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateways.gateway_id"], name=op.f("fk_quarantines_gateway_id")),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantines")),
    )
    op.create_index(
        op.f("ix_quarantines_gateway_id_released_at"), "quarantines", ["gateway_id", "released_at"], unique=False
    )


def downgrade() -> None:
    """Drop every table, children first."""
    for table in (
        "quarantines",
        "gaps",
        "events",
        "streams",
        "posting_conflicts",
        "postings",
        "media",
        "members",
        "replica_life",
        "programmes",
        "gateways",
    ):
        op.drop_table(table)
