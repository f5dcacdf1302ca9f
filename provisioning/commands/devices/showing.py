"""Devices as a table in a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from provisioning.environment import Environment

_COLOURS = {"online": "green", "degraded": "yellow", "connecting": "cyan", "offline": "bold red"}


def console() -> Console:
    """The terminal, in colours where they are wanted."""
    return Console(no_color=not Environment.read().colour)


def device_table(found: list[dict[str, Any]], *, title: str) -> Table:
    """Every device, how many sensors it has, and what is wrong with it."""
    table = Table(title=title, title_justify="left")
    for heading in ("device", "driver", "state", "last seen", "sensors", "reason, and what to do"):
        table.add_column(heading, overflow="fold")
    for device in found:
        state = str(device["state"])
        reason = ". ".join(text for text in (device["reason"], device.get("remedy", "")) if text)
        table.add_row(
            Text(device["name"]),
            Text(device["driver"]),
            Text(f"{state}{_trying(device)}", style=_COLOURS.get(state, "")),
            Text(str(device.get("last_seen") or "")[11:19]),
            Text(_counted(device["sensors"])),
            Text(reason),
        )
    return table


def sensor_table(found: list[dict[str, Any]]) -> Table:
    """Every sensor of every device, a line each: a store may have hundreds."""
    table = Table(title="Sensors", title_justify="left")
    for heading in ("sensor", "measure", "value", "heard"):
        table.add_column(heading, overflow="fold")
    for sensor in sorted((one for device in found for one in device["sensors"]), key=lambda one: str(one["sensor"])):
        age = "" if sensor["age_s"] is None else f"{sensor['age_s']:.0f} s ago"
        table.add_row(
            Text(sensor["sensor"]),
            Text(sensor["measure"]),
            Text(_value(sensor)),
            Text(f"{age} (stale)" if sensor["is_stale"] else age, style="yellow" if sensor["is_stale"] else ""),
        )
    return table


def _counted(sensors: list[dict[str, Any]]) -> str:
    stale = sum(bool(sensor["is_stale"]) for sensor in sensors)
    return "" if not sensors else f"{len(sensors)}, {stale} stale" if stale else str(len(sensors))


def _value(sensor: dict[str, Any]) -> str:
    return "nothing yet" if sensor["value"] is None else f"{sensor['value']:g} {sensor['unit']}".strip()


def _trying(device: dict[str, Any]) -> str:
    return f" ({device['rung']}, {device['failures']})" if device.get("rung") else ""


def sensor_text(sensor: dict[str, Any]) -> str:
    """One sensor: its value with its unit, and how old that is."""
    age = "" if sensor["age_s"] is None else f", {sensor['age_s']:.0f} s old"
    return f"{sensor['sensor']} {sensor['measure']}: {_value(sensor)}{age}{' (stale)' if sensor['is_stale'] else ''}"
