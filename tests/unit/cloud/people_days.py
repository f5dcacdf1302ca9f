"""What a store says about people, as the cloud hears it."""

from __future__ import annotations

from collections.abc import Mapping

from cloud_bridge.contract import (
    ConsentV1,
    MediumBlockedV1,
    MediumLinkedV1,
    MemberChangedV1,
    MemberRegisteredV1,
    PinChangedV1,
)
from cloud_bridge.envelope import Sealed
from cloud_bridge.personal import PersonalSeal
from tests.unit.cloud.conftest import MEDIUM_KEY
from tests.unit.cloud.store_days import StoreDay

CAUSE = "a" * 32 + "/ledger/1"
ANNA: Mapping[str, str] = {"name": "安娜 Anna", "phone": "+86 138 0013 8000", "birthday": "02-29"}
SEAL = PersonalSeal(MEDIUM_KEY)


def register(
    day: StoreDay,
    member: str,
    details: Mapping[str, str] = ANNA,
    *,
    referrer: str = "",
    marketing: bool | None = None,
    joined_on: str = "2026-05-01",
) -> Sealed:
    """Somebody joined in the store."""
    consents = () if marketing is None else (consent("marketing", granted=marketing),)
    return day.write(
        MemberRegisteredV1(
            cause=CAUSE,
            member=member,
            personal=SEAL.seal(member, details),
            language="zh-CN",
            joined_on=joined_on,
            referrer=referrer,
            consents=consents,
        )
    )


def change(day: StoreDay, member: str, details: Mapping[str, str], *consents: ConsentV1) -> Sealed:
    """A member changed their details."""
    personal = SEAL.seal(member, details) if details else None
    return day.write(MemberChangedV1(cause=CAUSE, member=member, personal=personal, consents=consents))


def link(day: StoreDay, member: str, medium: str, *, technology: str = "card", public_key: str | None = None) -> Sealed:
    """A medium became a member's."""
    return day.write(
        MediumLinkedV1(cause=CAUSE, medium=medium, member=member, technology=technology, public_key=public_key)
    )


def block(day: StoreDay, member: str, medium: str, reason: str = "lost") -> Sealed:
    """A medium was lost."""
    return day.write(MediumBlockedV1(cause=CAUSE, medium=medium, member=member, reason=reason))


def pin(day: StoreDay, member: str, verifier: str = "scrypt$a$b") -> Sealed:
    """A member chose a PIN."""
    return day.write(
        PinChangedV1(cause=CAUSE, member=member, sealed=SEAL.seal(member, {"verifier": verifier}) if verifier else "")
    )


def consent(purpose: str, *, granted: bool) -> ConsentV1:
    """A yes or no."""
    return ConsentV1(purpose=purpose, granted=granted, text_version="2026-01")
