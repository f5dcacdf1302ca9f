"""Codes that people read aloud and copy by hand: derived from a business fact, so the same fact has the same code."""

from __future__ import annotations

import hashlib

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which look alike."""
VOUCHER_LENGTH = 6
REFERRAL_LENGTH = 8


def voucher_code(redemption: str) -> str:
    """What staff hand a reward out for, six characters; one of a thousand million."""
    return _readable("voucher", redemption, VOUCHER_LENGTH)


def referral_code(member: str) -> str:
    """The code by which a member brings others. The same wherever it is worked out, so it needs no cloud."""
    return _readable("referral", member, REFERRAL_LENGTH)


def read_code(text: str) -> str:
    """A code as it was meant: any case, blanks and hyphens left out. Empty where it cannot be one."""
    written = "".join(text.split()).replace("-", "").upper()
    return written if written and set(written) <= set(ALPHABET) else ""


def _readable(kind: str, name: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(f"{kind}:{name}".encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)
