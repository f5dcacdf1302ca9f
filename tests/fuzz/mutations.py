"""Damaged messages, made from good ones by a seeded generator: the same number, the same damage."""

from __future__ import annotations

from random import Random

_CHANGES_MAX = 6
_INSERTED_BYTES_MAX = 12
_ODD = (b"\x00", b"\xff", b"\xff\xfe", b'"', b"{", b"[", b"}", b"\r\n", b"1e999", b"-0", b"null", "¼٠\u202e".encode())


def mutated(seed: bytes, number: int) -> bytes:
    """``seed`` with some bytes flipped, cut out, doubled or put in."""
    chance = Random(number)
    data = bytearray(seed)
    for _ in range(chance.randint(1, _CHANGES_MAX)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place : place + chance.randint(1, max(1, len(data) // 4))]
            case 2:
                data[place:place] = data[place : place + chance.randint(1, 20)]
            case 3:
                data[place:place] = chance.randbytes(chance.randint(1, _INSERTED_BYTES_MAX))
            case _:
                data[place:place] = chance.choice(_ODD)
    return bytes(data)
