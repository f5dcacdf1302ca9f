"""Sales over HTTP: a listener of its own that tills post signed receipts to (``POST /till/sales``).

The answer goes out after the sale is durable: whoever consumes ``observations()`` resumes the
generator only then. A till that gets no 2xx or 409 sends the same sale again; nothing counts twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devices.device import DeviceFault, Driver
from devices.observations import Observation, SaleCompleted, SaleReceipt, SaleStatus
from devices.tills.sale_message import MessageRejected, Problem, parse_sale, receipt_json
from devices.tills.signature import HEADER, SECRET_BYTES_MIN, is_signed

PATH = "/till/sales"
_WAITING_MAX = 64
_CONNECTIONS_MAX = 256
_BACKLOG = 64
_SHUTDOWN_S = 1
_LENGTH_DIGITS_MAX = 12

_STATUS_CODES = {
    SaleStatus.RECORDED: HTTPStatus.CREATED,
    SaleStatus.DUPLICATE: HTTPStatus.OK,
    SaleStatus.CONFLICT: HTTPStatus.CONFLICT,
}


class TillFeedSettings(BaseModel):
    """Settings of the listener for tills."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret_file: Path = Field(description="File with the secret shared with the tills, 16 bytes or more")
    host: str = Field("127.0.0.1", description="Address to listen on; the gateway's address in the shop's network")
    port: int = Field(8_765, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one")
    body_bytes_max: int = Field(262_144, ge=1_024, le=4_194_304, description="Largest receipt accepted, in bytes")
    body_timeout_s: float = Field(5.0, gt=0, le=60, description="Seconds a till may take to send a receipt")
    answer_timeout_s: float = Field(10.0, gt=0, le=60, description="Seconds to wait for the receipt to be durable")
    retry_after_s: int = Field(2, ge=1, le=3_600, description="Seconds a till is told to wait after a 503")


@dataclass(eq=False, slots=True)
class _Waiting:
    """A posted sale and the till that waits for its receipt."""

    sale: SaleCompleted
    receipt: SaleReceipt | None = None
    answered: asyncio.Future[SaleReceipt | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def keep(self, receipt: SaleReceipt) -> None:
        """What the consumer replied; told to the till once the consumer comes back."""
        self.receipt = receipt

    def answer(self, receipt: SaleReceipt | None) -> None:
        """Let the till go, with its receipt or (``None``) with "try again"."""
        if not self.answered.done():
            self.answered.set_result(receipt)


class _QuietServer(uvicorn.Server):
    """A server inside somebody else's loop: signals belong to the process that runs the gateway."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class TillFeed:
    """Listens for tills while entered; ``url`` says where. At most 64 sales wait for their receipt, then 503."""

    def __init__(self, settings: TillFeedSettings) -> None:
        self._settings = settings
        self._secret = b""
        self._url: str | None = None
        self._waiting: set[_Waiting] = set()
        self._reading: set[asyncio.Timeout] = set()
        self._posted: asyncio.Queue[_Waiting] = asyncio.Queue(_WAITING_MAX)
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"TillFeed({self._url or 'closed'}, waiting={len(self._waiting)})"

    @property
    def url(self) -> str:
        """Where tills post sales, such as ``http://127.0.0.1:8765/till/sales``. Raises ``DeviceFault`` while closed."""
        if self._url is None:
            raise DeviceFault("the till feed is not open", remedy="enter the device before asking for its address")
        return self._url

    def _is_stopping(self) -> bool:
        return self._url is None

    async def __aenter__(self) -> Self:
        self._secret = await asyncio.to_thread(_read_secret, self._settings.secret_file)
        listener = await asyncio.to_thread(_listen, self._settings.host, self._settings.port)
        config = uvicorn.Config(
            Starlette(
                routes=[Route(PATH, self._post_sale, methods=["POST"])],
                exception_handlers={HTTPException: _not_here},
            ),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        await asyncio.to_thread(config.load)  # imports the HTTP machinery, too slow for the loop
        self._server = _QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="till feed")
        host, port = listener.getsockname()[:2]
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._url = None
        self._release_all()
        now_s = asyncio.get_running_loop().time()
        for reading in self._reading:
            reading.reschedule(now_s)  # a body that is still coming need not be waited for
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            # Closing goes on however the server ended; uvicorn has logged why.
            await asyncio.gather(self._serving, return_exceptions=True)
        self._server = self._serving = None

    async def observations(self) -> AsyncIterator[Observation]:
        """Each well-signed, well-formed sale once. Coming back for the next one answers the till."""
        try:
            while True:
                waiting = await self._next_posted()
                yield replace(waiting.sale, reply=waiting.keep)
                waiting.answer(waiting.receipt)
        finally:
            self._release_all()

    async def _next_posted(self) -> _Waiting:
        """The next posted sale; raises ``DeviceFault`` once the listener has died."""
        if self._serving is None:
            raise DeviceFault("the till feed is not open", remedy="enter the device before reading it")
        arrival = asyncio.create_task(self._posted.get())
        try:
            await asyncio.wait({arrival, self._serving}, return_when=asyncio.FIRST_COMPLETED)
            if arrival.done():
                return arrival.result()
        finally:
            arrival.cancel()
        raise DeviceFault("the listener for tills has ended", remedy="look into the log for what ended it")

    async def _post_sale(self, request: Request) -> Response:
        if self._is_stopping():
            return self._try_again("the gateway is stopping")
        reading = asyncio.timeout(self._settings.body_timeout_s)
        self._reading.add(reading)
        try:
            async with reading:
                body = await _read_body(request, self._settings.body_bytes_max)
        except TimeoutError:
            if self._is_stopping():
                return self._try_again("the gateway is stopping")
            remedy = f"send the whole receipt within {self._settings.body_timeout_s:g} s"
            return _refusal(HTTPStatus.REQUEST_TIMEOUT, Problem("body", "came too slowly", remedy))
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        finally:
            self._reading.discard(reading)
        if body is None:
            remedy = f"send at most {self._settings.body_bytes_max} bytes, or raise body_bytes_max"
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Problem("body", "is too large", remedy))
        if not is_signed(request.headers.get(HEADER), body, self._secret):
            remedy = 'send t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body"> made with the secret in secret_file'
            return _refusal(HTTPStatus.UNAUTHORIZED, Problem(HEADER, "is missing or wrong", remedy))
        try:
            sale = parse_sale(body)
        except MessageRejected as rejected:
            return _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, *rejected.problems)
        return await self._receipt_for(sale)

    async def _receipt_for(self, sale: SaleCompleted) -> Response:
        """Hand the sale on and wait until it is durable."""
        waiting = _Waiting(sale)
        if self._is_stopping():
            return self._try_again("the gateway is stopping")
        try:
            self._posted.put_nowait(waiting)
        except asyncio.QueueFull:
            return self._try_again("too many sales are waiting")
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                receipt = await waiting.answered
        except TimeoutError:
            return self._try_again("the sale is not durable yet")
        finally:
            self._waiting.discard(waiting)
        if receipt is None:
            return self._try_again("the gateway could not take the sale")
        return JSONResponse(receipt_json(receipt), _STATUS_CODES[receipt.status])

    def _try_again(self, problem: str) -> Response:
        after_s = self._settings.retry_after_s
        response = _refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, Problem("gateway", problem, f"send the same sale again in {after_s} s")
        )
        response.headers["Retry-After"] = str(after_s)
        return response

    def _release_all(self) -> None:
        """Nobody will take what waits: tell the tills to send it again."""
        while not self._posted.empty():
            self._posted.get_nowait()
        for waiting in self._waiting:
            waiting.answer(None)


async def _not_here(_request: Request, error: Exception) -> Response:
    """Another path or method than the one there is."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    place = "method" if status == HTTPStatus.METHOD_NOT_ALLOWED else "path"
    response = _refusal(HTTPStatus(status), Problem(place, "there is nothing here", f"POST sales to {PATH}"))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


async def _read_body(request: Request, bytes_max: int) -> bytes | None:
    """The whole body, or ``None`` as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "")
    if (
        declared.isascii()
        and declared.isdecimal()
        and (len(declared) > _LENGTH_DIGITS_MAX or int(declared) > bytes_max)
    ):
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


def _refusal(status: HTTPStatus, *problems: Problem) -> JSONResponse:
    return JSONResponse({"problems": [asdict(problem) for problem in problems]}, status)


def _read_secret(path: Path) -> bytes:
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise DeviceFault(
            f"{path}: cannot read the tills' secret ({error.strerror})", remedy="mend secret_file"
        ) from error
    if len(secret) < SECRET_BYTES_MIN:
        remedy = f"write one with: openssl rand -hex 32 > {path}"
        raise DeviceFault(f"{path}: the tills' secret is shorter than {SECRET_BYTES_MIN} bytes", remedy=remedy)
    return secret


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        remedy = "choose a free port and an address of this machine"
        raise DeviceFault(f"cannot listen for tills on {host}:{port} ({error})", remedy=remedy) from error
    # Inherited by each connection. Without it an answer's head and body are 40 ms apart (Nagle, delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


DRIVER: Driver[TillFeedSettings] = Driver(
    name="till_feed",
    summary="Tills that post signed sales over HTTP",
    settings=TillFeedSettings,
    open=TillFeed,
)
