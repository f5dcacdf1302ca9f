"""Who is in a reader's field: each card's coming is told once, until it has left."""

from __future__ import annotations

from devices.observations import CardUid


class CardField:
    """Debounces what polling finds.

    A card that lies still, or trembles at the edge of the field, has come once. It has left when
    ``misses_max`` polls in a row did not find it; then it may come again. Two cards of one wallet, found in turns,
    have both come once. All random numbers count as one visitor: a phone shows a new one at every poll.
    """

    def __init__(self, *, misses_max: int) -> None:
        self._misses_max = misses_max
        self._misses: dict[CardUid | None, int] = {}

    def __repr__(self) -> str:
        return f"CardField({len(self._misses)} cards)"

    @property
    def empty(self) -> bool:
        """Whether every card that came has left."""
        return not self._misses

    def holds(self, card: CardUid) -> bool:
        """Whether this card has come and not left."""
        return card in self._misses

    def polled(self, found: CardUid | None) -> bool:
        """Take the result of one poll; returns whether a card has come."""
        visitor = None if found is None or found.is_random else found
        came = found is not None and visitor not in self._misses
        self._misses = {card: missed + 1 for card, missed in self._misses.items() if missed + 1 < self._misses_max}
        if found is not None:
            self._misses[visitor] = 0
        return came
