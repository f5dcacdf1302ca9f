"""Lines to cards on a reader: they end with the card, no card holds the reader up, and nothing else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from devices.card_channel import CardChannel, CardGone
from devices.card_readers.lines import REQUESTS_MAX, CardLines
from devices.card_readers.pn532 import DRIVER
from devices.ntag424.ev2 import SELECT, SELECTED
from devices.observations import CardTapped, CardUid, CodeScanned, Observation
from devices.virtual.cards import Card, FelicaCard, Ntag213, Reply, Type4Card, uri_message
from devices.virtual.ntag424 import personalised
from devices.virtual.pn532_chip import VirtualPn532

_WAIT_S = 20.0
_ANNA = bytes.fromhex("04A1B2C3D4E580")
_BEN = bytes.fromhex("04A1B2C3D4E581")
_MASTER = b"the master's key"


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[VirtualPn532]:
    with VirtualPn532(tmp_path / "reader") as chip:
        yield chip


def _open(chip: VirtualPn532, **settings: Any) -> Any:
    return DRIVER.open(DRIVER.configure({"path": str(chip.port.link), "poll_interval_ms": 5, **settings}))


async def _next(stream: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(_WAIT_S):
        return await anext(stream)


async def _line(stream: AsyncIterator[Observation]) -> CardChannel:
    tap = await _next(stream)
    assert isinstance(tap, CardTapped)
    assert tap.channel is not None
    return tap.channel


async def _left(chip: VirtualPn532) -> None:
    chip.remove()
    assert await asyncio.to_thread(chip.wait_until_waiting, timeout_s=_WAIT_S)


class Hostile(Type4Card):
    """A card that answers each command in a way that comes to no end."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(_ANNA)
        self._answer = answer
        self._is_awake = False

    def activate(self) -> bytes:
        self._is_awake = False
        return super().activate()

    def transceive(self, frame: bytes) -> Reply:
        if not self._is_awake:
            self._is_awake = True
            return super().transceive(frame)
        # Block numbers alternate as they should: only the end is missing.
        number = frame[0] & 1
        return bytes([self._answer[0] | number]) + self._answer[1:] if self._answer[0] & 0xF0 != 0xF0 else self._answer


async def test_a_line_carries_commands_until_the_card_leaves(chip: VirtualPn532) -> None:
    async with _open(chip) as reader:
        stream = reader.observations()
        chip.present(personalised(_ANNA, _MASTER))
        line = await _line(stream)
        for _ in range(3):
            assert await line.transceive(SELECT) == SELECTED
        line.close()
        await _left(chip)
        with pytest.raises(CardGone):
            await line.transceive(SELECT)


async def test_the_line_of_a_card_that_was_looked_at_again_still_works(chip: VirtualPn532) -> None:
    async with _open(chip) as reader:
        stream = reader.observations()
        with chip.holding(personalised(_ANNA, _MASTER)):
            line = await _line(stream)
            assert await asyncio.to_thread(chip.wait_until_looked, 5, timeout_s=_WAIT_S)
            assert await line.transceive(SELECT) == SELECTED


async def test_a_line_leads_to_its_own_card_only(chip: VirtualPn532) -> None:
    async with _open(chip, left_after_misses=20) as reader:
        stream = reader.observations()
        chip.present(personalised(_ANNA, _MASTER))
        annas = await _line(stream)
        chip.present(personalised(_BEN, _MASTER))
        bens = await _line(stream)
        with pytest.raises(CardGone):
            await annas.transceive(SELECT)
        assert await bens.transceive(SELECT) == SELECTED


@pytest.mark.parametrize("card", [Ntag213(_ANNA), FelicaCard(_ANNA + b"\x01")])
async def test_a_card_that_takes_no_commands_has_no_line(chip: VirtualPn532, card: Card) -> None:
    technologies: list[Literal["nfc-a", "nfc-f"]] = ["nfc-a", "nfc-f"]
    async with _open(chip, technologies=technologies) as reader:
        with chip.holding(card):
            tap = await _next(reader.observations())
            assert isinstance(tap, CardTapped)
            assert tap.channel is None


async def test_a_conversation_forgotten_keeps_the_next_card_waiting_for_a_moment_only(chip: VirtualPn532) -> None:
    async with _open(chip) as reader:
        stream = reader.observations()
        chip.present(personalised(_ANNA, _MASTER))
        line = await _line(stream)
        await line.transceive(SELECT)  # and never closed
        chip.present(Ntag213(_BEN))
        assert await _next(stream) == CardTapped(CardUid(_BEN), "nfc-a")


@pytest.mark.parametrize("answer", [b"\xf2\x3f", b"\x12" + bytes(60)], ids=["more time", "more to come"])
async def test_a_card_that_comes_to_no_end_does_not_hold_the_reader_up(chip: VirtualPn532, answer: bytes) -> None:
    async with _open(chip) as reader:
        stream = reader.observations()
        chip.present(Hostile(answer))
        line = await _line(stream)
        with pytest.raises(CardGone):
            async with asyncio.timeout(_WAIT_S):
                await line.transceive(SELECT)
        await _left(chip)
        with chip.holding(Ntag213(_BEN)):
            assert await _next(stream) == CardTapped(CardUid(_BEN), "nfc-a")


async def test_the_text_of_a_card_that_nobody_asks_is_read_and_of_one_that_was_asked_is_not(
    chip: VirtualPn532,
) -> None:
    card = Type4Card(_ANNA, ndef=uri_message("https://example.com/anna"))
    async with _open(chip, read_ndef=True) as reader:
        stream = reader.observations()
        for does_ask in (False, True):
            chip.present(card)
            line = await _line(stream)
            if does_ask:
                await line.transceive(SELECT)
                line.close()
            else:
                line.close()
                assert await _next(stream) == CodeScanned("https://example.com/anna", "ndef")
            await _left(chip)
        with chip.holding(Ntag213(_BEN)):
            assert await _next(stream) == CardTapped(CardUid(_BEN), "nfc-a")


async def test_closing_the_reader_ends_a_conversation_at_once(chip: VirtualPn532) -> None:
    async with _open(chip) as reader:
        chip.present(personalised(_ANNA, _MASTER))
        line = await _line(reader.observations())
        await line.transceive(SELECT)
    with pytest.raises(CardGone):
        await line.transceive(SELECT)


@pytest.mark.parametrize("command", [b"", bytes(262)])
async def test_a_command_that_no_card_takes_is_a_mistake_of_the_caller(command: bytes) -> None:
    line = CardLines().open(CardUid(_ANNA))
    with pytest.raises(ValueError, match="bytes"):
        await line.transceive(command)


async def test_only_so_many_commands_wait_and_all_end_with_the_line() -> None:
    lines = CardLines()
    line = lines.open(CardUid(_ANNA))
    waiting = [asyncio.ensure_future(line.transceive(SELECT)) for _ in range(REQUESTS_MAX + 1)]
    assert isinstance(await asyncio.gather(waiting[-1], return_exceptions=True), list)
    line.close()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in ended] == [CardGone] * (REQUESTS_MAX + 1)


async def test_a_command_whose_asker_gave_up_is_not_carried_out() -> None:
    lines = CardLines()
    line = lines.open(CardUid(_ANNA))
    asked = asyncio.ensure_future(line.transceive(SELECT))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    request = lines.next(0)
    assert request is not None
    carried: list[bytes] = []

    def carry(command: bytes) -> bytes:
        carried.append(command)
        return b""

    assert request.serve(carry)
    assert carried == []
