"""What readers that type a card's number mean by it: decimal or hexadecimal, from either end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from devices.observations import CardUid

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{8,20}")
_DECIMAL = re.compile(r"[0-9]{1,25}")
_SEPARATORS = str.maketrans("", "", " :-")


@dataclass(frozen=True, slots=True)
class UidFormat:
    """How a reader is set up. ``uid_bytes`` is how many bytes a decimal number stands for."""

    number: Literal["hexadecimal", "decimal"] = "hexadecimal"
    byte_order: Literal["as-sent", "reversed"] = "as-sent"
    uid_bytes: int = 4

    def uid(self, text: str) -> CardUid | None:
        """The card's number; ``None`` for what is none in this format, for a random one and for zeros."""
        number = self._number(text.strip())
        if number is None or not any(number):
            return None
        uid = CardUid(number if self.byte_order == "as-sent" else number[::-1])
        return None if uid.is_random else uid

    def _number(self, digits: str) -> bytes | None:
        if self.number == "hexadecimal":
            digits = digits.translate(_SEPARATORS)
            return bytes.fromhex(digits) if _HEXADECIMAL.fullmatch(digits) and len(digits) % 2 == 0 else None
        if not _DECIMAL.fullmatch(digits) or int(digits) >= 256**self.uid_bytes:
            return None
        return int(digits).to_bytes(self.uid_bytes, "big")
