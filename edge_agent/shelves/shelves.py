"""All slots of the store: their scales, sales, counts and cameras, and what must be journalled of them.

:meth:`Shelves.due` computes a :class:`ShelfStep`, the caller writes it, :meth:`Shelves.accept` believes it. Only what
needs no journal (a weight that wanders by a gram) is refined on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from devices.readings import SensorRead
from edge_agent.shelves import baskets
from edge_agent.shelves.baskets import Basket, Discrepancy
from edge_agent.shelves.calibration import Calibration
from edge_agent.shelves.planogram import PlannedSlot
from edge_agent.shelves.stock import SURE, Cause, Note, Seen, SlotStock, by_camera, by_count, by_sales
from edge_agent.shelves.tracking import Tracker, TrackRules

TELL_EVERY = timedelta(seconds=10)
"""The events of one slot are so far apart at least; what happens between becomes one."""


@dataclass(frozen=True, slots=True)
class ShelfRules:
    """How shelves are kept; see ``[floor]``."""

    track: TrackRules = field(default_factory=TrackRules)
    basket: timedelta = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Told:
    """An event to be recorded: the slot now holds so many, ``delta`` more than was told before."""

    stock: SlotStock
    planned: PlannedSlot
    delta: int
    confidence: int


@dataclass(slots=True)
class ShelfStep:
    """What changed, to be written in one transaction: rows of slots and articles, events, discrepancies by article."""

    stocks: dict[str, SlotStock] = field(default_factory=dict)
    baskets: dict[str, Basket] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    discrepancies: list[tuple[str, Discrepancy]] = field(default_factory=list)
    heard: frozenset[str] = frozenset()
    """Slots whose settled weight is taken in."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """What of cameras is taken in."""

    def __bool__(self) -> bool:
        return bool(self.stocks or self.baskets)


@dataclass(frozen=True, slots=True)
class SlotNow:
    """One slot as it is known at one moment. ``is_live``: its number is of now, by its own scale."""

    planned: PlannedSlot
    stock: SlotStock
    confidence: int
    note: Note
    is_live: bool

    @property
    def units(self) -> int | None:
        """How many it holds; ``None`` while nobody knows."""
        return self.stock.units

    @property
    def is_sure(self) -> bool:
        """Whether staff may be called for its number."""
        return self.units is not None and self.confidence >= SURE and self.note is not Note.REMOVED


class Shelves:
    """The stock of a store. Times: ``at`` is the store's clock, ``at_s`` seconds on the monotonic one."""

    def __init__(
        self,
        plan: Iterable[PlannedSlot],
        rules: ShelfRules,
        *,
        stocks: Mapping[str, SlotStock] | None = None,
        kept: Mapping[str, Basket] | None = None,
        calibrations: Mapping[str, Calibration] | None = None,
    ) -> None:
        self.plan = {planned.slot: planned for planned in plan}
        self.articles: dict[str, tuple[str, ...]] = {}
        for planned in self.plan.values():
            self.articles[planned.sku] = (*self.articles.get(planned.sku, ()), planned.slot)
        self._rules = rules
        stocks, kept = stocks or {}, kept or {}
        self._stocks = {slot: _kept_or_new(stocks.get(slot), planned) for slot, planned in self.plan.items()}
        self._baskets = {sku: kept.get(sku) or Basket(sku) for sku in self.articles}
        self._trackers = {
            planned.slot: Tracker(planned, self._stocks[planned.slot], rules.track)
            for planned in self.plan.values()
            if planned.scale and planned.unit_weight_g is not None
        }
        self._by_scale = {tracker.planned.scale: tracker for tracker in self._trackers.values()}
        for scale, tracker in self._by_scale.items():
            tracker.calibration = (calibrations or {}).get(scale)
        self._heard: set[str] = set()
        self._seen: dict[str, Seen] = {}
        self._untold = {slot for slot, stock in self._stocks.items() if stock.units != stock.told}
        self._waiting = {sku for sku, basket in self._baskets.items() if _is_waiting(basket)}

    def scales(self) -> dict[str, Tracker]:
        """The tracker of every scale, by the scale's name."""
        return dict(self._by_scale)

    def stock(self, slot: str) -> SlotStock:
        """What is known of a slot."""
        tracker = self._trackers.get(slot)
        return tracker.stock if tracker else self._stocks[slot]

    def basket(self, sku: str) -> Basket:
        """Where the units of an article are."""
        return self._baskets[sku]

    def is_live(self, slot: str, at_s: float) -> bool:
        """Whether a slot's number is of now, by its own scale."""
        tracker = self._trackers.get(slot)
        return tracker is not None and tracker.is_live(at_s)

    def now(self, slot: str, at: datetime, at_s: float, *, step: ShelfStep | None = None) -> SlotNow:
        """A slot at this moment; with ``step``, as it is once that is accepted."""
        tracker, stock = self._trackers.get(slot), self.stock(slot)
        is_live, is_news = self.is_live(slot, at_s), False
        if step is not None and slot in step.stocks:
            stock, is_news = step.stocks[slot], slot in step.heard
        note = tracker.note(at_s, stock) if tracker else Note.NONE
        confidence = stock.confidence(at, is_live=is_live or is_news)
        return SlotNow(self.plan[slot], stock, confidence, note, is_live)

    def hear(self, scale: str, read: SensorRead, at_s: float, at: Callable[[], datetime]) -> bool:
        """A scale said something; whether there is something to journal now."""
        tracker = self._by_scale.get(scale)
        if tracker is None or not tracker.hear(read, at_s, at):
            return False
        self._heard.add(tracker.planned.slot)
        return True

    def scale_is(self, scale: str, *, there: bool) -> None:
        """A scale is there, or gone, as it says itself or its device does."""
        tracker = self._by_scale.get(scale)
        if tracker is not None:
            tracker.is_there = there
            if not there:
                tracker.silenced()

    def age(self, at_s: float) -> None:
        """Scales that fell silent, or do not come to rest, tell nothing of now any more."""
        for tracker in self._trackers.values():
            tracker.age(at_s)

    def interval(self, scale: str, interval_s: float | None) -> None:
        """How often a scale reports."""
        if scale in self._by_scale:
            self._by_scale[scale].interval_s = interval_s

    def calibrated(self, calibration: Calibration) -> None:
        """A scale was taught."""
        if calibration.scale in self._by_scale:
            self._by_scale[calibration.scale].calibrated(calibration)

    def seen(self, slot: str, seen: Seen) -> bool:
        """A camera saw how full a slot is; whether the plan has that slot."""
        if slot not in self.plan:
            return False
        self._seen[slot] = seen
        return True

    def clock_moved(self, by: timedelta) -> None:
        """The clock was set: what is in baskets is no older for it."""
        self._baskets = {sku: baskets.moved(basket, by) for sku, basket in self._baskets.items()}

    # What follows computes and changes nothing.

    def due(self, at: datetime, at_s: float, *, totals: Mapping[str, tuple[int, int]] | None = None) -> ShelfStep:
        """What must be journalled now. ``totals``: sold and given back of articles, as the till's count has them."""
        step = ShelfStep(heard=frozenset(self._heard), seen=dict(self._seen))
        for slot in step.heard:
            self._weighed(step, slot, at)
        for sku, (sold, returned) in (totals or {}).items():
            self._sold(step, sku, (sold, returned), (at, at_s))
        for slot, seen in step.seen.items():
            self._camera(step, slot, seen, is_live=self.is_live(slot, at_s))
        for sku in self._waiting:
            basket, told = baskets.expire(self._basket(step, sku), at, self._rules.basket)
            if basket != self._basket(step, sku):
                self._keep_basket(step, basket, told)
        self._tell(step, at, at_s)
        return step

    def count(self, slot: str, units: int, at: datetime, at_s: float) -> ShelfStep:
        """Somebody counted a slot; it is believed above all else."""
        step = ShelfStep()
        counted = by_count(self.stock(slot), units, at)
        tracker = self._trackers.get(slot)
        if tracker is not None and tracker.is_live(at_s):
            counted = tracker.counted(counted)
        self._keep(step, slot, counted, Cause.COUNTED)
        sku = self.plan[slot].sku
        self._keep_basket(step, baskets.recounted(self._basket(step, sku), slot), ())
        self._tell(step, at, at_s)
        return step

    def accept(self, step: ShelfStep) -> None:
        """It is in the journal now, so it is so."""
        for slot, stock in step.stocks.items():
            self._stocks[slot] = stock
            if slot in self._trackers:
                self._trackers[slot].accept(stock)
            (self._untold.add if stock.units != stock.told else self._untold.discard)(slot)
        for sku, basket in step.baskets.items():
            self._baskets[sku] = basket
            (self._waiting.add if _is_waiting(basket) else self._waiting.discard)(sku)
        self._heard -= step.heard
        for slot, seen in step.seen.items():
            if self._seen.get(slot) is seen:
                del self._seen[slot]

    def _weighed(self, step: ShelfStep, slot: str, at: datetime) -> None:
        tracker = self._trackers[slot]
        before, now = tracker.stock, tracker.weighed(at)
        if before.units is None or now.units is None:
            self._keep(step, slot, now, Cause.FIRST)
            return
        delta, cause = now.units - before.units, tracker.resumes
        basket = self._basket(step, now.sku)
        if delta < 0:
            if cause is not Cause.CALIBRATED:
                is_sure = cause is None
                self._keep_basket(step, baskets.took(basket, -delta, at, slot=slot, is_sure=is_sure), ())
            cause = cause or Cause.TAKEN
        elif delta > 0 and cause is not Cause.CALIBRATED:
            moved, is_refill = baskets.put(basket, delta, at, slot=slot)
            self._keep_basket(step, moved, ())
            cause = cause or (Cause.REFILLED if is_refill else Cause.PUT_BACK)
        self._keep(step, slot, now, cause or now.cause)

    def _sold(self, step: ShelfStep, sku: str, totals: tuple[int, int], when: tuple[datetime, float]) -> None:
        if sku not in self.articles:
            return
        basket = self._basket(step, sku)
        sold, returned = totals[0] - basket.sold, totals[1] - basket.returned
        unweighed = [slot for slot in self.articles[sku] if not self.is_live(slot, when[1])]
        told: tuple[Discrepancy, ...] = ()
        if sold > 0:
            held = sum(self._stock(step, slot).units or 0 for slot in unweighed)
            # Where nobody ever counted, or a scale says nothing, nobody knows what left: nothing is owed either.
            is_blind = any(slot in self._trackers or self._stock(step, slot).units is None for slot in unweighed)
            room = max(held, sold) if is_blind else held
            basket, charged, told = baskets.sell(basket, sold, when[0], unweighed=room)
            self._charge(step, unweighed, charged)
        if returned > 0:
            basket = baskets.give_back(basket, returned)
        self._keep_basket(step, replace(basket, sold=totals[0], returned=totals[1]), told)

    def _charge(self, step: ShelfStep, slots: list[str], units: int) -> None:
        """Take what was sold off slots that nobody weighs, the fullest first."""
        for slot in sorted(slots, key=lambda one: -(self._stock(step, one).units or 0)):
            part = min(units, self._stock(step, slot).units or 0)
            if part:
                units -= part
                self._keep(step, slot, by_sales(self._stock(step, slot), part), Cause.SOLD)

    def _camera(self, step: ShelfStep, slot: str, seen: Seen, *, is_live: bool) -> None:
        before = self._stock(step, slot)
        after = by_camera(before, seen, self.plan[slot].capacity, is_live=is_live)
        if after != before:
            self._keep(step, slot, after, Cause.SEEN if after.units != before.units else before.cause)

    def _tell(self, step: ShelfStep, at: datetime, at_s: float) -> None:
        for slot in {*self._untold, *step.stocks}:
            stock = self._stock(step, slot)
            if stock.units is None or stock.units == stock.told:
                continue
            if stock.told_at is not None and timedelta() <= at - stock.told_at < TELL_EVERY:
                continue
            delta = 0 if stock.told is None else stock.units - stock.told
            # Who recorded a change has it from a scale that is heard, or from somebody who stands there.
            confidence = stock.confidence(at, is_live=slot in step.heard or self.is_live(slot, at_s))
            step.stocks[slot] = stock = replace(stock, told=stock.units, told_at=at)
            step.told.append(Told(stock, self.plan[slot], delta, confidence))

    def _stock(self, step: ShelfStep, slot: str) -> SlotStock:
        return step.stocks.get(slot) or self.stock(slot)

    def _basket(self, step: ShelfStep, sku: str) -> Basket:
        return step.baskets.get(sku) or self._baskets[sku]

    def _keep(self, step: ShelfStep, slot: str, stock: SlotStock, cause: Cause) -> None:
        step.stocks[slot] = replace(stock, cause=cause)

    def _keep_basket(self, step: ShelfStep, basket: Basket, told: Iterable[Discrepancy]) -> None:
        step.baskets[basket.sku] = basket
        step.discrepancies += [(basket.sku, one) for one in told]


def _kept_or_new(kept: SlotStock | None, planned: PlannedSlot) -> SlotStock:
    """What was kept of a slot, unless another article stands there now."""
    return kept if kept is not None and kept.sku == planned.sku else SlotStock(planned.slot, planned.sku)


def _is_waiting(basket: Basket) -> bool:
    return bool(basket.taken or basket.doubtful or basket.owed or basket.refilled or basket.missing)
