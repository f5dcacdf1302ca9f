"""What the head office does during the demo, over the cloud's own API: enrol members, link a card."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from devices.observations import CardUid
from simulation.day.turns import SeedMember
from simulation.evidence.books import Auditor, BooksUnreadable

IMPORT_MEMBERS_MAX = 1_000
REPLICA_TIMEOUT_S = 60.0
_TIMEOUT_S = 30.0
_POLL_S = 0.05


class HeadOfficeError(RuntimeError):
    """The cloud refused what the demo asked of it, or did not answer."""


class HeadOffice:
    """Speaks to the cloud at ``url``."""

    def __init__(self, web: httpx.AsyncClient, url: str) -> None:
        self._web = web
        self._url = url

    async def enrol(self, members: Sequence[SeedMember]) -> None:
        """Import members with their cards and codes. Raises :class:`HeadOfficeError`."""
        for first in range(0, len(members), IMPORT_MEMBERS_MAX):
            await self._post(
                "/api/members/import", [_entry(one) for one in members[first : first + IMPORT_MEMBERS_MAX]]
            )

    async def link(self, member: str, card: CardUid, *, technology: str = "card") -> None:
        """Link a card to a member; ``ntag424`` is one that proves itself.

        Raises :class:`HeadOfficeError`, also when it is another's.
        """
        await self._post(f"/api/members/{member}/media", {"technology": technology, "number_hex": card.number.hex()})

    async def _post(self, path: str, body: Any) -> None:
        try:
            response = await self._web.post(f"{self._url}{path}", json=body, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise HeadOfficeError(f"the cloud does not answer {path}: {type(error).__name__} {error}") from error
        if not response.is_success:
            raise HeadOfficeError(f"the cloud refused {path} with {response.status_code}: {response.text:.300}")


async def members_arrived(auditor: Auditor, count: int) -> None:
    """Wait until the store knows ``count`` members. Raises :class:`HeadOfficeError` after ``REPLICA_TIMEOUT_S``."""
    known = 0
    try:
        async with asyncio.timeout(REPLICA_TIMEOUT_S):
            while known < count:
                try:
                    known = int((await auditor.status())["replica"]["members"])
                except BooksUnreadable:
                    known = 0
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise HeadOfficeError(
            f"the store knows {known} of {count} members after {REPLICA_TIMEOUT_S:.0f} s; its log may say why"
        ) from error


def _entry(member: SeedMember) -> dict[str, Any]:
    media = [{"technology": "card", "number_hex": member.card.number.hex()}]
    if member.code is not None:
        media.append({"technology": "code", "number_hex": member.code.encode().hex()})
    return {"member": member.member, "name": member.name, "language": member.language, "media": media}
