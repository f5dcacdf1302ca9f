"""Personal data on the wire and in the journal: sealed, so that a ledger row carries nothing but a random member id.

AES-256-GCM (NIST SP 800-38D) under a key of the member's own, derived with HKDF-SHA256 (RFC 5869) from the tenant's
key; the member id is the associated data, so that nobody can move one member's details to another. Sealed text is
base64url: 12 bytes of nonce, then ciphertext and tag.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32
PLAIN_BYTES_MAX = 4_096


class SealError(Exception):
    """Sealed text that this tenant did not seal for this member, or details too long to seal."""


class PersonalSeal:
    """Seals and opens details of members. ``key`` is the tenant's medium key (32 bytes or more)."""

    def __init__(self, key: bytes, *, nonce: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._key = key
        self._nonce = nonce

    def seal(self, member: str, details: Mapping[str, str]) -> str:
        """Seal details under the member's key. Raises :class:`SealError` beyond :data:`PLAIN_BYTES_MAX`."""
        plain = orjson.dumps(dict(details), option=orjson.OPT_SORT_KEYS)
        if len(plain) > PLAIN_BYTES_MAX:
            raise SealError(f"details of {len(plain)} bytes: at most {PLAIN_BYTES_MAX} can be sealed")
        nonce = self._nonce(_NONCE_BYTES)
        return base64.urlsafe_b64encode(nonce + self._cipher(member).encrypt(nonce, plain, member.encode())).decode()

    def open(self, member: str, sealed: str) -> dict[str, str]:
        """The details. Raises :class:`SealError` for what was not sealed here for this member."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
            plain = self._cipher(member).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], member.encode())
            details = orjson.loads(plain)
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SealError("the sealed details cannot be opened: another tenant's key, or another member's") from error
        if not isinstance(details, dict) or not all(isinstance(value, str) for value in details.values()):
            raise SealError("the sealed details are not a table of texts")
        return details

    def _cipher(self, member: str) -> AESGCM:
        # Imported with the first details: it brings 6 MB along that a gateway's start can do without.
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        derivation = HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"regulars personal " + member.encode())
        return AESGCM(derivation.derive(self._key))
