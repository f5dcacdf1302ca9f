"""PINs: what may be chosen, how one is kept without being known, and how long wrong tries lock it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

PIN_DIGITS_MIN = 6
PIN_DIGITS_MAX = 12
TRIES_MAX = 5
"""Wrong tries in a row that cost nothing; each further one locks twice as long as the one before."""
FIRST_LOCK_S = 30
LOCK_S_MAX = 86_400

_DOUBLINGS_MAX = 16
_SALT_BYTES_MIN = 16
# RFC 7914; about 16 MB and 50 ms: a million PINs take a thief with the key half a day, and one without it for ever.
_COST, _BLOCK, _LANES, _KEY_BYTES = 2**14, 8, 1, 32
_NAME = "scrypt"
_FIELDS = 3
_RUNS = ("01234567890123456789", "98765432109876543210")


def is_guessable(pin: str) -> bool:
    """Whether it is among the first that anybody would try: 000000, 123456, 654321, 121212."""
    pairs = {pin[index : index + 2] for index in range(0, len(pin), 2)}
    return len(pairs) == 1 or len(set(pin)) == 1 or any(pin in run for run in _RUNS)


def verifier_of(pin: str, *, salt: bytes) -> str:
    """What is kept instead of a PIN. Slow on purpose. ``salt`` is random, 16 bytes or more."""
    if len(salt) < _SALT_BYTES_MIN:
        raise ValueError(f"a salt has {_SALT_BYTES_MIN} bytes or more, not {len(salt)}")
    return "$".join((_NAME, _text(salt), _text(_stretched(pin, salt))))


def fits(pin: str, verifier: str) -> bool:
    """Whether this is the PIN that was kept. Slow on purpose; false for a verifier that nobody made here."""
    parts = verifier.split("$")
    if len(parts) != _FIELDS or parts[0] != _NAME:
        return False
    try:
        salt, kept = (base64.b64decode(part, validate=True) for part in parts[1:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(_stretched(pin, salt), kept)


def lock_s(failures: int) -> int:
    """For how many seconds the ``failures``-th wrong try in a row locks; 0 while tries are left."""
    if failures < TRIES_MAX:
        return 0
    return int(min(FIRST_LOCK_S * 2 ** min(failures - TRIES_MAX, _DOUBLINGS_MAX), LOCK_S_MAX))


def locked_for_s(failures: int, last_failure: datetime, *, now: datetime) -> int:
    """Seconds, rounded up, until the next try. A clock that was set back lengthens a lock, never ends it."""
    left = last_failure + timedelta(seconds=lock_s(failures)) - now
    return max(0, -(-left // timedelta(seconds=1)))


def _stretched(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, dklen=_KEY_BYTES)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
