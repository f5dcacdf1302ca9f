"""A contact bounces when it closes: only what stays is told. Pure; time is passed in, in seconds."""

from __future__ import annotations


class Debounce:
    """Follows one contact. A level is told once it stayed for ``settle_s``; what went back meanwhile never was."""

    def __init__(self, settle_s: float, *, is_on: bool) -> None:
        self.is_on = is_on
        """What was told last."""
        self._settle_s = settle_s
        self._seen = is_on
        self._since_s: float | None = None

    def see(self, is_on: bool, now_s: float) -> None:  # noqa: FBT001 - the level is what it is about
        """The contact is like this now."""
        if is_on is self._seen:
            return
        self._seen = is_on
        self._since_s = None if is_on is self.is_on else now_s

    def due_s(self) -> float | None:
        """When to look again; ``None``: not before something is seen."""
        return None if self._since_s is None else self._since_s + self._settle_s

    def settled(self, now_s: float) -> bool | None:
        """The new level, once, if it has stayed for long enough."""
        due_s = self.due_s()
        if due_s is None or now_s < due_s:
            return None
        self._since_s = None
        self.is_on = self._seen
        return self.is_on
