"""What every payload is made of: the base class of events, and the kinds of text and numbers in them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cloud_bridge.topics import Lane

Name = Annotated[str, Field(min_length=1, max_length=80)]
Medium = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Keyed hash of what was shown, never the number")]
Member = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Random member id given by the cloud")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$", description="Key of a row of the programme file")]
Fact = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Derived name of a business fact")]
Lease = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Incarnation whose rights moved")]
Sealed = Annotated[str, Field(max_length=8_192, description="Personal data, AES-256-GCM, base64url")]
Minor = Annotated[int, Field(ge=-(10**13), le=10**13, description="Amount in minor currency units")]
EventKey = Annotated[str, Field(min_length=1, max_length=80, description="incarnation/lane/sequence of an event")]


class EventData(BaseModel):
    """The root of all payloads. Unknown fields are ignored, so that an older reader reads a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")
    type: ClassVar[str]
    lane: ClassVar[Lane]
