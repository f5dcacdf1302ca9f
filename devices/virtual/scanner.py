"""A hand scanner without the hand: sends codes over a pseudo-terminal as the real one sends them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from devices.virtual.pty_port import PtyPort


class VirtualScanner:
    """A serial scanner at ``link``. ``scan`` pulls its trigger, ``noise`` disturbs its line."""

    def __init__(self, link: Path, *, prefix: bytes = b"", suffix: bytes = b"\r\n") -> None:
        self.port = PtyPort(link)
        self._prefix = prefix
        self._suffix = suffix

    def __repr__(self) -> str:
        return f"VirtualScanner({self.port!r})"

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def plug(self) -> None:
        """Put the cable in."""
        self.port.plug()

    def unplug(self) -> None:
        """Pull the cable out."""
        self.port.unplug()

    def scan(self, text: str, *, aim_id: str = "", encoding: str = "utf-8") -> bool:
        """Read a code; ``aim_id`` such as ``]Q1`` goes before it. Returns whether the whole code went out."""
        return self.noise(self._prefix + (aim_id + text).encode(encoding) + self._suffix)

    def noise(self, data: bytes) -> bool:
        """Send raw bytes: half a code, a disturbance. Returns whether all of them went out."""
        return self.port.send(data) == len(data)
