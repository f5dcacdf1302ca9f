"""Rows of members, of the media they show, and of what was agreed, done and disputed about them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from cloud_crm.database import BigNumber, metadata

_SEALED_CHARS_MAX = 8_192
_CHIP_CHARS_MAX = 400

members = Table(
    "members",
    metadata,
    Column("member_id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("language", String(10), nullable=False),
    Column("created_at", String(30), nullable=False),
    Column("version", BigNumber, nullable=False),
    Column("joined_on", String(10), nullable=False, server_default=""),
    Column("birthday", String(5), nullable=False, server_default=""),
    Column("contact", String(_SEALED_CHARS_MAX), nullable=False, server_default=""),
    Column("contact_hint", String(80), nullable=False, server_default=""),
    Column("phone_index", String(32)),
    Column("phone_end_index", String(32)),
    Column("referral_code", String(20)),
    Column("referred_by", String(40)),
    Column("home_gateway", String(63), nullable=False, server_default=""),
    Column("pin", String(_SEALED_CHARS_MAX), nullable=False, server_default=""),
    Column("pin_hlc", String(30), nullable=False, server_default=""),
    Column("details_hlc", String(30), nullable=False, server_default=""),
    Column("duplicate_of", String(40)),
    Column("blocked_at", String(30)),
    Index(None, "version", unique=True),
    Index(None, "referral_code", unique=True),
    Index(None, "phone_index"),
    Index(None, "phone_end_index"),
    Index(None, "birthday"),
    Index(None, "referred_by"),
)
"""``version`` is the replica version of the last change of the member or of what a store is told of them.

``contact`` (phone, e-mail) is sealed under a key of the member's own; ``phone_index`` and ``phone_end_index`` are keyed
hashes of the number and of its last four digits, to find it by. ``pin`` is a verifier, sealed by the store that set it.
``details_hlc`` and ``pin_hlc`` are the stamps of the facts last applied: an older one that lands later changes nothing.
``duplicate_of`` names the member who gave the same phone number first. Blocked members are told to no store.
"""

media = Table(
    "media",
    metadata,
    Column("medium_id", String(32), primary_key=True),
    Column("member_id", String(40), ForeignKey("members.member_id")),
    Column("technology", String(10), nullable=False),
    Column("linked_at", String(30), nullable=False),
    Column("version", BigNumber, nullable=False),
    Column("public_key", String(64)),
    Column("blocked_from", String(40)),
    Column("blocked_reason", String(200), nullable=False, server_default=""),
    Column("chip", String(_CHIP_CHARS_MAX)),
    Index(None, "member_id"),
    Index(None, "version", unique=True),
)
"""``medium_id`` is a keyed hash; the number itself is never stored. Unlinked or blocked: ``member_id`` is null.

``chip`` is the sealed number of a card that can prove itself; its keys are derived from it and stored nowhere.
``blocked_from`` says whose it was when it was blocked; ``linked_at`` when the row last changed.
"""

consents = Table(
    "consents",
    metadata,
    Column("consent_id", BigNumber, primary_key=True),
    Column("member_id", String(40), ForeignKey("members.member_id"), nullable=False),
    Column("purpose", String(80), nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("text_version", String(80), nullable=False),
    Column("at", String(40), nullable=False),
    Column("place", String(63), nullable=False),
    Column("actor", String(80), nullable=False, server_default=""),
    Column("source", String(80), nullable=False),
    UniqueConstraint("source", "purpose"),
    Index(None, "member_id", "consent_id"),
)
"""Every yes and no, with its provenance; only ever added, the newest of a purpose counts.

``place`` is the gateway, or ``cloud``; ``actor`` is empty where the member said it themselves; ``source`` is the event.
"""

surveys = Table(
    "survey_answers",
    metadata,
    Column("event_id", String(80), primary_key=True),
    Column("member_id", String(40), ForeignKey("members.member_id"), nullable=False),
    Column("survey", String(60), nullable=False),
    Column("answers", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("gateway_id", String(63), nullable=False),
    Index(None, "survey", "member_id"),
)
"""``answers`` is a JSON list of keys and numbers."""

staff_acts = Table(
    "staff_acts",
    metadata,
    Column("act_id", BigNumber, primary_key=True),
    Column("source", String(80), nullable=False, unique=True),
    Column("at", String(40), nullable=False),
    Column("place", String(63), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("role", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("member_id", String(40)),
    Column("subject", String(80), nullable=False, server_default=""),
    Index(None, "member_id", "act_id"),
)
"""What people did to a member's points, cards and coupons, in stores and here, and why; only ever added."""

disputes = Table(
    "member_disputes",
    metadata,
    Column("event_id", String(80), primary_key=True),
    Column("gateway_id", String(63), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("member_id", String(40), nullable=False),
    Column("at", String(40), nullable=False),
    Index(None, "member_id"),
)
"""Facts about people that landed and could not be applied. The events themselves are kept; none is lost."""
