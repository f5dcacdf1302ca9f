"""What goes over the bus, and the bounds of what may wait to be read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

TOPIC_LENGTH_MAX = 256
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
WAITING_MESSAGES_MAX = 4_000
WAITING_BYTES_MAX = 16 * 1024 * 1024
WAITING_PER_TOPIC_MAX = 16
"""So that a sensor gone mad crowds out itself and nobody else."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came. ``is_retained``: it was kept by the broker, so it is a state and no event."""

    topic: str
    payload: bytes
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker says, retained, when this connection vanishes."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Drops:
    """Messages that were not read, by why."""

    too_large: int = 0
    """Payload or topic beyond its limit."""
    overtaken: int = 0
    """A newer message of the same topic took its place."""
    overflow: int = 0
    """Too many waited."""
    no_topic: int = 0
    """What it was said on is no topic: not UTF-8, or none at all."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.too_large + self.overtaken + self.overflow + self.no_topic


class Inbox:
    """Messages waiting to be read, oldest first, bounded in number, in bytes and per topic.

    Where one topic fills its share, its newest message replaces the one before: sensors tell levels, and the newest
    level is the one that counts.
    """

    def __init__(self, *, payload_bytes_max: int = PAYLOAD_BYTES_MAX) -> None:
        self.drops = Drops()
        self._payload_bytes_max = payload_bytes_max
        self._waiting: deque[list[Heard]] = deque()
        self._by_topic: dict[str, deque[list[Heard]]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, heard: Heard) -> bool:
        """Take a message in; returns whether there is one more to read than before."""
        if len(heard.payload) > self._payload_bytes_max or len(heard.topic) > TOPIC_LENGTH_MAX:
            self.drops.too_large += 1
            return False
        of_topic = self._by_topic.get(heard.topic)
        if of_topic is not None and len(of_topic) >= WAITING_PER_TOPIC_MAX:
            newest = of_topic[-1]
            self._bytes += len(heard.payload) - len(newest[0].payload)
            newest[0] = heard
            self.drops.overtaken += 1
            return False
        if len(self._waiting) >= WAITING_MESSAGES_MAX or self._bytes + len(heard.payload) > WAITING_BYTES_MAX:
            self.drops.overflow += 1
            return False
        entry = [heard]
        self._waiting.append(entry)
        self._by_topic.setdefault(heard.topic, deque()).append(entry)
        self._bytes += len(heard.payload)
        return True

    def take(self) -> Heard:
        """The oldest. Raises ``IndexError`` when nothing waits."""
        entry = self._waiting.popleft()
        heard = entry[0]
        of_topic = self._by_topic[heard.topic]
        of_topic.popleft()
        if not of_topic:
            del self._by_topic[heard.topic]
        self._bytes -= len(heard.payload)
        return heard
