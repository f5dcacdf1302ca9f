"""A virtual HX711 under a virtual load cell, bit for bit on the pins of a virtual header.

::

    header = VirtualHeader()
    chip = VirtualHx711(header, data_pin=5, clock_pin=6)
    chip.load_g = 500                                       # a hand puts something on the shelf
    async with Hx711(Hx711Settings(data_pin=5, clock_pin=6, pins=header)) as scale: ...

It converts by the header's time: drift and noise are repeatable. Its data line falls when a conversion is ready, each
rising clock edge shifts one bit out, pulses 25 to 27 choose the next gain, and a clock that is high for 60 µs switches
it off; low again, it starts at gain 128 and settles.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from devices.shelf.hx711_frames import BITS, HIGH_S_MAX, POWER_UP_GAIN, PULSES, SETTLING_CONVERSIONS, signed, unsigned
from devices.virtual.faults import FaultKind, UnsupportedFault
from devices.virtual.gpio_header import VirtualHeader

_STALL_S = 90e-6
"""How long a late pulse is held up."""
_LATE_SHARE = 0.01
"""Of the pulses, those that are late: nearly half of the samples have one, or come too soon after one."""
_DRIFT_COUNTS_PER_S = 40.0
_UNSETTLED_SHARES = (0.35, 0.7, 0.9, 0.98)
"""How much of a change the first conversions after it show."""
_GAINS = {pulses: gain for gain, pulses in PULSES.items()}


@dataclass(frozen=True, slots=True)
class LoadCell:
    """What is wired to the chip. Counts are those at gain 128; ``noise_counts`` is a standard deviation."""

    zero_counts: float = 84_000.0
    counts_per_g: float = 420.0
    noise_counts: float = 25.0


class VirtualHx711:
    """The chip and its cell. ``load_g`` is what lies on it; ``fail()`` and ``heal()`` work while it is read."""

    fault_kinds = frozenset(
        {
            FaultKind.SILENT,
            FaultKind.FROZEN,
            FaultKind.GARBAGE,
            FaultKind.UNPLUGGED,
            FaultKind.LATE,
            FaultKind.DRIFT,
        }
    )

    def __init__(
        self, header: VirtualHeader, *, data_pin: int, clock_pin: int, cell: LoadCell | None = None, seed: int = 0
    ) -> None:
        self.load_g = 0.0
        self.rate_hz = 10
        """As its RATE pin is wired: 10 or 80."""
        self._header = header
        self._cell = cell or LoadCell()
        self._noise = random.Random(seed)  # noqa: S311 - noise to be repeated, not a secret
        self._fault: FaultKind | None = None
        self._failed_s = 0.0
        self._granted: int | None = None
        self._drifted = 0.0
        self._rose_s: float | None = None
        self._start()
        data, clock = header.pin(data_pin), header.pin(clock_pin)
        data.source = self._data_level
        clock.listener = self._clock_edge

    def __repr__(self) -> str:
        return f"VirtualHx711({self.load_g:g} g, {self._fault or 'working'}, gain={self._gain})"

    # --- the hand ---

    def hold(self) -> None:
        """From now on convert only when told to, but for what settles after a start."""
        with self._header.changing:
            self._granted = 0

    def convert(self, times: int) -> None:
        """While it holds: convert this many times more."""
        with self._header.changing:
            self._granted = (self._granted or 0) + times

    def let_go(self) -> None:
        """Convert by itself again."""
        with self._header.changing:
            self._granted = None

    def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. Raises :class:`UnsupportedFault`."""
        if kind not in self.fault_kinds:
            raise UnsupportedFault(f"a load cell cannot be {kind}")
        with self._header.changing:
            self._fault, self._failed_s = kind, self._header.now_s

    def heal(self) -> None:
        """Work again; what drifted stays where it drifted to."""
        with self._header.changing:
            self._drifted = self._drift()
            was, self._fault = self._fault, None
            if was in {FaultKind.SILENT, FaultKind.UNPLUGGED}:
                self._start()

    def counts(self) -> int:
        """What a conversion says now without noise, at gain 128."""
        with self._header.changing:
            return round(self._cell.zero_counts + self._drift() + self.load_g * self._cell.counts_per_g)

    # --- the chip ---

    def _start(self) -> None:
        self._gain = POWER_UP_GAIN
        self._pulses = 0
        self._register = 0
        self._is_ready = False
        self._settle()
        if self._granted is not None:
            self._granted = 0

    def _settle(self) -> None:
        self._unsettled = SETTLING_CONVERSIONS
        self._next_s = self._header.now_s + 1 / self.rate_hz

    def _data_level(self) -> bool | None:
        self._go_on()
        if self._fault is FaultKind.UNPLUGGED:
            return None
        if self._fault is FaultKind.SILENT or self._is_off():
            return True
        if self._fault is FaultKind.GARBAGE and self._pulses:
            return bool(self._noise.getrandbits(1))
        if self._is_ready and self._pulses:
            return bool(self._register >> (BITS - self._pulses) & 1)
        return not self._is_ready

    def _clock_edge(self, level: bool) -> None:  # noqa: FBT001 - a level
        self._go_on()
        if level:
            self._rose_s = self._header.now_s
            self._pulses += 1
            if self._pulses > BITS:
                self._is_ready = False
            if self._fault is FaultKind.LATE and self._noise.random() < _LATE_SHARE:
                self._header.pass_time(_STALL_S)
            return
        if self._is_off():
            self._start()
        self._rose_s = None

    def _is_off(self) -> bool:
        return self._rose_s is not None and self._header.now_s - self._rose_s >= HIGH_S_MAX

    def _go_on(self) -> None:
        """Convert whatever came due since it was last looked at; only the newest conversion is kept."""
        while not self._is_off() and self._next_s <= self._header.now_s:
            self._next_s += 1 / self.rate_hz
            if self._unsettled == 0 and self._granted is not None:
                if self._granted == 0 or self._is_ready:
                    continue
                self._granted -= 1
            if self._pulses >= BITS:
                self._choose_gain()
            self._pulses = 0
            self._register = unsigned(self._convert())
            self._is_ready = True
            self._unsettled = max(0, self._unsettled - 1)

    def _choose_gain(self) -> None:
        chosen = _GAINS.get(self._pulses, self._gain)
        if chosen != self._gain:
            self._gain = chosen
            self._unsettled = SETTLING_CONVERSIONS

    def _convert(self) -> int:
        if self._fault is FaultKind.FROZEN:
            return signed(self._register)
        if self._gain == 32:
            # Nothing is wired to input B.
            return round(self._noise.gauss(0.0, self._cell.noise_counts))
        share = 1.0 if self._unsettled == 0 else _UNSETTLED_SHARES[SETTLING_CONVERSIONS - self._unsettled]
        noise = self._noise.gauss(0.0, self._cell.noise_counts) if self._cell.noise_counts else 0.0
        return round((self.counts() * share + noise) * self._gain / POWER_UP_GAIN)

    def _drift(self) -> float:
        if self._fault is not FaultKind.DRIFT:
            return self._drifted
        return self._drifted + _DRIFT_COUNTS_PER_S * (self._header.now_s - self._failed_s)
