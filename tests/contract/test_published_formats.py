"""Formats that docs/wire-contract.md spells out, made once more from its words alone and held to one pinned file."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cloud_bridge.personal import PersonalSeal, SealError
from devices.code_scanners.phone_code import PhoneCode, PhoneKey, PhoneLink, phone_code
from edge_agent.decisions.people.redemptions import instance_of
from loyalty.codes import referral_code, voucher_code
from loyalty.identifiers import medium_id, posting_id
from tests.contract.golden_events import MEDIUM_KEY, MEMBER, NONCE

PINNED = Path(__file__).parent / "golden" / "formats" / "formats.json"
DETAILS = {"name": "林 Lin", "phone": "+8613800005678"}
PHONE_SECRET = bytes(range(32))
AT_S = 1_767_225_600
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def ours() -> dict[str, str]:
    """What this house makes."""
    phone = PhoneKey.from_bytes(PHONE_SECRET)
    code, link = phone_code(phone.code(AT_S)), phone_code(phone.link(AT_S))
    assert isinstance(code, PhoneCode)
    assert isinstance(link, PhoneLink)
    return {
        "medium of a card": medium_id("card", bytes.fromhex("04a1b2c3d4e5f6"), key=MEDIUM_KEY),
        "medium of a code": medium_id("code", b"SPRING-7K2M", key=MEDIUM_KEY),
        "medium of a phone": medium_id("phone", code.key_id, key=MEDIUM_KEY),
        "posting of a sale": posting_id("spend", "store-1", "536365"),
        "posting of a visit": posting_id("activity", "visit", MEMBER, "2026-01-01"),
        "coupon of a redemption": instance_of("1e" * 16),
        "voucher": voucher_code("1e" * 16),
        "referral code": referral_code(MEMBER),
        "sealed details": PersonalSeal(MEDIUM_KEY, nonce=lambda _: NONCE).seal(MEMBER, DETAILS),
        "phone code": phone.code(AT_S),
        "phone link": phone.link(AT_S),
    }


def theirs() -> dict[str, str]:
    """What somebody makes who has read the document and nothing else."""
    private = Ed25519PrivateKey.from_private_bytes(PHONE_SECRET)
    public, seconds = private.public_key().public_bytes_raw(), AT_S.to_bytes(8, "big")
    key_id = hashlib.sha256(public).digest()[:16]
    return {
        "medium of a card": _medium("card", bytes.fromhex("04a1b2c3d4e5f6")),
        "medium of a code": _medium("code", b"SPRING-7K2M"),
        "medium of a phone": _medium("phone", key_id),
        "posting of a sale": _derived("spend", "store-1", "536365"),
        "posting of a visit": _derived("activity", "visit", MEMBER, "2026-01-01"),
        "coupon of a redemption": _derived("coupon", "1e" * 16),
        "voucher": _readable("voucher:" + "1e" * 16, 6),
        "referral code": _readable("referral:" + MEMBER, 8),
        "sealed details": _sealed(json.dumps(DETAILS, sort_keys=True, separators=(",", ":"), ensure_ascii=False)),
        "phone code": "RG1."
        + _url64(key_id + seconds + private.sign(b"regulars-phone-v1" + key_id + seconds)).rstrip("="),
        "phone link": "RGE1."
        + _url64(public + seconds + private.sign(b"regulars-phone-link-v1" + public + seconds)).rstrip("="),
    }


def test_the_document_suffices_to_make_what_we_make() -> None:
    assert theirs() == ours()


def test_the_formats_are_those_that_are_pinned() -> None:
    assert ours() == _pinned()


def test_a_pinned_phone_code_is_read_and_proven() -> None:
    public = PhoneKey.from_bytes(PHONE_SECRET).public_key
    code, link = phone_code(_pinned()["phone code"]), phone_code(_pinned()["phone link"])
    assert isinstance(code, PhoneCode)
    assert isinstance(link, PhoneLink)
    assert code.is_signed_by(public)
    assert link.is_signed()
    assert (code.at_s, link.public_key, link.key_id) == (AT_S, public, code.key_id)


def test_pinned_details_open_for_their_member_alone() -> None:
    seal = PersonalSeal(MEDIUM_KEY)
    assert seal.open(MEMBER, _pinned()["sealed details"]) == DETAILS
    with pytest.raises(SealError):
        seal.open("m-8", _pinned()["sealed details"])


def _pinned() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PINNED.read_text())
    return found


def _medium(kind: str, number: bytes) -> str:
    return hmac.new(MEDIUM_KEY, kind.encode() + b"\x00" + number, hashlib.sha256).hexdigest()[:32]


def _derived(*parts: str) -> str:
    encoded = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.sha256(encoded).hexdigest()[:32]


def _readable(text: str, length: int) -> str:
    number, letters = int(hashlib.sha256(text.encode()).hexdigest(), 16), ""
    for _ in range(length):
        letters += ALPHABET[number % 32]
        number //= 32
    return letters


def _sealed(plain: str) -> str:
    key = HKDF(hashes.SHA256(), 32, salt=None, info=b"regulars personal " + MEMBER.encode()).derive(MEDIUM_KEY)
    return _url64(NONCE + AESGCM(key).encrypt(NONCE, plain.encode(), MEMBER.encode()))


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
