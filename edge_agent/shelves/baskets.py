"""What left the shelves and what came by the till, article by article: what is in baskets, missing, or phantom.

Pure. Units are dated *lots*. What is taken waits to be sold; what is sold consumes it, oldest first. A unit that is
put back may be any unit, or a refill, so it makes a lot doubtful: a doubtful lot may still be sold, and is never called
missing. A sale that finds no lot is *owed* by the shelf: the weight may settle a moment later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LOTS_MAX = 64
"""Of one article and kind; beyond, neighbours become one."""
LATE_WINDOWS = 6
"""Windows for which a sale that comes late still takes back what was called missing."""

LEANING = timedelta(minutes=2)
"""For so long after goods came to a slot it is not sure that they were goods."""


class Disagreement(StrEnum):
    """How shelf and till disagree, or agree after all: ``kind`` of ``StockDiscrepancyV1``."""

    MISSING = "missing"
    PHANTOM = "phantom"
    FOUND = "found"
    """Called missing, and sold after all."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Units that moved at one moment. ``slot`` is where, if anywhere."""

    at: datetime
    units: int
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """To be told once: so many units of an article, and the slot they left, where one is known."""

    kind: Disagreement
    units: int
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Basket:
    """Where the units of one article are. ``sold`` and ``returned`` are how far the till's count has been taken in.

    ``taken`` left the shelf and were not sold yet; ``doubtful`` may have been put back; ``owed`` were sold and not seen
    leaving; ``refilled`` were put there a moment ago; ``missing`` is what was told as missing, as long as it may be
    sold after all; ``at_till`` came back over the counter and may be put back.
    """

    sku: str
    sold: int = 0
    returned: int = 0
    taken: tuple[Lot, ...] = ()
    doubtful: tuple[Lot, ...] = ()
    owed: tuple[Lot, ...] = ()
    refilled: tuple[Lot, ...] = ()
    missing: tuple[Lot, ...] = ()
    at_till: int = 0

    @property
    def in_baskets(self) -> int:
        """Taken and not sold, as far as it is sure."""
        return _units(self.taken)


def took(basket: Basket, units: int, at: datetime, *, slot: str, is_sure: bool = True) -> Basket:
    """So many units left a slot. ``is_sure``: it was seen to happen, not found so after a silence."""
    owed, rest = _consume(basket.owed, units)
    # What was just put there and is gone again was perhaps never goods: somebody leaned a bag on the shelf.
    older, fresh = _split(basket.refilled, at - LEANING)
    fresh, unsettled = _consume(fresh, rest, newest_first=True)
    refilled = (*older, *fresh)
    back = rest - unsettled
    doubtful = _add(basket.doubtful, Lot(at, back if is_sure else rest, slot))
    taken = _add(basket.taken, Lot(at, unsettled if is_sure else 0, slot))
    return replace(basket, owed=owed, refilled=refilled, doubtful=doubtful, taken=taken)


def put(basket: Basket, units: int, at: datetime, *, slot: str) -> tuple[Basket, bool]:
    """So many units came to a slot; ``True`` when they are a refill, ``False`` when somebody put them back."""
    from_till = min(basket.at_till, units)
    rest = units - from_till
    basket = replace(basket, at_till=basket.at_till - from_till)
    if rest == 0:
        return basket, False
    if rest > _units(basket.taken) + _units(basket.doubtful):
        return replace(basket, refilled=_add(basket.refilled, Lot(at, rest, slot))), True
    taken, _ = _consume(basket.taken, rest, newest_first=True)
    doubted = _units(basket.taken) - _units(taken)
    return replace(basket, taken=taken, doubtful=_add(basket.doubtful, Lot(at, doubted, slot))), False


def sell(basket: Basket, units: int, at: datetime, *, unweighed: int) -> tuple[Basket, int, tuple[Discrepancy, ...]]:
    """So many were sold; ``unweighed`` is what slots that nobody weighs hold.

    Returns the basket, how many came from those slots, and what was called missing and was sold after all.
    """
    taken, rest = _consume(basket.taken, units)
    doubtful, rest = _consume(basket.doubtful, rest)
    missing, unseen = _consume(basket.missing, rest)
    found, charged = rest - unseen, min(unseen, unweighed)
    owed = unseen - charged
    moved = replace(
        basket, taken=taken, doubtful=doubtful, missing=missing, owed=_add(basket.owed, Lot(at, owed)), sold=basket.sold
    )
    return moved, charged, (Discrepancy(Disagreement.FOUND, found),) if found else ()


def give_back(basket: Basket, units: int) -> Basket:
    """So many came back over the counter: no basket holds them, and the shelf not before somebody puts them there."""
    return replace(basket, at_till=basket.at_till + units)


def moved(basket: Basket, by: timedelta) -> Basket:
    """The same, by a clock that was set."""

    def later(lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
        return tuple(replace(lot, at=lot.at + by) for lot in lots)

    return replace(
        basket,
        taken=later(basket.taken),
        doubtful=later(basket.doubtful),
        owed=later(basket.owed),
        refilled=later(basket.refilled),
        missing=later(basket.missing),
    )


def expire(basket: Basket, now: datetime, window: timedelta) -> tuple[Basket, tuple[Discrepancy, ...]]:
    """What has waited for longer than ``window``: taken and unsold is missing, owed is phantom, doubt is forgotten."""
    since = now - window
    gone, taken = _split(basket.taken, since)
    phantom, owed = _split(basket.owed, since)
    _, doubtful = _split(basket.doubtful, since)
    _, refilled = _split(basket.refilled, since)
    _, missing = _split(basket.missing, now - LATE_WINDOWS * window)
    for lot in gone:
        missing = _add(missing, Lot(now, lot.units, lot.slot))
    told = [Discrepancy(Disagreement.MISSING, lot.units, lot.slot) for lot in gone]
    # Whoever shops while a clerk refills takes unseen: then the shelf owes nothing.
    if phantom and not basket.refilled:
        told.append(Discrepancy(Disagreement.PHANTOM, _units(phantom)))
    moved = replace(basket, taken=taken, owed=owed, doubtful=doubtful, refilled=refilled, missing=missing)
    return moved, tuple(told)


def recounted(basket: Basket, slot: str) -> Basket:
    """A person counted a slot: what was thought of it before is settled."""

    def elsewhere(lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
        return tuple(lot for lot in lots if lot.slot != slot)

    return replace(
        basket,
        taken=elsewhere(basket.taken),
        doubtful=elsewhere(basket.doubtful),
        missing=elsewhere(basket.missing),
        owed=(),
    )


def _units(lots: tuple[Lot, ...]) -> int:
    return sum(lot.units for lot in lots)


def _add(lots: tuple[Lot, ...], lot: Lot) -> tuple[Lot, ...]:
    if lot.units <= 0:
        return lots
    if len(lots) >= LOTS_MAX:
        oldest, second, *rest = lots
        lots = (replace(second, units=oldest.units + second.units), *rest)
    return (*lots, lot)


def _consume(lots: tuple[Lot, ...], units: int, *, newest_first: bool = False) -> tuple[tuple[Lot, ...], int]:
    """Take ``units`` out of lots; returns what is left of the lots, and of the units."""
    left: list[Lot] = []
    for lot in reversed(lots) if newest_first else lots:
        part = min(units, lot.units)
        units -= part
        if lot.units > part:
            left.append(replace(lot, units=lot.units - part))
    return tuple(reversed(left) if newest_first else left), units


def _split(lots: tuple[Lot, ...], since: datetime) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
    """Those before ``since``, and those after."""
    return tuple(lot for lot in lots if lot.at <= since), tuple(lot for lot in lots if lot.at > since)
