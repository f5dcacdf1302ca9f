"""Questions to the shop floors of one tenant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.floor import repository
from cloud_crm.floor.repository import (
    RESOLVED,
    ROWS_MAX,
    AlertRow,
    ArticleRow,
    DiscrepancyRow,
    RefusedCardRow,
    StockRow,
)
from cloud_crm.floor.schemas import (
    AlertQuery,
    AlertView,
    ArticleTrouble,
    ChainFloor,
    DisagreementView,
    DiscrepancyView,
    RefusedCardView,
    StockState,
    StockView,
    StoreFloor,
)
from cloud_crm.problems import not_found

_LOW = "low_stock"
_MISSING = "missing"
_FOUND = "found"
_LATEST_MAX = 50
_LATELY = timedelta(days=30)
_Called = frozenset[tuple[str, str]]


class FloorService:
    """What stores say of their floors, read only."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def stock(self, *, store: str | None = None, sku: str | None = None, limit: int = ROWS_MAX) -> list[StockView]:
        """What slots hold, by store and slot."""
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            return [asked.stock(row) for row in repository.stock(connection, store=store, sku=sku, limit=limit)]

    def alerts(
        self, *, store: str | None = None, state: AlertQuery | None = None, limit: int = ROWS_MAX
    ) -> list[AlertView]:
        """Alerts, the latest first; ``open`` is every state but resolved."""
        is_open = True if state == "open" else None
        exactly = None if state == "open" else state
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            rows = repository.alerts(connection, store=store, state=exactly, is_open=is_open, limit=limit)
            return [asked.alert(row) for row in rows]

    def discrepancies(
        self, *, store: str | None = None, sku: str | None = None, limit: int = ROWS_MAX
    ) -> list[DiscrepancyView]:
        """Where shelf and till disagreed, the latest first."""
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            rows = repository.discrepancies(connection, store=store, sku=sku, limit=limit)
            return [asked.discrepancy(row) for row in rows]

    def refused_cards(self, *, store: str | None = None, limit: int = ROWS_MAX) -> list[RefusedCardView]:
        """Cards that did not prove themselves, the latest first."""
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            return [asked.card(row) for row in repository.cards_refused(connection, store=store, limit=limit)]

    def store(self, store: str) -> StoreFloor:
        """One store's floor, from one snapshot. Raises :class:`Problem`."""
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            if store not in asked.stores:
                raise not_found(f"gateway {store}", "See /api/gateways for those enrolled")
            alerts = repository.alerts(connection, store=store, state=None, is_open=True, limit=ROWS_MAX)
            stock = repository.stock(connection, store=store, sku=None, limit=ROWS_MAX)
            told = repository.discrepancies(connection, store=store, sku=None, limit=_LATEST_MAX)
            cards = repository.cards_refused(connection, store=store, limit=_LATEST_MAX)
        return StoreFloor(
            store=store,
            store_name=asked.stores[store][0],
            alerts=sorted((asked.alert(row) for row in alerts), key=_urgency),
            stock=sorted((asked.stock(row) for row in stock), key=_want),
            discrepancies=[asked.discrepancy(row) for row in told],
            refused_cards=[asked.card(row) for row in cards],
        )

    def chain(self) -> ChainFloor:
        """What is missing where. Of what shelf and till disagreed about, the last month counts."""
        since = rfc3339(self._clock() - _LATELY)
        with self._database.read() as connection:
            asked = _Asked.of(connection)
            rows = repository.not_as_planned(connection, limit=ROWS_MAX)
            told = repository.discrepancies(connection, store=None, sku=None, limit=ROWS_MAX, since=since)
            open_alerts = repository.alerts(connection, store=None, state=None, is_open=True, limit=ROWS_MAX)
        slots = [view for view in map(asked.stock, rows) if view.state != "ok"]
        articles = _by_article(slots, [asked.discrepancy(row) for row in told])
        return ChainFloor(
            articles=articles,
            out=sum(article.out for article in articles),
            low=sum(article.low for article in articles),
            over=sum(article.over for article in articles),
            open_alerts=len(open_alerts),
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every view is made with: the names of stores and articles, and which slots are called low."""

    stores: dict[str, tuple[str, str | None]]
    articles: dict[str, ArticleRow]
    low: _Called

    @classmethod
    def of(cls, connection: Connection) -> _Asked:
        return cls(
            repository.store_names(connection),
            repository.article_names(connection),
            frozenset(repository.called_for(connection, _LOW)),
        )

    def stock(self, row: StockRow) -> StockView:
        return StockView(
            store=row.gateway_id, store_name=self._name(row.gateway_id), slot=row.slot, **self._article(row.sku),
            units=row.units, capacity=row.capacity, confidence=row.confidence, state=self._state(row),
            told_at=row.told_at,
        )  # fmt: skip

    def alert(self, row: AlertRow) -> AlertView:
        present = self.stores.get(row.gateway_id, ("", None))[1]
        is_open = row.state != RESOLVED
        return AlertView(
            store=row.gateway_id, store_name=self._name(row.gateway_id), alert=row.alert_id, kind=row.kind,
            subject=row.subject, state=row.state, severity=row.severity, zone=row.zone, **self._article(row.sku),
            units=row.units,
            reason=row.reason, until=row.until, escalation=row.escalation, actor=row.actor, raised_at=row.raised_at,
            changed_at=row.changed_at, is_open=is_open,
            is_of_earlier_journal=is_open and present is not None and present != row.incarnation,
        )  # fmt: skip

    def discrepancy(self, row: DiscrepancyRow) -> DiscrepancyView:
        return DiscrepancyView(
            store=row.gateway_id, store_name=self._name(row.gateway_id), discrepancy=row.discrepancy,
            **self._article(row.sku), kind=row.kind, units=row.units, slot=row.slot, told_at=row.told_at,
        )  # fmt: skip

    def card(self, row: RefusedCardRow) -> RefusedCardView:
        return RefusedCardView(
            store=row.gateway_id, store_name=self._name(row.gateway_id), reader=row.reader, medium=row.medium,
            reason=row.reason, counter=row.counter, seen=row.seen, told_at=row.told_at,
        )  # fmt: skip

    def _article(self, sku: str) -> dict[str, str]:
        return self.articles.get(sku, ArticleRow(sku, "", ""))._asdict()

    def _name(self, gateway_id: str) -> str:
        return self.stores.get(gateway_id, (gateway_id, None))[0]

    def _state(self, row: StockRow) -> StockState:
        if row.units == 0:
            return "out"
        if row.units > row.capacity:
            return "over"
        return "low" if (row.gateway_id, row.slot) in self.low else "ok"


_STATES: tuple[StockState, ...] = ("out", "low", "over", "ok")
_SEVERITIES = ("urgent", "warning", "info")


def _want(view: StockView) -> tuple[int, str]:
    return _STATES.index(view.state), view.slot


def _urgency(view: AlertView) -> tuple[int, str]:
    is_known = view.severity in _SEVERITIES
    return _SEVERITIES.index(view.severity) if is_known else len(_SEVERITIES), view.raised_at


def _by_article(slots: Sequence[StockView], told: Sequence[DiscrepancyView]) -> list[ArticleTrouble]:
    its_slots: dict[str, list[StockView]] = defaultdict(list)
    told_of_it: dict[str, list[DiscrepancyView]] = defaultdict(list)
    for slot in slots:
        its_slots[slot.sku].append(slot)
    for one in told:
        told_of_it[one.sku].append(one)
    every = [_article(sku, its_slots[sku], told_of_it[sku]) for sku in {**its_slots, **told_of_it}]
    articles = [article for article in every if article.slots or article.disagreements]
    return sorted(articles, key=lambda article: (-article.out, -article.low, -article.missing, article.sku))


def _taken_together(told: Iterable[DiscrepancyView]) -> list[DisagreementView]:
    """By store and kind; what was found again is not missing."""
    latest: dict[tuple[str, str], DiscrepancyView] = {}
    units: Counter[tuple[str, str]] = Counter()
    for one in told:
        key = (one.store, _MISSING if one.kind == _FOUND else one.kind)
        latest.setdefault(key, one)
        units[key] += -one.units if one.kind == _FOUND else one.units
    return [
        DisagreementView(
            store=store, store_name=one.store_name, kind=kind, units=units[store, kind], told_at=one.told_at
        )
        for (store, kind), one in latest.items()
        if units[store, kind] > 0
    ]


def _article(sku: str, slots: list[StockView], told: list[DiscrepancyView]) -> ArticleTrouble:
    disagreements = _taken_together(told)
    known = next(iter((*slots, *told)), None)
    return ArticleTrouble(
        sku=sku,
        name_zh=known.name_zh if known else "",
        name_en=known.name_en if known else "",
        slots=sorted(slots, key=_want),
        disagreements=disagreements,
        out=_count(slots, "out"),
        low=_count(slots, "low"),
        over=_count(slots, "over"),
        missing=sum(view.units for view in disagreements if view.kind == _MISSING),
    )


def _count(slots: Iterable[StockView], state: StockState) -> int:
    return sum(view.state == state for view in slots)
