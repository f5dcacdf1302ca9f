"""``store.toml``: the store as a place. Its name, language, time zone, floor plan and zones."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.config.problems import contradiction, explain, parse_toml

ZONES_MAX = 200
_SIDE_CM_MAX = 100_000

Centimetres = Annotated[int, Field(ge=0, le=_SIDE_CM_MAX)]
Side = Annotated[int, Field(ge=1, le=_SIDE_CM_MAX)]


def _known_time_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError("no such time zone; use an IANA name such as Asia/Shanghai")
    return name


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreIdentity(_Section):
    """``[store]``: how people call it and how it tells time and money."""

    name: str = Field(min_length=1, max_length=80, description="The store's name as people read it on screens")
    locale: Literal["zh-CN", "en"] = Field(description="Language in which screens begin: zh-CN or en")
    time_zone: Annotated[str, AfterValidator(_known_time_zone)] = Field(
        description="IANA time zone of the store: birthdays and expiry follow its local date"
    )
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of the tills' currency, such as CNY")


class FloorPlan(_Section):
    """``[floor_plan]``: the size of the sales floor. The origin is the corner left of the entrance."""

    width_cm: Side = Field(description="Width of the sales floor in centimetres")
    depth_cm: Side = Field(description="Depth of the sales floor in centimetres, seen from the entrance")


class Zone(_Section):
    """``[[zones]]``: a named rectangle of the floor."""

    name: str = Field(min_length=1, max_length=40, description="Name of the zone, unique in the store")
    x_cm: Centimetres = Field(description="Left edge, from the origin")
    y_cm: Centimetres = Field(description="Front edge, from the origin")
    width_cm: Side = Field(description="Width of the zone in centimetres")
    depth_cm: Side = Field(description="Depth of the zone in centimetres")


class StorePlan(_Section):
    """The whole of ``store.toml``."""

    store: StoreIdentity = Field(description="How the store is called, its language, time zone and currency")
    floor_plan: FloorPlan = Field(description="The size of the sales floor")
    zones: tuple[Zone, ...] = Field(default=(), max_length=ZONES_MAX, description="Named parts of the sales floor")

    @model_validator(mode="after")
    def _zones_fit(self) -> Self:
        names: set[str] = set()
        for zone in self.zones:
            if zone.name in names:
                raise contradiction(f"two zones are called {zone.name!r}", "Give each a name of its own.")
            names.add(zone.name)
            right, back = zone.x_cm + zone.width_cm, zone.y_cm + zone.depth_cm
            if right > self.floor_plan.width_cm or back > self.floor_plan.depth_cm:
                raise contradiction(
                    f"the zone {zone.name!r} ends at {right} × {back} cm, outside the floor plan of "
                    f"{self.floor_plan.width_cm} × {self.floor_plan.depth_cm} cm",
                    "Move it, make it smaller, or correct [floor_plan].",
                )
        return self

    @classmethod
    def load(cls, path: Path) -> StorePlan:
        """Read and check ``store.toml``. Raises ``edge_agent.config.ConfigError``."""
        try:
            return cls.model_validate(parse_toml(path))
        except ValidationError as error:
            raise explain(path, error, cls) from error
