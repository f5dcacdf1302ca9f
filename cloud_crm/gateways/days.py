"""What day it is in which store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from loyalty.calendar import business_date

_NOWHERE = "UTC"


@dataclass(frozen=True, slots=True)
class StoreDays:
    """Business dates by gateway: ``zones`` are the stores' time zones. Elsewhere it is the day of the first store."""

    zones: Mapping[str, str]

    def on(self, gateway_id: str, now: datetime) -> date:
        """The business date of a store."""
        return business_date(now, self.zones.get(gateway_id) or next(iter(self.zones.values()), _NOWHERE))

    def latest(self, now: datetime) -> date:
        """The date of the store that is furthest into the day."""
        return max(self.on(gateway_id, now) for gateway_id in (*self.zones, ""))

    def only_store(self) -> str:
        """The one gateway there is; empty where there are several or none."""
        return next(iter(self.zones)) if len(self.zones) == 1 else ""
