"""How the two ends of the protocol are compared, and a story of theirs is told in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from cloud_bridge.landing.store import Stream
from cloud_bridge.topics import Lane
from tests.unit.bridge.two_ends import TwoEnds
from tests.unit.bridge.virtual_time import run_virtually


def assert_the_cloud_equals_the_journal(ends: TwoEnds) -> None:
    for incarnation, book in ends.outbox.books.items():
        for lane in Lane:
            stream = Stream(ends.outbox.gateway_id, incarnation, lane)
            written = [json.loads(row.body) for row in book.rows[lane] if not row.lost]
            stored = [
                json.loads(row.body) | {"hash": row.hash}
                for row in ends.store.books.stored(stream)
                if row.type != "regulars.journal.gap.v1"
            ]
            assert stored == written
            assert ends.store.books.head(stream) == book.heads[lane]


def in_virtual_time(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    def test(**given: Any) -> None:
        run_virtually(story(**given))

    test.__name__, test.__doc__, test.__module__ = story.__name__, story.__doc__, story.__module__
    return test
