"""A card's keys on their way to a store: sealed for one gateway, opened there when the card is tapped.

Sealed as personal data are (AES-256-GCM), under the gateway's own secret and for one medium: another gateway, or a row
moved to another card, opens nothing. Head office derives the keys anew for each gateway; it stores none.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes

from cloud_bridge.personal import PersonalSeal, SealError
from devices.ntag424.aes import KEY_BYTES
from devices.ntag424.keys import CardKeys

_MESSAGE, _PROOF = "message", "proof"


class CardKeySeal:
    """Seals and opens for one gateway. ``secret`` is its own (16 bytes or more), never the tenant's."""

    def __init__(self, secret: bytes, *, nonce: Callable[[int], bytes] = token_bytes) -> None:
        self._seal = PersonalSeal(secret, nonce=nonce)

    def seal(self, medium: str, keys: CardKeys) -> str:
        """The keys of the card behind a medium, as they travel."""
        told = {_MESSAGE: keys.message.hex()}
        if keys.proof is not None:
            told[_PROOF] = keys.proof.hex()
        return self._seal.seal(_whose(medium), told)

    def open(self, medium: str, sealed: str) -> CardKeys:
        """The keys. Raises :class:`SealError` for what was not sealed for this gateway and this medium."""
        told = self._seal.open(_whose(medium), sealed)
        try:
            keys = CardKeys(
                message=bytes.fromhex(told[_MESSAGE]), proof=bytes.fromhex(told[_PROOF]) if _PROOF in told else None
            )
        except (KeyError, ValueError) as error:
            raise SealError("the sealed keys are no keys of a card") from error
        if any(len(key) != KEY_BYTES for key in (keys.message, keys.proof) if key is not None):
            raise SealError(f"a card key has {KEY_BYTES} bytes")
        return keys


def _whose(medium: str) -> str:
    return f"card {medium}"
