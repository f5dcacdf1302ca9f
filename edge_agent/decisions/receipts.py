"""Receipts in the store's books: how they are kept, and how one is known again when a till repeats itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import orjson

from cloud_bridge.contract import SaleCompletedV1, SaleLineV1
from devices.observations import SaleCompleted, SaleReceipt, SaleStatus
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Reader, Recorded, SaleBook, SaleRow, Transaction
from edge_agent.translate import translate
from loyalty.checkout.pricing import spread
from loyalty.events import Line


def repeated(reader: Reader, seen: SaleCompleted, *, medium_key: bytes) -> SaleReceipt | None:
    """The answer to a sale whose number is taken; ``None`` for a new one."""
    known = reader.sale(seen.sale_id)
    if known is None:
        return None
    fact = translate("", seen, key=medium_key)
    assert isinstance(fact, SaleCompletedV1)  # noqa: S101  translate() maps type to type
    if known.fingerprint != fingerprint(fact):
        return SaleReceipt(seen.sale_id, SaleStatus.CONFLICT)
    return receipt_of(reader, seen.sale_id, SaleStatus.DUPLICATE)


def receipt_of(reader: Reader, sale_id: str, status: SaleStatus) -> SaleReceipt:
    """What a till is told of a receipt: the same however often it asks, but for the balance, which is of now."""
    book = reader.sale_book(sale_id)
    if book is None:
        return SaleReceipt(sale_id, status)
    is_refund = book.refund_of is not None
    redeemed = -book.restored if is_refund else book.redeemed
    balance = reader.balance(book.member) if book.member else None
    return SaleReceipt(
        sale_id,
        status,
        points=None if balance is None else -book.taken_back if is_refund else book.earned,
        balance=balance.points if balance else None,
        redeemed=redeemed if redeemed or book.quote else None,
        refused=book.refused,
    )


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


def new_book(shop: Shop, recorded: Recorded, sale: SaleCompletedV1) -> SaleBook:
    """The book of a receipt just told."""
    return SaleBook(
        sale=sale.sale,
        day=shop.day(recorded.at),
        event_id=recorded.event_id,
        sold_at=datetime.fromisoformat(sale.sold_at),
        lines=paid_lines(sale.lines),
        quote=sale.quote,
    )


def kept(tx: Transaction, sale_id: str) -> SaleRow:
    """A receipt that is known to be in the books."""
    sale = tx.sale(sale_id)
    if sale is None:
        raise LookupError("a sale that was just kept is not in the books")
    return sale


def book_of(tx: Transaction, shop: Shop, sale: SaleRow) -> SaleBook:
    """The book of a kept receipt; one that was kept before there were books has what its row says."""
    return tx.sale_book(sale.sale) or SaleBook(
        sale=sale.sale,
        day=shop.day(sale.at),
        event_id=sale.event_id,
        sold_at=sale.at,
        member=sale.member,
        earned=max(0, sale.points),
    )


def count_articles(tx: Transaction, shop: Shop, sale: SaleCompletedV1) -> None:
    """Count what a receipt just told sold of the shelves' articles, or gave back of them, line against line."""
    if not shop.articles:
        return
    moved: dict[str, int] = {}
    for line in sale.lines:
        if line.sku in shop.articles:
            moved[line.sku] = moved.get(line.sku, 0) + line.qty
    for sku, units in moved.items():
        if units:
            tx.sold(sku, units)


def paid_lines(lines: Iterable[SaleLineV1]) -> tuple[Line, ...]:
    """What was paid for goods: discounts that are lines of their own are taken off all others in proportion.

    Goods of one category and brand are one line here: nothing is earned by article.
    """
    goods: dict[tuple[str, str], int] = {}
    off = 0
    for line in lines:
        amount = line.qty * line.unit_minor
        if amount < 0:
            off -= amount
        else:
            kind = (line.category, line.brand)
            goods[kind] = goods.get(kind, 0) + amount
    amounts = list(goods.values())
    parts = spread(min(off, sum(amounts)), amounts)
    return tuple(
        Line("", amount - part, category, brand)
        for (category, brand), amount, part in zip(goods, amounts, parts, strict=True)
    )
