"""Home Assistant's MQTT discovery, read: what bought sensors announce of themselves.

Both forms: one component per topic, ``<prefix>/<component>/[<node>/]<object>/config``, and one device per topic,
``<prefix>/device/[<node>/]<object>/config`` with its ``components``. An empty message takes the announcement back.
Format: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from devices.readings import Measure, SensorFound
from devices.sensors.abbreviations import expanded
from devices.sensors.esphome import is_ambiguous
from devices.sensors.payload import Unreadable, parse_json
from devices.sensors.plans import (
    PRESENCE_TOPICS_MAX,
    Announcement,
    Mode,
    NumberReading,
    Presence,
    SensorPlan,
    SwitchReading,
    readable,
    safe_name,
    topic_problem,
)
from devices.sensors.template import Template, TemplateRefused, understand
from devices.sensors.units import BINARY_CLASSES, SENSOR_CLASSES, Conversion, conversion, measure_of_unit
from devices.store_bus.settings import OWN_TOPIC

CONFIG_BYTES_MAX = 64 * 1024
COMPONENTS_MAX = 64
OWN_ORIGIN = "Regulars"
"""What this product announces to Home Assistant is not heard as a sensor."""
PATIENCE = 3.0
"""A sensor that expires after a time reports at least this many times as often."""
_TOPIC = re.compile(r"(?P<component>\w+)/(?:(?P<node>[A-Za-z0-9_-]+)/)?(?P<object>[A-Za-z0-9_-]+)/config\Z", re.ASCII)
_PLATFORMS = frozenset({"sensor", "binary_sensor"})
_ABOUT_ITSELF = frozenset({Measure.BATTERY, Measure.PROBLEM})


class _Refused(ValueError):
    """Why a sensor that was announced cannot be read."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The rules for one discovery prefix.

    ``scale_interval_s``: how often scales that do not say it are taken to report; ``None``: only on change.
    ``skipped_origins``: who is heard in another way. ``own_topic``: below it the gateway tells what it heard; a sensor
    said to speak there would make it hear itself, for ever.
    """

    prefix: str = "homeassistant"
    own_topic: str = OWN_TOPIC
    scale_interval_s: float | None = None
    skipped_origins: frozenset[str] = frozenset()

    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (f"{self.prefix}/+/+/config", f"{self.prefix}/+/+/+/config")

    def is_announcement(self, topic: str) -> bool:
        """Whether the topic is one of theirs."""
        return topic.startswith(f"{self.prefix}/") and topic.endswith("/config")

    def read(self, topic: str, payload: bytes) -> Announcement | None:
        """What a message announces; ``None`` where it is none of ours."""
        place = _TOPIC.match(topic.removeprefix(f"{self.prefix}/")) if self.is_announcement(topic) else None
        if place is None or place["component"] not in {*_PLATFORMS, "device"}:
            return None
        if not payload.strip():
            return Announcement(topic)
        try:
            table = parse_json(payload, bytes_max=CONFIG_BYTES_MAX)
        except Unreadable as error:
            return Announcement(topic, problems=(f"{topic}: {error}",))
        if not isinstance(table, dict):
            return Announcement(topic, problems=(f"{topic}: no JSON object",))
        config = expanded(table)
        origin = config.get("origin")
        origin_name = origin.get("name") if isinstance(origin, dict) else None
        if isinstance(origin_name, str) and (origin_name == OWN_ORIGIN or origin_name in self.skipped_origins):
            return Announcement(topic)
        parts = tuple(part for part in (place["node"], place["object"]) if part)
        if place["component"] != "device":
            plan = self._plan(config, place["component"], parts)
            return Announcement(topic, (plan,) if plan else (), node=place["node"] or "")
        return self._device(topic, config, parts)

    def _device(self, topic: str, config: dict[str, Any], parts: tuple[str, ...]) -> Announcement:
        listed = config.pop("components", None)
        if not isinstance(listed, dict):
            return Announcement(topic, problems=(f"{topic}: its components are no JSON object",))
        problems = (f"{topic}: more than {COMPONENTS_MAX} components",) if len(listed) > COMPONENTS_MAX else ()
        plans: list[SensorPlan] = []
        for name, component in list(listed.items())[:COMPONENTS_MAX]:
            if not isinstance(component, dict) or len(component) < 2:
                continue  # only its platform: this component was taken back
            whole = expanded({**config, "~": config.get("~"), **component})
            plan = self._plan(whole, str(whole.get("platform", "")), (*parts, name))
            if plan is not None:
                plans.append(plan)
        return Announcement(topic, tuple(plans), problems)

    def _plan(self, config: dict[str, Any], platform: str, parts: tuple[str, ...]) -> SensorPlan | None:
        measure = _measure(config, platform)
        if measure is None or (config.get("entity_category") == "diagnostic" and measure not in _ABOUT_ITSELF):
            return None
        unit = config.get("unit_of_measurement")
        unit = unit if isinstance(unit, str) else ""
        presence: tuple[Presence, ...] = ()
        reading: NumberReading | SwitchReading = SwitchReading()
        refusal = ""
        try:
            reading = _reading(config, measure, unit)
            presence = _presence(config)
            refusal = topic_problem(config.get("state_topic")) or self._echo(config, presence) or _unsupported(config)
        except (_Refused, TemplateRefused) as error:
            refusal = str(error)
        topic = str(config.get("state_topic", "")) if not refusal else ""
        found = self._found(config, measure, _name(config, parts), has_presence=bool(presence))
        return SensorPlan(found, topic, reading, unit, presence, _mode(config), refusal)

    def _echo(self, config: dict[str, Any], presence: tuple[Presence, ...]) -> str:
        topics = (str(config.get("state_topic")), *(one.topic for one in presence))
        return "it names a topic of the gateway's own" if any(map(self._is_own, topics)) else ""

    def _is_own(self, topic: str) -> bool:
        return f"{topic}/".startswith(f"{self.own_topic}/")

    def _found(self, config: dict[str, Any], measure: Measure, name: str, *, has_presence: bool) -> SensorFound:
        device = config.get("device")
        device = device if isinstance(device, dict) else {}
        of_device, own = readable(device.get("name")), readable(config.get("name"))
        expire_s = config.get("expire_after")
        interval_s: float | None = None
        if isinstance(expire_s, (int, float)) and not isinstance(expire_s, bool) and 0 < expire_s <= 10**7:
            interval_s = expire_s / PATIENCE
        elif measure is Measure.WEIGHT:
            interval_s = self.scale_interval_s
        return SensorFound(
            name,
            measure,
            name=own if own.startswith(of_device) else readable(f"{of_device} {own}"),
            maker=readable(device.get("manufacturer")),
            product=readable(device.get("model")),
            interval_s=interval_s,
            has_presence=has_presence and interval_s is None,
        )


def _name(config: dict[str, Any], parts: tuple[str, ...]) -> str:
    unique = config.get("unique_id")
    if isinstance(unique, str) and unique and not is_ambiguous(unique, parts[-1]):
        return safe_name(unique)
    return safe_name(*parts)


def _measure(config: dict[str, Any], platform: str) -> Measure | None:
    device_class = config.get("device_class")
    if platform == "binary_sensor":
        return BINARY_CLASSES.get(device_class) if isinstance(device_class, str) else None
    if platform != "sensor":
        return None
    if device_class is None:
        unit = config.get("unit_of_measurement")
        return measure_of_unit(unit) if isinstance(unit, str) else None
    return SENSOR_CLASSES.get(device_class) if isinstance(device_class, str) else None


def _reading(config: dict[str, Any], measure: Measure, unit: str) -> NumberReading | SwitchReading:
    template = _template(config.get("value_template"))
    if measure.is_binary:
        return SwitchReading(_text(config, "payload_on", "ON"), _text(config, "payload_off", "OFF"), template)
    return NumberReading(_conversion(measure, unit), template)


def _conversion(measure: Measure, unit: str) -> Conversion:
    try:
        return conversion(measure, unit)
    except ValueError as error:
        raise _Refused(str(error)) from error


def _template(source: Any) -> Template | None:
    if source is None or source == "":
        return None
    if not isinstance(source, str):
        raise _Refused("its template is no text")
    return understand(source)


def _text(config: dict[str, Any], key: str, default: str) -> str:
    return str(config.get(key, default))[:80]


def _presence(config: dict[str, Any]) -> tuple[Presence, ...]:
    listed = config.get("availability")
    entries = list(listed) if isinstance(listed, list) else []
    if config.get("availability_topic") is not None:
        template = config.get("availability_template")
        entries = [{**config, "topic": config["availability_topic"], "value_template": template}]
    if len(entries) > PRESENCE_TOPICS_MAX:
        raise _Refused(f"more than {PRESENCE_TOPICS_MAX} topics say whether it is there")
    presence: list[Presence] = []
    for entry in entries:
        if problem := topic_problem(entry.get("topic")):
            raise _Refused(f"of its availability {problem}")
        presence.append(
            Presence(
                entry["topic"],
                _text(entry, "payload_available", "online"),
                _text(entry, "payload_not_available", "offline"),
                _template(entry.get("value_template")),
            )
        )
    return tuple(presence)


def _mode(config: dict[str, Any]) -> Mode:
    said = config.get("availability_mode", Mode.LATEST)
    return Mode(said) if isinstance(said, str) and said in set(Mode) else Mode.LATEST


def _unsupported(config: dict[str, Any]) -> str:
    if config.get("off_delay") is not None:
        return "it only says when it is on (off_delay)"
    if str(config.get("encoding", "utf-8")).lower() not in {"utf-8", "utf8"}:
        return "it does not speak UTF-8"
    return ""
