"""Tells by its content which configuration a file is, and reads it with the reader that will use it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud_crm.config import PASSWORD_BYTES_MIN, CloudSettings, load_settings, read_secret
from cloud_crm.config import ConfigError as CloudConfigError
from cloud_crm.programme.configured import configured_programme
from devices.sensors.mapping import MappingError, read_mapping
from edge_agent.alerts.addresses import AddressError, check_address
from edge_agent.config import EdgeSettings, too_open
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.problems import ConfigError, parse_toml
from edge_agent.config.settings import SENSORS_DRIVER
from edge_agent.floor.plan import floor_doubts, plan_of
from edge_agent.shelves.planogram import COLUMNS, load_planogram
from provisioning.programme_file import SECTIONS, doubts, read_programme
from provisioning.store_plan import StorePlan

_HEADER_CHARACTERS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file that passed: what it is, what it says in a few words, and what should be mended anyway."""

    kind: str
    summary: str
    warnings: tuple[str, ...] = ()


def check(path: Path) -> Verdict:
    """Read ``path`` as what it is. Raises :class:`ConfigError`: file, key, problem, remedy."""
    if path.is_dir():
        raise ConfigError(path, "", "is a folder", "Name one of the files in it.")
    if path.suffix.lower() == ".csv":
        return _check_planogram(path)
    return _reader_of(path)(path)


def _reader_of(path: Path) -> Callable[[Path], Verdict]:
    """The reader for the sections a TOML file has."""
    sections = set(parse_toml(path))
    for own, reader in (
        ({"gateway", "counters"}, _check_edge),
        ({"gateways", "database", "medium_key_file"}, _check_cloud),
        ({"store", "floor_plan", "zones"}, _check_store),
        (set(SECTIONS), _check_programme),
    ):
        if sections & own:
            return reader
    found = ", ".join(sorted(sections)) or "nothing"
    raise ConfigError(
        path,
        "",
        f"no configuration of ours begins like this; it holds {found:.120}",
        "Known are edge.toml ([gateway]), cloud.toml ([[gateways]]), store.toml ([store]), "
        "programme.toml ([programme]) and planogram.csv.",
    )


def _check_edge(path: Path) -> Verdict:
    settings = EdgeSettings.load(path)
    _check_addresses(path, settings.alerts)
    _check_mappings(path, settings)
    plan_of(settings)
    secrets = filter(None, map(too_open, settings.secret_files().values()))
    warnings = (*secrets, *settings.alerts.doubts(), *floor_doubts(settings))
    devices = ", ".join(f"{device.name} ({device.driver})" for device in settings.devices) or "no devices"
    return Verdict("gateway (edge.toml)", f"{settings.gateway.id}: {devices}", warnings)


def _check_addresses(path: Path, alerts: AlertSettings) -> None:
    """Whether every destination has an address that messages can be sent to; none of it is ever shown."""
    for destination in alerts.destinations:
        try:
            check_address(destination.url_file)
        except AddressError as error:
            key = f"alerts.destinations.{destination.name}.url_file"
            raise ConfigError(path, key, error.problem, error.remedy) from error


def _check_mappings(path: Path, settings: EdgeSettings) -> None:
    """Whether the sensors described by hand can be read as they are described."""
    for device in settings.devices:
        file = device.settings.get("mapping_file")
        if device.driver != SENSORS_DRIVER or file is None:
            continue
        try:
            read_mapping(Path(str(file)))
        except MappingError as error:
            remedy = "docs/devices.md shows how a sensor is described."
            raise ConfigError(path, f"devices.{device.name}.mapping_file", str(error).rstrip("."), remedy) from error


def _check_cloud(path: Path) -> Verdict:
    try:
        settings = load_settings(path)
        _read_secrets_of_cloud(settings)
        configured_programme(settings)
    except CloudConfigError as error:
        problem = error.problem if error.file == path else f"{error.file} {error.problem}"
        raise ConfigError(path, error.key, problem, f"{error.remedy.rstrip('.')}.") from error
    secrets = (settings.medium_key_file, *(gateway.secret_file for gateway in settings.gateways))
    warnings = tuple(filter(None, map(too_open, secrets)))
    return Verdict(
        "cloud (cloud.toml)", f"gateways: {', '.join(one.id for one in settings.gateways) or 'none'}", warnings
    )


def _read_secrets_of_cloud(settings: CloudSettings) -> None:
    """What the cloud reads when it starts. Raises ``CloudConfigError`` naming the secret's file and its key."""
    read_secret(settings.medium_key_file, "medium_key_file")
    for index, gateway in enumerate(settings.gateways):
        read_secret(gateway.secret_file, f"gateways.{index}.secret_file")
    if settings.web.operator_password_file is not None:
        read_secret(settings.web.operator_password_file, "web.operator_password_file", bytes_min=PASSWORD_BYTES_MIN)


def _check_store(path: Path) -> Verdict:
    plan = StorePlan.load(path)
    floor = plan.floor_plan
    summary = f"{plan.store.name}: {floor.width_cm} × {floor.depth_cm} cm, {len(plan.zones)} zones"
    return Verdict("store (store.toml)", summary)


def _check_programme(path: Path) -> Verdict:
    terms = read_programme(path)
    rate = terms.programme
    summary = f"{rate.points} points per {rate.per_minor} minor units of {rate.currency}"
    return Verdict("programme (programme.toml)", summary, tuple(f"{path}: {doubt}" for doubt in doubts(terms)))


def _check_planogram(path: Path) -> Verdict:
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            header = next(csv.reader([source.readline(_HEADER_CHARACTERS_MAX)]), [])
    except FileNotFoundError as error:
        raise ConfigError(path, "", "there is no such file", "Write one with `regulars init`.") from error
    except (OSError, UnicodeDecodeError, csv.Error):
        header = []
    if "InvoiceNo" in header:
        raise ConfigError(
            path,
            "line 1",
            "these are a till's transactions, no configuration",
            "Replay them: regulars demo --sales FILE",
        )
    slots = load_planogram(path, zones=_zones_beside(path))
    articles, scales = len({slot.sku for slot in slots}), sum(bool(slot.scale) for slot in slots)
    summary = f"{len(slots)} slots, {articles} articles, {scales} scales"
    return Verdict(f"planogram ({','.join(COLUMNS[:3])}, …)", summary)


def _zones_beside(planogram: Path) -> tuple[str, ...] | None:
    """The zones of the store.toml in the same folder; ``None`` where there is none, or it has none."""
    store = planogram.with_name("store.toml")
    if not store.is_file():
        return None
    return tuple(zone.name for zone in StorePlan.load(store).zones) or None
