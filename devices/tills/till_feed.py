"""Tills over HTTP: a listener of its own that takes signed baskets (``POST /till/quote``) and receipts
(``POST /till/sales``).

An answer goes out after all is durable: whoever consumes ``observations()`` resumes the generator
only then. A till that gets no 2xx or 409 sends the same again; nothing counts twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
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

from devices.device import DeviceFault, Driver, Trouble
from devices.observations import Observation, QuoteAnswer, QuoteAsked, SaleCompleted, SaleReceipt, SaleStatus
from devices.tills.listener import BACKLOG, QuietServer, listen, read_body, read_secret, refusal
from devices.tills.message_fields import MessageRejected, Problem
from devices.tills.quote_message import answer_json, parse_quote
from devices.tills.sale_message import parse_sale, receipt_json
from devices.tills.signature import HEADER, is_signed

SALES_PATH = "/till/sales"
QUOTE_PATH = "/till/quote"
_WAITING_MAX = 64
_CONNECTIONS_MAX = 256
_SHUTDOWN_S = 1

_STATUS_CODES = {
    SaleStatus.RECORDED: HTTPStatus.CREATED,
    SaleStatus.DUPLICATE: HTTPStatus.OK,
    SaleStatus.CONFLICT: HTTPStatus.CONFLICT,
}

_Posted = SaleCompleted | QuoteAsked
_Answer = SaleReceipt | QuoteAnswer


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
    """Something posted, and the till that waits for its answer."""

    seen: _Posted
    kept: _Answer | None = None
    answered: asyncio.Future[_Answer | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def observation(self) -> _Posted:
        """What was posted, its reply kept here."""
        seen = self.seen
        if isinstance(seen, SaleCompleted):
            return replace(seen, reply=self.keep)
        return replace(seen, reply=self.keep)

    def keep(self, answer: _Answer) -> None:
        """What the consumer replied; told to the till once the consumer comes back."""
        self.kept = answer

    def answer(self, answer: _Answer | None) -> None:
        """Let the till go, with its answer or (``None``) with "try again"."""
        if not self.answered.done():
            self.answered.set_result(answer)


class TillFeed:
    """Listens for tills while entered; ``url`` says where. At most 64 tills wait, then 503."""

    def __init__(self, settings: TillFeedSettings) -> None:
        self._settings = settings
        self._secret = b""
        self._url: str | None = None
        self._waiting: set[_Waiting] = set()
        self._reading: set[asyncio.Timeout] = set()
        self._posted: asyncio.Queue[_Waiting] = asyncio.Queue(_WAITING_MAX)
        self._server: QuietServer | None = None
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
        self._secret = await asyncio.to_thread(read_secret, self._settings.secret_file)
        listener = await asyncio.to_thread(listen, self._settings.host, self._settings.port)
        config = uvicorn.Config(
            Starlette(
                routes=[
                    Route(SALES_PATH, partial(self._post, parse_sale), methods=["POST"]),
                    Route(QUOTE_PATH, partial(self._post, parse_quote), methods=["POST"]),
                ],
                exception_handlers={HTTPException: _not_here},
            ),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        await asyncio.to_thread(config.load)  # imports the HTTP machinery, too slow for the loop
        self._server = QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="till feed")
        host, port = listener.getsockname()[:2]
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}{SALES_PATH}"
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
        """Each well-signed, well-formed sale or basket once. Coming back for the next one answers the till."""
        try:
            while True:
                waiting = await self._next_posted()
                yield waiting.observation()
                waiting.answer(waiting.kept)
        finally:
            self._release_all()

    async def _next_posted(self) -> _Waiting:
        """What was posted next; raises ``DeviceFault`` once the listener has died."""
        if self._serving is None:
            raise DeviceFault("the till feed is not open", remedy="enter the device before reading it")
        arrival = asyncio.create_task(self._posted.get())
        try:
            await asyncio.wait({arrival, self._serving}, return_when=asyncio.FIRST_COMPLETED)
            if arrival.done():
                return arrival.result()
        finally:
            arrival.cancel()
        remedy = "look into the log for what ended it"
        raise DeviceFault("the listener for tills has ended", remedy=remedy, key=Trouble.ENDED)

    async def _post(self, parse: Callable[[bytes], _Posted], request: Request) -> Response:
        if self._is_stopping():
            return self._try_again("the gateway is stopping")
        reading = asyncio.timeout(self._settings.body_timeout_s)
        self._reading.add(reading)
        try:
            async with reading:
                body = await read_body(request, self._settings.body_bytes_max)
        except TimeoutError:
            if self._is_stopping():
                return self._try_again("the gateway is stopping")
            remedy = f"send the whole message within {self._settings.body_timeout_s:g} s"
            return refusal(HTTPStatus.REQUEST_TIMEOUT, Problem("body", "came too slowly", remedy))
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        finally:
            self._reading.discard(reading)
        if body is None:
            remedy = f"send at most {self._settings.body_bytes_max} bytes, or raise body_bytes_max"
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Problem("body", "is too large", remedy))
        if not is_signed(request.headers.get(HEADER), body, self._secret):
            remedy = 'send t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body"> made with the secret in secret_file'
            return refusal(HTTPStatus.UNAUTHORIZED, Problem(HEADER, "is missing or wrong", remedy))
        try:
            seen = parse(body)
        except MessageRejected as rejected:
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, *rejected.problems)
        return await self._answer_to(seen)

    async def _answer_to(self, seen: _Posted) -> Response:
        """Hand on what was posted and wait until it is durable."""
        waiting = _Waiting(seen)
        if self._is_stopping():
            return self._try_again("the gateway is stopping")
        try:
            self._posted.put_nowait(waiting)
        except asyncio.QueueFull:
            return self._try_again("too many tills are waiting")
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                answer = await waiting.answered
        except TimeoutError:
            return self._try_again("it is not durable yet")
        finally:
            self._waiting.discard(waiting)
        return self._try_again("the gateway could not take it") if answer is None else _response(answer)

    def _try_again(self, problem: str) -> Response:
        after_s = self._settings.retry_after_s
        response = refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, Problem("gateway", problem, f"send the same again in {after_s} s")
        )
        response.headers["Retry-After"] = str(after_s)
        return response

    def _release_all(self) -> None:
        """Nobody will take what waits: tell the tills to send it again."""
        while not self._posted.empty():
            self._posted.get_nowait()
        for waiting in self._waiting:
            waiting.answer(None)


def _response(answer: _Answer) -> Response:
    if isinstance(answer, SaleReceipt):
        return JSONResponse(receipt_json(answer), _STATUS_CODES[answer.status])
    return JSONResponse(answer_json(answer))


async def _not_here(_request: Request, error: Exception) -> Response:
    """Another path or method than those there are."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    place = "method" if status == HTTPStatus.METHOD_NOT_ALLOWED else "path"
    remedy = f"POST receipts to {SALES_PATH}, baskets to {QUOTE_PATH}"
    response = refusal(HTTPStatus(status), Problem(place, "there is nothing here", remedy))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


DRIVER: Driver[TillFeedSettings] = Driver(
    name="till_feed",
    summary="Tills that post signed baskets and sales over HTTP",
    settings=TillFeedSettings,
    open=TillFeed,
)
