"""What landed events say about shop floors, gathered once per transaction; every other event costs one look-up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from cloud_bridge.floor_contract import AlertChangedV1, CardRefusedV1, StockChangedV1, StockDiscrepancyV1
from cloud_bridge.landing.batches import Received
from cloud_bridge.landing.store import Landed
from cloud_crm.floor import repository
from cloud_crm.floor.repository import AlertRow, ArticleRow, DiscrepancyRow, RefusedCardRow, StockRow

_TYPES = frozenset({StockChangedV1.type, AlertChangedV1.type, StockDiscrepancyV1.type, CardRefusedV1.type})


class LandedFloors:
    """Keeps what stores tell of their floors. Nothing that a store says stops landing."""

    def apply(self, connection: Connection, landed: Sequence[Landed]) -> None:
        """Keep what these events say, the newest word of each thing."""
        words = _Words()
        for one in landed:
            for event in one.events:
                if event.type in _TYPES:
                    words.hear(one.stream.gateway_id, one.stream.incarnation, event)
        if words.heard:
            words.write(connection)


class _Words:
    """What one transaction's events say. Of many words about one thing only the last is written."""

    def __init__(self) -> None:
        self.heard = 0
        self._stock: dict[tuple[str, str], StockRow] = {}
        self._articles: dict[str, ArticleRow] = {}
        self._alerts: dict[tuple[str, str], AlertRow] = {}
        self._discrepancies: list[DiscrepancyRow] = []
        self._cards: list[RefusedCardRow] = []

    def hear(self, gateway_id: str, incarnation: str, event: Received) -> None:
        said = event.data
        self.heard += 1
        match said:
            case StockChangedV1():
                # A lane's events come in their order, and a later incarnation comes later: the last is the newest.
                row = _stock_row(gateway_id, incarnation, event, said)
                self._stock[gateway_id, row.slot] = row
                if said.name_zh or said.name_en:
                    self._articles[row.sku] = ArticleRow(row.sku, _plain(said.name_zh), _plain(said.name_en))
            case AlertChangedV1():
                alert = _alert_row(gateway_id, incarnation, event, said)
                known = self._alerts.get((gateway_id, alert.alert_id))
                if known is not None:
                    alert = alert._replace(raised_at=known.raised_at)
                self._alerts[gateway_id, alert.alert_id] = alert
            case StockDiscrepancyV1():
                slot = None if said.slot is None else _plain(said.slot)
                row_of = (gateway_id, said.discrepancy, _plain(said.sku), _plain(said.kind), said.units, slot)
                self._discrepancies.append(DiscrepancyRow(*row_of, _plain(event.time)))
            case CardRefusedV1():
                self._cards.append(
                    RefusedCardRow(
                        event.id, gateway_id, _plain(said.reader), said.medium, _plain(said.reason), said.counter,
                        said.seen, _plain(event.time),
                    )
                )  # fmt: skip

    def write(self, connection: Connection) -> None:
        """In one order for all, so that the newest word stands whichever lane brought it first."""
        alerts = list(self._alerts.values())
        repository.keep_stock(connection, list(self._stock.values()))
        # In one order: two transactions that name the same articles must not wait for each other.
        repository.keep_articles(connection, sorted(self._articles.values()))
        repository.keep_alerts(connection, alerts)
        repository.supersede(connection, alerts)
        repository.correct_units(connection, alerts)
        repository.keep_discrepancies(connection, self._discrepancies)
        repository.keep_refused_cards(connection, self._cards)


def _stock_row(gateway_id: str, incarnation: str, event: Received, said: StockChangedV1) -> StockRow:
    return StockRow(
        gateway_id, _plain(said.slot), _plain(said.sku), said.units, said.capacity, said.confidence, incarnation,
        event.hlc, _plain(event.time),
    )  # fmt: skip


def _alert_row(gateway_id: str, incarnation: str, event: Received, said: AlertChangedV1) -> AlertRow:
    at = _plain(event.time)
    return AlertRow(
        gateway_id, said.alert, _plain(said.kind), _plain(said.subject), _plain(said.state), _plain(said.severity),
        _plain(said.zone), _plain(said.sku), said.units, _plain(said.reason),
        None if said.until is None else _plain(said.until), said.escalation, _plain(said.actor), incarnation, event.hlc,
        at, at,
    )  # fmt: skip


def _plain(text: str) -> str:
    """As texts are kept: PostgreSQL's hold no NUL."""
    return text.replace("\x00", "\ufffd")
