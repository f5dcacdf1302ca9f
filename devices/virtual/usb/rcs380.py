"""A virtual RC-S380: Sony's NFC Port-100, which leaves finding and selecting cards to its host.

Its protocol is not published; this answers what nfcpy's driver says, as far as type A and FeliCa cards go: selection
and anticollision after ISO 14443-3, section 6.5, checksums added and checked as the host has set it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from devices.virtual.cards import Card, Nibble
from devices.virtual.pn532_core import crc_a

ACK = bytes.fromhex("0000FF00FF00")
_START = bytes.fromhex("0000FFFFFF")
_TO_CHIP, _TO_HOST = 0xD6, 0xD7
_OVERHEAD_BYTES = 10
_NOBODY, _BAD_CHECKSUM = 0x80, 0x04
_ADD_CHECKSUM, _CHECK_CHECKSUM = 1, 2
_WHOLE_BYTE = b"\x08"
_LOOK_A, _LOOK_F = b"\x26", b"\x00"
_LEVELS = (0x93, 0x95, 0x97)
_CASCADE_TAG = b"\x88"
_INCOMPLETE = b"\x04"


class Rcs380Chip:
    """A :class:`~devices.virtual.usb.reader.UsbChip`."""

    def __init__(self) -> None:
        self.card: Card | None = None
        self.exchanges_left: int | None = None
        self.looks = 0
        self._selected: bytes | None = None
        self._protocol: dict[int, int] = {}
        self._has_told = False
        self._commands: dict[int, Callable[[bytes], bytes]] = {
            0x00: lambda _: b"\x00",
            0x02: self._set_protocol,
            0x04: self._communicate,
            0x06: self._switch_field,
            0x20: lambda _: bytes.fromhex("1101"),
            0x22: lambda _: bytes.fromhex("0001"),
            0x2A: lambda _: b"\x00",
        }

    @property
    def has_told(self) -> bool:
        """Whether the last answer told the host of a card."""
        return self._has_told

    def take_card_away(self) -> None:
        """The card leaves the field."""
        self.card = self._selected = None

    def reset(self) -> None:
        """Lose power."""
        self._selected = None
        self._protocol.clear()

    def handle(self, transfer: bytes) -> list[bytes]:
        """Answer one frame by an acknowledgement and a frame; what is none, and the host's ACK, is ignored."""
        data = _data_in(transfer)
        if data is None or len(data) < 2 or data[0] != _TO_CHIP or data[1] not in self._commands:
            return []
        self._has_told = False
        return [ACK, _enframed(bytes([_TO_HOST, data[1] + 1]) + self._commands[data[1]](data[2:]))]

    def _set_protocol(self, payload: bytes) -> bytes:
        self._protocol.update(zip(payload[::2], payload[1::2], strict=False))
        return b"\x00"

    def _switch_field(self, payload: bytes) -> bytes:
        if payload[:1] == b"\x00":
            self._selected = None
        return b"\x00"

    def _communicate(self, payload: bytes) -> bytes:
        frame = payload[2:]  # behind the timeout, in tenths of milliseconds
        reply = self._on_air(frame)
        if isinstance(reply, int):
            return struct.pack("<L", reply)
        return bytes(4) + _WHOLE_BYTE + reply

    def _on_air(self, frame: bytes) -> bytes | int:
        """What the field carries back; a number is an error."""
        card = self.card
        if frame == _LOOK_A or (frame[1:2] == _LOOK_F and len(frame) == frame[0]):
            self.looks += 1
        if card is None:
            return _NOBODY
        if frame == _LOOK_A:
            return _target_of(card)[1::-1] if card.technology == "A" else _NOBODY
        if card.technology == "F":
            return self._told(card.activate()) if frame[1:2] == _LOOK_F else _NOBODY
        if frame[:1] and frame[0] in _LEVELS and self._selected is None:
            return self._select(card, frame)
        return self._exchange(card, frame)

    def _select(self, card: Card, frame: bytes) -> bytes | int:
        """Anticollision (``20``) and selection (``70``), level by level."""
        parts = _parts_of(card.uid)
        level = _LEVELS.index(frame[0])
        if level >= len(parts):
            return _NOBODY
        part = parts[level] + bytes([_xor(parts[level])])
        if frame[1:] == b"\x20":
            return part
        if frame[1:] != b"\x70" + part:
            return _NOBODY
        if level < len(parts) - 1:
            return _INCOMPLETE
        self._selected = card.uid
        return self._told(_target_of(card)[2:3])

    def _exchange(self, card: Card, frame: bytes) -> bytes | int:
        if self.exchanges_left is not None:
            self.exchanges_left -= 1
            if self.exchanges_left < 0:
                self.take_card_away()
        if self._selected is None:
            return _NOBODY
        reply = card.transceive(frame)
        is_checked = self._protocol.get(_CHECK_CHECKSUM, 0)
        match reply:
            case None:
                return _NOBODY
            case Nibble(value):  # carries no CRC, which a checking receiver takes for an error
                return _BAD_CHECKSUM if is_checked else bytes([value])
        return reply if is_checked else reply + crc_a(reply)

    def _told(self, answer: bytes) -> bytes:
        self._has_told = True
        return answer


def _target_of(card: Card) -> bytes:
    """ATQA (2, high byte first), SAK, length of the number, number: what a card says when it is powered."""
    return card.activate()


def _parts_of(uid: bytes) -> list[bytes]:
    """A number in the parts in which it is told, a tag before each but the last."""
    parts = []
    while len(uid) > 4:
        parts.append(_CASCADE_TAG + uid[:3])
        uid = uid[3:]
    return [*parts, uid]


def _data_in(transfer: bytes) -> bytes | None:
    if len(transfer) < _OVERHEAD_BYTES or not transfer.startswith(_START):
        return None
    size, check = struct.unpack("<HB", transfer[5:8])
    data = transfer[8 : 8 + size]
    sound = (sum(transfer[5:7]) + check) & 0xFF == 0 and len(transfer) == size + _OVERHEAD_BYTES
    return data if sound and (sum(data) + transfer[8 + size]) & 0xFF == 0 else None


def _enframed(data: bytes) -> bytes:
    size = struct.pack("<H", len(data))
    return _START + size + bytes([-sum(size) & 0xFF]) + data + bytes([-sum(data) & 0xFF, 0])


def _xor(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result
