"""From the board and the gateway's facts to what Home Assistant is told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from devices.observations import DeviceState
from devices.readings import Measure
from edge_agent.floor.findings import AlertKind
from edge_agent.home_assistant.entities import Announced, Component, Place, Projection, Snapshot, slug
from edge_agent.home_assistant.words import Words
from kiosk_ui.staff.board import AlertState, AlertView, SensorView, SlotView, StockState

ALERTS_LISTED_MAX = 20
STORE = "store"
PRESS = "PRESS"
NOBODY = "none"
_UNCLAIMED = frozenset({AlertState.RAISED, AlertState.ESCALATED})
_THERE = frozenset({DeviceState.ONLINE, DeviceState.DEGRADED})
_DIGITS = {Measure.WEIGHT: 0, Measure.TEMPERATURE: 1, Measure.HUMIDITY: 0, Measure.BATTERY: 0}


@dataclass(frozen=True, slots=True)
class StoreValue:
    """One value of the whole store; announced as soon as, and for as long as, there is one.

    What the store learns to measure next (people who come in) is one more of these.
    """

    key: str
    platform: str
    value: Callable[[Snapshot], Any]
    config: dict[str, Any]


STORE_VALUES = (
    StoreValue(
        "link",
        "binary_sensor",
        lambda now: "ON" if now.facts.is_linked else "OFF",
        {"device_class": "connectivity", "entity_category": "diagnostic"},
    ),
    StoreValue("durability", "sensor", lambda now: now.facts.durability, {"entity_category": "diagnostic"}),
    StoreValue("software", "sensor", lambda now: now.facts.software, {"entity_category": "diagnostic"}),
)


def project(now: Snapshot, place: Place, words: Words) -> Projection:
    """Everything that should stand at the broker."""
    projection = Projection()
    _store(now, place, words, projection)
    for slot in now.board.slots:
        _slot(slot, now, place, words, projection)
    for sensor in now.board.sensors:
        _sensor(sensor, place, words, projection)
    return projection


def open_alerts(now: Snapshot) -> list[AlertView]:
    """Those that are not done, most urgent first."""
    return [alert for alert in now.board.alerts if alert.state is not AlertState.RESOLVED]


def first_unclaimed(now: Snapshot, subject: str | None = None) -> AlertView | None:
    """The most urgent alert that nobody is on, of one subject or of all."""
    unclaimed = (alert for alert in open_alerts(now) if alert.state in _UNCLAIMED)
    return next((alert for alert in unclaimed if subject is None or alert.subject == subject), None)


def described(alert: AlertView, words: Words) -> dict[str, Any]:
    """An alert for an automation: nobody's name in it, and nothing of a card."""
    told: dict[str, Any] = {
        "id": alert.id,
        "kind": alert.kind,
        "message": words.alert(alert),
        "severity": alert.severity.value,
        "state": alert.state.value,
        "zone": alert.zone,
        "since": alert.raised_at.isoformat(timespec="seconds"),
    }
    if alert.kind != AlertKind.CARD_COPIED:
        told["subject"] = alert.subject
    return told


def slot_topic(place: Place, slot: str) -> str:
    """Where the state of a slot is said; its button is pressed below it."""
    return f"{place.root}/slots/{slug(slot)}"


def _store(now: Snapshot, place: Place, words: Words, projection: Projection) -> None:
    device = Announced(now.board.store_name, "Gateway", is_part=False)
    values = {value.key: value.value(now) for value in STORE_VALUES}
    told = [value for value in STORE_VALUES if values[value.key] is not None]
    topic = f"{place.root}/store"
    projection.say(topic, {value.key: values[value.key] for value in told})
    projection.add(
        STORE,
        device,
        (
            Component(value.key, value.platform, words(value.key), {**_reads(topic, value.key), **value.config})
            for value in told
        ),
    )
    _alerts(now, place, words, projection)


def _alerts(now: Snapshot, place: Place, words: Words, projection: Projection) -> None:
    opened = open_alerts(now)
    first = first_unclaimed(now)
    topic = f"{place.root}/alerts"
    projection.say(
        topic,
        {
            "open": len(opened),
            "first": "online" if first else "offline",
            "attributes": {
                "unclaimed": sum(alert.state in _UNCLAIMED for alert in opened),
                "first": described(first, words) if first else None,
                "alerts": [described(alert, words) for alert in opened[:ALERTS_LISTED_MAX]],
            },
        },
    )
    count = {**_reads(topic, "open"), **_attributes(topic), "state_class": "measurement", "icon": "mdi:bell-alert"}
    event = {"state_topic": f"{topic}/event", "event_types": [state.value for state in AlertState]}
    button = {
        "command_topic": f"{topic}/acknowledge",
        # What is pressed is the alert that was shown, whatever became the most urgent one meanwhile.
        "payload_press": first.id if first else NOBODY,
        **_there(place, topic, "first"),
    }
    projection.devices[STORE].components += [
        Component("alerts", "sensor", words("alerts"), count),
        Component("alert", "event", words("alert"), event),
        Component("acknowledge", "button", words("acknowledge_first"), button),
    ]


def _slot(slot: SlotView, now: Snapshot, place: Place, words: Words, projection: Projection) -> None:
    topic = slot_topic(place, slot.slot)
    is_known = slot.state is not StockState.UNKNOWN
    alert = first_unclaimed(now, slot.slot)
    projection.say(
        topic,
        {
            "units": slot.units,
            "low": _on(slot.state in {StockState.LOW, StockState.OUT}) if is_known else None,
            "out": _on(slot.state is StockState.OUT) if is_known else None,
            "alert": "online" if alert else "offline",
            "attributes": {
                "slot": slot.slot,
                "sku": slot.sku,
                "name_zh": slot.name_zh,
                "name_en": slot.name_en,
                "zone": slot.zone,
                "capacity": slot.capacity,
                "reorder_at": slot.reorder_at,
                "confidence": slot.confidence,
                "state": slot.state.value,
                "sources": list(slot.sources),
                "note": slot.note,
            },
        },
    )
    name, key = words.slot(slot), slug(slot.slot)
    stock = {**_reads(topic, "units"), **_attributes(topic), "unit_of_measurement": words("pieces")}
    button = {"command_topic": f"{topic}/acknowledge", "payload_press": PRESS, **_there(place, topic, "alert")}
    projection.add(
        f"shelves_{slug(slot.zone)}" if slot.zone else "shelves",
        Announced(" ".join(part for part in (now.board.store_name, words("shelves"), slot.zone) if part), "Shelves"),
        (
            Component(f"{key}_stock", "sensor", f"{name} {words('stock')}", {**stock, "state_class": "measurement"}),
            Component(f"{key}_low", "binary_sensor", f"{name} {words('low')}", _problem(topic, "low")),
            Component(f"{key}_out", "binary_sensor", f"{name} {words('out')}", _problem(topic, "out")),
            Component(f"{key}_acknowledge", "button", f"{name} {words('acknowledge')}", button),
        ),
    )


def _sensor(sensor: SensorView, place: Place, words: Words, projection: Projection) -> None:
    key = slug(sensor.sensor, sensor.measure.value)
    topic = f"{place.root}/sensors/{key}"
    is_there = sensor.state in _THERE and not sensor.is_stale and sensor.value is not None
    binary = sensor.measure.is_binary
    projection.say(
        topic,
        {
            "value": _value(sensor),
            "state": "online" if is_there else "offline",
            "attributes": {"sensor": sensor.sensor, "reason": sensor.reason, "is_stale": sensor.is_stale},
        },
        is_slow=not binary and is_there,
    )
    config = {
        **_reads(topic, "value"),
        **_attributes(topic),
        **_there(place, topic, "state"),
        "device_class": sensor.measure.value,
    }
    # A scale before its calibration tells counts, and counts are no weight.
    is_raw = not binary and sensor.unit != sensor.measure.unit
    if is_raw:
        del config["device_class"]
    if not binary:
        config |= {"unit_of_measurement": sensor.unit or "counts", "state_class": "measurement"}
    name = " ".join(part for part in (sensor.name or sensor.sensor, words(sensor.measure)) if part)
    projection.add(
        f"sensors_{slug(sensor.device)}",
        Announced(f"{words('sensors')} {sensor.device}", "Sensors"),
        (Component(key, "binary_sensor" if binary else "sensor", name, config),),
    )


def _value(sensor: SensorView) -> str | float | None:
    if sensor.value is None:
        return None
    if sensor.measure.is_binary:
        return _on(sensor.value != 0)
    return round(sensor.value, _DIGITS[sensor.measure])


def _on(is_so: bool) -> str:  # noqa: FBT001 - what it is called with is all it is
    return "ON" if is_so else "OFF"


def _reads(topic: str, key: str) -> dict[str, Any]:
    return {"state_topic": topic, "value_template": f"{{{{ value_json.{key} }}}}"}


def _attributes(topic: str) -> dict[str, Any]:
    return {"json_attributes_topic": topic, "json_attributes_template": "{{ value_json.attributes | tojson }}"}


def _there(place: Place, topic: str, key: str) -> dict[str, Any]:
    own = {"topic": topic, "value_template": f"{{{{ value_json.{key} }}}}"}
    return {"availability": [{"topic": place.status}, own], "availability_mode": "all"}


def _problem(topic: str, key: str) -> dict[str, Any]:
    return {**_reads(topic, key), "device_class": "problem"}


def alert_changes(before: dict[str, AlertState], now: Snapshot, words: Words) -> Iterator[dict[str, Any]]:
    """The alerts that changed, each with the state it went on to."""
    for alert in now.board.alerts:
        if before.get(alert.id) is not alert.state:
            yield {"event_type": alert.state.value, **described(alert, words)}
