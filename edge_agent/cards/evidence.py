"""A conversation with a card: what it brings is evidence, judged later, in the transaction of the tap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.card_channel import CardChannel, CardGone
from devices.ntag424.ev2 import SELECT, SELECTED, Handshake, Refusal
from devices.ntag424.ev2 import Refused as HandshakeRefused
from devices.ntag424.keys import CardKeys
from devices.ntag424.ndef import LinkUnreadable, read_link

TRIES_MAX = 2
"""A card that trembles at the edge of the field gets a second chance before its owner is asked for one."""
PROVING_S_MAX = 3.0
RANDOM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Proven:
    """It answered a challenge that only the holder of its key can answer."""


@dataclass(frozen=True, slots=True)
class Read:
    """It has no key to answer with; this link was read of it just now."""

    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """It answered, and wrongly: it is not the card whose number it shows."""

    reason: Refusal


@dataclass(frozen=True, slots=True)
class Torn:
    """It left, or was told to wait, before it had answered. That says nothing of it."""


Evidence = Proven | Read | Failed | Torn


async def gather(channel: CardChannel, keys: CardKeys, *, draw: Callable[[int], bytes]) -> Evidence:
    """Ask the card. Ends within :data:`PROVING_S_MAX`; ``draw`` gives bytes that nobody can foretell."""
    try:
        async with asyncio.timeout(PROVING_S_MAX):
            for _ in range(TRIES_MAX):
                evidence = await _asked(channel, keys, draw)
                if not isinstance(evidence, Torn):
                    return evidence
    except TimeoutError:
        pass
    return Torn()


async def _asked(channel: CardChannel, keys: CardKeys, draw: Callable[[int], bytes]) -> Evidence:
    try:
        if keys.proof is None:
            return Read(await read_link(channel))
        return await _challenged(channel, Handshake(keys.proof, draw(RANDOM_BYTES)))
    except CardGone:
        return Torn()
    except LinkUnreadable:
        return Failed(Refusal.NO_SUCH_CARD)
    except HandshakeRefused as refused:
        return Torn() if refused.reason is Refusal.DELAYED else Failed(refused.reason)


async def _challenged(channel: CardChannel, handshake: Handshake) -> Evidence:
    if await channel.transceive(SELECT) != SELECTED:
        return Failed(Refusal.NO_SUCH_CARD)
    challenge = await channel.transceive(handshake.begin())
    handshake.finish(await channel.transceive(handshake.answer(challenge)))
    return Proven()
