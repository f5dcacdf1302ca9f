"""The message that an NTAG 424 DNA writes anew at each reading (SUN, "secure unique NFC"): checked, never trusted.

After NXP's AN12196, section 3: the card mirrors its number and a reading counter into a link, in clear or encrypted,
and signs them. A message shows that this card was read once more; it cannot show that it is here now, so whoever
accepts one remembers its counter and takes no message with the same or a lower one.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from devices.ntag424.aes import BLOCK_BYTES, cmac, decrypt
from devices.ntag424.keys import UID_BYTES

COUNTER_MAX = 2**24 - 1
MAC_BYTES = 8
FILE_BYTES_MAX = 128
LINK_CHARS_MAX = 1_024

_SESSION_MAC = bytes.fromhex("3CC300010080")
_UID_AND_COUNTER = 0xC7
"""The tag of PICC data that hold a UID of seven bytes and a counter."""
_COUNTER_BYTES = 3
_HEX = re.compile(r"[0-9A-Fa-f]*")
_PICC_NAMES = ("picc_data", "e")
_MAC_NAMES = ("cmac", "c")


@dataclass(frozen=True, slots=True)
class Reading:
    """Which card says that it was read for the ``counter``-th time. Nothing of it is proven yet."""

    uid: bytes = field(repr=False)
    counter: int


@dataclass(frozen=True, slots=True)
class SunMessage:
    """What a link carried: who was read (in clear, or ``picc`` encrypted), and the signature over it.

    ``signed`` is the text before the signature that is signed along; empty for links that carry no file data.
    """

    mac: bytes = field(repr=False)
    clear: Reading | None = None
    picc: bytes = field(default=b"", repr=False)
    signed: bytes = field(default=b"", repr=False)


def find_message(link: str) -> SunMessage | None:
    """The message in a link: ``picc_data=…&cmac=…`` (with ``enc=…`` between them, if the card mirrors file data) or
    ``uid=…&ctr=…&cmac=…``; ``e`` and ``c`` are short for ``picc_data`` and ``cmac``. ``None`` for any other text.
    """
    if len(link) > LINK_CHARS_MAX or "=" not in link:
        return None
    try:
        query = dict(parse_qsl(urlsplit(link).query))
    except ValueError:
        return None
    mac = _bytes_of(query, _MAC_NAMES, MAC_BYTES)
    if mac is None:
        return None
    if picc := _bytes_of(query, _PICC_NAMES, BLOCK_BYTES):
        return SunMessage(mac, picc=picc, signed=_signed(link, query))
    uid, counter = _bytes_of(query, ("uid",), UID_BYTES), _bytes_of(query, ("ctr",), _COUNTER_BYTES)
    if uid is None or counter is None:
        return None
    # Mirrored in clear, the counter stands with its highest byte first.
    return SunMessage(mac, clear=Reading(uid, int.from_bytes(counter, "big")), signed=_signed(link, query))


def reading_of(message: SunMessage, meta_key: bytes | None) -> Reading | None:
    """Who was read; ``None`` where it is encrypted and ``meta_key`` is not there, or not the right one."""
    if message.clear is not None or meta_key is None:
        return message.clear
    return decrypt_picc(meta_key, message.picc)


def decrypt_picc(meta_key: bytes, picc: bytes) -> Reading | None:
    """Read encrypted PICC data of 16 bytes; ``None`` under another key, or for a card that mirrors something else."""
    plain = decrypt(meta_key, picc)
    if plain[0] != _UID_AND_COUNTER:
        return None
    end = 1 + UID_BYTES
    return Reading(plain[1:end], int.from_bytes(plain[end : end + _COUNTER_BYTES], "little"))


def message_mac(message_key: bytes, reading: Reading, signed: bytes = b"") -> bytes:
    """The 8-byte signature a card with this key puts under a reading."""
    counter = reading.counter.to_bytes(_COUNTER_BYTES, "little")
    session_key = cmac(message_key, _SESSION_MAC + reading.uid + counter)
    return cmac(session_key, signed)[1::2]


def is_signed(message: SunMessage, reading: Reading, message_key: bytes) -> bool:
    """Whether the card that has this key signed this reading. Compares in constant time."""
    return hmac.compare_digest(message_mac(message_key, reading, message.signed), message.mac)


def _bytes_of(query: dict[str, str], names: tuple[str, ...], size: int) -> bytes | None:
    text = next((query[name] for name in names if name in query), None)
    if text is None or len(text) != 2 * size or not _HEX.fullmatch(text):
        return None
    return bytes.fromhex(text)


def _signed(link: str, query: dict[str, str]) -> bytes:
    """What a card that mirrors file data signs: the mirror itself and all up to the signature, as the link has it."""
    if "enc" not in query or len(query["enc"]) > 2 * FILE_BYTES_MAX:
        return b""
    begin = link.find("enc=") + len("enc=")
    ends = [found.end() for found in re.finditer(r"[&?](?:cmac|c)=", link) if found.end() > begin]
    return link[begin : ends[0]].encode("ascii", "replace") if ends else b""
