"""``[cards]``: what this store needs to read the messages of cards that prove themselves."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class CardSettings(BaseModel):
    """``[cards]``: cards that prove themselves. Their own keys come from head office and need no setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meta_key_file: Path | None = Field(
        default=None,
        description=(
            "File with the key, 32 hexadecimal digits, that hides the card's number in the link it writes (picc_data); "
            "'regulars cards meta-key' at head office writes it. Without it only links that show the number are read"
        ),
    )
