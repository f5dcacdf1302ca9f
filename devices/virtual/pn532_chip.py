"""A virtual PN532 on a serial line, and the hand that holds cards to it.

::

    with VirtualPn532(Path("run/reader")) as chip:      # the driver opens run/reader
        with chip.holding(Ntag213(bytes.fromhex("04A1B2C3D4E580"))):
            chip.wait_until_read(timeout_s=2)

It runs in a thread of its own and obeys from any thread. In an event loop wait with
``asyncio.to_thread(chip.wait_until_read, timeout_s=2)``.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from devices.card_readers.pn532_frames import Ack, Corrupt, Direction, Frame, FrameDecoder, Message, Nack
from devices.virtual.cards import Card
from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.pn532_core import Answer, Pn532Core
from devices.virtual.pty_port import PtyPort

_IDLE_WAIT_S = 60.0
"""A wait on the quiet line; every change wakes it earlier."""
_STOP_WAIT_S = 2.0
_HALF_FRAME_BYTES = 3
_NOISE_BYTES = 24
_TORN_AFTER_EXCHANGES = 3
_CARDS_LISTED = 0x4B
"""Code of the answer to InListPassiveTarget."""


class VirtualPn532:
    """The chip, its serial adapter and its antenna. ``fail()`` and ``heal()`` work while it runs."""

    fault_kinds = frozenset(
        {FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE, FaultKind.UNPLUGGED, FaultKind.TORN_CARD}
    )

    def __init__(self, link: Path, *, seed: int = 0) -> None:
        self.port = PtyPort(link)
        self._changed = threading.Condition()
        self._core = Pn532Core()
        self._decoder = FrameDecoder()
        self._last_answer = b""
        self._was_told = False
        self._was_read = False
        self._fault: FaultKind | None = None
        self._noise = random.Random(seed)  # noqa: S311 - noise to be repeated, not a secret
        self._thread: threading.Thread | None = None
        self._stopping = False

    def __repr__(self) -> str:
        state = self._fault or ("waiting for a card" if self._core.waiting else "working")
        return f"VirtualPn532({str(self.port.link)!r}, {state}, card={self._core.card!r})"

    # --- power ---

    def start(self) -> None:
        """Plug it in. The path exists when this returns."""
        self._stopping = False
        self.port.plug()
        self._thread = threading.Thread(target=self._run, name=f"virtual-pn532 {self.port.link.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Unplug it for good; the path and the thread are gone when this returns."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self.port.unplug()
        if self._thread is not None:
            self._thread.join(_STOP_WAIT_S)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- cards ---

    def present(self, card: Card, *, torn_after_bytes: int | None = None) -> None:
        """Hold a card to the antenna, in place of one that is there; for so many bytes over the air, if it is said."""
        with self._changed:
            self._core.take_card_away()
            self._core.card = card
            self._core.exchanges_left = _TORN_AFTER_EXCHANGES if self._fault is FaultKind.TORN_CARD else None
            self._core.bytes_left = torn_after_bytes
            self._was_told = self._was_read = False
        self.port.wake()

    def remove(self) -> None:
        """Take the card away."""
        with self._changed:
            self._core.take_card_away()

    @contextmanager
    def holding(self, card: Card) -> Iterator[None]:
        """A card is at the antenna inside the ``with`` block."""
        self.present(card)
        try:
            yield
        finally:
            self.remove()

    def tap(self, card: Card, *, timeout_s: float) -> bool:
        """Once the reader waits for a card, hold this one until it was read. False when that took too long."""
        if not self.wait_until_waiting(timeout_s=timeout_s):
            return False
        with self.holding(card):
            return self.wait_until_read(timeout_s=timeout_s)

    def wait_until_read(self, *, timeout_s: float) -> bool:
        """Wait until the host has the UID of the card presented last; False after the timeout.

        That is known once the host asks for the next thing: one that gave up at the same moment lost the answer.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._was_read, timeout_s)

    def wait_until_waiting(self, *, timeout_s: float) -> bool:
        """Wait until the host waits for a card: it has seen the field empty. False after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self._core.waiting, timeout_s)

    def wait_until_looked(self, times: int, *, timeout_s: float) -> bool:
        """Wait until the host has looked for a card this many times more; False after the timeout."""
        with self._changed:
            enough = self._core.looks + times
            return self._changed.wait_for(lambda: self._core.looks >= enough, timeout_s)

    @property
    def baudrate(self) -> int:
        """The speed the chip listens at now, in bit/s."""
        return self._core.baudrate

    # --- faults ---

    def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. A card torn away is the next one presented."""
        if kind not in self.fault_kinds:
            raise UnsupportedFault(f"a card reader cannot be {kind}")
        with self._changed:
            self._fault = kind
            if kind is FaultKind.FROZEN and self._core.waiting:
                self.port.send(bytes(Ack())[:_HALF_FRAME_BYTES])
            elif kind is FaultKind.GARBAGE:
                self.port.send(self._noise.randbytes(_NOISE_BYTES))
        if kind is FaultKind.UNPLUGGED:
            self.port.unplug()

    def heal(self) -> None:
        """Work again. One that was unplugged comes back as after power-up, a card at the antenna still there."""
        with self._changed:
            self._fault = None
            self._core.exchanges_left = None
            if not self.port.plugged and not self._stopping:
                card, self._core = self._core.card, Pn532Core()
                self._core.card = card
                self._decoder.reset()
                self.port.plug()
            self._changed.notify_all()

    # --- the line ---

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.port.plugged or self._stopping)
                if self._stopping:
                    return
            data = self.port.receive(timeout_s=_IDLE_WAIT_S)
            with self._changed:
                self._hear(data)
                if self._fault in {None, FaultKind.TORN_CARD} and (answer := self._core.find_awaited_card()):
                    self._answer(answer, after=b"")
                self._changed.notify_all()

    def _hear(self, data: bytes) -> None:
        if not data:
            return
        speeds = {self._core.baudrate, self._core.next_baudrate}
        heard = self.port.baudrate
        if self._fault is FaultKind.SILENT or heard not in speeds:
            # At another speed the bytes are noise, which no frame is made of.
            self._decoder.reset()
            return
        if heard == self._core.next_baudrate and heard != self._core.baudrate:
            # The host flushes its line while it changes speed, and its ACK may go down with it.
            self._core.acknowledged()
        for frame in self._decoder.feed(data):
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        match frame:
            case Message(direction=Direction.TO_CHIP):
                self._was_read |= self._was_told
                self._answer(self._core.handle(frame), after=bytes(Ack()))
            case Ack():
                self._was_told = False
                self._core.acknowledged()
            case Nack():
                self._send(self._last_answer)
            case Corrupt():
                pass  # The chip ignores a damaged frame; the host misses its ACK.

    def _answer(self, answer: Answer, *, after: bytes) -> None:
        self._last_answer = b"" if answer is None else bytes(answer)
        if isinstance(answer, Message) and answer.code == _CARDS_LISTED:
            self._was_told = self._core.selected is not None and self._fault in {None, FaultKind.TORN_CARD}
        self._send(after + self._last_answer)

    def _send(self, data: bytes) -> None:
        if self._fault is FaultKind.FROZEN:
            data = data[:_HALF_FRAME_BYTES]
        elif self._fault is FaultKind.GARBAGE:
            data = self._noise.randbytes(len(data))
        self.port.send(data)
