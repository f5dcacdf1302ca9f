"""Keyboard layouts as data: which character a key code means. A scanner types for one of them, by its set-up sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

KEY_ENTER, KEY_KEYPAD_ENTER, KEY_TAB = 28, 96, 15
KEY_LEFT_CTRL, KEY_RIGHT_CTRL = 29, 97
KEY_LEFT_SHIFT, KEY_RIGHT_SHIFT = 42, 54
KEY_CAPS_LOCK, KEY_NUM_LOCK = 58, 69
KEY_LEFT_ALT, KEY_RIGHT_ALT = 56, 100

_ROWS = (
    (41, *range(2, 14)),  # the key left of 1, then 1 to =
    tuple(range(16, 28)),  # Q to ]
    (*range(30, 41), 43),  # A to ', and the key beside Enter
    (86, *range(44, 54)),  # the key beside the left shift, then Z to /
)
_KEYPAD = {
    55: "*", 71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3",
    82: "0", 83: ".", 98: "/",
}  # fmt: skip
_NOTHING = "\0"
"""A place in a row at which a layout has no character (or one that types no character by itself, a dead key)."""


class Level(StrEnum):
    """Which of a key's characters is meant."""

    PLAIN = "plain"
    SHIFT = "shift"
    ALT_GR = "alt_gr"


@dataclass(frozen=True, slots=True)
class Layout:
    """The characters of a keyboard, by level and key code."""

    name: str
    characters: Mapping[Level, Mapping[int, str]]

    def character(self, code: int, level: Level) -> str | None:
        """What the key types at that level; ``None`` where it types nothing."""
        return self.characters[level].get(code)

    def key_for(self, character: str) -> tuple[int, Level] | None:
        """A key that types ``character``; ``None`` where there is none."""
        for level, keys in self.characters.items():
            for code, typed in keys.items():
                if typed == character and code not in _KEYPAD:
                    return code, level
        return None


def _layout(name: str, **levels: tuple[str, str, str, str]) -> Layout:
    characters: dict[Level, Mapping[int, str]] = {}
    for level in Level:
        keys: dict[int, str] = {}
        for codes, row in zip(_ROWS, levels.get(level.value, ("", "", "", "")), strict=True):
            if row and len(row) != len(codes):
                raise ValueError(f"layout {name}, {level.value}: a row has {len(row)} characters, not {len(codes)}")
            keys |= {code: typed for code, typed in zip(codes, row, strict=False) if typed != _NOTHING}
        if level is not Level.ALT_GR:
            keys |= _KEYPAD | {57: " "}
        characters[level] = MappingProxyType(keys)
    return Layout(name, MappingProxyType(characters))


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            _layout(
                "us",
                plain=("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "\\zxcvbnm,./"),
                shift=("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', "|ZXCVBNM<>?"),
            ),
            _layout(
                "uk",
                plain=("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"),
                shift=('¬!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"),
                alt_gr=("¦\0\0\0€\0\0\0\0\0\0\0\0", "", "", ""),
            ),
            _layout(
                "de",
                plain=("\x001234567890ß\0", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
                shift=('°!"§$%&/()=?\0', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
                alt_gr=("\0\0²³\0\0\0{[]}\\\0", "@\0€\0\0\0\0\0\0\0\0~", "", "|\0\0\0\0\0\0µ\0\0\0"),
            ),
            _layout(
                "fr",
                plain=("²&é\"'(-è_çà)=", "azertyuiop\0$", "qsdfghjklmù*", "<wxcvbn,;:!"),
                shift=("\x001234567890°+", "AZERTYUIOP\0£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
                alt_gr=("\0\0~#{[|`\\^@]}", "\0\0€\0\0\0\0\0\0\0\0¤", "", ""),
            ),
        )
    }
)
"""By the name that the configuration gives."""
