"""What is wrong with single sensors, told as the condition of the bus: bounded in number, and told rarely."""

from __future__ import annotations

from devices.device import Trouble
from devices.observations import ConditionChanged, DeviceState

COMPLAINTS_MAX = 200
REASON_LENGTH_MAX = 240
CHANGES_AT_ONCE_MAX = 6
CHANGE_AGAIN_S = 10.0
"""Each change of condition is journalled, so a sensor that comes and goes may not change it without end."""


class Complaints:
    """Complaints by subject; the condition says the oldest and how many more there are."""

    def __init__(self) -> None:
        self._by_subject: dict[str, str] = {}
        self._told = ""
        self._allowed = float(CHANGES_AT_ONCE_MAX)
        self._asked_s: float | None = None

    def __len__(self) -> int:
        return len(self._by_subject)

    def add(self, subject: str, text: str) -> None:
        """Complain, in words that stay the same for the same trouble; what cannot be printed of them is left out.

        They may quote the bus, and are read on terminals, too.
        """
        if subject in self._by_subject or len(self._by_subject) < COMPLAINTS_MAX:
            self._by_subject[subject] = "".join(sign if sign.isprintable() else " " for sign in text)

    def clear(self, subject: str) -> None:
        """It is well again."""
        self._by_subject.pop(subject, None)

    def changed(self, now_s: float) -> ConditionChanged | None:
        """The condition, where it is another than told last, and was not told too often."""
        if self._asked_s is not None:
            gained = (now_s - self._asked_s) / CHANGE_AGAIN_S
            self._allowed = min(float(CHANGES_AT_ONCE_MAX), self._allowed + gained)
        self._asked_s = now_s
        text = self._text()
        if text == self._told or self._allowed < 1.0:
            return None
        self._allowed -= 1.0
        self._told = text
        if not text:
            return ConditionChanged(DeviceState.ONLINE, "")
        return ConditionChanged(DeviceState.DEGRADED, text, Trouble.SOME_SENSORS)

    def _text(self) -> str:
        if not self._by_subject:
            return ""
        first = next(iter(self._by_subject.values()))[:REASON_LENGTH_MAX]
        more = len(self._by_subject) - 1
        return f"{first} ({more} more)" if more else first
