"""Where the in-store broker is, and how to log in to it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

OWN_TOPIC = "regulars"
"""Below it a gateway speaks, unless it is told another."""


class BusTls(BaseModel):
    """How to trust the in-store broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca_file: Path | None = Field(None, description="Authority that signed the broker's certificate (PEM)")


class BusSettings(BaseModel):
    """One connection to the in-store broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, max_length=255, description="Name or address of the in-store broker")
    port: int = Field(1_883, ge=1, le=65_535, description="Its port: 1883, or 8883 with TLS")
    username: str | None = Field(None, max_length=255, description="Login name, if the broker asks for one")
    password_file: Path | None = Field(None, description="File that holds the password and nothing else")
    tls: BusTls | None = Field(None, description="Leave out for a broker on this machine only")
    client_id: str = Field(
        "", max_length=120, description="Name of this connection at the broker; empty: the broker draws one"
    )
    keepalive_s: int = Field(10, ge=2, le=600, description="A silent connection is dead after 1.5 times this")

    @property
    def place(self) -> str:
        """``host:port``, for people."""
        return f"{self.host}:{self.port}"
