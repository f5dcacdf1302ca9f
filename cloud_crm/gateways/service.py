"""What can be asked about gateways, and the one thing an operator decides: a release from quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from cloud_bridge.receipts import Hello
from cloud_bridge.topics import Lane
from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database, epoch_and_version
from cloud_crm.gateways import quarantine, repository
from cloud_crm.gateways.quarantine import QuarantineRow
from cloud_crm.gateways.repository import GatewayRow, StreamRow
from cloud_crm.gateways.schemas import GatewayDetail, GatewayView, LaneView, QuarantineView, ReplicaView
from cloud_crm.ledger import repository as ledger
from cloud_crm.problems import conflict, not_found

_BODY_SHOWN_LENGTH_MAX = 4_000
_NOT_YET_HEARD = Hello(incarnation="0" * 32)
_log = structlog.get_logger()


class GatewayService:
    """The gateways of one tenant."""

    def __init__(self, database: Database, *, clock: Clock, released: Callable[[str, str], None]) -> None:
        """``released`` is told a gateway and its incarnation after the commit of a release."""
        self._database = database
        self._released = released
        self._clock = clock

    def every(self) -> list[GatewayView]:
        """All gateways with their figures, by id, from one snapshot."""
        with self._database.read() as connection:
            rows = repository.every_gateway(connection)
            return _Figures.of(connection, rows).views(rows)

    def one(self, gateway_id: str) -> GatewayDetail:
        """One gateway. Raises :class:`Problem`."""
        with self._database.read() as connection:
            row = repository.find_gateway(connection, gateway_id)
            if row is None:
                raise not_found(f"gateway {gateway_id}", "See /api/gateways for those enrolled")
            view = _Figures.of(connection, [row]).views([row])[0]
            past = quarantine.history(connection, [gateway_id])
        return GatewayDetail(**dict(view), quarantines=[_quarantine(case) for case in past])

    def release(self, gateway_id: str, *, operator: str) -> GatewayDetail:
        """Set the disputed body aside, so that landing goes on. Raises :class:`Problem`."""
        incarnation = self.one(gateway_id).incarnation
        with self._database.write() as connection:
            at = rfc3339(self._clock())
            if not quarantine.release(connection, gateway_id, operator=operator, at=at):
                raise conflict(f"gateway {gateway_id}", "is not in quarantine", "There is nothing to release")
        _log.info("post", outcome="released from quarantine", gateway=gateway_id)
        if incarnation is not None:
            self._released(gateway_id, incarnation)
        return self.one(gateway_id)


@dataclass(frozen=True, slots=True)
class _Figures:
    """Everything the views of some gateways are made of."""

    latest: int
    streams: dict[str, list[StreamRow]]
    losses: dict[int, dict[str, int]]
    quarantines: dict[str, QuarantineRow]
    conflicts: dict[str, int]

    @classmethod
    def of(cls, connection: Connection, rows: Sequence[GatewayRow]) -> _Figures:
        ids = [row.gateway_id for row in rows]
        streams: dict[str, list[StreamRow]] = {gateway_id: [] for gateway_id in ids}
        for stream in repository.read_streams(connection, ids):
            streams[stream.gateway_id].append(stream)
        with_losses = [s.stream_id for each in streams.values() for s in each if s.lost]
        return cls(
            latest=epoch_and_version(connection)[1],
            streams=streams,
            losses=repository.lost_by_reason(connection, with_losses),
            quarantines={case.gateway_id: case for case in quarantine.in_force(connection)},
            conflicts=ledger.conflicts_of(connection),
        )

    def views(self, rows: Sequence[GatewayRow]) -> list[GatewayView]:
        return [self._view(row) for row in rows]

    def _view(self, row: GatewayRow) -> GatewayView:
        hello = _hello(row.hello)
        streams = self.streams[row.gateway_id]
        incarnation = row.incarnation or (streams[-1].incarnation if streams else None)
        case = self.quarantines.get(row.gateway_id)
        return GatewayView(
            gateway=row.gateway_id,
            store_name=row.store_name,
            presence=row.presence,
            presence_at=row.presence_at,
            heard_at=row.heard_at,
            incarnation=incarnation,
            earlier_incarnations=len({s.incarnation for s in streams} - {incarnation}),
            software=hello.software,
            devices=hello.devices,
            lanes={lane.value: self._lane(lane, streams, incarnation, hello) for lane in Lane},
            queued=sum(figures.queued for figures in hello.lanes.values()),
            received=sum(stream.received for stream in streams),
            lost=sum(stream.lost for stream in streams),
            replica=ReplicaView(latest=self.latest, sent=row.replica_sent, applied=row.replica_applied),
            quarantine=_quarantine(case) if case else None,
            disputed_postings=self.conflicts.get(row.gateway_id, 0),
        )

    def _lane(self, lane: Lane, streams: Sequence[StreamRow], incarnation: str | None, hello: Hello) -> LaneView:
        """Counts over all incarnations, as the gateway counts; ``high`` of the present one."""
        of_lane = [stream for stream in streams if stream.lane == lane.value]
        reasons: Counter[str] = Counter()
        for stream in of_lane:
            reasons.update(self.losses.get(stream.stream_id, {}))
        return LaneView(
            high=next((stream.high for stream in of_lane if stream.incarnation == incarnation), 0),
            received=sum(stream.received for stream in of_lane),
            duplicates=sum(stream.duplicates for stream in of_lane),
            lost=sum(stream.lost for stream in of_lane),
            lost_by_reason=dict(reasons),
            reported=hello.lanes.get(lane),
        )


def _hello(text: str | None) -> Hello:
    """The last greeting. One kept by another version that is not readable now counts as not yet heard."""
    if text is None:
        return _NOT_YET_HEARD
    try:
        return Hello.model_validate_json(text)
    except ValidationError:
        return _NOT_YET_HEARD


def _quarantine(row: QuarantineRow) -> QuarantineView:
    return QuarantineView(
        incarnation=row.incarnation,
        lane=row.lane,
        sequence=row.sequence,
        reason=row.reason,
        body=row.body[:_BODY_SHOWN_LENGTH_MAX].decode("utf-8", "replace"),
        at=row.at,
        released_at=row.released_at,
        released_by=row.released_by,
    )
