"""Do the books of store and cloud agree? Read from both over HTTP, as an auditor would; nothing is assumed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from cloud_bridge.topics import Lane
from simulation.branch import Branch

DRAIN_TIMEOUT_S = 60.0
_POLL_S = 0.1
_TIMEOUT_S = 10.0


class BooksUnreadable(RuntimeError):
    """One side does not tell its figures."""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """One side's ledger: how many postings, how many points issued, and a digest of all postings."""

    postings: int
    points_issued: int
    digest: str

    def __str__(self) -> str:
        return f"{self.postings} postings and {self.points_issued} points (digest {self.digest[:8]}…)"


@dataclass(frozen=True, slots=True)
class Audit:
    """Both books at one moment: the store's, and of the cloud's what that store posted.

    ``recorded = acked + queued + dropped`` must hold per lane and in sum.
    """

    recorded: int
    acked: int
    queued: int
    dropped: int
    uneven_lanes: tuple[str, ...]
    duplicates_applied: int
    duplicates_ignored: int
    store: LedgerFigures
    cloud: LedgerFigures
    undecided: int
    quarantined: bool

    @property
    def drained(self) -> bool:
        """Whether everything recorded has been applied by the cloud or counted as dropped."""
        return self.queued == 0

    @property
    def ledger_matches(self) -> bool:
        """Whether both sides hold the same postings."""
        return self.store == self.cloud

    def complaints(self, *, drained: bool = True) -> tuple[str, ...]:
        """Everything that does not balance, each as a sentence; empty when the books are in order.

        ``drained=False`` for books read in the middle: what waits then is no fault.
        """
        found = [f"The lane {lane} has recorded other than acked + queued + dropped." for lane in self.uneven_lanes]
        if self.duplicates_applied:
            found.append(f"The cloud applied {self.duplicates_applied} events twice.")
        if self.drained and not self.ledger_matches:
            found.append(f"The ledgers differ: {self.store} in the store, {self.cloud} in the cloud.")
        if self.queued and drained:
            found.append(f"{self.queued} events are still waiting for the cloud, so the ledgers cannot be compared.")
        if self.quarantined:
            found.append("The cloud has quarantined the gateway.")
        return tuple(found)


class Auditor:
    """Reads both sides. ``gateway`` and ``cloud`` are their base addresses."""

    def __init__(self, web: httpx.AsyncClient, *, gateway: str, cloud: str, gateway_id: str) -> None:
        self._web = web
        self._gateway = gateway
        self._cloud = cloud
        self._gateway_id = gateway_id

    @classmethod
    def of(cls, branch: Branch, web: httpx.AsyncClient, *, cloud: str) -> Self:
        """The auditor of one store of the stage."""
        return cls(web, gateway=branch.url, cloud=cloud, gateway_id=branch.gateway_id)

    async def status(self) -> dict[str, Any]:
        """What the store's status page shows. Raises :class:`BooksUnreadable`."""
        return await self._get(f"{self._gateway}/api/status")

    async def fleet(self) -> dict[str, Any]:
        """What the cloud says of this gateway. Raises :class:`BooksUnreadable`."""
        return await self._get(f"{self._cloud}/api/gateways/{self._gateway_id}")

    async def rights(self) -> dict[str, Any]:
        """What the cloud has leased to this gateway, and what is in doubt. Raises :class:`BooksUnreadable`."""
        return await self._get(f"{self._cloud}/api/gateways/{self._gateway_id}/rights")

    async def audit(self) -> Audit:
        """Read both books now. Raises :class:`BooksUnreadable`."""
        status, store, cloud, fleet = await asyncio.gather(
            self.status(),
            self._get(f"{self._gateway}/api/ledger/digest"),
            self._get(f"{self._cloud}/api/ledger/digest?gateway={self._gateway_id}"),
            self.fleet(),
        )
        return audit_of(status, fleet, store=store, cloud=cloud)

    async def drain(self, *, timeout_s: float = DRAIN_TIMEOUT_S) -> Audit:
        """Wait until nothing is queued, or the time is up; the last audit either way."""
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        while True:
            failure: BooksUnreadable | None = None
            try:
                audit = await self.audit()
                if audit.drained and audit.ledger_matches:
                    return audit
            except BooksUnreadable as error:
                failure = error
            if asyncio.get_running_loop().time() >= deadline_s:
                if failure is not None:
                    raise failure
                return audit
            await asyncio.sleep(_POLL_S)

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            response = await self._web.get(url, timeout=_TIMEOUT_S)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise BooksUnreadable(f"{url} does not tell its figures: {type(error).__name__} {error}".strip()) from error
        if not isinstance(answer, dict):
            raise BooksUnreadable(f"{url} answered with something else than an object")
        return answer


def audit_of(
    status: Mapping[str, Any], fleet: Mapping[str, Any], *, store: Mapping[str, Any], cloud: Mapping[str, Any]
) -> Audit:
    """Compare what the two sides told. Raises :class:`BooksUnreadable` where a figure is missing."""
    with _missing_figures():
        lanes: dict[str, Mapping[str, Any]] = {lane.value: status["lanes"][lane.value] for lane in Lane}
        sums = {
            key: sum(int(lane[key]) for lane in lanes.values()) for key in ("recorded", "acked", "queued", "dropped")
        }
        uneven = tuple(
            name for name, lane in lanes.items() if lane["recorded"] != lane["acked"] + lane["queued"] + lane["dropped"]
        )
        landed = fleet["lanes"].values()
        return Audit(
            **sums,
            uneven_lanes=uneven,
            duplicates_applied=sum(lane["received"] + lane["lost"] - lane["high"] for lane in landed),
            duplicates_ignored=sum(lane["duplicates"] for lane in landed),
            store=LedgerFigures(store["postings"], store["points_issued"], store["digest"]),
            cloud=LedgerFigures(cloud["postings"], cloud["points_issued"], cloud["digest"]),
            undecided=int(status["undecided"]),
            quarantined=fleet["quarantine"] is not None,
        )


@contextlib.contextmanager
def _missing_figures() -> Any:
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise BooksUnreadable(f"a figure is missing or malformed: {type(error).__name__} {error}") from error
