"""The keys of one card: derived from a master key that never leaves head office.

After NXP's AN10922, section 2.2 (AES-128): a card's key is the CMAC, under the master key, of ``01`` and the
diversification input. A card that is broken open gives away its own keys and nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from devices.ntag424.aes import KEY_BYTES, cmac

INPUT_BYTES_MIN = 16
"""Below that AN10922 pads otherwise than CMAC does; nothing here needs it."""
INPUT_BYTES_MAX = 31
UID_BYTES = 7

_AES_128 = b"\x01"
_SYSTEM = b"Regulars"
_EVERY_CARD = bytes(UID_BYTES)


class KeyNumber(IntEnum):
    """What each of the card's five keys is for. A store is given 1 and 2, and never the others."""

    MASTER = 0
    """Changes keys and settings. Head office's and the card printer's alone."""
    PROOF = 1
    """The card proves that it knows this one (AuthenticateEV2First)."""
    MESSAGE = 2
    """Signs the message that changes at each reading (SUN)."""
    META = 3
    """Hides the card's number in that message. One for all cards of a chain: it is needed before the card is known."""
    SPARE = 4


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What a store knows of a card: enough to be convinced by it, not enough to change it."""

    message: bytes = field(repr=False)
    proof: bytes | None = field(default=None, repr=False)
    """``None`` for a card that only writes messages."""


def diversify(master: bytes, unique: bytes) -> bytes:
    """AN10922's AES-128 key for ``unique``, 16 to 31 bytes that no other card has. Raises ``ValueError``."""
    if not INPUT_BYTES_MIN <= len(unique) <= INPUT_BYTES_MAX:
        raise ValueError(f"a diversification input has {INPUT_BYTES_MIN} to {INPUT_BYTES_MAX} bytes, not {len(unique)}")
    return cmac(master, _AES_128 + unique)


def card_key(master: bytes, uid: bytes, number: KeyNumber) -> bytes:
    """A card's key of that number; :attr:`KeyNumber.META` is the same for every card."""
    if len(uid) != UID_BYTES:
        raise ValueError(f"an NTAG 424 DNA has a UID of {UID_BYTES} bytes, not {len(uid)}")
    whose = _EVERY_CARD if number is KeyNumber.META else uid
    return diversify(master, whose + _SYSTEM + bytes([number]))


def store_keys(master: bytes, uid: bytes) -> CardKeys:
    """What a store is given of a card."""
    return CardKeys(message=card_key(master, uid, KeyNumber.MESSAGE), proof=card_key(master, uid, KeyNumber.PROOF))


def key_from_text(text: bytes) -> bytes:
    """The key in a key file: 32 hexadecimal digits. Raises ``ValueError``, which never shows what was there."""
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a card key is written as {2 * KEY_BYTES} hexadecimal digits")
    return key
