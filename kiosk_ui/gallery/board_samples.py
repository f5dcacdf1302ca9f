"""The staff board on a busy, a crowded, a calm and a bare day, and a desk that acts on the samples."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from devices.observations import DeviceState
from devices.readings import Measure
from kiosk_ui.staff.board import (
    ActResult,
    AlertState,
    AlertView,
    Board,
    BoardAct,
    CountAct,
    SensorView,
    Severity,
    SlotView,
    StockState,
)

_NOON = datetime(2026, 3, 5, 14, 5, tzinfo=UTC)
_STORE = "和平路店 Heping Road"
_HOSTILE = "</li><script>alert(1)</script>{}%s"
_LONG = "手工慢煮老坛酸菜牛肉面大桶装家庭分享超值组合 Grandmother's slow-cooked beef noodles, family bucket"
_GOODS = (
    ("S-1001", "农夫山泉 550ml", "Spring water 550 ml", "饮料 Drinks", 18, 4),
    ("S-1002", "冰红茶 500ml", "Iced tea 500 ml", "饮料 Drinks", 18, 4),
    ("S-1003", "可乐 330ml", "Cola 330 ml", "饮料 Drinks", 24, 6),
    ("S-1004", "鲜牛奶 1L", "Fresh milk 1 l", "冷藏 Chilled", 12, 3),
    ("S-1005", "酸奶 200g", "Yoghurt 200 g", "冷藏 Chilled", 16, 4),
    ("S-1006", "三明治", "Sandwich", "冷藏 Chilled", 8, 2),
    ("S-1007", "薯片 原味", "Crisps, plain", "零食 Snacks", 20, 5),
    ("S-1008", "巧克力 100g", "Chocolate 100 g", "零食 Snacks", 30, 8),
    ("S-1009", _LONG, _LONG, "零食 Snacks", 10, 3),
)
_LEVELS: dict[str, tuple[int | None, StockState, int, str]] = {
    "S-1002": (2, StockState.LOW, 97, "hand"),
    "S-1004": (0, StockState.OUT, 99, ""),
    "S-1005": (5, StockState.OK, 55, ""),
    "S-1006": (4, StockState.OK, 80, "stale"),
    "S-1007": (23, StockState.OVER, 96, ""),
    "S-1008": (None, StockState.UNKNOWN, 0, "uncalibrated"),
    "S-1009": (6, StockState.OK, 40, "wrong_item"),
}


def _slots(levels: dict[str, tuple[int | None, StockState, int, str]]) -> Iterator[SlotView]:
    for number, (sku, chinese, english, zone, capacity, reorder_at) in enumerate(_GOODS, 1):
        units, state, confidence, note = levels.get(sku, (capacity - 2, StockState.OK, 98, ""))
        yield SlotView(
            slot=f"A{number}", sku=sku, name_zh=chinese, name_en=english, zone=zone, units=units, capacity=capacity,
            reorder_at=reorder_at, confidence=confidence, state=state, note=note, as_of=_NOON - timedelta(minutes=40),
            sources=("weight", "sales") if units is not None else (),
        )  # fmt: skip


def _alert(number: int, kind: str, subject: str, **said: object) -> AlertView:
    since = _NOON - timedelta(minutes=3 * number)
    first = {"state": AlertState.RAISED, "severity": Severity.WARNING, "raised_at": since, "changed_at": since}
    return AlertView.model_validate({"id": f"{number:032x}", "kind": kind, "subject": subject, **first, **said})


_MILK = {"name_zh": "鲜牛奶 1L", "name_en": "Fresh milk 1 l", "zone": "冷藏 Chilled"}
_TEA = {"name_zh": "冰红茶 500ml", "name_en": "Iced tea 500 ml", "zone": "饮料 Drinks"}
_ALERTS = (
    _alert(
        4, "stock_out", "A4", severity=Severity.URGENT, facts={"units": 0, "capacity": 12, "reorder_at": 3}, **_MILK,
    ),
    _alert(
        21, "temperature", "fridge/air", severity=Severity.URGENT, state=AlertState.ESCALATED, escalation=1,
        name_zh="冷藏柜", name_en="Fridge", zone="冷藏 Chilled", facts={"milli": 9_500},
    ),
    _alert(
        2, "low_stock", "A2", state=AlertState.ACKNOWLEDGED, claimed_by="李娜",
        facts={"units": 2, "capacity": 18, "reorder_at": 4}, **_TEA,
    ),
    _alert(30, "device_offline", "scale-7", facts={"reason": "no word for 90 s", "key": "silent"}),
    _alert(
        45, "missing", "S-1008", severity=Severity.INFO, name_zh="巧克力 100g", name_en="Chocolate 100 g",
        zone="零食 Snacks", facts={"units": 2, "sku": "S-1008"},
    ),
    _alert(
        50, "overstock", "A7", severity=Severity.INFO, state=AlertState.SNOOZED, until=_NOON + timedelta(minutes=25),
        claimed_by="Li", name_zh="薯片 原味", name_en="Crisps, plain", zone="零食 Snacks",
        facts={"units": 23, "capacity": 20},
    ),
    _alert(
        60, "low_stock", "A1", state=AlertState.RESOLVED, changed_at=_NOON - timedelta(seconds=20), claimed_by="李娜",
        name_zh="农夫山泉 550ml", name_en="Spring water 550 ml", zone="饮料 Drinks",
        facts={"units": 16, "capacity": 18},
    ),
)  # fmt: skip
_SENSORS = (
    SensorView(sensor="fridge/air", device="fridge", name="冷藏柜 Fridge", measure=Measure.TEMPERATURE, value=9.5,
               unit="°C", state=DeviceState.ONLINE, age_s=4),
    SensorView(sensor="fridge/door", device="fridge", name="", measure=Measure.DOOR, value=1,
               state=DeviceState.ONLINE, age_s=9),
    SensorView(sensor="entrance", device="entrance", name="Entrance", measure=Measure.MOTION, value=0,
               state=DeviceState.ONLINE, age_s=2),
    SensorView(sensor="scale-1", device="scale-1", name="Scale A1", measure=Measure.WEIGHT, value=9_802.5, unit="g",
               state=DeviceState.ONLINE, age_s=730, is_stale=True),
    SensorView(sensor="scale-1/battery", device="scale-1", name="Scale A1", measure=Measure.BATTERY, value=9, unit="%",
               state=DeviceState.ONLINE, age_s=60),
    SensorView(sensor="scale-7", device="scale-7", name="Scale A7", measure=Measure.WEIGHT, unit="g",
               state=DeviceState.OFFLINE, reason="no word for 90 s: look at its cable and power"),
)  # fmt: skip

BOARD = Board(
    store_name=_STORE, at=_NOON, alerts=_ALERTS, slots=tuple(_slots(_LEVELS)), sensors=_SENSORS, shift="李娜, 王强",
    is_quiet=True,
)  # fmt: skip
CALM_BOARD = Board(store_name=_STORE, at=_NOON, slots=tuple(_slots({})), sensors=_SENSORS[:3])
THANKFUL_BOARD = CALM_BOARD.model_copy(
    update={
        "alerts": tuple(
            alert.model_copy(update={"state": AlertState.RESOLVED, "changed_at": _NOON - timedelta(seconds=number)})
            for number, alert in enumerate(_ALERTS)
        )
    }
)
BARE_BOARD = Board(store_name=_STORE, at=_NOON)


def _crowd() -> Iterator[AlertView]:
    """One alert of each kind in each state, with names nobody should be able to break a page with."""
    kinds = (
        "low_stock", "stock_out", "overstock", "wrong_item", "missing", "phantom", "device_offline", "temperature",
        "door_open", "durability", "card_copied", "a_kind_of_tomorrow",
    )  # fmt: skip
    for number, (kind, state) in enumerate(product(kinds, AlertState), 1):
        name = (_HOSTILE, _LONG, "")[number % 3]
        yield _alert(
            number, kind, f"A{number % 9 + 1}", state=state, severity=tuple(Severity)[number % 3],
            name_zh=name, name_en=name, zone=(_HOSTILE[:40], "冷藏 Chilled", "")[number % 3], changed_at=_NOON,
            claimed_by=(None, _LONG[:80])[state in (AlertState.ACKNOWLEDGED, AlertState.SNOOZED)],
            facts={"units": number, "capacity": 18, "milli": -18_500, "reason": _HOSTILE},
            until=_NOON + timedelta(hours=1) if state is AlertState.SNOOZED else None, escalation=number % 4,
        )  # fmt: skip


CROWDED_BOARD = Board(
    store_name=_LONG, at=_NOON, alerts=tuple(_crowd()), shift=_LONG,
    slots=tuple(
        slot.model_copy(update={"slot": f"{slot.slot}-{row}", "zone": (slot.zone, _LONG[:40], "")[row % 3]})
        for row in range(6) for slot in _slots(_LEVELS)
    ),
    sensors=tuple(
        sensor.model_copy(update={"sensor": f"{sensor.sensor}-{row}", "name": _HOSTILE if row else sensor.name})
        for row in range(4) for sensor in _SENSORS
    ),
)  # fmt: skip
BOARDS = {"": BOARD, "/crowded": CROWDED_BOARD, "/calm": CALM_BOARD, "/thankful": THANKFUL_BOARD, "/bare": BARE_BOARD}
"""By the prefix under which the gallery shows them."""

_SENSED = frozenset({"low_stock", "stock_out", "overstock", "temperature", "device_offline", "door_open"})


class SampleFloor:
    """Does to its own copy of a sample what a gateway's desk does to the journal."""

    def __init__(self, board: Board = BOARD) -> None:
        self.now = board

    async def board(self) -> Board:
        """The floor after what was done so far."""
        return self.now

    async def act(self, alert_id: str, act: BoardAct) -> ActResult:
        """Do it; what a sensor sees is finished by the sensor alone."""
        alert = next((each for each in self.now.alerts if each.id == alert_id), None)
        if alert is None:
            return ActResult(is_done=False, reason="gone")
        if alert.state is AlertState.RESOLVED:
            return ActResult(is_done=False, reason="already_resolved", alert=alert)
        if act.act == "resolve" and alert.kind in _SENSED:
            return ActResult(is_done=False, reason="still_so", alert=alert)
        changed = alert.model_copy(update={**_after(act, alert, self.now.at), "changed_at": self.now.at})
        alerts = tuple(changed if each.id == alert_id else each for each in self.now.alerts)
        self.now = self.now.model_copy(update={"alerts": alerts})
        return ActResult(is_done=True, alert=changed)

    async def count(self, slot: str, count: CountAct) -> ActResult:
        """Take the count."""
        if all(each.slot != slot for each in self.now.slots):
            return ActResult(is_done=False, reason="gone")
        counted = {"units": count.units, "sources": ("count",), "as_of": self.now.at}
        slots = tuple(each.model_copy(update=counted if each.slot == slot else {}) for each in self.now.slots)
        self.now = self.now.model_copy(update={"slots": slots})
        return ActResult(is_done=True)


def _after(act: BoardAct, alert: AlertView, at: datetime) -> dict[str, object]:
    match act.act:
        case "acknowledge":
            return {"state": AlertState.ACKNOWLEDGED, "claimed_by": act.actor, "until": None}
        case "snooze":
            return {"state": AlertState.SNOOZED, "until": at + timedelta(minutes=act.minutes)}
        case "wake":
            return {"state": AlertState.RAISED, "until": None}
        case "escalate":
            return {"state": AlertState.ESCALATED, "escalation": alert.escalation + 1}
        case "resolve":
            return {"state": AlertState.RESOLVED, "until": None}
