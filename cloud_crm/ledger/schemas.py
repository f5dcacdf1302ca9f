"""API shapes of the ledger."""

from __future__ import annotations

from pydantic import BaseModel, Field


class LedgerDigest(BaseModel):
    """A whole ledger in three figures: two ledgers agree when these are equal."""

    postings: int
    points_issued: int = Field(description="Points in circulation")
    digest: str = Field(description="SHA-256 over all postings, whatever their order")


class PostingView(BaseModel):
    """One posting, and whose balance it moved by how much."""

    position: int
    posting: str
    debit: str
    credit: str
    points: int
    rule: str
    cause: str
    sale: str | None
    gateway: str
    posted_at: str
    member: str | None
    change: int = Field(
        description="The signed change of what the member has, is promised or owes; 0 where points moved among these"
    )


class LedgerPage(BaseModel):
    """Postings, newest first; ask for those ``before`` the last position to read on."""

    postings: list[PostingView]
