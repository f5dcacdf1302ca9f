"""A till without a counter: rings up goods, signs receipts and posts them over HTTP as a real one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from devices.observations import CardUid, QuoteAsked, SaleCompleted, SaleLine
from devices.tills.signature import HEADER, sign

_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class TillAnswer:
    """What the gateway answered. ``settled``: the till need not send this sale again."""

    status_code: int
    body: Mapping[str, Any]
    retry_after_s: int | None = None

    @property
    def settled(self) -> bool:
        """Recorded, known already, or refused for good: sending it again changes nothing."""
        return self.status_code in {200, 201, 409}


class VirtualTill:
    """A till named ``name`` that posts to ``url`` with the shared ``secret``; ``now_s`` gives unix seconds."""

    def __init__(self, url: str, *, name: str, secret: bytes, now_s: Callable[[], int]) -> None:
        self.name = name
        self._url = url
        self._quote_url = f"{url.removesuffix('sales')}quote"
        self._secret = secret
        self._now_s = now_s
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def sell(
        self, sale_id: str, lines: Sequence[SaleLine], *, currency: str, sold_at: datetime, card: CardUid | None = None
    ) -> TillAnswer:
        """Post a sale of ``lines``. Raises ``httpx.HTTPError`` when nobody answers: send it again, then."""
        total_minor = sum(line.quantity * line.unit_minor for line in lines)
        sale = SaleCompleted(sale_id, self.name, currency, total_minor, tuple(lines), sold_at, card=card)
        return await self.post_sale(sale)

    async def refund(
        self, sale_id: str, lines: Sequence[SaleLine], *, original: str, currency: str, sold_at: datetime
    ) -> TillAnswer:
        """Post the return of ``lines`` (quantities negative) of the sale ``original``."""
        total_minor = sum(line.quantity * line.unit_minor for line in lines)
        return await self.post_sale(
            SaleCompleted(sale_id, self.name, currency, total_minor, tuple(lines), sold_at, refund_of=original)
        )

    async def post_sale(self, sale: SaleCompleted) -> TillAnswer:
        """Sign and post a whole sale, under the name of its own till."""
        return await self.post(sale_body(sale))

    async def ask(self, question: QuoteAsked) -> TillAnswer:
        """Sign and post a basket: what would it cost, and which coupons and points apply?"""
        return await self.post(quote_body(question), url=self._quote_url)

    async def post(self, body: bytes, *, signature: str | None = None, url: str | None = None) -> TillAnswer:
        """Post any bytes, signed well unless ``signature`` says otherwise; to the sales unless ``url`` does."""
        header = sign(body, self._secret, at_s=self._now_s()) if signature is None else signature
        response = await self._client.post(
            url or self._url, content=body, headers={HEADER: header, "Content-Type": "application/json"}
        )
        is_json = response.headers.get("content-type", "").startswith("application/json")
        retry_after = response.headers.get("retry-after")
        return TillAnswer(
            response.status_code, response.json() if is_json else {}, int(retry_after) if retry_after else None
        )


def sale_body(sale: SaleCompleted) -> bytes:
    """The JSON of ``POST /till/sales`` for a sale."""
    message: dict[str, Any] = {
        "sale_id": sale.sale_id,
        "till": sale.till,
        "currency": sale.currency,
        "lines": [_line(line) for line in sale.lines],
        "total_minor": sale.total_minor,
        "sold_at": sale.sold_at.isoformat(timespec="seconds"),
    }
    if sale.refund_of is not None:
        message["refund_of"] = sale.refund_of
    if sale.card is not None:
        message["card_uid"] = sale.card.number.hex()
    if sale.quote is not None:
        message["quote"] = sale.quote
    if sale.refund_store is not None:
        message["refund_store"] = sale.refund_store
    return orjson.dumps(message)


def quote_body(question: QuoteAsked) -> bytes:
    """The JSON of ``POST /till/quote`` for a basket."""
    message: dict[str, Any] = {
        "key": question.key,
        "till": question.till,
        "currency": question.currency,
        "lines": [
            _line(line) | ({"on_sale_from": day.isoformat()} if day else {})
            for line, day in zip_longest(question.lines, question.on_sale_from)
        ],
        "points": question.points,
        "reward": question.reward,
        "codes": list(question.codes),
        "cancel": question.is_cancelled,
    }
    if question.card is not None:
        message["card_uid"] = question.card.number.hex()
    return orjson.dumps(message)


def _line(line: SaleLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        "category": line.category,
        "brand": line.brand,
    }
