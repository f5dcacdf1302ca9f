"""``cloud.toml``: read once, frozen, and refused with one readable message when it is wrong."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from cloud_bridge.transport import BrokerSettings
from devices.ntag424.keys import key_from_text
from loyalty.calendar import known_zone
from loyalty.programme import Programme, ProgrammeError, programme_from_mapping

GATEWAYS_MAX = 5_000
SECRET_BYTES_MIN = 16
SECRET_BYTES_MAX = 4_096
PASSWORD_BYTES_MIN = 8
_PATHS = frozenset(
    {
        "medium_key_file",
        "card_master_key_file",
        "secret_file",
        "password_file",
        "operator_password_file",
        "ca_file",
        "cert_file",
        "key_file",
        "url_file",
        "programme_file",
    }
)
_SQLITE = "sqlite:///"


class ConfigError(Exception):
    """A configuration that cannot be used: names the file, the key, and what to write instead."""

    def __init__(self, file: Path, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {problem}. {remedy}")
        self.file = file
        self.key = key
        self.problem = problem
        self.remedy = remedy


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class WebSettings(_Section):
    """Where the pages and the API are served."""

    host: Annotated[
        str, Field(max_length=255, description="Address to listen on; beyond this machine only with a password")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="Port to listen on")] = 8080
    operator_password_file: Annotated[
        Path | None, Field(description="File with the operators' password; then every page asks for it")
    ] = None


class DatabaseSettings(_Section):
    """Where everything is kept."""

    url: Annotated[
        str, Field(min_length=1, max_length=1_000, description="sqlite:///file or postgresql+psycopg://user@host/name")
    ] = "sqlite:///cloud.db"
    url_file: Annotated[
        Path | None, Field(description="File that holds the URL instead, because it contains a password")
    ] = None


class GatewaySettings(_Section):
    """One store's gateway, as enrolled."""

    id: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="The gateway's id: a-z, 0-9 and '-', also in its topics"
        ),
    ]
    store_name: Annotated[str, Field(min_length=1, max_length=80, description="The store's name, as people say it")]
    secret_file: Annotated[Path, Field(description="File with the secret it signs with; the gateway has the same")]
    timezone: Annotated[
        str,
        Field(max_length=60, description="IANA name of the store's time zone, such as Asia/Shanghai"),
        AfterValidator(known_zone),
    ] = "UTC"


class RightsSettings(_Section):
    """How much the stores may let members use offline, and what lost stores may cost."""

    loss_cap_points: Annotated[
        int,
        Field(
            ge=0, le=10**9, description="The most points given up, and the most given away, for gateways that are gone"
        ),
    ] = 10_000
    visitor_percent: Annotated[
        int, Field(ge=0, le=100, description="Of a member's free points, how much a store away from home is leased")
    ] = 50
    visitor_points_max: Annotated[
        int, Field(ge=0, le=10**9, description="The most points that a store away from home holds of one member")
    ] = 10_000


class CloudSettings(_Section):
    """The whole of ``cloud.toml``. Relative paths are relative to the file."""

    medium_key_file: Annotated[
        Path, Field(description="File with the key that turns card numbers into medium ids; every gateway has the same")
    ]
    card_master_key_file: Annotated[
        Path | None,
        Field(
            description="File with the key, 32 hexadecimal digits, that the keys of cards that prove themselves are "
            "derived from; it never leaves head office. Without it no such card can be registered"
        ),
    ] = None
    web: Annotated[WebSettings, Field(description="Where the pages and the API are served")] = WebSettings()
    database: Annotated[DatabaseSettings, Field(description="Where everything is kept")] = DatabaseSettings()
    broker: Annotated[BrokerSettings, Field(description="The MQTT broker the stores speak to")] = BrokerSettings()
    gateways: Annotated[
        tuple[GatewaySettings, ...], Field(max_length=GATEWAYS_MAX, description="The stores that may speak here")
    ] = ()
    programme_file: Annotated[
        Path | None,
        Field(description="The whole loyalty programme, a programme.toml; a change takes effect at the next start"),
    ] = None
    rights: Annotated[
        RightsSettings, Field(description="How much stores may let members use offline, and what lost ones may cost")
    ] = RightsSettings()
    programme: Annotated[
        Programme | None, Field(description="A programme that is a rate and nothing else, instead of programme_file")
    ] = None

    @field_validator("programme", mode="before")
    @classmethod
    def _read_programme(cls, table: Any) -> Any:
        return programme_from_mapping(table) if isinstance(table, dict) else table


def load_settings(file: Path) -> CloudSettings:
    """Read and check ``cloud.toml``. Raises :class:`ConfigError`."""
    table = _read_toml(file)
    try:
        settings = CloudSettings.model_validate(_beside(table, file.resolve().parent))
    except ValidationError as error:
        raise _readable(file, error.errors(include_url=False)[0]) from error
    _check_enrolment(file, settings)
    _check_programme(file, settings)
    _check_exposure(file, settings)
    return _with_database_url(settings, file.resolve().parent)


def read_secret(path: Path, key: str, *, bytes_min: int = SECRET_BYTES_MIN) -> bytes:
    """The bytes of a secret file, without a final line break. Raises :class:`ConfigError`, never shows them.

    ``key`` is the setting that names the file.
    """
    try:
        with path.open("rb") as source:
            secret = source.read(SECRET_BYTES_MAX + 1).rstrip(b"\r\n")
    except OSError as error:
        raise ConfigError(path, key, f"cannot be read ({error.strerror})", "Name a readable file") from error
    if not bytes_min <= len(secret) <= SECRET_BYTES_MAX:
        remedy = f"Put {bytes_min} to {SECRET_BYTES_MAX} bytes in it, such as 64 random hexadecimal digits"
        raise ConfigError(path, key, f"holds {len(secret)} bytes", remedy)
    return secret


def read_card_key(path: Path, key: str) -> bytes:
    """The 16 bytes of a card key file. Raises :class:`ConfigError`, never shows them."""
    try:
        return key_from_text(read_secret(path, key))
    except ValueError as error:
        raise ConfigError(path, key, str(error), "Write one with: openssl rand -hex 16") from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            file, "the file", f"cannot be read ({error.strerror})", "Check its path and rights"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(file, f"byte {error.start}", "is not UTF-8", "Save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, "the file", f"is not TOML: {error}", "Mend it at the place named") from error


def _beside(value: Any, folder: Path, key: str = "") -> Any:
    """The same table with every relative path made absolute."""
    if isinstance(value, dict):
        return {name: _beside(item, folder, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_beside(item, folder) for item in value]
    if isinstance(value, str) and key in _PATHS:
        return str(folder / value)
    return value


def _readable(file: Path, fault: ErrorDetails) -> ConfigError:
    key = ".".join(str(part) for part in fault["loc"]) or "the file"
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, ProgrammeError):
        return ConfigError(file, f"{key}.{cause.key}", f"{cause.found!r:.80} cannot be used", cause.remedy)
    match fault["type"]:
        case "extra_forbidden":
            return ConfigError(file, key, "is not a setting", "Remove it, or check its spelling and section")
        case "missing":
            return ConfigError(file, key, "is missing", "Add it")
        case _:
            return ConfigError(file, key, f"{fault['input']!r:.80} cannot be used", fault["msg"])


def _with_database_url(settings: CloudSettings, folder: Path) -> CloudSettings:
    """The URL itself, also where it stands in a file; a relative SQLite path is beside the configuration."""
    url, url_file = settings.database.url, settings.database.url_file
    if url_file is not None:
        url = read_secret(url_file, "database.url_file", bytes_min=1).decode("utf-8", "replace")
    if url.startswith(_SQLITE) and not url.startswith(_SQLITE + "/"):
        url = f"{_SQLITE}{folder / url.removeprefix(_SQLITE)}"
    return settings.model_copy(update={"database": DatabaseSettings(url=url)})


def _check_enrolment(file: Path, settings: CloudSettings) -> None:
    seen: set[str] = set()
    for index, gateway in enumerate(settings.gateways):
        if gateway.id in seen:
            raise ConfigError(file, f"gateways.{index}.id", f"{gateway.id!r} is there twice", "Give each its own id")
        seen.add(gateway.id)


def _check_programme(file: Path, settings: CloudSettings) -> None:
    if settings.programme is not None and settings.programme_file is not None:
        raise ConfigError(file, "programme", "is there beside programme_file", "Keep one of the two")


def _check_exposure(file: Path, settings: CloudSettings) -> None:
    if not is_loopback(settings.web.host) and settings.web.operator_password_file is None:
        remedy = "Set web.operator_password_file, or listen on 127.0.0.1"
        raise ConfigError(file, "web.host", f"{settings.web.host} is open to the network without a password", remedy)
