"""Cards that prove themselves, at head office: their keys are derived when a store is told of them, and stored nowhere.

What is stored is the card's number, sealed: the keys follow from it and from the master key, which lies in a file of
head office and in no database, no message and no store.
"""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, func, select

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.personal import PersonalSeal, SealError
from cloud_crm.members.repository import MediumRow
from cloud_crm.members.tables import media
from devices.ntag424.keys import UID_BYTES, store_keys

CHIP = "ntag424"
"""The technology of a medium that can prove itself."""
_UID = "uid"
_log = structlog.get_logger()


class CardBook:
    """The strong cards of one tenant. Without a master key there can be none."""

    def __init__(self, medium_key: bytes, master_key: bytes | None = None) -> None:
        self._seal = PersonalSeal(medium_key)
        self._master_key = master_key

    @property
    def is_open(self) -> bool:
        """Whether strong cards can be registered here."""
        return self._master_key is not None

    def sealed_number(self, medium: str, uid: bytes) -> str:
        """What is stored of a strong card. Raises ``ValueError`` for a number that no such card has."""
        if len(uid) != UID_BYTES:
            raise ValueError(f"an NTAG 424 DNA has a number of {UID_BYTES} bytes, not {len(uid)}")
        return self._seal.seal(_whose(medium), {_UID: uid.hex()})

    def keys_for(self, gateway_secret: bytes, row: MediumRow) -> str | None:
        """A card's keys sealed for one gateway; ``None`` for a medium that is only a number, or nobody's.

        ``None``, too, where its number was sealed under another medium key: the stores are then told that it is
        nobody's, because without keys they would take it for a plain number.
        """
        if row.chip is None or row.member_id is None or self._master_key is None:
            return None
        try:
            uid = bytes.fromhex(self._seal.open(_whose(row.medium_id), row.chip)[_UID])
        except SealError as error:
            _log.error("post", problem=f"the keys of a card cannot be derived: {error}")
            return None
        return CardKeySeal(gateway_secret).seal(row.medium_id, store_keys(self._master_key, uid))


def strong_cards(connection: Connection) -> int:
    """How many media that can prove themselves are somebody's."""
    linked = media.c.chip.is_not(None), media.c.member_id.is_not(None)
    return int(connection.scalar(select(func.count()).select_from(media).where(*linked)) or 0)


def _whose(medium: str) -> str:
    return f"chip {medium}"
