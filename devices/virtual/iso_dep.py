"""The card's side of ISO 14443-4: blocks with alternating numbers, chaining and retransmission."""

from __future__ import annotations

from collections.abc import Callable

COMMAND_BYTES_MAX = 4_096
"""Longest chained command a card collects before it stops answering."""

_ANSWER_TO_SELECT = bytes.fromhex("0578804000")
"""Frames of 256 bytes (FSCI 8), a frame waiting time of 4.8 ms (FWI 4)."""
_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
_BLOCK_OVERHEAD = 3
_CHAINING = 0x10


class IsoDepCard:
    """Turns blocks into commands for ``apply`` and its answers into blocks (rules of section 7.5.4)."""

    def __init__(self, apply: Callable[[bytes], bytes]) -> None:
        self._apply = apply
        self.reset()

    def reset(self) -> None:
        """Forget the conversation: the card lost power or was selected anew."""
        self._frame_size = 0
        self._block_number = 1
        self._command = b""
        self._last = b""
        self._rest = b""

    def transceive(self, block: bytes) -> bytes | None:
        """Answer one block; ``None`` to one the protocol does not allow here."""
        if not self._frame_size:
            return self._select(block)
        control = block[0] if block else 0x00
        match control & 0b1110_1110:
            case 0b0000_0010:
                return self._information(control, block[1:])
            case 0b1010_0010:
                return self._receipt(control)
        if control == 0xC2:  # deselected: mute until selected anew
            self.reset()
            return block
        return None

    def _select(self, request: bytes) -> bytes | None:
        if len(request) != 2 or request[0] != 0xE0:
            return None
        self._frame_size = _FRAME_SIZES[min(request[1] >> 4, len(_FRAME_SIZES) - 1)]
        return _ANSWER_TO_SELECT

    def _information(self, control: int, data: bytes) -> bytes | None:
        if len(self._command) + len(data) > COMMAND_BYTES_MAX:
            return None
        self._block_number ^= 1
        self._command += data
        if control & _CHAINING:
            return self._send(bytes([0xA2 | self._block_number]))
        self._rest, self._command = self._apply(self._command), b""
        return self._send_next()

    def _receipt(self, control: int) -> bytes:
        """The reader acknowledges (``A2``) or misses (``B2``) a block."""
        if control & 1 == self._block_number:
            return self._last
        if control & _CHAINING or not self._rest:
            return bytes([0xA2 | self._block_number])
        self._block_number ^= 1
        return self._send_next()

    def _send_next(self) -> bytes:
        room = self._frame_size - _BLOCK_OVERHEAD
        data, self._rest = self._rest[:room], self._rest[room:]
        return self._send(bytes([0x02 | self._block_number | (_CHAINING if self._rest else 0)]) + data)

    def _send(self, block: bytes) -> bytes:
        self._last = block
        return block
