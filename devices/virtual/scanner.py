"""A hand scanner without the hand: sends codes over a pseudo-terminal as the real one sends them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.pty_port import PtyPort

_NOISE_BYTES = 48


class VirtualScanner:
    """A serial scanner at ``link``. ``scan`` pulls its trigger, ``noise`` disturbs its line, ``fail`` breaks it."""

    fault_kinds = frozenset({FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE, FaultKind.UNPLUGGED})

    def __init__(self, link: Path, *, prefix: bytes = b"", suffix: bytes = b"\r\n", seed: int = 0) -> None:
        self.port = PtyPort(link)
        self.fault: FaultKind | None = None
        self._random = Random(f"regulars/scanner/{seed}")  # noqa: S311 - noise, not a secret
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
        data = self._prefix + (aim_id + text).encode(encoding) + self._suffix
        match self.fault:
            case FaultKind.SILENT:
                return False
            case FaultKind.FROZEN:
                self.noise(data[: len(data) // 2])
                return False
            case FaultKind.GARBAGE:
                self.noise(self._random.randbytes(len(data)))
                return False
            case _:
                return self.noise(data)

    def noise(self, data: bytes) -> bool:
        """Send raw bytes: half a code, a disturbance. Returns whether all of them went out."""
        return self.port.send(data) == len(data)

    def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. Raises :class:`UnsupportedFault`."""
        if kind not in self.fault_kinds:
            raise UnsupportedFault(f"a scanner cannot be {kind}")
        self.fault = kind
        if kind is FaultKind.GARBAGE:
            self.noise(self._random.randbytes(_NOISE_BYTES))
        elif kind is FaultKind.UNPLUGGED:
            self.unplug()

    def heal(self) -> None:
        """Work again; one that was unplugged is plugged in."""
        self.fault = None
        self.plug()
