"""``regulars devices``: what is attached, how it stands, and whether it works."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.live import Live
from rich.table import Table
from rich.text import Text

from devices.device import DeviceError, DeviceFault
from devices.registry import installed_drivers, installed_indicators, load_driver, load_indicator
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.config.indicator_settings import IndicatorTable
from provisioning.asking.running_gateway import NotRunning, RunningGateway
from provisioning.commands.devices.showing import console, device_table, sensor_table, sensor_text
from provisioning.commands.devices.trial import Trial, try_device, try_indicator, what_to_do
from provisioning.failures import CommandFailure, Exit

REFRESH_S = 0.5
SECONDS_MAX = 600
_EDGE_TOML = Path("edge.toml")

app = typer.Typer(add_completion=False, help="Look at the attached devices: list, watch, test.", no_args_is_help=True)

_Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's edge.toml")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def devices() -> None:
    """Look at the attached devices, beside a running gateway or without one."""


@app.command("list", epilog="Example:  regulars devices list --config /etc/regulars/edge.toml")
def list_devices(
    *,
    config: _Config = _EDGE_TOML,
    as_json: _Json = False,
    drivers: Annotated[bool, typer.Option("--drivers", help="List the drivers installed here instead.")] = False,
) -> None:
    """Print every device as the running gateway sees it; without one, what is configured."""
    if drivers:
        _list_drivers(as_json=as_json)
        return
    settings = _settings(config)
    with RunningGateway(settings) as gateway:
        try:
            found = gateway.devices()
        except NotRunning:
            found = [_configured(name, driver) for name, driver in _configuration(settings)]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    console().print(device_table(found, title=f"{settings.gateway.id}: {gateway.url}"))
    if any(device["sensors"] for device in found):
        console().print(sensor_table(found))


@app.command(epilog="Example:  regulars devices watch")
def watch(*, config: _Config = _EDGE_TOML) -> None:
    """Follow all devices of the running gateway in the terminal, until Ctrl-C."""
    settings = _settings(config)
    with RunningGateway(settings) as gateway:
        try:
            _follow(gateway, settings.gateway.id)
        except KeyboardInterrupt:
            return


@app.command(epilog="Example:  regulars devices test reader-1 --seconds 30")
def test(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Name of a device or an indicator in edge.toml")],
    *,
    config: _Config = _EDGE_TOML,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, max=SECONDS_MAX, metavar="N", help="How long to look.")
    ] = 10.0,
) -> None:
    """Try one device: what it sees, and what to do when it sees nothing.

    While the gateway runs, it is asked what it sees; otherwise the device is opened here. An indicator blinks.
    The exit status is 3 when nothing was seen.
    """
    settings = _settings(config)
    with RunningGateway(settings) as gateway:
        try:
            gateway.devices()
        except NotRunning:
            _try_here(settings, device, seconds)
        else:
            _ask_gateway(gateway, device, seconds)


def _list_drivers(*, as_json: bool) -> None:
    rows = [("device", name, _summary(load_driver, name)) for name in installed_drivers()]
    rows += [("indicator", name, _summary(load_indicator, name)) for name in installed_indicators()]
    if as_json:
        typer.echo(json.dumps([{"kind": kind, "driver": name, "summary": text} for kind, name, text in rows]))
        return
    table = Table("for", "driver", "what it reads or shows", title="Installed drivers", title_justify="left")
    for row in rows:
        table.add_row(*map(Text, row))
    console().print(table)


def _summary(load: Any, name: str) -> str:
    """What a driver says of itself; one that is broken hides no other."""
    try:
        return str(load(name).summary)
    except DeviceError as error:
        return f"cannot be used: {error}"


def _configuration(settings: EdgeSettings) -> list[tuple[str, str]]:
    """Name and driver of all that is configured."""
    devices = [(device.name, device.driver) for device in settings.devices]
    return devices + [(indicator.name, indicator.driver) for indicator in settings.indicators]


def _configured(name: str, driver: str) -> dict[str, Any]:
    return {"name": name, "driver": driver, "state": "not running", "reason": "", "sensors": []}


def _follow(gateway: RunningGateway, name: str) -> None:
    pause = threading.Event()
    title = f"{name}: {gateway.url}   (Ctrl-C ends)"
    screen = console()
    told: list[tuple[object, ...]] = []
    try:
        with Live(console=screen, auto_refresh=False, transient=not screen.is_terminal) as live:
            while True:
                found = gateway.devices()
                if screen.is_terminal:
                    live.update(device_table(found, title=title), refresh=True)
                elif (now := [(one["name"], one["state"], one["reason"]) for one in found]) != told:
                    # Into a file or a pipe, a table for each change.
                    told = list(now)
                    screen.print(device_table(found, title=title))
                pause.wait(REFRESH_S)
    except NotRunning as error:
        raise CommandFailure(f"No gateway answers at {gateway.url}.", "Start it: regulars edge") from error


def _ask_gateway(gateway: RunningGateway, name: str, seconds: float) -> None:
    """What the running gateway sees of a device, for so long; an indicator blinks."""
    before = _named(gateway.devices(), name)
    if gateway.blink(name):
        typer.echo(f"{name} blinked for three seconds. If you saw nothing: {before['reason'] or 'check its wires'}.")
        return
    _say_state(before)
    typer.echo(f"Watching what the gateway sees for {seconds:g} s: use the device now.")
    pause, seen = threading.Event(), 0
    last = before
    for _ in range(max(1, round(seconds / REFRESH_S))):
        pause.wait(REFRESH_S)
        now = _named(gateway.devices(), name)
        if (now["state"], now["reason"]) != (last["state"], last["reason"]):
            _say_state(now)
        if now["last_seen"] != last["last_seen"] and now["state"] in {"online", "degraded"}:
            seen += 1
            typer.echo("  the gateway heard from it" + "".join(f"; {sensor_text(one)}" for one in now["sensors"]))
        last = now
    if not seen:
        raise CommandFailure(
            f"The gateway heard nothing from {name} in {seconds:g} s.",
            last["remedy"] or "Use it while the test runs; if it stays so, check its cable and power.",
            status=Exit.CHECK_FAILED,
        )


def _named(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for device in found:
        if device["name"] == name:
            return device
    raise _unknown(name, [device["name"] for device in found])


def _say_state(device: dict[str, Any]) -> None:
    reason = f": {device['reason']}" if device["reason"] else ""
    typer.echo(f"{device['name']} is {device['state']}{reason}.")


def _try_here(settings: EdgeSettings, name: str, seconds: float) -> None:
    indicator = next((one for one in settings.indicators if one.name == name), None)
    if indicator is not None:
        _finish(name, _blink_here(indicator, seconds), "blinked and is off again")
        return
    table = next((one for one in settings.devices if one.name == name), None)
    if table is None:
        raise _unknown(name, [known for known, _ in _configuration(settings)])
    driver = load_driver(table.driver)
    device = driver.open(driver.configure(table.settings))
    typer.echo(f"Opening {name} ({driver.summary}). For {seconds:g} s, {what_to_do(driver)}.")
    trial = asyncio.run(try_device(device, seconds=seconds, say=lambda words: typer.echo(f"  saw {words}")))
    _finish(name, trial, f"works: {trial.seen} seen")


def _blink_here(indicator: IndicatorTable, seconds: float) -> Trial:
    driver = load_indicator(indicator.driver)
    typer.echo(f"Blinking {indicator.name} ({driver.summary}) for {seconds:g} s.")
    return asyncio.run(try_indicator(driver, driver.configure(indicator.settings), seconds=seconds))


def _finish(name: str, trial: Trial, well: str) -> None:
    fault: DeviceFault | None = trial.fault
    if fault is not None:
        raise CommandFailure(f"{name}: {fault.reason}.", f"{fault.remedy}.", status=Exit.CHECK_FAILED)
    if not trial.seen:
        raise CommandFailure(
            f"{name} opened, and nothing was seen.",
            "Use it while the test runs. If it stays so, see docs/devices.md for what its set-up must be.",
            status=Exit.CHECK_FAILED,
        )
    console().print(Text.assemble(("✓ ", "bold green"), f"{name} {well}."))


def _unknown(name: str, known: list[str]) -> CommandFailure:
    return CommandFailure(f"No device is called {name!r:.80}.", f"Known here: {', '.join(known) or 'none'}.")


def _settings(config: Path) -> EdgeSettings:
    try:
        return EdgeSettings.load(config)
    except ConfigError as error:
        place = f"{error.file}: {error.key}" if error.key else str(error.file)
        raise CommandFailure(f"{place}: {error.problem}.", error.remedy) from error
    except ValidationError as error:
        raise CommandFailure(f"{config} is not in order.", f"Try: regulars config check {config}") from error
