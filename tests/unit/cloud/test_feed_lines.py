"""What a store's live feed says of an event in one line."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cloud_crm.events.repository import StoredEvent
from cloud_crm.events.service import feed_item_of_stored

TIME = "2026-11-22T20:48:03.656Z"


def line(kind: str, data: dict[str, Any]) -> str:
    sealed = orjson.dumps({"type": kind, "time": TIME, "data": data})
    return feed_item_of_stored(StoredEvent(1, "store-1", "ledger", 7, kind, sealed)).glance


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (
            "regulars.alert.changed.v1",
            {"alert": "a" * 32, "kind": "stock_out", "subject": "A1", "state": "raised", "reason": "came_back"},
            "stock_out · A1 · raised",
        ),
        (
            "regulars.stock.changed.v1",
            {"slot": "A1", "sku": "2000000000046", "units": 0, "capacity": 14, "cause": "taken"},
            "A1 · 0 · taken",
        ),
        (
            "regulars.stock.discrepancy.v1",
            {"discrepancy": "d" * 32, "kind": "missing", "units": 2, "slot": None},
            "missing · 2",
        ),
        ("regulars.screen.shown.v1", {"kiosk": "kiosk-1", "screen": "greeting", "reason": ""}, "kiosk-1 · greeting"),
        ("regulars.of.tomorrow.v9", {"state": 7, "reason": ["x"], "kiosk": None}, "7"),
    ],
)
def test_a_line_names_what_a_person_asks_for_first(kind: str, data: dict[str, Any], said: str) -> None:
    assert line(kind, data) == said
