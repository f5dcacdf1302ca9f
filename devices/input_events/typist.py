"""What a keyboard types, as text: shift, caps lock, AltGr and control keys, by the layout it is set to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from devices.input_events import layouts as keys
from devices.input_events.events import InputEvent
from devices.input_events.layouts import Layout, Level

END = "\n"
"""What a line ends with, whichever key ended it."""
DAMAGE = "\0"
"""Stands for what cannot be read: a key without a character, or events that the kernel dropped."""

_SHIFTS = frozenset({keys.KEY_LEFT_SHIFT, keys.KEY_RIGHT_SHIFT})
_CONTROLS = frozenset({keys.KEY_LEFT_CTRL, keys.KEY_RIGHT_CTRL})
_HELD = _SHIFTS | _CONTROLS | {keys.KEY_RIGHT_ALT}
_SILENT = frozenset({keys.KEY_NUM_LOCK, keys.KEY_LEFT_ALT})
_CONTROL_CHARACTERS = {"]": "\x1d", "^": "\x1e", "6": "\x1e", "d": "\x04"}
"""Control characters that GS1 and ISO 15434 codes really contain, by the key that is pressed with Ctrl."""


class Suffix(StrEnum):
    """Which key ends a code."""

    ENTER = "enter"
    TAB = "tab"
    EITHER = "either"


_ENDS = {
    Suffix.ENTER: frozenset({keys.KEY_ENTER, keys.KEY_KEYPAD_ENTER}),
    Suffix.TAB: frozenset({keys.KEY_TAB}),
    Suffix.EITHER: frozenset({keys.KEY_ENTER, keys.KEY_KEYPAD_ENTER, keys.KEY_TAB}),
}


class Typist:
    """Follows one keyboard. The same events give the same text however they come in portions."""

    def __init__(self, layout: Layout, suffix: Suffix = Suffix.ENTER) -> None:
        self._layout = layout
        self._ends = _ENDS[suffix]
        self._held: set[int] = set()
        self._is_caps = False

    def feed(self, events: Iterable[InputEvent]) -> str:
        """What these events type; :data:`END` after each line, :data:`DAMAGE` for what cannot be read."""
        return "".join(self._typed(event) for event in events)

    def silence(self) -> None:
        """Nothing came for a while: a key whose release was lost is not held any more."""
        self._held.clear()

    def _typed(self, event: InputEvent) -> str:
        if event.is_loss:
            self._held.clear()
            return DAMAGE
        if not event.is_key:
            return ""
        if event.code in _HELD:
            self._hold(event)
            return ""
        # A repeated key (value 2) is one whose release is late: a scanner presses anew for each character.
        return self._pressed(event.code) if event.value == 1 else ""

    def _hold(self, event: InputEvent) -> None:
        if event.value:
            self._held.add(event.code)
        else:
            self._held.discard(event.code)

    def _pressed(self, code: int) -> str:
        if code in self._ends:
            return END
        if code == keys.KEY_CAPS_LOCK:
            self._is_caps = not self._is_caps
            return ""
        if code in _SILENT:
            return ""
        if self._held & _CONTROLS and keys.KEY_RIGHT_ALT not in self._held:
            plain = self._layout.character(code, Level.PLAIN) or ""
            return _CONTROL_CHARACTERS.get(plain, DAMAGE)
        return self._character(code) or DAMAGE

    def _character(self, code: int) -> str | None:
        if keys.KEY_RIGHT_ALT in self._held:
            return self._layout.character(code, Level.ALT_GR)
        is_shifted = bool(self._held & _SHIFTS)
        plain, shifted = (self._layout.character(code, level) for level in (Level.PLAIN, Level.SHIFT))
        if self._is_caps and plain is not None and plain.isalpha() and plain.upper() == shifted:
            is_shifted = not is_shifted
        return shifted if is_shifted else plain


def strokes(text: str, layout: Layout) -> list[InputEvent]:
    """The key events with which a scanner set to ``layout`` types ``text``, modifiers included, without an end.

    Raises ``ValueError`` for a character that the layout does not have.
    """
    events: list[InputEvent] = []
    for character in text:
        found = layout.key_for(character)
        if found is None:
            raise ValueError(f"the layout {layout.name} has no key for U+{ord(character):04X}")
        code, level = found
        modifier = {Level.SHIFT: keys.KEY_LEFT_SHIFT, Level.ALT_GR: keys.KEY_RIGHT_ALT}.get(level)
        pressed = [code] if modifier is None else [modifier, code]
        events += [InputEvent(1, key, 1) for key in pressed] + [InputEvent(1, key, 0) for key in reversed(pressed)]
    return events
