"""How the store stands, for its staff: one view, shown as a page, as JSON and live."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from devices.observations import DeviceState

STATUS_EVENT = "status"
STATUS_CHANNEL = "status"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LinkState(StrEnum):
    """Whether the gateway reaches the cloud."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"


class LinkView(_View):
    """The line to the cloud, since when it is as it is, and what the transport says about it."""

    state: LinkState
    since: AwareDatetime | None = None
    detail: str = ""


class DeviceView(_View):
    """One device: ``reason`` says why it is not simply online, in its driver's words; ``key`` is the same as a key.

    ``rung`` is what is being tried to bring it back, after ``failures`` in a row.
    """

    name: str
    driver: str
    state: DeviceState
    reason: str = ""
    last_seen: AwareDatetime | None = None
    key: str = ""
    """One of :class:`devices.device.Trouble`, or empty: then only the reason tells."""
    remedy: str = ""
    rung: str = ""
    failures: int = Field(default=0, ge=0)


class LaneView(_View):
    """One lane's loss ledger: every event recorded is acknowledged, queued or dropped for a reason."""

    recorded: int = Field(ge=0)
    acked: int = Field(ge=0)
    queued: int = Field(ge=0)
    dropped: int = Field(ge=0)
    dropped_by_reason: dict[str, int] = Field(default_factory=dict)
    oldest_unsent_age_s: float | None = Field(None, ge=0)

    @property
    def missing(self) -> int:
        """Recorded less what is accounted for: 0, or events are missing."""
        return self.recorded - self.acked - self.queued - self.dropped


class ReplicaView(_View):
    """What the gateway knows of members: a copy of the cloud's, at a version."""

    version: int = Field(ge=0)
    members: int = Field(ge=0)
    as_of: AwareDatetime | None = None


class RightsView(_View):
    """What can be redeemed here: nothing while frozen, and then ``detail`` says what it waits for."""

    is_frozen: bool
    points_held: int = Field(ge=0)
    """Points of all members that are leased to this store."""
    detail: str = ""


class StoreStatus(_View):
    """Everything on the status page."""

    gateway: str
    store_name: str
    software: str
    incarnation: str
    durability: str
    link: LinkView
    devices: list[DeviceView]
    lanes: dict[str, LaneView]
    replica: ReplicaView
    undecided: int = Field(ge=0)
    rights: RightsView | None = None
    quarantined: str | None = None
    """Why the cloud takes nothing more from this gateway; ``None``: it does."""
