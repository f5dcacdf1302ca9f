"""Virtual member cards: what they answer over the air, down to memory pages and file selections.

Cards know nothing of readers. Frames are given and returned without their CRC, which the chip adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from devices.virtual.iso_dep import IsoDepCard

UID_LENGTHS = (4, 7, 10)
NDEF_FILE_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Nibble:
    """The four-bit answer of a Type 2 card: ``0xA`` acknowledges, everything else refuses."""

    value: int


Reply = bytes | Nibble | None
"""``None``: the card says nothing, the reader runs into its timeout."""

_ACK = Nibble(0xA)
_NAK_ARGUMENT = Nibble(0x0)


class Card(Protocol):
    """What a reader's field can power."""

    uid: bytes
    technology: Literal["A", "F"]

    def activate(self) -> bytes:
        """Power up and be selected; returns what the chip tells the host about the card found."""

    def transceive(self, frame: bytes) -> Reply:
        """Answer one frame."""


def uri_message(uri: str) -> bytes:
    """An NDEF message of one URI record, unabbreviated. The URI has at most 254 bytes in UTF-8."""
    payload = b"\x00" + uri.encode()
    if len(payload) > 0xFF:
        raise ValueError(f"a short URI record holds at most 254 bytes, not {len(payload) - 1}")
    return bytes([0xD1, 0x01, len(payload)]) + b"U" + payload


def _type_a_target(*, atqa: int, sak: int, uid: bytes) -> bytes:
    return atqa.to_bytes(2, "big") + bytes([sak, len(uid)]) + uid


class Ntag213:
    """An NXP NTAG213: a Type 2 card of 45 pages of 4 bytes, 36 of them for the user.

    After NXP's data sheet NTAG213/215/216, sections 8.5 and 10. Password protection is left out:
    its commands are refused as unknown ones are, which silences the card until it is selected anew.
    """

    technology: Literal["A", "F"] = "A"
    PAGES = 45
    _USER_PAGES = range(4, 40)
    _SECRET_PAGES = range(43, 45)
    _VERSION = bytes.fromhex("0004040201000F03")

    def __init__(self, uid: bytes, *, ndef: bytes | None = None) -> None:
        if len(uid) != 7 or uid[0] != 0x04:
            raise ValueError("an NTAG213 has a UID of 7 bytes that starts with 04")
        self.uid = uid
        self._active = False
        self.memory = bytearray(self.PAGES * 4)
        self.memory[0:10] = uid[:3] + bytes([_xor(b"\x88" + uid[:3])]) + uid[3:] + bytes([_xor(uid[3:]), 0x48])
        self.memory[12:16] = bytes.fromhex("E1101200")
        self.memory[160:172] = bytes.fromhex("000000BD040000FF00050000")
        self._lay_out(b"" if ndef is None else ndef)
        if ndef is None:
            self.memory[12:16] = bytes(4)

    def __repr__(self) -> str:
        return f"Ntag213({self.uid.hex()[:4]}…)"

    def _lay_out(self, ndef: bytes) -> None:
        blocks = bytes.fromhex("0103A00C34") + bytes([0x03, len(ndef)]) + ndef + b"\xfe"
        if len(blocks) > len(self._USER_PAGES) * 4:
            raise ValueError(f"an NTAG213 holds a message of at most 136 bytes, not {len(ndef)}")
        begin = self._USER_PAGES.start * 4
        self.memory[begin : begin + len(blocks)] = blocks

    def activate(self) -> bytes:
        self._active = True
        return _type_a_target(atqa=0x0044, sak=0x00, uid=self.uid)

    def transceive(self, frame: bytes) -> Reply:
        if not self._active:
            return None
        reply = self._answer(frame)
        # A Type 2 card that refuses goes back to idle and stays mute until it is selected anew.
        self._active = reply is not None and reply != _NAK_ARGUMENT
        return reply

    def _answer(self, frame: bytes) -> Reply:
        match list(frame):
            case [0x30, page]:
                return self._read(page)
            case [0x3A, first, last]:
                return self._fast_read(first, last)
            case [0x60]:
                return self._VERSION
            case [0xA2, page, *data] if len(data) == 4:
                return self._write(page, bytes(data))
            case [0x50, 0x00]:
                return None
        return _NAK_ARGUMENT

    def _page(self, page: int) -> bytes:
        return bytes(4) if page in self._SECRET_PAGES else bytes(self.memory[page * 4 : page * 4 + 4])

    def _read(self, page: int) -> Reply:
        if page >= self.PAGES:
            return _NAK_ARGUMENT
        return b"".join(self._page(number % self.PAGES) for number in range(page, page + 4))

    def _fast_read(self, first: int, last: int) -> Reply:
        if not first <= last < self.PAGES:
            return _NAK_ARGUMENT
        return b"".join(self._page(number) for number in range(first, last + 1))

    def _write(self, page: int, data: bytes) -> Reply:
        if not 2 <= page < self.PAGES or self._is_locked(page):
            return _NAK_ARGUMENT
        begin = page * 4
        if page == 2:  # lock bits can only be set; the two bytes before them are not writable
            data = bytes(2) + data[2:]
        if page in {2, 3, 40}:  # one-time programmable: a bit once set stays set
            data = bytes(new | old for new, old in zip(data, self._page(page), strict=True))
        self.memory[begin : begin + 4] = data
        return _ACK

    def _is_locked(self, page: int) -> bool:
        static = self.memory[10] | self.memory[11] << 8
        if 3 <= page < 16:
            return bool(static >> page & 1)
        if page in self._USER_PAGES:  # dynamic lock bits: one per two pages from page 16 on
            dynamic = self.memory[160] | self.memory[161] << 8
            return bool(dynamic >> (page - 16) // 2 & 1)
        return False


class Type4Card:
    """A card with files (NFC Forum Type 4 Tag 2.0 over ISO 14443-4): capabilities and one NDEF file."""

    technology: Literal["A", "F"] = "A"
    _APPLICATION = bytes.fromhex("D2760000850101")
    _CAPABILITIES = bytes.fromhex("000F2000F600F60406E104") + NDEF_FILE_BYTES_MAX.to_bytes(2, "big") + b"\x00\x00"
    _CAPABILITY_FILE = bytes.fromhex("E103")
    _NDEF_FILE = bytes.fromhex("E104")

    def __init__(self, uid: bytes, *, ndef: bytes = b"") -> None:
        if len(uid) not in UID_LENGTHS:
            raise ValueError(f"a UID has 4, 7 or 10 bytes, not {len(uid)}")
        if len(ndef) > NDEF_FILE_BYTES_MAX - 2:
            raise ValueError(f"this card holds a message of at most {NDEF_FILE_BYTES_MAX - 2} bytes, not {len(ndef)}")
        self.uid = uid
        content = (len(ndef).to_bytes(2, "big") + ndef).ljust(NDEF_FILE_BYTES_MAX, b"\x00")
        self._files = {self._CAPABILITY_FILE: bytearray(self._CAPABILITIES), self._NDEF_FILE: bytearray(content)}
        self._application_selected = False
        self._selected: bytes | None = None
        self._blocks = IsoDepCard(self.apply)

    def __repr__(self) -> str:
        return f"Type4Card({self.uid.hex()[:4]}…)"

    @property
    def ndef(self) -> bytes:
        """The message now in the NDEF file."""
        content = self._files[self._NDEF_FILE]
        return bytes(content[2 : 2 + int.from_bytes(content[:2], "big")])

    def activate(self) -> bytes:
        self._application_selected = False
        self._selected = None
        self._blocks.reset()
        return _type_a_target(atqa=0x0344, sak=0x20, uid=self.uid)

    def transceive(self, frame: bytes) -> Reply:
        return self._blocks.transceive(frame)

    def apply(self, apdu: bytes) -> bytes:
        """Answer one command (ISO 7816-4): data, if any, and the status word."""
        if len(apdu) < 4 or apdu[0] != 0x00:
            return b"\x6e\x00" if apdu and apdu[0] else b"\x67\x00"
        instruction, offset = apdu[1], int.from_bytes(apdu[2:4], "big")
        match instruction:
            case 0xA4:
                return self._select(apdu[2], _command_data(apdu))
            case 0xB0:
                return self._read_binary(offset, (apdu[4] or 256) if len(apdu) == 5 else 256)
            case 0xD6:
                return self._update_binary(offset, _command_data(apdu))
        return b"\x6d\x00"

    def _select(self, by: int, name: bytes) -> bytes:
        if by == 0x04:
            self._application_selected, self._selected = name == self._APPLICATION, None
            return b"\x90\x00" if self._application_selected else b"\x6a\x82"
        if self._application_selected and name in self._files:
            self._selected = name
            return b"\x90\x00"
        return b"\x6a\x82"

    def _read_binary(self, offset: int, size: int) -> bytes:
        if self._selected is None:
            return b"\x69\x86"
        content = self._files[self._selected]
        return bytes(content[offset : offset + size]) + b"\x90\x00" if offset < len(content) else b"\x6b\x00"

    def _update_binary(self, offset: int, data: bytes) -> bytes:
        if self._selected != self._NDEF_FILE:
            return b"\x69\x82"
        if offset + len(data) > NDEF_FILE_BYTES_MAX:
            return b"\x6b\x00"
        self._files[self._selected][offset : offset + len(data)] = data
        return b"\x90\x00"


class FelicaCard:
    """A FeliCa (NFC-F) card that answers polling with its number, the IDm, and nothing else."""

    technology: Literal["A", "F"] = "F"
    _MANUFACTURE = bytes.fromhex("0120220427674EFF")

    def __init__(self, idm: bytes) -> None:
        if len(idm) != 8:
            raise ValueError(f"an IDm has 8 bytes, not {len(idm)}")
        self.uid = idm

    def __repr__(self) -> str:
        return f"FelicaCard({self.uid.hex()[:4]}…)"

    def activate(self) -> bytes:
        return b"\x12\x01" + self.uid + self._MANUFACTURE

    def transceive(self, frame: bytes) -> Reply:  # noqa: ARG002 - polling is all it answers
        return None


def _command_data(apdu: bytes) -> bytes:
    return apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b""


def _xor(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result
