"""People and programme: whole programme files, members with their records, coupons, standings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from loyalty.codes import referral_code

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MEMBER_TEXTS = (("joined_on", 10), ("birthday", 5), ("contact", 8_192), ("contact_hint", 80), ("home_gateway", 63),
                 ("pin", 8_192), ("pin_hlc", 30), ("details_hlc", 30))  # fmt: skip
_MEMBER_OPTIONS = (("phone_index", 32), ("phone_end_index", 32), ("referral_code", 20), ("referred_by", 40),
                   ("duplicate_of", 40), ("blocked_at", 30))  # fmt: skip
_MEMBER_INDEXES = ("phone_index", "phone_end_index", "birthday", "referred_by")


def upgrade() -> None:
    """Add what members, coupons and whole programmes need."""
    _programme()
    _members()
    _records()
    _coupons()
    _standings()


def _programme() -> None:
    """The whole file beside the rate."""
    with op.batch_alter_table("programmes") as table:
        table.add_column(_text("document", None))
        table.add_column(_text("set_by", 80))


def _members() -> None:
    """Who people are beyond a name; those who are there already joined on the day they were added."""
    with op.batch_alter_table("members") as table:
        for name, length in _MEMBER_TEXTS:
            table.add_column(_text(name, length))
        for name, length in _MEMBER_OPTIONS:
            table.add_column(sa.Column(name, sa.String(length=length), nullable=True))
    with op.batch_alter_table("media") as table:
        table.add_column(sa.Column("public_key", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("blocked_from", sa.String(length=40), nullable=True))
        table.add_column(_text("blocked_reason", 200))
    op.execute("UPDATE members SET joined_on = substr(created_at, 1, 10)")
    _give_codes()
    for name in _MEMBER_INDEXES:
        op.create_index(op.f(f"ix_members_{name}"), "members", [name], unique=False)
    op.create_index(op.f("ix_members_referral_code"), "members", ["referral_code"], unique=True)


def _give_codes() -> None:
    connection = op.get_bind()
    members = sa.table("members", sa.column("member_id"), sa.column("referral_code"))
    codes: dict[str, str] = {}
    for member_id in connection.scalars(sa.select(members.c.member_id).order_by(members.c.member_id)):
        codes.setdefault(referral_code(member_id), member_id)
    for code, member_id in codes.items():
        connection.execute(members.update().where(members.c.member_id == member_id).values(referral_code=code))


def _records() -> None:
    """What was agreed, answered, done and disputed."""
    op.create_table(
        "consents",
        sa.Column("consent_id", _NUMBER, nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=63), nullable=False),
        _text("actor", 80),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_consents_member_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
        sa.UniqueConstraint("source", "purpose", name=op.f("uq_consents_source_purpose")),
    )
    op.create_index(op.f("ix_consents_member_id_consent_id"), "consents", ["member_id", "consent_id"], unique=False)
    op.create_table(
        "survey_answers",
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("survey", sa.String(length=60), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.member_id"], name=op.f("fk_survey_answers_member_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_survey_answers")),
    )
    op.create_index(op.f("ix_survey_answers_survey_member_id"), "survey_answers", ["survey", "member_id"], unique=False)
    _acts()


def _acts() -> None:
    op.create_table(
        "staff_acts",
        sa.Column("act_id", _NUMBER, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=63), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=True),
        _text("subject", 80),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_staff_acts")),
        sa.UniqueConstraint("source", name=op.f("uq_staff_acts_source")),
    )
    op.create_index(op.f("ix_staff_acts_member_id_act_id"), "staff_acts", ["member_id", "act_id"], unique=False)
    op.create_table(
        "member_disputes",
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_member_disputes")),
    )
    op.create_index(op.f("ix_member_disputes_member_id"), "member_disputes", ["member_id"], unique=False)


def _coupons() -> None:
    """Coupons as instances, and their budgets."""
    op.create_table(
        "coupon_budgets",
        sa.Column("coupon", sa.String(length=60), nullable=False),
        sa.Column("issued", _NUMBER, nullable=False),
        sa.Column("liability_minor", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("coupon", name=op.f("pk_coupon_budgets")),
    )
    op.create_table(
        "coupon_instances",
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("coupon", sa.String(length=60), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("issue_key", sa.String(length=160), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("issued_by", sa.String(length=80), nullable=False),
        sa.Column("issued_at", sa.String(length=30), nullable=False),
        sa.Column("worth_minor", _NUMBER, nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("used_at", sa.String(length=30), nullable=True),
        _text("used_gateway", 63),
        _text("used_sale", 80),
        sa.Column("withdrawn_at", sa.String(length=30), nullable=True),
        sa.Column("version", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_coupon_instances")),
        sa.UniqueConstraint("issue_key", name=op.f("uq_coupon_instances_issue_key")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_instances_code")),
    )
    op.create_index(op.f("ix_coupon_instances_version"), "coupon_instances", ["version"], unique=True)
    op.create_index(op.f("ix_coupon_instances_member_id"), "coupon_instances", ["member_id"], unique=False)
    op.create_index(
        op.f("ix_coupon_instances_coupon_issued_at"), "coupon_instances", ["coupon", "issued_at"], unique=False
    )


def _standings() -> None:
    """Tiers, and referrals that were paid."""
    op.create_table(
        "member_standings",
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("purchases", _NUMBER, nullable=False),
        sa.Column("qualifying", _NUMBER, nullable=False),
        _text("tier", 60),
        _text("tier_since", 10),
        _text("tier_ends", 10),
        _text("member_type", 60),
        sa.Column("seen_on", sa.String(length=10), nullable=False),
        sa.Column("next_day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_standings")),
    )
    op.create_index(op.f("ix_member_standings_next_day"), "member_standings", ["next_day"], unique=False)
    op.create_table(
        "referral_payouts",
        sa.Column("referred", sa.String(length=40), nullable=False),
        sa.Column("referrer", sa.String(length=40), nullable=False),
        sa.Column("gateway_id", sa.String(length=63), nullable=False),
        sa.Column("sale", sa.String(length=80), nullable=False),
        sa.Column("paid_on", sa.String(length=10), nullable=False),
        sa.Column("minimum_minor", _NUMBER, nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("reversed_at", sa.String(length=30), nullable=True),
        sa.PrimaryKeyConstraint("referred", name=op.f("pk_referral_payouts")),
    )
    op.create_index(
        op.f("ix_referral_payouts_referrer_paid_on"), "referral_payouts", ["referrer", "paid_on"], unique=False
    )


def _text(name: str, length: int | None) -> sa.Column[str]:
    """Text that is empty where nothing is known."""
    kind = sa.Text() if length is None else sa.String(length=length)
    return sa.Column(name, kind, server_default="", nullable=False)


def downgrade() -> None:
    """Drop it again, children first."""
    for name in ("referral_payouts", "member_standings", "coupon_instances", "coupon_budgets", "member_disputes",
                 "staff_acts", "survey_answers", "consents"):  # fmt: skip
        op.drop_table(name)
    for name in (*_MEMBER_INDEXES, "referral_code"):
        op.drop_index(op.f(f"ix_members_{name}"), "members")
    with op.batch_alter_table("media") as table:
        for name in ("blocked_reason", "blocked_from", "public_key"):
            table.drop_column(name)
    with op.batch_alter_table("members") as table:
        for name, _ in (*_MEMBER_OPTIONS, *_MEMBER_TEXTS):
            table.drop_column(name)
    with op.batch_alter_table("programmes") as table:
        table.drop_column("set_by")
        table.drop_column("document")
