"""The short keys of Home Assistant's MQTT discovery that matter for sensors, and what ``~`` stands for."""

from __future__ import annotations

from typing import Any

_KEYS = {
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "dev": "device",
    "dev_cla": "device_class",
    "e": "encoding",
    "en": "enabled_by_default",
    "ent_cat": "entity_category",
    "exp_aft": "expire_after",
    "o": "origin",
    "obj_id": "object_id",
    "off_dly": "off_delay",
    "p": "platform",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "stat_cla": "state_class",
    "stat_t": "state_topic",
    "t": "topic",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
_DEVICE_KEYS = {"cns": "connections", "ids": "identifiers", "mdl": "model", "mf": "manufacturer", "sw": "sw_version"}
_BASE = "~"


def expanded(table: dict[str, Any]) -> dict[str, Any]:
    """A configuration with its keys and topics written out."""
    long = _renamed(table, _KEYS)
    for key, names in (("device", _DEVICE_KEYS), ("origin", _DEVICE_KEYS)):
        if isinstance(long.get(key), dict):
            long[key] = _renamed(long[key], names)
    if (listed := long.get("availability")) is not None:
        entries = listed if isinstance(listed, list) else [listed]
        long["availability"] = [_renamed(entry, _KEYS) for entry in entries if isinstance(entry, dict)]
    base = long.get(_BASE)
    return _with_base(long, base) if isinstance(base, str) else long


def _renamed(table: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in table.items()}


def _with_base(table: dict[str, Any], base: str) -> dict[str, Any]:
    long = {key: _based(value, base) if key.endswith("topic") else value for key, value in table.items()}
    for entry in long.get("availability") or ():
        entry["topic"] = _based(entry.get("topic"), base)
    return long


def _based(topic: Any, base: str) -> Any:
    if not isinstance(topic, str):
        return topic
    if topic.startswith(_BASE):
        return f"{base}{topic[1:]}"
    return f"{topic[:-1]}{base}" if topic.endswith(_BASE) else topic
