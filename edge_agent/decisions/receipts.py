"""Receipts in the store's books: how they are kept, and how one is known again when a till repeats itself."""

from __future__ import annotations

import hashlib

import orjson

from cloud_bridge.contract import SaleCompletedV1
from devices.observations import SaleCompleted, SaleReceipt, SaleStatus
from edge_agent.journal import Reader, Recorded, SaleRow, Transaction
from edge_agent.translate import translate


def repeated(reader: Reader, seen: SaleCompleted, *, medium_key: bytes) -> SaleReceipt | None:
    """The answer to a sale whose number is taken; ``None`` for a new one."""
    known = reader.sale(seen.sale_id)
    if known is None:
        return None
    fact = translate("", seen, key=medium_key)
    assert isinstance(fact, SaleCompletedV1)  # noqa: S101  translate() maps type to type
    if known.fingerprint != fingerprint(fact):
        return SaleReceipt(seen.sale_id, SaleStatus.CONFLICT)
    balance = reader.balance(known.member) if known.member else None
    points = known.points if balance else None
    return SaleReceipt(seen.sale_id, SaleStatus.DUPLICATE, points, balance.points if balance else None)


def fingerprint(sale: SaleCompletedV1) -> str:
    """What makes two receipts the same: all the till said of them."""
    return hashlib.sha256(orjson.dumps(sale.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()


def row_of(recorded: Recorded, sale: SaleCompletedV1, medium: str | None) -> SaleRow:
    """A receipt as the books begin to keep it."""
    return SaleRow(
        sale=sale.sale,
        till=sale.till,
        currency=sale.currency,
        total_minor=sale.total_minor,
        refunded_minor=0,
        points=0,
        member=None,
        medium=medium,
        refund_of=sale.refund_of,
        fingerprint=fingerprint(sale),
        event_id=recorded.event_id,
        at=recorded.at,
    )


def kept(tx: Transaction, sale_id: str) -> SaleRow:
    """A receipt that is known to be in the books."""
    sale = tx.sale(sale_id)
    if sale is None:
        raise LookupError("a sale that was just kept is not in the books")
    return sale
