"""What ``edge.toml`` may say. A wrong file gets one readable message: file, key, problem, remedy."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud_bridge.topics import check_gateway_id
from cloud_bridge.transport import BrokerSettings
from devices.device import DeviceError, Driver, IndicatorDriver
from devices.ntag424.keys import key_from_text
from devices.registry import load_driver, load_indicator
from devices.store_bus.settings import OWN_TOPIC
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.config.card_settings import CardSettings
from edge_agent.config.device_settings import DeviceTable, Name, SupervisionSettings
from edge_agent.config.floor_settings import FloorSettings
from edge_agent.config.home_assistant_settings import HomeAssistantSettings
from edge_agent.config.indicator_settings import IndicatorTable
from edge_agent.config.paths import anchored
from edge_agent.config.problems import ConfigError, contradiction, explain, parse_toml
from edge_agent.config.secret_files import KEY_BYTES_MIN, SecretError, read_secret
from kiosk_ui.kiosk.session import IdleTimes
from loyalty.calendar import known_zone

COUNTERS_MAX = 32
DEVICES_MAX = 64
INDICATORS_MAX = 64

SENSORS_DRIVER = "mqtt_sensors"
"""The driver that hears what announces itself on the in-store bus."""
_SECRETS_OF_DRIVERS = ("password_file", "secret_file")
_KEYS = frozenset({"gateway.secret_file", "gateway.medium_key_file"})

DriverLoader = Callable[[str], Driver[Any]]
IndicatorLoader = Callable[[str], IndicatorDriver[Any]]
Table = TypeVar("Table", DeviceTable, IndicatorTable)


Zone = Annotated[str, Field(max_length=60), AfterValidator(known_zone)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GatewaySettings(_Section):
    """``[gateway]``: who this gateway is, and where it keeps its journal and its secrets."""

    id: Annotated[str, AfterValidator(check_gateway_id)] = Field(
        description="Name of this gateway in the cloud: lower-case letters, digits and hyphens"
    )
    store: Name = Field(description="Name of the store; receipt numbers are unique within it")
    store_name: str = Field(min_length=1, max_length=80, description="The store's name as people read it on screens")
    timezone: Zone = Field(
        default="UTC",
        description="IANA name of the store's time zone, such as Asia/Shanghai",
    )
    language: Literal["zh-CN", "en"] = Field(
        default="zh-CN", description="Language in which the kiosk rests: zh-CN or en"
    )
    data_dir: Path = Field(description="Folder of the journal; on storage that survives a power cut")
    secret_file: Path = Field(description="File with this gateway's secret, shared with the cloud alone")
    medium_key_file: Path = Field(description="File with the tenant's medium key, the same at every gateway")


class WebSettings(_Section):
    """``[web]``: where kiosk and staff pages are served."""

    host: str = Field(default="127.0.0.1", max_length=255, description="Address to listen on")
    port: Port = Field(default=8401, description="Port to listen on")
    operator_password_file: Path | None = Field(
        default=None, description="File with the operator's password; required unless the address is this machine's own"
    )
    manager_password_file: Path | None = Field(
        default=None,
        description=(
            "File with the manager's password, for what only a manager may do to a member's points and PIN; "
            "without it, nobody who logs in may"
        ),
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the pages."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class JournalLimits(_Section):
    """``[journal]``: how much the journal may hold."""

    telemetry_rows_max: int = Field(
        default=50_000, ge=100, le=10_000_000, description="Telemetry rows kept unsent before the oldest are dropped"
    )
    disk_bytes_max: int = Field(
        default=0, ge=0, le=2**50, description="Largest size of the journal in bytes; 0: what the file system has"
    )
    ballast_bytes: int = Field(
        default=4 * 1024 * 1024, ge=0, le=2**32, description="Space held in reserve, given back when the disk is full"
    )


class CounterSettings(_Section):
    """``[[counters]]``: a place where people pay: its kiosk, till, readers and scanners."""

    name: Name = Field(description="Name of the counter")
    kiosk: Name = Field(description="Name of its kiosk, as in the address /kiosk/NAME")
    till: str | None = Field(
        default=None, min_length=1, max_length=80, description="Name by which its till signs sales"
    )
    readers: tuple[str, ...] = Field(default=(), max_length=16, description="Card readers at this counter, by name")
    scanners: tuple[str, ...] = Field(default=(), max_length=16, description="Code scanners at this counter, by name")


class VisitSettings(_Section):
    """``[visits]``: how long a tap and a sale wait for each other."""

    visit_window_s: int = Field(
        default=300, ge=1, le=86_400, description="How long after a tap a sale at that counter belongs to the member"
    )
    claim_window_s: int = Field(
        default=120, ge=1, le=86_400, description="How long after a sale a tap may still claim it"
    )


class RightsSettings(_Section):
    """``[rights]``: what may be redeemed here, also while the cloud cannot be heard."""

    witness_file: Path | None = Field(
        default=None,
        description=(
            "File on other storage than data_dir (a USB stick, the board's own memory) that lets the store redeem "
            "after a start before the cloud is heard; without it, a start redeems nothing until then"
        ),
    )
    pin_above_points: int = Field(
        default=0,
        ge=0,
        le=10**9,
        description="Points above which a redemption with a card that can be copied asks for the PIN; 0: always",
    )
    quote_valid_s: int = Field(
        default=600, ge=10, le=86_400, description="How long a priced basket holds the points and coupons it uses"
    )


class EdgeSettings(_Section):
    """The whole of ``edge.toml``."""

    gateway: GatewaySettings = Field(description="Who this gateway is")
    web: WebSettings = Field(default=WebSettings(), description="Where its pages are served")
    broker: BrokerSettings = Field(description="The MQTT broker between this store and the cloud")
    journal: JournalLimits = Field(default=JournalLimits(), description="What its journal may hold")
    counters: tuple[CounterSettings, ...] = Field(
        min_length=1, max_length=COUNTERS_MAX, description="Places where people pay"
    )
    visits: VisitSettings = Field(default=VisitSettings(), description="How long a tap and a sale wait for each other")
    rights: RightsSettings = Field(default=RightsSettings(), description="What may be redeemed here")
    screens: IdleTimes = Field(default=IdleTimes(), description="How long each kiosk screen stays when nothing happens")
    floor: FloorSettings = Field(default=FloorSettings(), description="The shelves, and what is watched on them")
    devices: tuple[DeviceTable, ...] = Field(default=(), max_length=DEVICES_MAX, description="Attached hardware")
    indicators: tuple[IndicatorTable, ...] = Field(
        default=(), max_length=INDICATORS_MAX, description="Lamps, buzzers and relays"
    )
    cards: CardSettings = Field(default=CardSettings(), description="Cards that prove themselves")
    alerts: AlertSettings = Field(default=AlertSettings(), description="What staff are called for, and who is called")
    home_assistant: HomeAssistantSettings | None = Field(
        default=None, description="Home Assistant, told of the floor; leave out where there is none"
    )
    supervision: SupervisionSettings = Field(
        default=SupervisionSettings(), description="How patient the gateway is with its devices"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem, remedy in self._contradictions():
            raise contradiction(problem, remedy)
        return self

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        names = [device.name for device in self.devices]
        indicators = [indicator.name for indicator in self.indicators]
        attached = [name for counter in self.counters for name in (*counter.readers, *counter.scanners)]
        for what, seen in (
            ("devices", names),
            ("devices or indicators", [*names, *indicators]),
            ("counters", [counter.name for counter in self.counters]),
            ("kiosks", [counter.kiosk for counter in self.counters]),
            ("tills", [counter.till for counter in self.counters if counter.till]),
        ):
            if twice := _repeated(seen):
                yield f"two {what} are called {twice!r}", "Give each a name of its own."
        if twice := _repeated(attached):
            yield f"the device {twice!r} stands at two counters", "Name each reader and scanner at one counter."
        for name in attached:
            if name not in names:
                known = ", ".join(names) or "none"
                yield f"a counter names the device {name!r}, which is not configured", f"Known [[devices]]: {known}."
        for device in self.devices:
            if device.power is not None and device.power not in indicators:
                known = ", ".join(indicators) or "none"
                problem = f"{device.name} is powered through {device.power!r}, which is not configured"
                yield problem, f"Known [[indicators]]: {known}."
            if self.home_assistant is not None and device.driver == SENSORS_DRIVER:
                said, known = self.home_assistant.topic, device.settings.get("own_topic", OWN_TOPIC)
                if known != said:
                    problem = f"{device.name} would hear what [home_assistant] says below {said!r}"
                    yield problem, f'Write own_topic = "{said}" into that [[devices]] table.'
        if not self.web.is_loopback and self.web.operator_password_file is None:
            yield (
                f"[web] listens on {self.web.host}, which others can reach, without a password",
                "Set web.operator_password_file, or listen on 127.0.0.1.",
            )

        if self.web.manager_password_file is not None and self.web.operator_password_file is None:
            yield (
                "[web] has a manager's password and no operator's, so nobody would be asked for one",
                "Set web.operator_password_file, too.",
            )

    @classmethod
    def load(
        cls, path: Path, *, drivers: DriverLoader = load_driver, indicators: IndicatorLoader = load_indicator
    ) -> EdgeSettings:
        """Read and check ``edge.toml``, the settings of its drivers and its secret files.

        Raises :class:`ConfigError` for the first problem found.
        """
        try:
            settings = cls.model_validate(anchored(parse_toml(path), cls, path.parent))
        except ValidationError as error:
            raise explain(path, error, cls) from error
        devices = tuple(_checked(path, f"devices.{one.name}", one, drivers) for one in settings.devices)
        shown = tuple(_checked(path, f"indicators.{one.name}", one, indicators) for one in settings.indicators)
        # The paths of a driver's own settings are known once its driver is.
        settings = settings.model_copy(update={"devices": devices, "indicators": shown})
        for key, file in settings.secret_files().items():
            try:
                read_secret(file, bytes_min=KEY_BYTES_MIN if key in _KEYS else 1)
            except SecretError as error:
                raise ConfigError(path, key, error.problem, error.remedy) from error
        _check_meta_key(path, settings.cards.meta_key_file)
        return settings

    def secret_files(self) -> dict[str, Path]:
        """Every secret file this configuration names, by key."""
        tls = self.broker.tls
        named = {
            "gateway.secret_file": self.gateway.secret_file,
            "gateway.medium_key_file": self.gateway.medium_key_file,
            "web.operator_password_file": self.web.operator_password_file,
            "web.manager_password_file": self.web.manager_password_file,
            "broker.password_file": self.broker.password_file,
            "broker.tls.key_file": tls.key_file if tls else None,
            "cards.meta_key_file": self.cards.meta_key_file,
            "home_assistant.password_file": self.home_assistant.password_file if self.home_assistant else None,
            **self.alerts.secret_files(),
            **{
                f"devices.{device.name}.{key}": Path(str(file))
                for device in self.devices
                for key, file in device.settings.items()
                if key in _SECRETS_OF_DRIVERS and file is not None
            },
        }
        return {key: file for key, file in named.items() if file is not None}


def _check_meta_key(path: Path, file: Path | None) -> None:
    try:
        if file is not None:
            key_from_text(read_secret(file))
    except ValueError as error:
        remedy = "Copy the file that 'regulars cards meta-key' wrote at head office"
        raise ConfigError(path, "cards.meta_key_file", f"{file} holds no key: {error}", remedy) from error


def _repeated(names: list[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def _checked(path: Path, place: str, table: Table, drivers: DriverLoader | IndicatorLoader) -> Table:
    """The device with its paths resolved. Raises :class:`ConfigError` unless its driver can be configured."""
    try:
        driver = drivers(table.driver)
    except DeviceError as error:
        raise ConfigError(path, f"{place}.driver", str(error), "Name an installed driver.") from error
    settings = anchored(table.settings, driver.settings, path.parent)
    try:
        driver.configure(settings)
    except ValidationError as error:
        raise explain(path, error, driver.settings, section=place) from error
    return table.with_settings(settings)
