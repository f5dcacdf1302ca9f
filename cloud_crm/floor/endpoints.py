"""JSON endpoints of shop floors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud_crm.floor.repository import ROWS_MAX
from cloud_crm.floor.schemas import AlertQuery, AlertView, ChainFloor, DiscrepancyView, RefusedCardView, StockView
from cloud_crm.floor.service import FloorService

StoreQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Only this gateway's store")]
SkuQuery = Annotated[
    str | None, Query(min_length=1, max_length=80, pattern=r"^[^\x00]+$", description="Only this article")
]
StateQuery = Annotated[AlertQuery | None, Query(description="Only those in this state; open: all but resolved")]
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX, description="At most so many")]


def floor_endpoints(service: FloorService) -> APIRouter:
    """``/api/stock``, ``/api/alerts``, ``/api/discrepancies``, ``/api/refused-cards`` and ``/api/missing``."""
    router = APIRouter(prefix="/api", tags=["floor"])

    @router.get("/stock")
    def stock(store: StoreQuery = None, sku: SkuQuery = None, limit: Limit = ROWS_MAX) -> list[StockView]:
        """What slots hold, by store and slot."""
        return service.stock(store=store, sku=sku, limit=limit)

    @router.get("/alerts")
    def alerts(store: StoreQuery = None, state: StateQuery = None, limit: Limit = ROWS_MAX) -> list[AlertView]:
        """Alerts of the stores as they stand, the latest first."""
        return service.alerts(store=store, state=state, limit=limit)

    @router.get("/discrepancies")
    def discrepancies(store: StoreQuery = None, sku: SkuQuery = None, limit: Limit = ROWS_MAX) -> list[DiscrepancyView]:
        """Where shelf and till disagreed for good, the latest first."""
        return service.discrepancies(store=store, sku=sku, limit=limit)

    @router.get("/refused-cards")
    def refused_cards(store: StoreQuery = None, limit: Limit = ROWS_MAX) -> list[RefusedCardView]:
        """Cards that did not prove themselves, the latest first."""
        return service.refused_cards(store=store, limit=limit)

    @router.get("/missing")
    def missing() -> ChainFloor:
        """What is missing where, by article."""
        return service.chain()

    return router
