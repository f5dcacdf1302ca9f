"""AES-128 as these cards use it: CBC without padding, and CMAC (NIST SP 800-38B)."""

from __future__ import annotations

BLOCK_BYTES = 16
KEY_BYTES = 16

_ZERO_IV = bytes(BLOCK_BYTES)


def cmac(key: bytes, message: bytes) -> bytes:
    """The 16-byte CMAC of a message."""
    # Imported with the first card: it brings 6 MB along that a store without such cards can do without.
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
    from cryptography.hazmat.primitives.cmac import CMAC  # noqa: PLC0415

    mac = CMAC(AES(_checked(key)))
    mac.update(message)
    return mac.finalize()


def encrypt(key: bytes, plain: bytes) -> bytes:
    """AES-128-CBC with an initial vector of zeros; ``plain`` is whole blocks."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    encryptor = Cipher(algorithms.AES(_checked(key)), modes.CBC(_ZERO_IV)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def decrypt(key: bytes, secret: bytes) -> bytes:
    """The other way round."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    decryptor = Cipher(algorithms.AES(_checked(key)), modes.CBC(_ZERO_IV)).decryptor()
    return decryptor.update(secret) + decryptor.finalize()


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a card key has {KEY_BYTES} bytes, not {len(key)}")
    return key
