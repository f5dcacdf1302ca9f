"""The codes a member's phone shows: one that changes every few seconds, and one that links the phone.

==========  ======================================================================================
``RGE1.``   32-byte Ed25519 public key ‖ 8-byte big-endian seconds since 1970 ‖ 64-byte signature
``RG1.``    16-byte key id (SHA-256 of the public key, cut) ‖ 8-byte seconds ‖ 64-byte signature
==========  ======================================================================================

After the prefix comes base64url without padding. The signature (RFC 8032) covers a context string and all that
stands before it, so that neither code can be taken for the other. Nothing here knows a clock: whether a code is
fresh, and whether it was shown before, is decided where the time is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CODE_PREFIX = "RG1."
LINK_PREFIX = "RGE1."
KEY_ID_BYTES = 16
KEY_BYTES = 32
SECONDS_MAX = 2**53

_SECONDS_BYTES = 8
_SIGNATURE_BYTES = 64
_CODE_CONTEXT = b"regulars-phone-v1"
_LINK_CONTEXT = b"regulars-phone-link-v1"


@dataclass(frozen=True, slots=True)
class PhoneCode:
    """A phone shows who it is: the key's id, when it was made (seconds since 1970), and the proof."""

    key_id: bytes
    at_s: int
    signature: bytes = field(repr=False)

    def is_signed_by(self, public_key: bytes) -> bool:
        """Whether the holder of the key made it."""
        signed = _CODE_CONTEXT + self.key_id + _seconds(self.at_s)
        return key_id_of(public_key) == self.key_id and _verifies(public_key, self.signature, signed)


@dataclass(frozen=True, slots=True)
class PhoneLink:
    """A phone asks to be linked: its public key, when it asked, and the proof that it holds the private one."""

    public_key: bytes
    at_s: int
    signature: bytes = field(repr=False)

    @property
    def key_id(self) -> bytes:
        """The id under which its codes will come."""
        return key_id_of(self.public_key)

    def is_signed(self) -> bool:
        """Whether the phone holds the private key."""
        return _verifies(self.public_key, self.signature, _LINK_CONTEXT + self.public_key + _seconds(self.at_s))


def phone_code(text: str) -> PhoneCode | PhoneLink | None:
    """What a phone's code says; ``None`` for any other code, a phone's code with a wrong length included."""
    for prefix, head_bytes in ((LINK_PREFIX, KEY_BYTES), (CODE_PREFIX, KEY_ID_BYTES)):
        if not text.startswith(prefix):
            continue
        raw = _raw(text.removeprefix(prefix), head_bytes + _SECONDS_BYTES + _SIGNATURE_BYTES)
        if raw is None:
            return None
        head, seconds, signature = raw[:head_bytes], raw[head_bytes:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        at_s = int.from_bytes(seconds, "big")
        if at_s > SECONDS_MAX:
            return None
        return (PhoneLink if prefix == LINK_PREFIX else PhoneCode)(head, at_s, signature)
    return None


def key_id_of(public_key: bytes) -> bytes:
    """The short name of a key."""
    return hashlib.sha256(public_key).digest()[:KEY_ID_BYTES]


class PhoneKey:
    """The phone's side: holds a private key and shows codes. ``repr`` shows the key id alone."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw()

    @classmethod
    def draw(cls) -> PhoneKey:
        """A new key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, raw: bytes) -> PhoneKey:
        """A kept key: 32 bytes. Raises ``ValueError`` for any other length."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    def __repr__(self) -> str:
        return f"<PhoneKey {key_id_of(self.public_key).hex()[:8]}…>"

    def to_bytes(self) -> bytes:
        """The private key itself: 32 bytes that belong in a file nobody else can read."""
        return self._private.private_bytes_raw()

    def code(self, at_s: int) -> str:
        """The code to show at ``at_s`` (seconds since 1970)."""
        said = key_id_of(self.public_key) + _seconds(at_s)
        return CODE_PREFIX + _text(said + self._private.sign(_CODE_CONTEXT + said))

    def link(self, at_s: int) -> str:
        """The code that asks for the link."""
        said = self.public_key + _seconds(at_s)
        return LINK_PREFIX + _text(said + self._private.sign(_LINK_CONTEXT + said))


def _verifies(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    # Imported with the first phone: it brings 6 MB along that a gateway without phones can do without.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _seconds(at_s: int) -> bytes:
    return at_s.to_bytes(_SECONDS_BYTES, "big")


def _raw(text: str, length: int) -> bytes | None:
    """The bytes of base64url text, if it is written the one way in which it can be."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length and _text(raw) == text else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
