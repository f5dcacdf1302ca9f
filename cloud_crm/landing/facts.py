"""What landed events say about points and rights, gathered from the few that do; all others cost one look-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import orjson

from cloud_bridge.contract import (
    CouponIssuedV1,
    CouponUsedV1,
    DecisionDeferredV1,
    DecisionRefusedV1,
    FormFilledV1,
    MemberRegisteredV1,
    PointsPostedV1,
    PostingV1,
    RewardTakenV1,
    RightsMovedV1,
    SaleCompletedV1,
    SurveyAnsweredV1,
)
from cloud_bridge.landing.batches import Received
from cloud_bridge.landing.store import Landed
from cloud_bridge.topics import Lane
from cloud_crm.ledger.repository import PostingRow
from cloud_crm.points.books import Said
from cloud_crm.points.sales import RefundFact, SaleFact, SaleKey
from cloud_crm.rights.accounts import POINTS, AccountKey
from loyalty.calendar import ZoneError, business_date
from loyalty.identifiers import GatewayId, MemberId
from loyalty.rights.movements import Incarnation, Kind, Movement, MovementId

_NUL = b"\\u0000"
_COUPON = "coupon/"
_AWAITS_SALE = "sale"


@dataclass(frozen=True, slots=True)
class MovementFact:
    """Rights that moved without a posting. ``incarnation`` told it."""

    key: AccountKey
    movement: Movement


@dataclass(slots=True)
class LandedFacts:
    """Everything of one transaction, in the order in which it landed."""

    moves: list[Said | MovementFact] = field(default_factory=list)
    sales: list[SaleFact] = field(default_factory=list)
    refunds: list[RefundFact] = field(default_factory=list)
    unknown_there: set[SaleKey] = field(default_factory=set)
    """Receipts that their own gateway cannot decide, because it does not know the sale they are about."""
    seen: dict[tuple[MemberId, GatewayId], str] = field(default_factory=dict)
    """Members, where they were, and the store's stamp of the last time."""

    def gateways(self) -> set[str]:
        """Whose sales these facts may be about."""
        told = {move.row.gateway_id for move in self.moves if isinstance(move, Said)}
        return told | {sale.key.gateway_id for sale in self.sales} | {refund.of.gateway_id for refund in self.refunds}

    def sold(self) -> set[SaleKey]:
        """The sales these facts are about."""
        told = {
            SaleKey(move.row.gateway_id, move.row.sale)
            for move in self.moves
            if isinstance(move, Said) and move.row.sale is not None
        }
        return told | {sale.key for sale in self.sales} | {refund.of for refund in self.refunds}


class FactReader:
    """Reads groups of landed events.

    ``zones`` are the stores' time zones by gateway, ``stores`` the gateways by the names that tills have for stores.
    """

    def __init__(self, zones: Mapping[str, str], stores: Mapping[str, str], *, now: datetime) -> None:
        self._zones = zones
        self._stores = stores
        self._now = now
        self._days: dict[tuple[str, str], date] = {}
        self._facts = LandedFacts()
        self._readers: dict[str, Callable[[str, str, Received], None]] = {
            PointsPostedV1.type: self._posted,
            SaleCompletedV1.type: self._sold,
            RightsMovedV1.type: self._moved,
            CouponIssuedV1.type: self._coupon_issued,
            DecisionDeferredV1.type: self._deferred,
            **dict.fromkeys(
                (
                    DecisionRefusedV1.type, RewardTakenV1.type, CouponUsedV1.type, FormFilledV1.type,
                    MemberRegisteredV1.type, SurveyAnsweredV1.type,
                ),
                self._met,
            ),
        }  # fmt: skip

    def read(self, landed: Sequence[Landed]) -> LandedFacts:
        """All facts of these events."""
        for one in landed:
            if one.stream.lane is Lane.LEDGER:
                for event in one.events:
                    reader = self._readers.get(event.type)
                    if reader is not None:
                        reader(one.stream.gateway_id, one.stream.incarnation, event)
        return self._facts

    def _posted(self, gateway_id: str, incarnation: str, event: Received) -> None:
        said = event.effect
        if not isinstance(said, PointsPostedV1):
            return
        on = self._day(gateway_id, event.time)
        is_plain = _NUL not in event.body
        for posting in said.postings:
            row = _row(said, posting, gateway_id, event.time)
            if not is_plain:
                row = _plain(row)
            self._facts.moves.append(Said(row, on, posting.lease, posting.original, row.sale, incarnation=incarnation))
        self._facts.seen[MemberId(said.member), GatewayId(gateway_id)] = event.time

    def _sold(self, gateway_id: str, _incarnation: str, event: Received) -> None:
        said = orjson.loads(event.body)["data"]
        key = SaleKey(gateway_id, _clean(said["sale"]))
        on = self._day(gateway_id, event.time).isoformat()
        if (of := said.get("refund_of")) is None:
            fact = SaleFact(key, said["total_minor"], said["currency"], _clean(said["sold_at"]), on)
            self._facts.sales.append(fact)
            return
        store = said.get("refund_store")
        origin = gateway_id if store is None else self._stores.get(store, _clean(store)[:63])
        refunded = max(0, -said["total_minor"])
        self._facts.refunds.append(RefundFact(key, SaleKey(origin, _clean(of)), refunded, on))

    def _moved(self, gateway_id: str, _incarnation: str, event: Received) -> None:
        said = event.data
        if isinstance(said, RightsMovedV1) and said.kind in set(Kind) and _is_currency(said.currency):
            movement = Movement(
                MovementId(said.movement),
                Kind(said.kind),
                GatewayId(gateway_id),
                Incarnation(said.lease),
                said.points,
                None if said.original is None else MovementId(said.original),
            )
            self._facts.moves.append(MovementFact(AccountKey(MemberId(said.member), said.currency), movement))
            if said.member:
                self._facts.seen[MemberId(said.member), GatewayId(gateway_id)] = event.time

    def _coupon_issued(self, gateway_id: str, _incarnation: str, event: Received) -> None:
        said = event.data
        if isinstance(said, CouponIssuedV1):
            name = MovementId(said.instance)
            movement = Movement(name, Kind.EARNED, GatewayId(gateway_id), Incarnation(said.lease), 1)
            key = AccountKey(MemberId(said.member), f"{_COUPON}{said.instance}")
            self._facts.moves.append(MovementFact(key, movement))

    def _deferred(self, gateway_id: str, _incarnation: str, event: Received) -> None:
        said = event.data
        if isinstance(said, DecisionDeferredV1) and said.awaits == _AWAITS_SALE and said.sale is not None:
            self._facts.unknown_there.add(SaleKey(gateway_id, _clean(said.sale)))

    def _met(self, gateway_id: str, _incarnation: str, event: Received) -> None:
        member = orjson.loads(event.body)["data"].get("member")
        if member:
            self._facts.seen[MemberId(member), GatewayId(gateway_id)] = event.time

    def _day(self, gateway_id: str, time: str) -> date:
        """The store's day; of a stamp that is no time, the cloud's."""
        key = (gateway_id, time[:16])
        day = self._days.get(key)
        if day is None:
            day = self._days[key] = self._read_day(gateway_id, time)
        return day

    def _read_day(self, gateway_id: str, time: str) -> date:
        zone = self._zones.get(gateway_id, "UTC")
        try:
            return business_date(moment(time) or self._now, zone)
        except (ZoneError, OverflowError, ValueError):
            return business_date(self._now, "UTC")


def moment(text: str) -> datetime | None:
    """An instant written down by a store; ``None`` for text that is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _row(said: PointsPostedV1, posting: PostingV1, gateway_id: str, time: str) -> PostingRow:
    rule = posting.rule or said.rule
    return PostingRow(
        posting.id, posting.debit, posting.credit, posting.points, rule, said.cause, said.sale, gateway_id, time
    )


def _is_currency(text: str) -> bool:
    return text == POINTS or (text.startswith(_COUPON) and text.isprintable())


def _plain(row: PostingRow) -> PostingRow:
    """NUL is the one character that PostgreSQL's text cannot hold; a store that sends it must not stop landing."""
    return row._replace(
        debit=_clean(row.debit),
        credit=_clean(row.credit),
        rule=_clean(row.rule),
        cause=_clean(row.cause),
        sale=None if row.sale is None else _clean(row.sale),
        posted_at=_clean(row.posted_at),
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd")
