"""Figures for programs: health, the ledger's digest, Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, PlainTextResponse

from edge_agent.journal import Journal
from edge_agent.supervision import HealingFigures
from edge_agent.web.metrics import CONTENT_TYPE, Metrics
from kiosk_ui.staff.status import StoreStatus
from loyalty.ledger import PROGRAMME_ISSUED, digest


class LedgerDigest(BaseModel):
    """The figures by which two ledgers are compared."""

    postings: int = Field(description="How many postings there are")
    points_issued: int = Field(description="Points in circulation")
    digest: str = Field(description="SHA-256 over all postings, whatever their order")


class Readiness(BaseModel):
    """Whether the store can serve members now, and if not, why."""

    ready: bool
    reasons: list[str]


def figures(
    journal: Journal,
    metrics: Metrics,
    *,
    status: Callable[[], Awaitable[StoreStatus]],
    uptime_s: Callable[[], float],
    healing: Callable[[], Mapping[str, HealingFigures]],
) -> APIRouter:
    """``/api/ledger/digest``, ``/metrics``, ``/healthz`` and ``/readyz``."""
    router = APIRouter()

    @router.get("/api/ledger/digest")
    async def ledger_digest() -> LedgerDigest:
        """The ledger of this store, from one snapshot."""
        postings = await journal.read(lambda reader: list(reader.postings()))
        issued = -sum(posting.effect_on(PROGRAMME_ISSUED) for posting in postings)
        return LedgerDigest(postings=len(postings), points_issued=issued, digest=digest(postings))

    @router.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        metrics.healed(healing())
        return Response(metrics.text(await status(), uptime_s=uptime_s()), media_type=CONTENT_TYPE)

    @router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
    async def alive() -> Response:
        return PlainTextResponse("alive\n")

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def ready() -> Response:
        """200 when journal and replica are in place, else 503 with the reasons."""
        found = _readiness(await status())
        return JSONResponse(found.model_dump(), 200 if found.ready else 503)

    return router


def _readiness(status: StoreStatus) -> Readiness:
    reasons = []
    if status.durability != "full":
        reasons.append(f"the journal is {status.durability}")
    if status.replica.version == 0:
        reasons.append("no members have come from the cloud yet")
    return Readiness(ready=not reasons, reasons=reasons)
