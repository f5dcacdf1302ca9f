"""The gateway of a configuration file, asked over its own web address with its own password."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from edge_agent.config import EdgeSettings, SecretError, read_secret
from provisioning.failures import CommandFailure

ANSWER_S_MAX = 15.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - listened on there, asked at home


class NotRunning(Exception):
    """Nobody answers at the gateway's address."""


class RunningGateway:
    """A line to the gateway. Used as a context manager."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._id = settings.gateway.id
        host = _EVERY_ADDRESS.get(settings.web.host, settings.web.host)
        self.url = f"http://{host}:{settings.web.port}"
        self._web = httpx.Client(
            base_url=self.url,
            timeout=ANSWER_S_MAX,
            trust_env=False,
            auth=_password(settings.web.operator_password_file),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.close()

    def devices(self) -> list[dict[str, Any]]:
        """Every device as the gateway sees it. Raises :class:`NotRunning` and :class:`CommandFailure`."""
        answer = self._ask("GET", "/api/devices")
        try:
            said = answer.json()
            if said["gateway"] != self._id:
                raise CommandFailure(
                    f"The gateway at {self.url} is {said['gateway']!r}, not {self._id!r}.",
                    "Name the edge.toml with which it was started.",
                )
            return list(said["devices"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._stranger() from error

    def blink(self, indicator: str) -> bool:
        """Make an indicator blink; whether it did. Returns when it is over."""
        return self._ask("POST", f"/api/devices/{indicator}/blink", {}).status_code == httpx.codes.NO_CONTENT

    def teach(self, slot: str, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One step of teaching the scale of a slot: ``begin``, ``go-on``, ``keep``, ``end``, or to look: ``lesson``.

        Answers where the lesson stands. Raises :class:`NotRunning`, and :class:`CommandFailure` where it is refused.
        """
        path = f"/api/calibrations/{quote(slot)}/{verb}"
        answer = self._ask("GET" if body is None else "POST", path, body)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return {}
        try:
            said: dict[str, Any] = answer.json()
            if not answer.is_success:
                raise CommandFailure(f"{said['place']}: {said['problem']}.", f"{said['remedy']}.".capitalize())
        except (ValueError, KeyError, TypeError) as error:
            raise self._stranger() from error
        return said

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            answer = self._web.request(method, path, json=body)
        except httpx.ConnectError as error:
            raise NotRunning from error
        except httpx.HTTPError as error:
            raise CommandFailure(
                f"The gateway at {self.url} does not answer ({type(error).__name__}).", "See its log."
            ) from error
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            remedy = "See that web.operator_password_file of this edge.toml is the one it was started with."
            raise CommandFailure(f"The gateway at {self.url} does not take the operator's password.", remedy)
        if answer.is_server_error:
            raise CommandFailure(f"The gateway at {self.url} answers {answer.status_code}.", "See its log.")
        return answer

    def _stranger(self) -> CommandFailure:
        return CommandFailure(
            f"What answers at {self.url} is no gateway of this version.", "See what else listens on that port."
        )


def _password(file: Path | None) -> httpx.BasicAuth | None:
    if file is None:
        return None
    try:
        return httpx.BasicAuth("regulars-devices", read_secret(file).decode())
    except (SecretError, UnicodeDecodeError) as error:
        raise CommandFailure(f"The operator's password cannot be read: {error}.", "Run this as its owner.") from error
