"""A PIN is judged: counted first, stretched in a thread, and forgotten."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cloud_bridge.personal import PersonalSeal, SealError
from edge_agent.journal import Journal, Reader, Transaction
from loyalty.identifiers import MemberId
from loyalty.pins import fits, locked_for_s, verifier_of

Proof = Literal["", "pin", "wrong", "locked"]
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Counted:
    """A try that was counted before it is judged."""

    verifier: str = field(repr=False)


class PinCheck:
    """Knows who has a PIN and judges tries. Nothing here keeps, logs or shows one."""

    def __init__(self, journal: Journal, *, medium_key: bytes, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._seal = PersonalSeal(medium_key)
        self._now = now

    async def judge(self, member: MemberId, pin: str) -> Proof:
        """Whether this is the member's PIN. A wrong one stays counted, whatever happens meanwhile."""
        now = self._now()
        counted = await self._journal.write(lambda tx: self._count(tx, member, now))
        if isinstance(counted, str):
            return counted
        if not await asyncio.to_thread(fits, pin, counted.verifier):
            return "wrong"
        await self._journal.write(lambda tx: tx.forget_wrong_pins(member))
        return "pin"

    async def verifier(self, pin: str) -> str:
        """What is kept of a PIN that was chosen."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return await asyncio.to_thread(lambda: verifier_of(pin, salt=salt))

    def locked_s(self, reader: Reader, member: MemberId) -> int:
        """Seconds until the next try; 0: now."""
        tries = reader.pin_tries(member)
        return locked_for_s(tries.failures, tries.last, now=self._now()) if tries else 0

    def _count(self, tx: Transaction, member: MemberId, now: datetime) -> _Counted | Proof:
        tries = tx.pin_tries(member)
        if tries is not None and locked_for_s(tries.failures, tries.last, now=now) > 0:
            return "locked"
        verifier = self._verifier_of(tx, member)
        if not verifier:
            return ""
        tx.count_wrong_pin(member, now)
        return _Counted(verifier)

    def _verifier_of(self, tx: Transaction, member: MemberId) -> str:
        entry = tx.member(member)
        here = tx.local_pin(member)
        sealed = here if here is not None else entry.pin if entry is not None else ""
        try:
            return self._seal.open(member, sealed).get("verifier", "") if sealed else ""
        except SealError:  # Sealed under another tenant's key: nobody's PIN, so staff reset it.
            return ""
