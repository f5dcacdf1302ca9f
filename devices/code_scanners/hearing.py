"""What a device says that reads lines, whatever it reads them by and whatever they mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from devices.code_scanners.lines import Dropped, ScannedLine
from devices.code_scanners.repeats import Repeats
from devices.device import Trouble
from devices.observations import CodeScanned, ConditionChanged, DeviceState, Observation

Line = ScannedLine | Dropped
Understand = Callable[[Line], tuple[str, Observation] | str]
"""What a line says, after what tells it from another while it is repeated; or what is wrong with it."""


class Hearing:
    """Lines become observations. ``dropped`` counts lines that said nothing: the device is degraded until one does.

    ``reads`` is what it reads, in the plural; ``check`` what to look at where lines say nothing.
    """

    def __init__(self, understand: Understand, *, reads: str, check: str) -> None:
        self.dropped = 0
        self._understand = understand
        self._reads = reads
        self._check = check

    async def observations(
        self, lines: AsyncIterator[Line], *, debounce_s: float, now_s: Callable[[], float]
    ) -> AsyncIterator[Observation]:
        """What the lines say; the same again only after ``debounce_s`` without it."""
        repeats = Repeats(debounce_s)
        is_degraded = False
        async for line in lines:
            found = self._understand(line)
            if isinstance(found, str):
                self.dropped += 1
                if not is_degraded:
                    is_degraded = True
                    complaint = f"{found}; dropped so far: {self.dropped}. {self._check}"
                    yield ConditionChanged(DeviceState.DEGRADED, complaint, Trouble.GARBLED)
                continue
            if is_degraded:
                is_degraded = False
                again = f"reads {self._reads} again; dropped so far: {self.dropped}"
                yield ConditionChanged(DeviceState.ONLINE, again)
            key, observation = found
            if repeats.is_new(key, now_s()):
                yield observation


def code_or_complaint(line: Line, *, place: str, unit: str) -> tuple[str, Observation] | str:
    """Every whole line is a code. ``unit`` is what its length is told in: bytes, characters."""
    if isinstance(line, Dropped):
        return f"{place}: dropped {line.length_bytes} {unit} that were no code ({line.why})"
    return line.text, CodeScanned(line.text, line.symbology)
