"""API shapes of shop floors."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

StockState = Literal["ok", "low", "out", "over"]
AlertQuery = Literal["open", "raised", "acknowledged", "snoozed", "escalated", "resolved"]


class _OfArticle(BaseModel):
    """Something about one article. The names are empty where no store has told them."""

    sku: str
    name_zh: str = ""
    name_en: str = ""


class StockView(_OfArticle):
    """What one slot of one store holds, as the store last said."""

    store: str = Field(description="The gateway's id")
    store_name: str
    slot: str
    units: int
    capacity: int
    confidence: int = Field(description="Percent")
    state: StockState = Field(description="low: the store calls for a refill")
    told_at: str = Field(description="By the store's clock")


class AlertView(_OfArticle):
    """One alert of one store, as it stands."""

    store: str
    store_name: str
    alert: str
    kind: str
    subject: str
    state: str
    severity: str
    zone: str
    units: int | None
    reason: str
    until: str | None = Field(description="End of a snooze")
    escalation: int
    actor: str = Field(description="Who took it or changed it last")
    raised_at: str
    changed_at: str
    is_open: bool
    is_of_earlier_journal: bool = Field(
        description="Told before the store's journal was begun anew: it may be over without anybody having said so"
    )


class DiscrepancyView(_OfArticle):
    """Shelf and till of one store disagreed for good."""

    store: str
    store_name: str
    discrepancy: str
    kind: str = Field(description="missing: left and never sold; phantom: sold and never left; found: missing before")
    units: int
    slot: str | None
    told_at: str


class RefusedCardView(BaseModel):
    """A card that did not prove itself. It identified nobody; ``medium`` is the keyed hash of its number."""

    store: str
    store_name: str
    reader: str
    medium: str
    reason: str
    counter: int | None
    seen: int | None
    told_at: str


class StoreFloor(BaseModel):
    """The floor of one store: what somebody is called for first, then every slot."""

    store: str
    store_name: str
    alerts: list[AlertView]
    stock: list[StockView]
    discrepancies: list[DiscrepancyView]
    refused_cards: list[RefusedCardView]


class DisagreementView(BaseModel):
    """What shelf and till of one store disagreed about in one article lately, taken together."""

    store: str
    store_name: str
    kind: str = Field(description="missing or phantom")
    units: int = Field(description="Of missing ones: less those that were found again")
    told_at: str = Field(description="The latest of them")


class ArticleTrouble(_OfArticle):
    """One article that is not as planned somewhere: where it is out, low or too many, and what is missing of it."""

    slots: list[StockView]
    disagreements: list[DisagreementView]
    out: int
    low: int
    over: int
    missing: int = Field(description="Units that left and were never sold")


class ChainFloor(BaseModel):
    """What is missing where, over all stores; the articles that are out in most places first."""

    articles: list[ArticleTrouble]
    out: int = Field(description="Slots that are empty")
    low: int
    over: int
    open_alerts: int
