"""JSON endpoints of the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud_crm.ledger.schemas import LedgerDigest, LedgerPage
from cloud_crm.ledger.service import LedgerService

POSTINGS_PER_PAGE_MAX = 1_000
_POSITION_MAX = 2**53

MemberQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Only this member's")]
GatewayQuery = Annotated[
    str | None, Query(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Only what this gateway told")
]
Limit = Annotated[int, Query(ge=1, le=POSTINGS_PER_PAGE_MAX, description="At most so many")]
Before = Annotated[int | None, Query(ge=1, le=_POSITION_MAX, description="Only those before this position")]


def ledger_endpoints(service: LedgerService) -> APIRouter:
    """``/api/ledger`` and what is below."""
    router = APIRouter(prefix="/api/ledger", tags=["ledger"])

    @router.get("/digest")
    def digest(gateway: GatewayQuery = None) -> LedgerDigest:
        """Three figures that are equal exactly when two ledgers are."""
        return service.digest(gateway=gateway)

    @router.get("")
    def newest(member: MemberQuery = None, limit: Limit = 100, before: Before = None) -> LedgerPage:
        """Postings, newest first."""
        return LedgerPage(postings=service.newest(limit=limit, before=before, member=member))

    return router
