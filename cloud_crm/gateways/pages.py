"""The fleet, and one page per store: the store's own figures, its live events, its ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from cloud_crm.events.schemas import FeedItem
from cloud_crm.events.service import EventService
from cloud_crm.forms import see
from cloud_crm.gateways.schemas import GatewayDetail, GatewayView
from cloud_crm.gateways.service import GatewayService
from cloud_crm.ledger.schemas import PostingView
from cloud_crm.ledger.service import LedgerService
from cloud_crm.operators import operator_of
from kiosk_ui.design import Pages
from kiosk_ui.live import LiveHub

FLEET_CHANNEL = "fleet"
FEED_ROWS_MAX = 25
LEDGER_ROWS_MAX = 20

GatewayPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def store_channel(gateway_id: str) -> str:
    """The live channel of one store's page."""
    return f"store-{gateway_id}"


class LedgerRow(BaseModel):
    """One posting as the page shows it."""

    time: str | None
    rule: str
    name: str
    sale: str
    change: int


class DeviceRow(BaseModel):
    """One device as the store last said."""

    name: str
    state: str


class StoreView(BaseModel):
    """A store's page: the figures, the devices and the newest postings."""

    store: GatewayView
    devices: list[DeviceRow]
    ledger: list[LedgerRow]


class FleetView(BaseModel):
    """The fleet's page."""

    stores: list[GatewayView]
    online: int
    queued: int
    received: int
    lost: int
    points_issued: int


class StoreDesk:
    """Composes what the fleet's and the stores' pages show, for the page and for its live stream."""

    def __init__(self, gateways: GatewayService, ledger: LedgerService, events: EventService) -> None:
        self._gateways = gateways
        self._ledger = ledger
        self._events = events

    def fleet(self) -> FleetView:
        """All stores at a glance."""
        stores = self._gateways.every()
        return FleetView(
            stores=stores,
            online=sum(store.presence == "online" for store in stores),
            queued=sum(store.queued for store in stores),
            received=sum(store.received for store in stores),
            lost=sum(store.lost for store in stores),
            points_issued=self._ledger.points_issued(),
        )

    def store(self, gateway_id: str) -> StoreView:
        """One store. Raises :class:`Problem`."""
        return self._store_view(self._gateways.one(gateway_id))

    def page(self, gateway_id: str) -> tuple[StoreView, GatewayDetail, list[FeedItem]]:
        """All that the page of one store begins with. Raises :class:`Problem`."""
        detail = self._gateways.one(gateway_id)
        return self._store_view(detail), detail, self._events.newest(gateway_id, limit=FEED_ROWS_MAX)

    def release(self, gateway_id: str, *, operator: str) -> None:
        """Let landing go on. Raises :class:`Problem`."""
        self._gateways.release(gateway_id, operator=operator)

    def _store_view(self, store: GatewayView) -> StoreView:
        postings = self._ledger.newest(limit=LEDGER_ROWS_MAX, gateway=store.gateway)
        names = self._ledger.names(postings)
        return StoreView(
            store=GatewayView(**{name: getattr(store, name) for name in GatewayView.model_fields}),
            devices=[DeviceRow(name=name, state=state) for name, state in sorted(store.devices.items())],
            ledger=[_row(posting, names) for posting in postings],
        )


def gateway_pages(desk: StoreDesk, pages: Pages, hub: LiveHub) -> APIRouter:
    """``/`` and ``/stores/{gateway}``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def fleet(request: Request) -> Response:
        after = hub.cursor()
        return pages.render(
            request,
            "cloud/fleet.html",
            view=desk.fleet(),
            moment_of=moment_of,
            live_url=f"/live/{FLEET_CHANNEL}",
            live_after=after,
        )

    @router.get("/stores/{gateway}")
    def store(gateway: GatewayPath, request: Request) -> Response:
        after = hub.cursor()
        view, detail, feed = desk.page(gateway)
        return pages.render(
            request,
            "cloud/store.html",
            view=view,
            detail=detail,
            feed=feed,
            moment_of=moment_of,
            live_url=f"/live/{store_channel(gateway)}",
            live_after=after,
        )

    @router.post("/stores/{gateway}/release")
    def release(gateway: GatewayPath, request: Request) -> Response:
        desk.release(gateway, operator=operator_of(request))
        return see(f"/stores/{gateway}")

    return router


def moment_of(text: str | None) -> datetime | None:
    """A stored time for the page's filters; ``None`` for text that is no time (a store may send anything)."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _row(posting: PostingView, names: dict[str, str]) -> LedgerRow:
    return LedgerRow(
        time=posting.posted_at if moment_of(posting.posted_at) else None,
        rule=posting.rule,
        name=names.get(posting.member or "", posting.member or ""),
        sale=posting.sale or "",
        change=posting.change,
    )
