"""The MQTT client, here and nowhere else: aiomqtt, MQTT 3.1.1, TLS and credentials by configuration.

Sessions are clean on both ends: what must survive a broken connection lies in a journal or a
database, never in a broker.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import aiomqtt
from pydantic import BaseModel, ConfigDict, Field

INBOUND_MESSAGES_MAX = 2_000
"""Messages waiting to be read; more are dropped, which the protocol above repairs."""
INFLIGHT_MESSAGES_MAX = 64
PUBLISH_TIMEOUT_S = 20.0
CONNECT_TIMEOUT_S = 10.0
_REFUSED_RETRY_S = 30.0
_CREDENTIAL_CODES = frozenset({4, 5, 134, 135})
_CREDENTIAL_BYTES_MAX = 4_096


class TransportError(Exception):
    """The root of what goes wrong between here and the broker. ``retry_after_s`` overrides the backoff."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class BrokerUnreachable(TransportError, OSError):
    """Nobody answers at the broker's address, or the network is down."""


class BrokerRefused(TransportError, PermissionError):
    """The broker does not take these credentials or this certificate; an operator must look."""


class ConnectionLost(TransportError, ConnectionError):
    """An open connection ended."""


class TlsSettings(BaseModel):
    """How to trust the broker, and how it can trust this client."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ca_file: Annotated[Path | None, Field(description="Authority that signed the broker's certificate (PEM)")] = None
    cert_file: Annotated[Path | None, Field(description="This client's certificate (PEM)")] = None
    key_file: Annotated[Path | None, Field(description="The private key of that certificate (PEM)")] = None


class BrokerSettings(BaseModel):
    """Where the broker is and how to log in. The ``[broker]`` section of both programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    host: Annotated[str, Field(min_length=1, max_length=255, description="Name or address of the broker")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="1883, or 8883 with TLS")] = 1883
    tls: Annotated[TlsSettings | None, Field(description="Leave out for a broker on this machine only")] = None
    username: Annotated[str | None, Field(max_length=255, description="Login name, if the broker asks for one")] = None
    password_file: Annotated[Path | None, Field(description="File that holds the password and nothing else")] = None
    keepalive_s: Annotated[int, Field(ge=5, le=600, description="A silent connection is dead after 1.5 times this")] = (
        15
    )


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says, retained, when this client vanishes."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it came. ``retained`` tells a kept one from one just spoken."""

    topic: str
    payload: bytes
    retained: bool


class Wire(Protocol):
    """One open connection to a broker. Every method raises :class:`ConnectionLost` once it is gone."""

    async def subscribe(self, topics: str) -> None:
        """Ask for all messages that fit the filter, at least once each."""

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to the broker; returns when the broker confirms it (QoS 1)."""

    def messages(self) -> AsyncIterator[Inbound]:
        """What comes in, in order, for as long as the connection lasts."""


Dial = Callable[[Will | None], AbstractAsyncContextManager[Wire]]
"""Opens a connection. Raises :class:`TransportError`."""


class MqttWire:
    """A :class:`Wire` over aiomqtt."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def subscribe(self, topics: str) -> None:
        try:
            granted = await self._client.subscribe(topics, qos=1)
        except aiomqtt.MqttError as error:
            raise ConnectionLost(str(error)) from error
        if any(_code(code) >= 128 for code in granted):
            raise BrokerRefused(f"the broker refuses to subscribe to {topics}", retry_after_s=_REFUSED_RETRY_S)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        try:
            await self._client.publish(topic, payload, qos=1, retain=retain, timeout=PUBLISH_TIMEOUT_S)
        except aiomqtt.MqttError as error:
            raise ConnectionLost(str(error)) from error

    async def messages(self) -> AsyncIterator[Inbound]:
        try:
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield Inbound(str(message.topic), payload, bool(message.retain))
        except aiomqtt.MqttError as error:
            raise ConnectionLost(str(error)) from error


def mqtt_dial(settings: BrokerSettings, *, client_id: str) -> Dial:
    """A function that connects to this broker under this name. Reads secrets anew at each call."""

    @asynccontextmanager
    async def dial(will: Will | None) -> AsyncIterator[Wire]:
        client = await _client(settings, client_id, will)
        try:
            await client.__aenter__()
        except aiomqtt.MqttError as error:
            raise _refusal(settings, error) from error
        try:
            yield MqttWire(client)
        finally:
            await _hang_up(client)

    return dial


async def _client(settings: BrokerSettings, client_id: str, will: Will | None) -> aiomqtt.Client:
    try:
        password = await asyncio.to_thread(_password, settings.password_file)
        context = await asyncio.to_thread(_tls_context, settings.tls) if settings.tls else None
    except (OSError, ValueError) as error:
        place = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        raise BrokerRefused(f"cannot use the broker's key files: {place}", retry_after_s=_REFUSED_RETRY_S) from error
    client = aiomqtt.Client(
        settings.host,
        settings.port,
        identifier=client_id,
        username=settings.username,
        password=password,
        tls_context=context,
        clean_session=True,
        keepalive=settings.keepalive_s,
        timeout=CONNECT_TIMEOUT_S,
        will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True) if will else None,
        max_queued_incoming_messages=INBOUND_MESSAGES_MAX,
        max_inflight_messages=INFLIGHT_MESSAGES_MAX,
        logger=logging.getLogger("cloud_bridge.mqtt"),
    )
    client.pending_calls_threshold = INFLIGHT_MESSAGES_MAX
    _skip_what_has_no_topic(client)
    return client


def _skip_what_has_no_topic(client: aiomqtt.Client) -> None:
    """Go on after it: left to itself it ends the connection, and what a broker keeps comes again with the next."""
    paho = client._client  # noqa: SLF001 - aiomqtt lets nobody stand between it and paho
    take_in = paho.on_message

    def take_in_or_skip(sender: Any, data: Any, message: Any) -> None:
        try:
            if take_in is not None:
                take_in(sender, data, message)
        except ValueError:  # bytes that are no UTF-8 among them
            logging.getLogger("cloud_bridge.mqtt").debug("a message on what is no topic")

    paho.on_message = take_in_or_skip


async def _hang_up(client: aiomqtt.Client) -> None:
    """Say goodbye so that the last will stays unsaid; a connection already dead is no error here."""
    try:
        await client.__aexit__(None, None, None)
    except aiomqtt.MqttError as error:
        logging.getLogger("cloud_bridge.mqtt").debug("the broker did not answer the goodbye: %s", error)


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    with path.open(encoding="utf-8") as file:
        return file.read(_CREDENTIAL_BYTES_MAX).rstrip("\r\n")


def _tls_context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.ca_file) if tls.ca_file else None)
    if tls.cert_file:
        context.load_cert_chain(str(tls.cert_file), str(tls.key_file) if tls.key_file else None)
    return context


def _refusal(settings: BrokerSettings, error: aiomqtt.MqttError) -> TransportError:
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, aiomqtt.MqttCodeError) and _code(error.rc) in _CREDENTIAL_CODES:
        return BrokerRefused(f"{place} refuses the login: {error}", retry_after_s=_REFUSED_RETRY_S)
    return BrokerUnreachable(f"{place} cannot be reached: {error}")


def _code(code: object) -> int:
    value = getattr(code, "value", code)
    return value if isinstance(value, int) else 0


class Backoff:
    """Waits that double up to a maximum, with full jitter, so that a fleet does not return as one."""

    def __init__(self, *, first_s: float, wait_s_max: float, rng: random.Random) -> None:
        self._first_s, self._wait_s_max, self._rng = first_s, wait_s_max, rng
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """The next wait in seconds: between half and the whole of the current ceiling."""
        ceiling = self._ceiling_s
        self._ceiling_s = min(self._wait_s_max, ceiling * 2)
        return ceiling * (0.5 + self._rng.random() / 2)

    def reset(self) -> None:
        """Begin small again: the last attempt went well."""
        self._ceiling_s = self._first_s
