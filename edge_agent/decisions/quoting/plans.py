"""What a quote has promised, as it is kept until its sale comes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from loyalty.events import Line


@dataclass(frozen=True, slots=True)
class PlannedCoupon:
    """A coupon that the sale uses up. ``member`` is empty for one that anybody may use."""

    instance: str
    coupon: str
    member: str
    discount_minor: int

    @property
    def currency(self) -> str:
        """The account of its one unit."""
        return f"coupon/{self.instance}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sale at the quoted price does: the points it redeems, the coupons it uses, what its lines then cost."""

    currency: str
    points: int = 0
    saved_minor: int = 0
    """What the points take off."""
    coupons: tuple[PlannedCoupon, ...] = ()
    lines: tuple[Line, ...] = ()
    unheld: tuple[str, ...] = ()
    """Codes (hashed) that were shown for this key and cannot be checked here: the cloud was told of each once."""

    def dump(self) -> str:
        """The plan as JSON."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def load(cls, text: str) -> Plan:
        """The plan out of JSON made by :meth:`dump`."""
        told = orjson.loads(text)
        return cls(
            currency=told["currency"],
            points=told["points"],
            saved_minor=told["saved_minor"],
            coupons=tuple(PlannedCoupon(**coupon) for coupon in told["coupons"]),
            lines=tuple(Line(**line) for line in told["lines"]),
            unheld=tuple(told.get("unheld", ())),
        )
