"""API shapes of gateways."""

from __future__ import annotations

from pydantic import BaseModel, Field, computed_field

from cloud_bridge.receipts import LaneFigures


class LaneView(BaseModel):
    """One lane over all incarnations: what landed here, and what the gateway says. ``high`` is of the present one."""

    high: int = Field(description="The last sequence applied: received + lost")
    received: int = Field(description="Events landed here, each counted once")
    duplicates: int = Field(description="Events that came again and changed nothing")
    lost: int = Field(description="Events the gateway has signed as gone")
    lost_by_reason: dict[str, int]
    reported: LaneFigures | None = Field(description="The gateway's own loss ledger, as of its last greeting")


class ReplicaView(BaseModel):
    """How far members, media and programme have reached this gateway."""

    latest: int
    sent: int
    applied: int

    @computed_field(description="Changes this gateway has not applied yet")  # type: ignore[prop-decorator]
    @property
    def behind(self) -> int:
        return max(0, self.latest - self.applied)


class QuarantineView(BaseModel):
    """Why nothing is applied from this gateway, or a past case of it."""

    incarnation: str
    lane: str
    sequence: int
    reason: str
    body: str = Field(description="The body that is not believed, as text")
    at: str
    released_at: str | None
    released_by: str | None


class GatewayView(BaseModel):
    """One store's gateway with its figures."""

    gateway: str
    store_name: str
    presence: str = Field(description="online, offline, or unknown before it first connected")
    presence_at: str | None
    heard_at: str | None
    incarnation: str | None
    earlier_incarnations: int
    software: str
    devices: dict[str, str]
    lanes: dict[str, LaneView]
    queued: int = Field(description="Events still waiting in the store, as of its last greeting")
    received: int = Field(description="Events landed here over all incarnations")
    lost: int = Field(description="Events lost over all incarnations")
    replica: ReplicaView
    quarantine: QuarantineView | None
    disputed_postings: int = Field(description="Postings that claimed a known id with another content")

    @computed_field(description="Whether any posting is disputed")  # type: ignore[prop-decorator]
    @property
    def is_disputed(self) -> bool:
        return self.disputed_postings > 0


class GatewayDetail(GatewayView):
    """The figures with the history of quarantines."""

    quarantines: list[QuarantineView]
