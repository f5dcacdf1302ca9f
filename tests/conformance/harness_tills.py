"""A till that posts a new sale each time, and waits for its answer on an open connection."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from itertools import count
from typing import Any

from devices.observations import Observation, SaleCompleted, SaleLine
from devices.tills.signature import HEADER, sign
from devices.virtual.till import sale_body
from tests.conformance.driver_harness import Ability, Harness, HarnessPlace

DRIVER = "till_feed"
_SECRET = b"a secret of sixteen bytes or more"
_SOLD_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CONNECT_S = 5.0


def harness(place: HarnessPlace) -> Harness:
    return TillHarness(place)


class TillHarness:
    # A listener has no plug to pull; a busy port is tried in the driver's own tests.
    abilities = frozenset({Ability.GARBLE, Ability.SILENCE})

    def __init__(self, place: HarnessPlace) -> None:
        self._secret_file = place.folder / "till.secret"
        self._port = place.free_port()
        self._numbers = count(1)
        self._lines: list[socket.socket] = []

    async def open(self) -> None:
        await asyncio.to_thread(self._secret_file.write_bytes, _SECRET)

    def settings(self) -> dict[str, Any]:
        return {"secret_file": self._secret_file, "port": self._port}

    async def produce(self) -> Observation:
        line = SaleLine("4006381333931", "Milk 1 l", 2, 129)
        sale = SaleCompleted(f"R-{next(self._numbers)}", "till-1", "CNY", 258, (line,), _SOLD_AT)
        self._hang_up()
        await asyncio.to_thread(self._send, _request(sale_body(sale)))
        return sale

    async def unplug(self) -> None:
        raise NotImplementedError("a listener cannot be unplugged")

    async def replug(self) -> None:
        raise NotImplementedError("a listener cannot be unplugged")

    async def garble(self) -> None:
        body = b'{"sale_id": "forged"}'
        for nonsense in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"POST /till/sales HTTP/9.9\r\n\r\n",
            _request(body, signature="t=1,v1=" + "0" * 64),
            _request(body),
            _request(b"\xff" * 100),
        ):
            await asyncio.to_thread(self._send, nonsense)

    async def silence(self) -> None:
        """A connection on which nothing comes."""
        await asyncio.to_thread(self._send, b"POST /till/sales HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")

    async def heal(self) -> None:
        self._hang_up()

    async def close(self) -> None:
        self._hang_up()

    def _send(self, data: bytes) -> None:
        line = socket.create_connection(("127.0.0.1", self._port), _CONNECT_S)
        line.sendall(data)
        self._lines.append(line)

    def _hang_up(self) -> None:
        for line in self._lines:
            line.close()
        self._lines.clear()


def _request(body: bytes, *, signature: str | None = None) -> bytes:
    head = (
        "POST /till/sales HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{HEADER}: {signature or sign(body, _SECRET, at_s=1_767_225_600)}\r\n\r\n"
    )
    return head.encode() + body
