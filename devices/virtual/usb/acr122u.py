"""A virtual ACR122U: a PN532 whose commands travel in smart-card transfers.

After ACS' "ACR122U API", sections 4 and 6, and the USB device class for chip cards (CCID 1.1, section 6), as far as a
driver without PC/SC needs it: the commands stand in ``FF 00 00 00 Lc``, in a transfer of type ``6F``.
"""

from __future__ import annotations

import struct

from devices.card_readers.pn532_frames import Direction, Message
from devices.virtual.cards import Card
from devices.virtual.pn532_core import Pn532Core

_HEAD = struct.Struct("<BIBBBH")
_TO_CARD, _POWER_ON, _FROM_READER = 0x6F, 0x62, 0x80
_ANSWER_TO_RESET = bytes.fromhex("3B00")
_VERSION = b"ACR122U214"
_OK, _FAILED = b"\x90\x00", b"\x63\x00"
_DIRECT, _SETTING = bytes.fromhex("FF000000"), bytes.fromhex("FF00")
_VERSION_ASKED = bytes.fromhex("FF00480000")
_CARDS_LISTED = 0x4B


class Acr122uChip:
    """A :class:`~devices.virtual.usb.reader.UsbChip`."""

    def __init__(self) -> None:
        self._core = Pn532Core()
        self._has_told = False

    @property
    def card(self) -> Card | None:
        """What is at the antenna."""
        return self._core.card

    @card.setter
    def card(self, card: Card | None) -> None:
        self._core.card = card

    @property
    def exchanges_left(self) -> int | None:
        """After so many the card is torn away."""
        return self._core.exchanges_left

    @exchanges_left.setter
    def exchanges_left(self, exchanges: int | None) -> None:
        self._core.exchanges_left = exchanges

    @property
    def looks(self) -> int:
        """How often the host has looked for a card."""
        return self._core.looks

    @property
    def has_told(self) -> bool:
        """Whether the last answer told the host of a card."""
        return self._has_told

    def take_card_away(self) -> None:
        """The card leaves the field."""
        self._core.take_card_away()

    def reset(self) -> None:
        """Lose power."""
        card, self._core = self._core.card, Pn532Core()
        self._core.card = card

    def handle(self, transfer: bytes) -> list[bytes]:
        """Answer one CCID transfer; one that is none is ignored."""
        if len(transfer) < _HEAD.size:
            return []
        kind, size, slot, sequence, *_ = _HEAD.unpack(transfer[: _HEAD.size])
        data = transfer[_HEAD.size :]
        if size != len(data) or kind not in {_TO_CARD, _POWER_ON}:
            return []
        self._has_told = False
        answer = _ANSWER_TO_RESET if kind == _POWER_ON else self._apply(data)
        return [_HEAD.pack(_FROM_READER, len(answer), slot, sequence, 0, 0) + answer]

    def _apply(self, apdu: bytes) -> bytes:
        if apdu == _VERSION_ASKED:
            return _VERSION
        if apdu.startswith(_DIRECT) and len(apdu) > 6 and apdu[4] == len(apdu) - 5 and apdu[5] == Direction.TO_CHIP:
            return self._command(apdu[6], apdu[7:])
        return _OK if apdu.startswith(_SETTING) else _FAILED

    def _command(self, code: int, payload: bytes) -> bytes:
        answer = self._core.handle(Message(Direction.TO_CHIP, code, payload))
        if not isinstance(answer, Message):
            return _FAILED
        self._has_told = answer.code == _CARDS_LISTED and self._core.selected is not None
        return bytes([answer.direction, answer.code]) + answer.payload + _OK
