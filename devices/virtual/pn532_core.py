"""What a PN532 decides, without the line it talks over: commands in, answers out, a card in its field.

After NXP's PN532 User Manual (UM0701-02), chapter 7, as far as an initiator at 106 kbit/s (type A)
and 212/424 kbit/s (FeliCa) goes. A command outside of that gets the manual's error frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.card_readers.pn532_frames import DATA_BYTES_MAX, Direction, Message, SyntaxFault
from devices.virtual.cards import Card, Nibble, Reply

BAUDRATES = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
DEFAULT_BAUDRATE = 115_200

_FIRMWARE = bytes.fromhex("32010607")
_RETRY_FOREVER = 0xFF

_TX_MODE, _RX_MODE, _TX_CONTROL, _FIFO_DATA = 0x6302, 0x6303, 0x6304, 0x6339
_RX_CRC_CHECKED = 0x80
_POLL_REQUEST = 0x26
"""Left in the transmit buffer when no card answered the poll."""

_STATUS_OK, _STATUS_TIMEOUT, _STATUS_CRC = 0x00, 0x01, 0x02
_TECHNOLOGY_OF = {0: "A", 1: "F", 2: "F"}
_BAUD_INDEX_MAX = len(BAUDRATES) - 1


@dataclass(frozen=True, slots=True)
class _Poll:
    """A wanted target: its technology and, for type A, the UID it must have (or none)."""

    technology: str | None
    uid: bytes

    def wants(self, card: Card) -> bool:
        return card.technology == self.technology and self.uid in {b"", card.uid}


Answer = Message | SyntaxFault | None
"""``None``: the answer comes later, when a card enters the field."""


class Pn532Core:
    """The chip after power-up. Not safe for threads: its board holds the lock."""

    def __init__(self) -> None:
        self.baudrate = DEFAULT_BAUDRATE
        self.next_baudrate: int | None = None
        """Agreed with the host, in force once the host has acknowledged."""
        self.card: Card | None = None
        self.exchanges_left: int | None = None
        """After this many exchanges the card is torn out of the field; ``None``: it stays."""
        self.bytes_left: int | None = None
        """After this many bytes over the air, either way, the card is torn out of the field; ``None``: it stays."""
        self.looks = 0
        """How often the host has looked for a card since power-up."""
        self._registers: dict[int, int] = {}
        self._retries = _RETRY_FOREVER
        self._selected: Card | None = None
        self._waiting: _Poll | None = None
        self._commands: dict[int, Callable[[bytes], Answer | bytes]] = {
            0x00: self._diagnose,
            0x02: lambda _: _FIRMWARE,
            0x04: self._general_status,
            0x06: self._read_registers,
            0x08: self._write_registers,
            0x10: self._set_baudrate,
            0x12: lambda _: b"",
            0x14: lambda _: b"",
            0x16: self._power_down,
            0x32: self._configure_field,
            0x42: self._communicate,
            0x4A: self._list_targets,
        }

    @property
    def waiting(self) -> bool:
        """Whether the host is waiting for a card to come."""
        return self._waiting is not None

    @property
    def selected(self) -> Card | None:
        """The card the host was last told about, while it has power."""
        return self._selected

    def handle(self, command: Message) -> Answer:
        """Carry out a command of the host; a wait in progress is given up."""
        self._waiting = None
        action = self._commands.get(command.code)
        if action is None or command.direction is not Direction.TO_CHIP:
            return SyntaxFault()
        outcome = action(command.payload)
        return Message(Direction.TO_HOST, command.code + 1, outcome) if isinstance(outcome, bytes) else outcome

    def acknowledged(self) -> None:
        """The host sent an ACK: it gives up the command in progress, or confirms a new speed."""
        self._waiting = None
        if self.next_baudrate is not None:
            self.baudrate, self.next_baudrate = self.next_baudrate, None

    def find_awaited_card(self) -> Message | None:
        """The answer owed to a waiting host, once a card it wants is in the field."""
        if self._waiting is None or (found := self._find(self._waiting)) is None:
            return None
        self._waiting = None
        return Message(Direction.TO_HOST, 0x4B, found)

    def take_card_away(self) -> None:
        """The card leaves the field."""
        self.card = self._selected = None

    def _diagnose(self, payload: bytes) -> Answer | bytes:
        if payload[:1] == b"\x00":  # communication line: everything comes back
            return payload
        return b"\x00" if payload in {b"\x01", b"\x02"} else SyntaxFault()

    def _general_status(self, _: bytes) -> bytes:
        return bytes([0x00, self._registers.get(_TX_CONTROL, 0) & 1, 0x00, 0x80])

    def _read_registers(self, payload: bytes) -> Answer | bytes:
        if not payload or len(payload) % 2:
            return SyntaxFault()
        addresses = [int.from_bytes(payload[at : at + 2], "big") for at in range(0, len(payload), 2)]
        return bytes(self._registers.get(address, 0) for address in addresses)

    def _write_registers(self, payload: bytes) -> Answer | bytes:
        if not payload or len(payload) % 3:
            return SyntaxFault()
        for at in range(0, len(payload), 3):
            self._registers[int.from_bytes(payload[at : at + 2], "big")] = payload[at + 2]
        return b""

    def _set_baudrate(self, payload: bytes) -> Answer | bytes:
        if len(payload) != 1 or payload[0] > _BAUD_INDEX_MAX:
            return SyntaxFault()
        self.next_baudrate = BAUDRATES[payload[0]]
        return b""

    def _power_down(self, _: bytes) -> bytes:
        self._field_off()
        return b"\x00"

    def _configure_field(self, payload: bytes) -> Answer | bytes:
        match list(payload):
            case [0x01, switch]:
                if switch & 1:
                    self._registers[_TX_CONTROL] = 0x03
                else:
                    self._field_off()
            case [0x05, _, _, retries]:
                self._retries = retries
            case []:
                return SyntaxFault()
        return b""

    def _field_off(self) -> None:
        self._registers[_TX_CONTROL] = 0x00
        self._selected = None

    def _list_targets(self, payload: bytes) -> Answer | bytes:
        if len(payload) < 2 or not 1 <= payload[0] <= 2:
            return SyntaxFault()
        technology = _TECHNOLOGY_OF.get(payload[1])
        # A FeliCa poll carries a system code, a type A poll the UID to select, cascade tags included.
        poll = _Poll(technology, _without_cascade_tags(payload[2:]) if technology == "A" else b"")
        self._registers[_TX_CONTROL] = 0x03
        self.looks += 1
        found = self._find(poll)
        if found is None and self._retries == _RETRY_FOREVER:
            self._waiting = poll
            return None
        return b"\x00" if found is None else found

    def _find(self, poll: _Poll) -> bytes | None:
        if self.card is None or not poll.wants(self.card):
            self._registers[_FIFO_DATA] = _POLL_REQUEST
            return None
        self._selected = self.card
        self._registers[_FIFO_DATA] = 0x00
        self._registers[_TX_MODE] = self._registers[_RX_MODE] = _RX_CRC_CHECKED
        return b"\x01\x01" + self.card.activate()

    def _communicate(self, payload: bytes) -> bytes:
        if self.exchanges_left is not None:
            self.exchanges_left -= 1
            if self.exchanges_left < 0:
                self.take_card_away()
        if self._selected is None:
            return bytes([_STATUS_TIMEOUT])
        reply = self._selected.transceive(payload)
        if self._is_torn(payload, reply):
            return bytes([_STATUS_TIMEOUT])
        checked = self._registers.get(_RX_MODE, 0) & _RX_CRC_CHECKED
        match reply:
            case None:
                return bytes([_STATUS_TIMEOUT])
            case Nibble(value):  # carries no CRC, which a checking receiver takes for an error
                return bytes([_STATUS_CRC]) if checked else bytes([_STATUS_OK, value])
        reply = reply[: DATA_BYTES_MAX - 5]
        return bytes([_STATUS_OK]) + (reply if checked else reply + crc_a(reply))

    def _is_torn(self, payload: bytes, reply: Reply) -> bool:
        """Whether the card left before the last byte of its reply; what came of it fits no checksum."""
        if self.bytes_left is None:
            return False
        self.bytes_left -= len(payload) + (len(reply) if isinstance(reply, bytes) else 1)
        if self.bytes_left < 0:
            self.take_card_away()
            return True
        return False


def crc_a(data: bytes) -> bytes:
    """The checksum of ISO 14443-3 type A frames, low byte first."""
    crc = 0x6363
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def _without_cascade_tags(uid: bytes) -> bytes:
    """Take the ``88`` out that stands before each part but the last of a UID of 7 or 10 bytes."""
    match len(uid):
        case 8:
            return uid[1:]
        case 12:
            return uid[1:4] + uid[5:]
    return uid
