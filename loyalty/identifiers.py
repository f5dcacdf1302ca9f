"""Names of things in the domain. Every identifier is opaque text; none carries personal data."""

from __future__ import annotations

import hashlib
import hmac
from typing import NewType

MemberId = NewType("MemberId", str)
"""A member; random, given by the cloud, the only member key in any ledger row."""

MediumId = NewType("MediumId", str)
"""Something a member shows (card, QR code): a keyed hash, never the number printed on it."""

SaleId = NewType("SaleId", str)
"""A receipt number, unique within one store."""

StoreId = NewType("StoreId", str)
GatewayId = NewType("GatewayId", str)
PostingId = NewType("PostingId", str)
EventId = NewType("EventId", str)
"""``incarnation/lane/sequence``: one journal row, anywhere."""

_MEDIUM_ID_BYTES = 16
_POSTING_ID_BYTES = 16


def medium_id(technology: str, number: bytes, *, key: bytes) -> MediumId:
    """Hash what a medium shows into its identifier.

    ``technology`` separates name spaces (``card``, ``code``), so that a QR code holding the digits
    of a card number is not that card. ``key`` is the tenant's medium key (32 bytes): without it a
    stolen table cannot be turned back into card numbers by trying them all.
    """
    if not number:
        raise ValueError("a medium without a number cannot be identified")
    message = technology.encode() + b"\x00" + number
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return MediumId(digest[:_MEDIUM_ID_BYTES].hex())


def posting_id(*parts: str) -> PostingId:
    """Derive a posting's identifier from what it is for, so that deciding twice posts once.

    The parts name the business fact (store, sale, rule …), never a message or an attempt. They are
    length-prefixed before hashing: ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return PostingId(digest.digest()[:_POSTING_ID_BYTES].hex())
