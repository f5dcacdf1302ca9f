"""What Home Assistant is told: only what changed, the retired taken back first, and nobody's name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from devices.observations import DeviceState
from devices.readings import Measure
from edge_agent.floor.findings import AlertKind
from edge_agent.home_assistant.entities import Place, Snapshot, StoreFacts, slug
from edge_agent.home_assistant.projection import alert_changes, first_unclaimed, project
from edge_agent.home_assistant.upkeep import SAID_AT_ONCE_MAX, Saying, Upkeep
from edge_agent.home_assistant.words import Words
from kiosk_ui.staff.board import AlertState, AlertView, Board, SensorView, Severity, SlotView, StockState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = Place("shop-1", "regulars", "homeassistant")
STORE = "homeassistant/device/shop-1/store/config"
WORDS = Words.of("en")


def slot(name: str = "A1", **changes: Any) -> SlotView:
    told = {"slot": name, "sku": "tea", "name_zh": "茶", "name_en": "Tea", "zone": "drinks", "units": 5, "capacity": 10,
            "reorder_at": 2, "state": StockState.OK, "confidence": 90, "sources": ("weight",)}  # fmt: skip
    return SlotView(**{**told, **changes})


def sensor(name: str = "bus/a1", **changes: Any) -> SensorView:
    told = {"sensor": name, "device": "bus", "name": "A1", "measure": Measure.WEIGHT, "value": 500.4, "unit": "g",
            "state": DeviceState.ONLINE}  # fmt: skip
    return SensorView(**{**told, **changes})


def alert(number: int = 1, **changes: Any) -> AlertView:
    told = {"id": f"{number:032x}", "kind": AlertKind.LOW_STOCK.value, "subject": "A1", "severity": Severity.WARNING,
            "state": AlertState.RAISED, "name_en": "Tea", "raised_at": NOW, "changed_at": NOW}  # fmt: skip
    return AlertView(**{**told, **changes})


def snapshot(*, is_linked: bool = True, **board: Any) -> Snapshot:
    return Snapshot(Board(store_name="High Street", at=NOW, **board), StoreFacts(is_linked, "full", "1.0"))


class Broker:
    """What stands at the broker, kept up from snapshot to snapshot."""

    def __init__(self, *, slow_s: float = 10.0) -> None:
        self.upkeep = Upkeep(PLACE, slow_s)
        self.kept: dict[str, bytes] = {}
        self.now_s = 100.0

    def round(self, now: Snapshot) -> list[Saying]:
        wanted = project(now, PLACE, WORDS)
        said = self.upkeep.due(wanted, self.now_s, software="1.0")
        for saying in said:
            self.upkeep.said(saying, wanted, self.now_s)
            if saying.payload:
                self.kept[saying.topic] = saying.payload
            else:
                self.kept.pop(saying.topic, None)
        return said

    def components(self, topic: str) -> dict[str, Any]:
        components: dict[str, Any] = orjson.loads(self.kept[topic])["components"]
        return components


def test_what_did_not_change_is_not_said_again() -> None:
    broker = Broker()
    assert broker.round(snapshot(slots=(slot(),), sensors=(sensor(),)))
    assert broker.round(snapshot(slots=(slot(),), sensors=(sensor(),))) == []
    (said,) = broker.round(snapshot(slots=(slot(units=4),), sensors=(sensor(),)))
    assert said.topic == "regulars/shop-1/slots/A1"
    assert orjson.loads(said.payload)["units"] == 4


def test_a_value_that_moves_all_the_time_is_said_rarely_and_a_loss_at_once() -> None:
    broker = Broker(slow_s=10.0)
    broker.round(snapshot(sensors=(sensor(),)))
    assert broker.round(snapshot(sensors=(sensor(value=600.0),))) == []
    (lost,) = broker.round(snapshot(sensors=(sensor(state=DeviceState.OFFLINE, reason="unplugged"),)))
    assert orjson.loads(lost.payload)["state"] == "offline"
    broker.now_s += 11
    (back,) = broker.round(snapshot(sensors=(sensor(value=700.0),)))
    assert orjson.loads(back.payload) == {
        "value": 700.0, "state": "online", "attributes": {"sensor": "bus/a1", "reason": "", "is_stale": False}
    }  # fmt: skip


def test_a_stale_sensor_and_one_without_a_value_are_not_available() -> None:
    for gone in (sensor(is_stale=True), sensor(value=None), sensor(state=DeviceState.CONNECTING)):
        projection = project(snapshot(sensors=(gone,)), PLACE, WORDS)
        (state,) = [orjson.loads(p) for t, p in projection.states.items() if "/sensors/" in t]
        assert state["state"] == "offline"


def test_stock_that_is_not_known_is_neither_low_nor_well() -> None:
    broker = Broker()
    broker.round(snapshot(slots=(slot(units=None, state=StockState.UNKNOWN),)))
    told = orjson.loads(broker.kept["regulars/shop-1/slots/A1"])
    assert (told["units"], told["low"], told["out"]) == (None, None, None)


def test_a_slot_taken_from_the_plan_is_taken_back() -> None:
    broker = Broker()
    broker.round(snapshot(slots=(slot("A1"), slot("A2"))))
    topic = "homeassistant/device/shop-1/shelves_drinks/config"
    broker.round(snapshot(slots=(slot("A2"),)))
    assert broker.components(topic)["A1_stock"] == {"platform": "sensor"}
    assert "regulars/shop-1/slots/A1" not in broker.kept
    broker.round(snapshot(slots=(slot("A2"),)))
    assert "A1_stock" not in broker.components(topic)
    assert broker.round(snapshot(slots=(slot("A2"),))) == []
    broker.round(snapshot())
    assert topic not in broker.kept


def test_an_entity_that_moves_leaves_the_one_device_before_it_comes_to_the_other() -> None:
    broker = Broker()
    broker.round(snapshot(slots=(slot("A1"), slot("B1", zone="bakery"))))
    said = broker.round(snapshot(slots=(slot("A1", zone="bakery"), slot("B1", zone="bakery"), slot("A3"))))
    topics = [saying.topic for saying in said]
    drinks, bakery = (f"homeassistant/device/shop-1/shelves_{zone}/config" for zone in ("drinks", "bakery"))
    assert topics.index(drinks) < topics.index(bakery)


def test_what_was_announced_before_a_restart_is_learnt_and_taken_back() -> None:
    before = Broker()
    before.round(snapshot(slots=(slot("A1"), slot("A2")), sensors=(sensor(),)))
    after = Broker()
    after.kept = dict(before.kept)
    for topic, payload in before.kept.items():
        if topic.endswith("/config"):
            after.upkeep.learn(topic, payload)
    after.round(snapshot(slots=(slot("A2"),)))
    assert after.components("homeassistant/device/shop-1/shelves_drinks/config")["A1_out"] == {
        "platform": "binary_sensor"
    }
    assert not [topic for topic in after.kept if "/sensors_bus/" in topic]


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"components": 5}', b'{"components": {"a": 1}}', b"\xff"])
def test_what_somebody_else_wrote_in_our_place_breaks_nothing(payload: bytes) -> None:
    broker = Broker()
    broker.upkeep.learn(STORE, payload)
    assert broker.round(snapshot())


def test_many_changes_are_said_in_rounds() -> None:
    broker = Broker()
    many = snapshot(slots=tuple(slot(f"A{n}") for n in range(300)))
    first = broker.round(many)
    assert len(first) == SAID_AT_ONCE_MAX
    while broker.round(many):
        pass
    assert len([topic for topic in broker.kept if "/slots/" in topic]) == 300


def test_after_home_assistants_birth_everything_is_said_again() -> None:
    broker = Broker()
    before = broker.round(snapshot(slots=(slot(),)))
    broker.upkeep.forget()
    assert broker.round(snapshot(slots=(slot(),))) == before


def test_the_button_is_bound_to_the_alert_that_was_shown() -> None:
    broker = Broker()
    broker.round(snapshot(alerts=(alert(1), alert(2))))
    assert broker.components(STORE)["acknowledge"]["payload_press"] == f"{1:032x}"
    broker.round(snapshot(alerts=(alert(1, state=AlertState.ACKNOWLEDGED), alert(2))))
    assert broker.components(STORE)["acknowledge"]["payload_press"] == f"{2:032x}"
    broker.round(snapshot(alerts=(alert(2, state=AlertState.RESOLVED),)))
    assert broker.components(STORE)["acknowledge"]["payload_press"] == "none"
    assert orjson.loads(broker.kept["regulars/shop-1/alerts"])["first"] == "offline"


def test_of_a_slot_the_alert_that_nobody_is_on_is_meant() -> None:
    taken = alert(1, state=AlertState.ACKNOWLEDGED)
    open_one = alert(2, kind=AlertKind.WRONG_ITEM.value)
    now = snapshot(alerts=(taken, open_one, alert(3, subject="B1")))
    found = first_unclaimed(now, "A1")
    assert found is not None
    assert found.id == open_one.id


def test_an_event_is_told_for_each_state_an_alert_goes_on_to() -> None:
    before = {f"{1:032x}": AlertState.RAISED}
    now = snapshot(alerts=(alert(1, state=AlertState.ACKNOWLEDGED), alert(2)))
    told = {change["id"]: change["event_type"] for change in alert_changes(before, now, WORDS)}
    assert told == {f"{1:032x}": "acknowledged", f"{2:032x}": "raised"}


def test_neither_who_is_on_it_nor_anything_of_a_card_is_told() -> None:
    copied = alert(1, kind=AlertKind.CARD_COPIED.value, subject="04a1b2c3d4e5f6", facts={"reason": "04a1b2c3d4e5f6"})
    claimed = alert(2, state=AlertState.ACKNOWLEDGED, claimed_by="Wang Fang")
    broker = Broker()
    broker.round(snapshot(alerts=(copied, claimed)))
    whole = b" ".join(broker.kept.values())
    assert b"04a1b2c3d4e5f6" not in whole
    assert b"Wang" not in whole


def test_names_are_in_the_stores_language() -> None:
    chinese = project(snapshot(slots=(slot(),)), PLACE, Words.of("zh-CN"))
    names = [component.name for device in chinese.devices.values() for component in device.components]
    assert "A1 茶 库存" in names
    assert "总部连接" in names


@pytest.mark.parametrize("hostile", ["+/#", "冰箱", "a/b", "", "x" * 300, "A1 ", "..", "\0"])
def test_any_name_may_stand_in_a_topic(hostile: str) -> None:
    made = slug(hostile)
    assert 1 <= len(made) <= 60
    assert not set(made) & set("/+#\0 ")
    assert made != slug(f"{hostile}!")


def test_two_names_that_look_alike_stay_two() -> None:
    assert len({slug(name) for name in ("a/b", "a_b", "a b", "A_b", "a.b")}) == 5


def test_a_scale_that_was_never_calibrated_is_no_weight() -> None:
    projection = project(snapshot(sensors=(sensor(unit=""),)), PLACE, WORDS)
    (component,) = projection.devices["sensors_bus"].components
    assert "device_class" not in component.config
    assert component.config["unit_of_measurement"] == "counts"
