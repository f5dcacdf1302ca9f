"""One MQTT connection within the store, over aiomqtt: the only place of the devices that speaks MQTT.

A broker that is down is a :class:`DeviceFault` with a remedy; whoever owns the connection opens a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import aiomqtt

from devices.device import DeviceFault, Trouble
from devices.store_bus.messages import PAYLOAD_BYTES_MAX, Drops, Heard, Inbox, LastWill
from devices.store_bus.settings import BusSettings

CONNECT_TIMEOUT_S = 8.0
CLOSE_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 10.0
SUBSCRIBE_FILTERS_MAX = 64
"""Topic filters in one packet; more are asked for in several."""
_READ_WITHOUT_PAUSE_MAX = 32
_PASSWORD_BYTES_MAX = 4_096
_LOGIN_CODES = frozenset({4, 5, 134, 135})
_REFUSED = 128
_log = logging.getLogger("devices.store_bus")

Answer = TypeVar("Answer")


class _InboxQueue(asyncio.Queue[aiomqtt.Message]):
    """What aiomqtt puts messages into: the bounded inbox, which drops and counts where a plain queue would fail."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        super().__init__()

    def _init(self, maxsize: int) -> None:
        """The inbox is the storage."""

    def qsize(self) -> int:
        return len(self._inbox)

    def empty(self) -> bool:
        return not len(self._inbox)

    def _put(self, item: aiomqtt.Message) -> None:
        payload = item.payload if isinstance(item.payload, bytes) else b""
        self._inbox.put(Heard(item.topic.value, payload, bool(item.retain)))

    def _get(self) -> Any:
        return self._inbox.take()


class StoreBus:
    """One connection: entering opens it, leaving says goodbye. Once it is gone, all raises :class:`DeviceFault`.

    ``drops`` counts what was not read because it was too large or came too fast.
    """

    def __init__(
        self, settings: BusSettings, *, will: LastWill | None = None, payload_bytes_max: int = PAYLOAD_BYTES_MAX
    ) -> None:
        self._settings = settings
        self._will = will
        self._inbox = Inbox(payload_bytes_max=payload_bytes_max)
        self._client: aiomqtt.Client | None = None

    def __repr__(self) -> str:
        state = "open" if self._client is not None else "closed"
        return f"StoreBus({self._settings.place}, {state}, waiting={len(self._inbox)}, dropped={self.drops.total})"

    @property
    def drops(self) -> Drops:
        """What was not read."""
        return self._inbox.drops

    @property
    def waiting(self) -> int:
        """Messages that came and were not read yet."""
        return len(self._inbox)

    async def __aenter__(self) -> Self:
        try:
            client = await asyncio.to_thread(self._credentials)
        except (OSError, ValueError) as error:
            raise _file_fault(self._settings, error) from error
        built = self._build(*client)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await built.__aenter__()
        except (aiomqtt.MqttError, TimeoutError) as error:
            raise _fault(self._settings, error) from error
        self._client = built
        try:
            _stop_if_cancelled()
        except asyncio.CancelledError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        ended = client._disconnected  # noqa: SLF001 - looked at, so that nobody reports it as never looked at
        if ended.done() and not ended.cancelled():
            ended.exception()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await client.__aexit__(None, None, None)
        except (aiomqtt.MqttError, TimeoutError) as failure:
            _log.debug("the broker did not answer the goodbye: %s", failure)
            _shut(client)

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Ask for everything that fits one of the filters. What the broker keeps comes again, each time asked."""
        for start in range(0, len(filters), SUBSCRIBE_FILTERS_MAX):
            asked = [(name, 1) for name in filters[start : start + SUBSCRIBE_FILTERS_MAX]]
            granted = await self._answer(self._opened().subscribe(asked, timeout=ANSWER_TIMEOUT_S))
            refused = [name for (name, _), code in zip(asked, granted, strict=False) if _code(code) >= _REFUSED]
            if refused:
                raise DeviceFault(
                    f"{self._settings.place} refuses to let us read {refused[0]}",
                    remedy="let the gateway's user read all topics in the broker's access list",
                    key=Trouble.FORBIDDEN,
                )

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Ask for these no more."""
        for start in range(0, len(filters), SUBSCRIBE_FILTERS_MAX):
            names = list(filters[start : start + SUBSCRIBE_FILTERS_MAX])
            await self._answer(self._opened().unsubscribe(names, timeout=ANSWER_TIMEOUT_S))

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, is_confirmed: bool = True) -> None:
        """Say something. Confirmed: returns when the broker has it (QoS 1); else when it left this machine (QoS 0)."""
        qos = 1 if is_confirmed else 0
        await self._answer(self._opened().publish(topic, payload, qos, retain, timeout=ANSWER_TIMEOUT_S))

    async def messages(self) -> AsyncIterator[Heard]:
        """What comes in, oldest first, for as long as the connection lasts."""
        incoming = aiter(self._opened().messages)
        while True:
            try:
                first = cast("Heard", await anext(incoming))
            except aiomqtt.MqttError as error:
                raise _fault(self._settings, error) from error
            yield first
            read = 1
            # What waits already needs no waiting for; others on the loop get their turn all the same.
            while len(self._inbox):
                if read % _READ_WITHOUT_PAUSE_MAX == 0:
                    await asyncio.sleep(0)
                read += 1
                yield self._inbox.take()

    def cut(self) -> None:
        """End the connection as a pulled plug does: without a goodbye, so that the broker speaks the last will."""
        if self._client is not None:
            _shut(self._client)

    async def _answer(self, asked: Awaitable[Answer]) -> Answer:
        try:
            answer = await asked
        except aiomqtt.MqttError as error:
            raise _fault(self._settings, error) from error
        _stop_if_cancelled()
        return answer

    def _opened(self) -> aiomqtt.Client:
        if self._client is None:
            raise DeviceFault("the store bus is not open", remedy="enter it before using it")
        return self._client

    def _credentials(self) -> tuple[str | None, ssl.SSLContext | None]:
        settings = self._settings
        password = _password(settings.password_file) if settings.password_file else None
        if settings.tls is None:
            return password, None
        ca_file = settings.tls.ca_file
        return password, ssl.create_default_context(cafile=str(ca_file) if ca_file else None)

    def _build(self, password: str | None, context: ssl.SSLContext | None) -> aiomqtt.Client:
        settings, will = self._settings, self._will
        inbox = self._inbox
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            identifier=settings.client_id or None,
            username=settings.username,
            password=password,
            tls_context=context,
            clean_session=True,
            keepalive=settings.keepalive_s,
            timeout=ANSWER_TIMEOUT_S,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=True) if will else None,
            # aiomqtt asks for a class and only ever calls it.
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: _InboxQueue(inbox)),  # noqa: ARG005
            logger=_log,
        )
        _skip_what_has_no_topic(client, inbox.drops)
        return client


def _skip_what_has_no_topic(client: aiomqtt.Client, drops: Drops) -> None:
    """Count it and go on: left to itself it ends the connection, and what a broker keeps comes again with the next."""
    paho = client._client  # noqa: SLF001 - aiomqtt lets nobody stand between it and paho
    take_in = paho.on_message

    def take_in_or_skip(sender: Any, data: Any, message: Any) -> None:
        try:
            if take_in is not None:
                take_in(sender, data, message)
        except ValueError:  # bytes that are no UTF-8 among them
            drops.no_topic += 1

    paho.on_message = take_in_or_skip


def _stop_if_cancelled() -> None:
    """``asyncio.wait_for``, which aiomqtt waits with, loses a cancellation that comes together with the answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _password(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        password = file.read(_PASSWORD_BYTES_MAX).rstrip("\r\n")
    if not password:
        raise ValueError(f"{path} is empty")
    return password


def _shut(client: aiomqtt.Client) -> None:
    wire = client._client.socket()  # noqa: SLF001 - aiomqtt has no way to end a connection without a goodbye
    if isinstance(wire, socket.socket):
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)


def _file_fault(settings: BusSettings, error: Exception) -> DeviceFault:
    place = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
    return DeviceFault(
        f"{settings.place}: the login's files cannot be used: {place}",
        remedy="mend password_file and tls.ca_file, and let the gateway's user read them",
        key=Trouble.FORBIDDEN,
    )


def _fault(settings: BusSettings, error: Exception) -> DeviceFault:
    if isinstance(error, aiomqtt.MqttCodeError) and _code(error.rc) in _LOGIN_CODES:
        return DeviceFault(
            f"{settings.place} refuses the login",
            remedy="check username and password_file against the broker's list of users",
            retry_after_s=15.0,
            key=Trouble.FORBIDDEN,
        )
    if (doubt := _distrust(error)) is not None:
        return DeviceFault(
            f"{settings.place} is not who it should be: {doubt.verify_message or doubt.reason}",
            remedy="name in tls.ca_file the authority that signed the broker's certificate, for this very address",
            retry_after_s=15.0,
            key=Trouble.FORBIDDEN,
        )
    said = "no answer in time" if isinstance(error, TimeoutError) else str(error)
    return DeviceFault(
        f"{settings.place}: the in-store broker cannot be reached ({said})",
        remedy="start the broker (systemctl status mosquitto), and check host and port",
        key=Trouble.SILENT if isinstance(error, TimeoutError) else Trouble.GONE,
    )


def _distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The doubt about the broker's certificate behind an error, if that is what it was."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _code(code: object) -> int:
    value = getattr(code, "value", code)
    return value if isinstance(value, int) else 0
