"""Reading the link that a card holds, over an open line: the NDEF file of a Type 4 card, its first URI record."""

from __future__ import annotations

from devices.card_channel import CardChannel
from devices.ntag424.ev2 import SELECT

LINK_BYTES_MAX = 1_024

_SELECT_NDEF_FILE = bytes.fromhex("00A4000C02E104")
_OK = b"\x90\x00"
_CHUNK_BYTES = 0xF0
_SHORT_URI = 0xD1
_LENGTH_BYTES = 2
_HEADER_BYTES = 5
_PREFIXES = {0: "", 1: "http://www.", 2: "https://www.", 3: "http://", 4: "https://"}


class LinkUnreadable(Exception):
    """The card holds no such file, or no link in it."""


async def read_link(channel: CardChannel) -> str:
    """The link. Raises :class:`LinkUnreadable`, or :class:`~devices.card_channel.CardGone`."""
    for selection in (SELECT, _SELECT_NDEF_FILE):
        if (await channel.transceive(selection))[-2:] != _OK:
            raise LinkUnreadable("the card has no NDEF file")
    size = int.from_bytes(await _read(channel, 0, _LENGTH_BYTES), "big")
    if not _HEADER_BYTES <= size <= LINK_BYTES_MAX:
        raise LinkUnreadable("the card's NDEF file holds no link")
    content = b""
    while len(content) < size:
        wanted = min(_CHUNK_BYTES, size - len(content))
        content += await _read(channel, _LENGTH_BYTES + len(content), wanted)
    return link_in(content)


def link_in(message: bytes) -> str:
    """The link of a message of one short URI record. Raises :class:`LinkUnreadable`."""
    if len(message) < _HEADER_BYTES or message[0] != _SHORT_URI or message[1] != 1 or message[3:4] != b"U":
        raise LinkUnreadable("the card holds something else than one link")
    prefix = _PREFIXES.get(message[4])
    body = message[_HEADER_BYTES : 4 + message[2]]
    if prefix is None or len(body) != message[2] - 1:
        raise LinkUnreadable("the card's link is cut short, or of a kind that no member card has")
    try:
        return prefix + body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LinkUnreadable("the card's link is no text") from error


async def _read(channel: CardChannel, offset: int, size: int) -> bytes:
    answer = await channel.transceive(b"\x00\xb0" + offset.to_bytes(2, "big") + bytes([size]))
    if answer[-2:] != _OK or len(answer) != size + len(_OK):
        raise LinkUnreadable("the card does not give its NDEF file")
    return answer[: -len(_OK)]
