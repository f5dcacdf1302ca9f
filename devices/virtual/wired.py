"""Contacts and thermometers without their wires."""

from __future__ import annotations

from pathlib import Path

from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.gpio_header import VirtualHeader

_BOUNCES = 7
_SCRATCHPAD_END = "4b 46 7f ff 0c 10 1c"


class VirtualContact:
    """Two wires at a pin of a virtual header; pulled up, it is high while they do not touch."""

    def __init__(self, header: VirtualHeader, pin: int, *, is_high: bool = False) -> None:
        self.is_high = is_high
        self._header = header
        self._pin = header.pin(pin)
        self._pin.source = lambda: self.is_high

    def go(self, *, high: bool) -> None:
        """Change, cleanly."""
        self.is_high = high
        self._pin.edge(high)

    def bounce(self, times: int = _BOUNCES) -> None:
        """Change and change back, and end as it was."""
        for _ in range(times):
            self.go(high=not self.is_high)
            self.go(high=not self.is_high)


class VirtualThermometer:
    """The kernel's file of a DS18B20, as it would write it at each reading."""

    fault_kinds = frozenset({FaultKind.SILENT, FaultKind.GARBAGE, FaultKind.UNPLUGGED})

    def __init__(self, path: Path, *, celsius: float = 4.0) -> None:
        self.path = path
        self._celsius = celsius
        self._fault: FaultKind | None = None
        self._write()

    @property
    def celsius(self) -> float:
        return self._celsius

    @celsius.setter
    def celsius(self, celsius: float) -> None:
        self._celsius = celsius
        self._write()

    def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. Raises :class:`UnsupportedFault`."""
        if kind not in self.fault_kinds:
            raise UnsupportedFault(f"a thermometer cannot be {kind}")
        self._fault = kind
        self._write()

    def heal(self) -> None:
        """Work again."""
        self._fault = None
        self._write()

    def say(self, text: str) -> None:
        """Let the file say anything at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_suffix(".new")
        written.write_text(text, encoding="ascii")
        written.replace(self.path)

    def _write(self) -> None:
        if self._fault is FaultKind.UNPLUGGED:
            self.path.unlink(missing_ok=True)
            return
        sixteenths = round(self._celsius * 16) & 0xFFFF
        numbers = f"{sixteenths & 0xFF:02x} {sixteenths >> 8:02x} {_SCRATCHPAD_END} "
        verdict = "YES"
        if self._fault is FaultKind.SILENT:
            numbers = "00 " * 9
        elif self._fault is FaultKind.GARBAGE:
            verdict = "NO"
        milli = round(self._celsius * 16) * 1_000 // 16
        self.say(f"{numbers}: crc=1c {verdict}\n{numbers}t={milli}\n")
