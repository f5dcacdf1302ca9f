"""A virtual NTAG 424 DNA: proves itself, and writes a new signed message into its link at every reading.

After NXP's NT4H2421Gx data sheet, as far as selecting, reading the NDEF file and AuthenticateEV2First go. Its side of
the handshake is written from the data sheet, not from the reader's.
"""

from __future__ import annotations

import random
from typing import Literal

from devices.ntag424.aes import decrypt, encrypt
from devices.ntag424.keys import KeyNumber, card_key
from devices.ntag424.sun import COUNTER_MAX, Reading, message_mac
from devices.virtual.cards import Reply, uri_message
from devices.virtual.iso_dep import IsoDepCard

LINK = "https://example.com/card"
KEYS = 5

_APPLICATION = bytes.fromhex("D2760000850101")
_CAPABILITY_FILE, _NDEF_FILE = bytes.fromhex("E103"), bytes.fromhex("E104")
_CAPABILITIES = bytes.fromhex("001720010000FF0406E104010000000506E10500808283")
_OK, _MORE, _DONE = b"\x90\x00", b"\x91\xaf", b"\x91\x00"
_NOT_FOUND, _NOT_ALLOWED, _BEYOND, _UNKNOWN = b"\x6a\x82", b"\x69\x86", b"\x6b\x00", b"\x6d\x00"
_NO_SUCH_KEY, _WRONG_KEY, _LENGTH, _ILLEGAL = b"\x91\x40", b"\x91\xae", b"\x91\x7e", b"\x91\xca"
_CAPABILITY_BYTES = bytes(12)
"""PDcap2 and PCDcap2 of a card that needs no special treatment."""

Mirror = Literal["encrypted", "clear", "none"]


def personalised(uid: bytes, master: bytes, *, mirror: Mirror = "encrypted", counter: int = 0) -> Ntag424:
    """The card with this number as head office's printer makes it."""
    keys = {number: card_key(master, uid, number) for number in KeyNumber}
    return Ntag424(uid, keys, mirror=mirror, counter=counter)


class Ntag424:
    """One card. ``keys`` by number, those missing are zeros as they leave the factory."""

    technology: Literal["A", "F"] = "A"

    def __init__(
        self,
        uid: bytes,
        keys: dict[KeyNumber, bytes] | None = None,
        *,
        mirror: Mirror = "encrypted",
        counter: int = 0,
        seed: int = 0,
    ) -> None:
        if len(uid) != 7:
            raise ValueError("an NTAG 424 DNA has a UID of 7 bytes")
        self.uid = uid
        self.counter = counter
        """How often its link has been read."""
        self._keys = dict.fromkeys(KeyNumber, bytes(16)) | (keys or {})
        self._mirror = mirror
        self._chance = random.Random(f"{seed} {uid.hex()}")  # noqa: S311 - a virtual card, to be repeated
        self._blocks = IsoDepCard(self.apply)
        self._is_selected = False
        self._file = self._content = b""
        self._challenge: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        return f"Ntag424({self.uid.hex()[:4]}…)"

    def activate(self) -> bytes:
        """Power up and be selected."""
        self._forget()
        self._blocks.reset()
        return b"\x03\x44\x20\x07" + self.uid

    def transceive(self, frame: bytes) -> Reply:
        """Answer one frame."""
        return self._blocks.transceive(frame)

    def read_link(self) -> str:
        """What a phone held to the card reads: the link with a message of its own."""
        self.counter = min(self.counter + 1, COUNTER_MAX)
        return self._link()

    def apply(self, apdu: bytes) -> bytes:
        """Answer one command: ISO 7816-4 (class 00), or the chip's own (class 90)."""
        if len(apdu) < 4:
            return b"\x67\x00"
        challenge, self._challenge = self._challenge, None  # any other command ends a handshake
        match apdu[0], apdu[1]:
            case 0x00, 0xA4:
                return self._select(apdu[2], apdu[5 : 5 + apdu[4]] if len(apdu) > 5 else b"")
            case 0x00, 0xB0:
                return self._read(int.from_bytes(apdu[2:4], "big"), (apdu[4] or 256) if len(apdu) == 5 else 256)
            case 0x90, 0x71:
                return self._challenge_reader(apdu[5:-1])
            case 0x90, 0xAF:
                return self._prove(challenge, apdu[5:-1])
            case 0x90, _:
                return b"\x91\x1c"
        return _UNKNOWN

    def _forget(self) -> None:
        """What a card knows is gone with the field."""
        self._is_selected = False
        self._file = self._content = b""
        self._challenge = None

    def _select(self, by: int, name: bytes) -> bytes:
        if by == 0x04:
            self._is_selected, self._file = name == _APPLICATION, b""
            return _OK if self._is_selected else _NOT_FOUND
        if not self._is_selected or name not in {_CAPABILITY_FILE, _NDEF_FILE}:
            return _NOT_FOUND
        self._file, self._content = name, _CAPABILITIES if name == _CAPABILITY_FILE else b""
        return _OK

    def _read(self, offset: int, size: int) -> bytes:
        if not self._file:
            return _NOT_ALLOWED
        if not self._content:  # the first reading since the file was selected writes a new message
            message = uri_message(self.read_link())
            self._content = (len(message).to_bytes(2, "big") + message).ljust(256, b"\x00")
        return self._content[offset : offset + size] + _OK if offset < len(self._content) else _BEYOND

    def _link(self) -> str:
        reading = Reading(self.uid, self.counter)
        mac = message_mac(self._keys[KeyNumber.MESSAGE], reading).hex().upper()
        match self._mirror:
            case "clear":
                return f"{LINK}?uid={self.uid.hex().upper()}&ctr={self.counter:06X}&cmac={mac}"
            case "encrypted":
                plain = b"\xc7" + self.uid + self.counter.to_bytes(3, "little") + self._chance.randbytes(5)
                return f"{LINK}?picc_data={encrypt(self._keys[KeyNumber.META], plain).hex().upper()}&cmac={mac}"
        return LINK

    def _challenge_reader(self, data: bytes) -> bytes:
        if not self._is_selected:
            return _ILLEGAL
        if len(data) < 2:
            return _LENGTH
        if data[0] >= KEYS:
            return _NO_SUCH_KEY
        key, random_b = self._keys[KeyNumber(data[0])], self._chance.randbytes(16)
        self._challenge = key, random_b
        return encrypt(key, random_b) + _MORE

    def _prove(self, challenge: tuple[bytes, bytes] | None, proof: bytes) -> bytes:
        if challenge is None:
            return _ILLEGAL
        if len(proof) != 32:
            return _LENGTH
        key, random_b = challenge
        plain = decrypt(key, proof)
        random_a, theirs = plain[:16], plain[16:]
        if theirs != random_b[1:] + random_b[:1]:
            return _WRONG_KEY
        transaction = self._chance.randbytes(4)
        return encrypt(key, transaction + random_a[1:] + random_a[:1] + _CAPABILITY_BYTES) + _DONE
