"""A virtual USB card reader: its transfers on a Unix socket, its chip, and the hand that holds cards to it.

::

    with VirtualUsbReader(Path("run/reader"), Acr122uChip()) as reader:      # the driver opens port = "…/run/reader"
        with reader.holding(Ntag213(bytes.fromhex("04A1B2C3D4E580"))):
            reader.wait_until_read(timeout_s=2)

It runs in a thread of its own and obeys from any thread. What lies below the transfers (libusb, the bus, rights) is
not here.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self

from devices.virtual.cards import Card
from devices.virtual.faults import FaultKind, UnsupportedFault

TRANSFER_BYTES_MAX = 300
_STOP_WAIT_S = 2.0
_HALF_TRANSFER_BYTES = 3
_TORN_AFTER_EXCHANGES = 3


class UsbChip(Protocol):
    """What answers transfers. Not safe for threads: its reader holds the lock."""

    card: Card | None
    exchanges_left: int | None

    @property
    def looks(self) -> int:
        """How often the host has looked for a card since power-up."""

    @property
    def has_told(self) -> bool:
        """Whether the last answer told the host of the card that is there now."""

    def handle(self, transfer: bytes) -> list[bytes]:
        """Answer one transfer by any number of them."""

    def take_card_away(self) -> None:
        """The card leaves the field."""

    def reset(self) -> None:
        """Lose power, but not the card at the antenna."""


class VirtualUsbReader:
    """The chip, its plug and its antenna. ``fail()`` and ``heal()`` work while it runs."""

    fault_kinds = frozenset(
        {FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE, FaultKind.UNPLUGGED, FaultKind.TORN_CARD}
    )

    def __init__(self, path: Path, chip: UsbChip, *, seed: int = 0) -> None:
        self.path = path
        self._chip = chip
        self._changed = threading.Condition()
        self._fault: FaultKind | None = None
        self._noise = random.Random(seed)  # noqa: S311 - noise to be repeated, not a secret
        self._was_told = self._was_read = False
        self._listener: socket.socket | None = None
        self._line: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"VirtualUsbReader({str(self.path)!r}, {self._fault or 'working'}, card={self._chip.card!r})"

    # --- power ---

    def start(self) -> None:
        """Plug it in. The path exists when this returns."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        listener.bind(str(self.path))
        listener.listen(1)
        self._listener = listener
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name=f"virtual-usb {self.path.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Pull the plug; the path and the thread are gone when this returns."""
        self.path.unlink(missing_ok=True)
        with self._changed:
            listener, self._listener = self._listener, None
            _hang_up(listener)
            _hang_up(self._line)
        if self._thread is not None:
            self._thread.join(_STOP_WAIT_S)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- cards ---

    def present(self, card: Card) -> None:
        """Hold a card to the antenna, in place of one that is there."""
        with self._changed:
            self._chip.take_card_away()
            self._chip.card = card
            self._chip.exchanges_left = _TORN_AFTER_EXCHANGES if self._fault is FaultKind.TORN_CARD else None
            self._was_told = self._was_read = False

    def remove(self) -> None:
        """Take the card away."""
        with self._changed:
            self._chip.take_card_away()

    @contextmanager
    def holding(self, card: Card) -> Iterator[None]:
        """A card is at the antenna inside the ``with`` block."""
        self.present(card)
        try:
            yield
        finally:
            self.remove()

    def wait_until_read(self, *, timeout_s: float) -> bool:
        """Wait until the host has the number of the card presented last; False after the timeout.

        That is known once the host asks for the next thing.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._was_read, timeout_s)

    def wait_until_looked(self, times: int, *, timeout_s: float) -> bool:
        """Wait until the host has looked for a card this many times more; False after the timeout."""
        with self._changed:
            enough = self._chip.looks + times
            return self._changed.wait_for(lambda: self._chip.looks >= enough, timeout_s)

    # --- faults ---

    def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. A card torn away is the next one presented."""
        if kind not in self.fault_kinds:
            raise UnsupportedFault(f"a card reader cannot be {kind}")
        with self._changed:
            self._fault = kind
        if kind is FaultKind.UNPLUGGED:
            self.stop()

    def heal(self) -> None:
        """Work again. One that was unplugged comes back as after power-up, a card at the antenna still there."""
        with self._changed:
            self._fault = None
            self._chip.exchanges_left = None
            is_plugged = self._listener is not None
        if not is_plugged:
            self._chip.reset()
            self.start()

    # --- the plug ---

    def _run(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # unplugged
            with self._changed:
                if self._listener is not listener:
                    line.close()
                    return
                self._line = line
            with line, contextlib.suppress(OSError):
                while transfer := line.recv(TRANSFER_BYTES_MAX):
                    self._take(line, transfer)

    def _take(self, line: socket.socket, transfer: bytes) -> None:
        with self._changed:
            self._was_read |= self._was_told
            if self._fault is FaultKind.SILENT:
                return
            answers = self._chip.handle(transfer)
            if self._fault in {None, FaultKind.TORN_CARD}:
                self._was_told |= self._chip.has_told
            for answer in answers:
                line.send(self._spoilt(answer))
            self._changed.notify_all()

    def _spoilt(self, answer: bytes) -> bytes:
        match self._fault:
            case FaultKind.FROZEN:
                return answer[:_HALF_TRANSFER_BYTES]
            case FaultKind.GARBAGE:
                return self._noise.randbytes(len(answer))
        return answer


def _hang_up(line: socket.socket | None) -> None:
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()
