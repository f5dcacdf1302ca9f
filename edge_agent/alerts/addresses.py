"""Whether a file holds an address that messages can be sent to. What it says is a secret, and is never repeated."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from edge_agent.config import SecretError, read_secret

_SCHEMA = re.compile(r"^([a-z][a-z0-9+]{1,19})://", re.IGNORECASE)
_REMEDY = "Write one Apprise URL into it, such as ntfys://TOPIC or wecombot://KEY; see docs/stock-and-alerts.md."


class AddressError(ValueError):
    """A file that holds no usable address: which, and what to do; nothing of its content but the service's name."""

    def __init__(self, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


def check_address(file: Path) -> str:
    """The service that the address in a file names, such as ``ntfys``. Raises :class:`AddressError`."""
    try:
        text = read_secret(file).decode("utf-8").strip()
    except SecretError as error:
        raise AddressError(error.problem, error.remedy) from error
    except UnicodeDecodeError as error:
        raise AddressError(f"{file} is not UTF-8 text at byte {error.start}") from error
    if len(text.splitlines()) > 1:
        raise AddressError(f"{file} holds {len(text.splitlines())} lines, and one address is wanted")
    found = _SCHEMA.match(text)
    if found is None:
        raise AddressError(f"{file} holds no address: it does not begin like service://")
    return _known(file, text, found.group(1).lower())


def _known(file: Path, url: str, service: str) -> str:
    # 60 MB that only a check needs; sending has a process of its own.
    import apprise  # noqa: PLC0415

    # What it logs of an address it cannot use may be the secret.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(storage_mode="memory")
    if service not in known_services():
        raise AddressError(f"{file} names the service {service!r}, which Apprise does not know")
    if apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True) is None:
        raise AddressError(f"{file} holds an address of {service!r} that lacks something, or has too much")
    return service


def known_services() -> frozenset[str]:
    """Every service by the name with which its addresses begin."""
    import apprise  # noqa: PLC0415

    return frozenset(apprise.manager_plugins.NotificationManager().schemas())  # type: ignore[no-untyped-call]
