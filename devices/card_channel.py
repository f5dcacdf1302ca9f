"""A line to a card that lies on a reader, for as long as it lies there."""

from __future__ import annotations

from typing import Protocol

APDU_BYTES_MAX = 261
"""The longest short command of ISO 7816-4: header, length, 255 bytes and the expected length."""


class CardGone(Exception):
    """The card was taken away, or stopped answering, before the exchange was over. It says nothing of the card."""


class CardChannel(Protocol):
    """Exchanges commands with the card of one tap. It never blocks the event loop, and ends with the card."""

    async def transceive(self, command: bytes) -> bytes:
        """The card's answer to one ISO 7816-4 command, status words included. Raises :class:`CardGone`.

        At most :data:`APDU_BYTES_MAX` bytes go out; an answer has at most 258.
        """
        ...

    def close(self) -> None:
        """The conversation is over: the reader looks for other cards again at once. Safe to call twice."""
        ...
