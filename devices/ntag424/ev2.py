"""AuthenticateEV2First: a card and a reader prove to each other that they know the same key. Bytes in, bytes out.

After NXP's NT4H2421Gx data sheet, section 9.1, and AN12196, section 5.6 (three passes, ISO/IEC 9798-2)::

    reader                            card
    90 71  key number            →
                                 ←    E(K, RndB) 91 AF
    90 AF  E(K, RndA ‖ RndB')    →    knows now that the reader has K
                                 ←    E(K, TI ‖ RndA' ‖ capabilities) 91 00
    RndA' fits: the card has K

``X'`` is ``X`` rotated by one byte. Nothing that was overheard can be used again: both numbers are drawn anew.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import Enum

from devices.ntag424.aes import BLOCK_BYTES, decrypt, encrypt
from devices.ntag424.keys import KeyNumber

SELECT = bytes.fromhex("00A4040C07D276000085010100")
"""ISOSelectFile of the application that the card's keys belong to, by name (D2760000850101)."""

SELECTED = b"\x90\x00"
_MORE = b"\x91\xaf"
_DONE = b"\x91\x00"
_STATUS_BYTES = 2
_TI_BYTES = 4


class Refusal(Enum):
    """Why a card has not proven itself."""

    NO_SUCH_CARD = "not_the_card"
    """It has no such application, or no such key: another kind of card with a copied number."""
    WRONG_KEY = "wrong_key"
    """It does not know the key that the card with this number has."""
    DELAYED = "delayed"
    """It was asked with wrong keys too often and answers later. That says nothing of it now."""
    NONSENSE = "nonsense"
    """It answered what no such card answers."""


class Refused(Exception):
    """The card did not prove itself."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Handshake:
    """The reader's side. ``random`` is 16 bytes, drawn anew for each handshake and never used twice."""

    key: bytes = field(repr=False)
    random: bytes = field(repr=False)

    def begin(self, number: KeyNumber = KeyNumber.PROOF) -> bytes:
        """The first command: ask for a challenge under the key of that number."""
        return bytes([0x90, 0x71, 0, 0, 2, number, 0, 0])

    def answer(self, response: bytes) -> bytes:
        """The second command, to the card's challenge. Raises :class:`Refused`."""
        theirs = decrypt(self.key, _data(response, expected=_MORE, size=BLOCK_BYTES))
        proof = encrypt(self.key, self.random + rotated(theirs))
        return bytes([0x90, 0xAF, 0, 0, len(proof)]) + proof + b"\x00"

    def finish(self, response: bytes) -> bytes:
        """Check the card's proof; returns its transaction identifier, of 4 bytes. Raises :class:`Refused`."""
        plain = decrypt(self.key, _data(response, expected=_DONE, size=2 * BLOCK_BYTES))
        ours = plain[_TI_BYTES : _TI_BYTES + BLOCK_BYTES]
        if not hmac.compare_digest(ours, rotated(self.random)):
            raise Refused(Refusal.WRONG_KEY)
        return plain[:_TI_BYTES]


def rotated(number: bytes) -> bytes:
    """``X'``: the first byte moved to the end."""
    return number[1:] + number[:1]


_STATUS_REASONS = {
    b"\x91\xae": Refusal.WRONG_KEY,  # authentication error: our proof is not what its key makes of its challenge
    b"\x91\x40": Refusal.NO_SUCH_CARD,  # no such key
    b"\x91\xad": Refusal.DELAYED,  # authentication delay
}


def _data(response: bytes, *, expected: bytes, size: int) -> bytes:
    data, status = response[:-_STATUS_BYTES], response[-_STATUS_BYTES:]
    if status != expected:
        known = status[:1] == b"\x91"
        raise Refused(_STATUS_REASONS.get(status, Refusal.NONSENSE if known else Refusal.NO_SUCH_CARD))
    if len(data) != size:
        raise Refused(Refusal.NONSENSE)
    return data
