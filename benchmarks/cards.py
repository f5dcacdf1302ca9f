"""A card entering the field, to its number, to its proof: over a virtual chip on a pty, by the driver a shop runs."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_bytes
from typing import Any, Self

from devices.card_readers import acr122u, pn532, rcs380
from devices.device import Driver
from devices.ntag424.keys import store_keys
from devices.observations import CardTapped, Observation
from devices.virtual.cards import Card, Ntag213
from devices.virtual.ntag424 import personalised
from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.usb.acr122u import Acr122uChip
from devices.virtual.usb.rcs380 import Rcs380Chip
from devices.virtual.usb.reader import VirtualUsbReader
from edge_agent.cards.evidence import Proven, gather
from simulation.evidence.figures import percentile

describe = "card enters the field -> its number -> its proof, on each kind of reader: p50 and p99"

TAP_P50_MS_MAX = 3.4
"""What nfcpy's own loop takes to a number on the same chip."""
PROOF_P50_MS_MAX = 17.5
"""What sensing and authenticating took with nfcpy's own loop."""
TAPS_MIN = 100
_WAIT_S = 10.0
_MISSES = 3
_MASTER = bytes(range(16))
_DRIVERS: dict[str, Driver[Any]] = {"pn532": pn532.DRIVER, "acr122u": acr122u.DRIVER, "rcs380": rcs380.DRIVER}


def run(argv: list[str]) -> dict[str, Any]:
    """Run it and return the figures with their targets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks cards")
    parser.add_argument("--taps", type=int, default=500, help="how many taps to measure on each reader (100 or more)")
    taps = max(TAPS_MIN, parser.parse_args(argv).taps)
    readers = {name: asyncio.run(_measure(name, taps)) for name in _DRIVERS}
    told, proven = readers["pn532"]["number_ms"]["p50"], readers["pn532"]["number_and_proof_ms"]["p50"]
    return {
        "taps": taps,
        **readers,
        "targets": [
            {"what": "pn532: number p50 ms", "target": TAP_P50_MS_MAX, "is": told, "met": told <= TAP_P50_MS_MAX},
            {
                "what": "pn532: number and proof p50 ms",
                "target": PROOF_P50_MS_MAX,
                "is": proven,
                "met": proven <= PROOF_P50_MS_MAX,
            },
        ],
    }


async def _measure(name: str, taps: int) -> dict[str, Any]:
    driver = _DRIVERS[name]
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as opened:
            hand = opened.enter_context(_hand(name, Path(folder) / "reader"))
            where = {"path": str(hand.place)} if name == "pn532" else {"port": str(hand.place)}
            reader = await opened.enter_async_context(driver.open(driver.configure(where)))
            stream = reader.observations()
            plain = [await _tap(hand, stream, Ntag213(_uid(number))) for number in range(taps)]
            proofs = [await _prove(hand, stream, _uid(number)) for number in range(taps)]
    return {
        "plain_card_number_ms": _figures(plain),
        "number_ms": _figures([told for told, _ in proofs]),
        "proof_ms": _figures([proof for _, proof in proofs]),
        "number_and_proof_ms": _figures([told + proof for told, proof in proofs]),
    }


class _Hand:
    """Holds cards to one virtual reader, once that has seen an empty field."""

    def __init__(self, reader: VirtualPn532 | VirtualUsbReader) -> None:
        self._reader = reader
        self.place = reader.port.link if isinstance(reader, VirtualPn532) else reader.path

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.stop()

    async def present(self, card: Card) -> None:
        """Wait for the empty field, then hold the card there."""
        if isinstance(self._reader, VirtualPn532):
            await asyncio.to_thread(self._reader.wait_until_waiting, timeout_s=_WAIT_S)
        else:
            await asyncio.to_thread(self._reader.wait_until_looked, _MISSES, timeout_s=_WAIT_S)
        self._reader.present(card)

    def remove(self) -> None:
        """Take it away."""
        self._reader.remove()


def _hand(name: str, place: Path) -> _Hand:
    if name == "pn532":
        return _Hand(VirtualPn532(place))
    return _Hand(VirtualUsbReader(place, Acr122uChip() if name == "acr122u" else Rcs380Chip()))


async def _tap(hand: _Hand, stream: AsyncIterator[Observation], card: Card) -> float:
    """Milliseconds from the card in the field to its number in the event loop."""
    await hand.present(card)
    began = time.perf_counter()
    async with asyncio.timeout(_WAIT_S):
        await anext(stream)
    told = (time.perf_counter() - began) * 1e3
    hand.remove()
    return told


async def _prove(hand: _Hand, stream: AsyncIterator[Observation], uid: bytes) -> tuple[float, float]:
    """The same, and from the number to the proof."""
    await hand.present(personalised(uid, _MASTER))
    began = time.perf_counter()
    async with asyncio.timeout(_WAIT_S):
        tap = await anext(stream)
    told = time.perf_counter()
    if not isinstance(tap, CardTapped) or tap.channel is None:
        raise RuntimeError(f"the reader told {tap!r}, and gave no line to the card")
    evidence = await gather(tap.channel, store_keys(_MASTER, uid), draw=token_bytes)
    tap.channel.close()
    proven = time.perf_counter()
    hand.remove()
    if evidence != Proven():
        raise RuntimeError(f"the card did not prove itself: {evidence!r}")
    return (told - began) * 1e3, (proven - told) * 1e3


def _uid(number: int) -> bytes:
    return b"\x04" + number.to_bytes(6, "big")


def _figures(samples: list[float]) -> dict[str, float]:
    return {"p50": percentile(samples, 0.5), "p99": percentile(samples, 0.99)}
