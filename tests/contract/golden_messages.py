"""One full example of everything the two ends tell each other beside events, as this version writes it."""

from __future__ import annotations

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.receipts import (
    Ack,
    Applied,
    Head,
    Hello,
    LaneFigures,
    Message,
    Nack,
    Presence,
    Quarantined,
    RightsStanding,
)
from cloud_bridge.replica import (
    Expiring,
    ReplicaCoupon,
    ReplicaMedium,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaStep,
    ReplicaUndo,
)
from cloud_bridge.topics import Lane
from devices.ntag424.keys import CardKeys
from tests.contract.golden_events import INCARNATION, MEMBER, NONCE, SECRET, details

_CARD = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

SPOKEN: dict[str, type[Message]] = {
    "ack": Ack,
    "applied": Applied,
    "hello": Hello,
    "nack": Nack,
    "presence": Presence,
    "quarantine": Quarantined,
    "replica": ReplicaStep,
    "rights": RightsStanding,
}
"""By the last part of their topic. ``.first`` behind it marks a file that an earlier version wrote."""

_BOOT = "b0" * 16
_HEAD = Head(sequence=7, hash="ab" * 32)


def messages() -> dict[str, Message]:
    """Every example by the name of its file."""
    figures = LaneFigures(
        recorded=9, acked=6, queued=2, dropped=1, dropped_by_reason={"disk_full": 1}, oldest_unsent_age_s=12
    )
    return {
        "ack": Ack(incarnation=INCARNATION, lanes={Lane.LEDGER: _HEAD}),
        "applied": Applied(epoch="life-1", version=12),
        "hello": Hello(
            incarnation=INCARNATION,
            replica_epoch="life-1",
            replica_version=12,
            lanes={Lane.TELEMETRY: figures},
            heads={Lane.LEDGER: _HEAD},
            software="1.0.0",
            boot=_BOOT,
            devices={"front-reader": "online"},
        ),
        "nack": Nack(incarnation=INCARNATION, lane=Lane.LEDGER, first=8, last=11),
        "presence": Presence(online=True),
        "quarantine": Quarantined(incarnation=INCARNATION, lane=Lane.LEDGER, sequence=8, reason="conflict"),
        "replica": _step(),
        "rights": RightsStanding(incarnation=INCARNATION, standing="welcome", is_first=True, boot=_BOOT),
    }


def _step() -> ReplicaStep:
    member = ReplicaMember(
        member=MEMBER,
        name="林 Lin",
        language="zh-CN",
        balance=480,
        version=7,
        joined_on="2025-06-30",
        birthday="02-29",
        tier="gold",
        tier_ends="2026-12-31",
        qualifying=125_000,
        purchases=11,
        pending=30,
        owed=5,
        expiring=(Expiring(last_day="2026-03-31", points=80),),
        referral_code="K7M2QX4P",
        was_referred=True,
        contact="+86138****5678",
        consents={"marketing": True},
        pin=details(verifier="scrypt$c2FsdA==$a2V5"),
    )
    programme = ReplicaProgramme(
        name="Harbour",
        currency="CNY",
        points=1,
        per_minor=100,
        minimum_minor=0,
        version=8,
        terms={"programme": {"name": "Harbour", "currency": "CNY"}},
    )
    return ReplicaStep(
        epoch="life-1",
        from_version=6,
        to_version=12,
        latest_version=12,
        as_of="2026-01-01T00:00:00.000Z",
        incarnation=INCARNATION,
        included={Lane.LEDGER: _HEAD},
        programme=programme,
        members=(member,),
        media=(
            ReplicaMedium(
                medium="00112233445566778899aabbccddeeff",
                member=MEMBER,
                version=9,
                public_key="3c" * 32,
                card_keys=None,
            ),
            ReplicaMedium(medium=_CARD, member=MEMBER, version=9, public_key=None, card_keys=_card_keys()),
        ),
        rights=(
            ReplicaRight(
                member=MEMBER, currency="points", incarnation=INCARNATION, granted=240, recalled=40, version=10
            ),
        ),
        coupons=(
            ReplicaCoupon(
                instance="2d" * 16,
                coupon="free-coffee",
                member=MEMBER,
                code="ffeeddccbbaa99887766554433221100",
                last_day="2026-12-31",
                used=True,
                version=11,
            ),
        ),
        undone=(ReplicaUndo(redemption="1e" * 16, member=MEMBER, points=60, version=12),),
        removed=("m-9",),
    )


def _card_keys() -> str:
    """Keys of a card, sealed for the golden gateway with the same nonce as ever."""
    keys = CardKeys(message=bytes(range(16)), proof=bytes(range(16, 32)))
    return CardKeySeal(SECRET, nonce=lambda _: NONCE).seal(_CARD, keys)
