"""The PN532 reader over virtual hardware: taps, their debouncing, and every way a reader was seen to fail."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import nfc.clf.pn532
import nfc.clf.transport
import pytest
import structlog

from devices.card_readers.nfc_link import NoText
from devices.card_readers.pn532 import DRIVER, Pn532Settings, open_reader
from devices.card_readers.pn532_link import open_pn532
from devices.card_readers.reader import CardReader
from devices.device import DeviceFault
from devices.observations import CardTapped, CardUid, CodeScanned, Observation, Trust
from devices.virtual.cards import Card, FelicaCard, Ntag213, Reply, Type4Card, uri_message
from devices.virtual.faults import FaultKind
from devices.virtual.pn532_chip import VirtualPn532

_WAIT_S = 20.0
_CLOSED_WITHIN_S = 1.0
_ANNA = bytes.fromhex("04A1B2C3D4E580")
_BEN = bytes.fromhex("04B1B2C3D4E580")
_SILENCING = [FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE, FaultKind.UNPLUGGED]


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[VirtualPn532]:
    with VirtualPn532(tmp_path / "by-id" / "usb-reader") as running:
        yield running


def _reader(chip: VirtualPn532, **settings: Any) -> CardReader:
    return open_reader(Pn532Settings(path=chip.port.link, **settings))


async def _waiting(chip: VirtualPn532) -> None:
    assert await asyncio.to_thread(chip.wait_until_waiting, timeout_s=_WAIT_S)


async def _looked(chip: VirtualPn532, times: int) -> None:
    assert await asyncio.to_thread(chip.wait_until_looked, times, timeout_s=_WAIT_S)


async def _next(stream: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(_WAIT_S):
        return await anext(stream)


def _tap_of(uid: bytes) -> CardTapped:
    return CardTapped(CardUid(uid), "nfc-a", Trust.WEAK)


def _open_fds() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# --- taps ---


@pytest.mark.parametrize(
    "card",
    [Ntag213(_ANNA), Ntag213(_ANNA, ndef=b""), Type4Card(_ANNA), Type4Card(_ANNA[:4]), Type4Card(_ANNA + _BEN[:3])],
)
async def test_a_card_is_told_by_its_number(chip: VirtualPn532, card: Ntag213 | Type4Card) -> None:
    async with _reader(chip) as reader:
        with chip.holding(card):
            assert await _next(reader.observations()) == _tap_of(card.uid)


async def test_a_card_already_there_when_the_reader_opens_is_told(chip: VirtualPn532) -> None:
    with chip.holding(Ntag213(_ANNA)):
        async with _reader(chip) as reader:
            assert await _next(reader.observations()) == _tap_of(_ANNA)


async def test_a_tap_does_not_wait_for_the_polling_interval(chip: VirtualPn532) -> None:
    loop = asyncio.get_running_loop()
    async with _reader(chip, poll_interval_ms=1_000) as reader:
        await _waiting(chip)
        began = loop.time()
        with chip.holding(Ntag213(_ANNA)):
            await _next(reader.observations())
        assert loop.time() - began < 0.5


async def test_a_card_lying_still_is_told_once(chip: VirtualPn532) -> None:
    async with _reader(chip, poll_interval_ms=5) as reader:
        stream = reader.observations()
        chip.present(Ntag213(_ANNA))
        assert await _next(stream) == _tap_of(_ANNA)
        await _looked(chip, 5)
        chip.present(Ntag213(_BEN))
        assert await _next(stream) == _tap_of(_BEN)


async def test_a_card_that_left_and_came_back_is_told_again(chip: VirtualPn532) -> None:
    async with _reader(chip) as reader:
        stream = reader.observations()
        for _ in range(3):
            await _waiting(chip)
            with chip.holding(Ntag213(_ANNA)):
                assert await _next(stream) == _tap_of(_ANNA)


async def test_a_number_that_changes_at_every_tap_is_not_told(chip: VirtualPn532) -> None:
    async with _reader(chip, poll_interval_ms=5) as reader:
        stream = reader.observations()
        await _waiting(chip)
        with chip.holding(Type4Card(bytes.fromhex("08A1B2C3"))), structlog.testing.capture_logs() as logs:
            await _looked(chip, 3)
        assert [entry["outcome"] for entry in logs] == ["random number ignored"]
        chip.present(Ntag213(_ANNA))
        assert await _next(stream) == _tap_of(_ANNA)


async def test_cards_of_two_technologies_are_told_by_one_reader(chip: VirtualPn532) -> None:
    idm = bytes.fromhex("0101060123456789")
    async with _reader(chip, technologies=("nfc-a", "nfc-f"), poll_interval_ms=5) as reader:
        stream = reader.observations()
        chip.present(FelicaCard(idm))
        assert await _next(stream) == CardTapped(CardUid(idm), "nfc-f")
        chip.present(Ntag213(_ANNA))
        assert await _next(stream) == _tap_of(_ANNA)


async def test_taps_wait_for_a_slow_consumer_in_order(chip: VirtualPn532) -> None:
    uids = [b"\x04" + bytes([number]) * 6 for number in range(6)]
    async with _reader(chip) as reader:
        for uid in uids:
            await _waiting(chip)
            with chip.holding(Ntag213(uid)):
                assert await asyncio.to_thread(chip.wait_until_read, timeout_s=_WAIT_S)
        stream = reader.observations()
        assert [await _next(stream) for _ in uids] == [_tap_of(uid) for uid in uids]


# --- what is stored on the card ---


@pytest.mark.parametrize("kind", [Ntag213, Type4Card])
async def test_the_tap_is_told_before_the_link_on_the_card(chip: VirtualPn532, kind: type[Ntag213 | Type4Card]) -> None:
    signed = "https://a.example/?picc=EF96%2B&cmac=94EE%20"
    async with _reader(chip, read_ndef=True) as reader:
        stream = reader.observations()
        with chip.holding(kind(_ANNA, ndef=uri_message(signed))):
            assert await _next(stream) == _tap_of(_ANNA)
            assert await _next(stream) == CodeScanned(signed, "ndef")


class OddCard:
    """A card that answers everything with the same bytes."""

    technology: Literal["A", "F"] = "A"

    def __init__(self, uid: bytes, *, sak: int, reply: Reply) -> None:
        self.uid = uid
        self._sak = sak
        self._reply = reply

    def activate(self) -> bytes:
        return b"\x00\x44" + bytes([self._sak, len(self.uid)]) + self.uid

    def transceive(self, frame: bytes) -> Reply:
        return self._reply


_UNREADABLE: list[Card] = [
    Ntag213(_ANNA),
    Ntag213(_ANNA, ndef=b""),
    Ntag213(_ANNA, ndef=b"\xff" * 20),
    Ntag213(_ANNA, ndef=uri_message("")),
    Type4Card(_ANNA),
    Type4Card(_ANNA, ndef=b"\xd1\x01"),
    *(
        OddCard(_ANNA, sak=sak, reply=reply)
        for sak in (0x00, 0x20)
        for reply in (b"", b"\x01", b"\x02\x90\x00", b"\xff" * 16, b"\x00" * 16, bytes.fromhex("0000FF00FF00"), None)
    ),
]


@pytest.mark.parametrize("card", _UNREADABLE)
async def test_a_blank_or_odd_card_is_a_tap_and_no_fault_of_the_reader(chip: VirtualPn532, card: Card) -> None:
    async with _reader(chip, read_ndef=True) as reader:
        stream = reader.observations()
        with chip.holding(card):
            assert await _next(stream) == _tap_of(_ANNA)
        await _waiting(chip)
        with chip.holding(Ntag213(_BEN)):
            assert await _next(stream) == _tap_of(_BEN)


async def test_a_card_torn_away_while_it_is_read_is_a_tap(chip: VirtualPn532) -> None:
    chip.fail(FaultKind.TORN_CARD)
    async with _reader(chip, read_ndef=True) as reader:
        stream = reader.observations()
        with structlog.testing.capture_logs() as logs:
            chip.present(Ntag213(_ANNA, ndef=uri_message("https://a.example")))
            assert await _next(stream) == _tap_of(_ANNA)
            await _waiting(chip)
        assert [entry["outcome"] for entry in logs] == ["card torn"]
        chip.heal()
        with chip.holding(Ntag213(_ANNA, ndef=uri_message("https://a.example"))):
            assert await _next(stream) == _tap_of(_ANNA)
            assert await _next(stream) == CodeScanned("https://a.example", "ndef")


def test_torn_and_blank_are_told_apart(chip: VirtualPn532) -> None:
    link = open_pn532(chip.port.link)
    try:
        assert link.read_text() is NoText.TORN
        with chip.holding(Ntag213(_ANNA)):
            assert link.read_text() is NoText.BLANK
    finally:
        link.close()


# --- faults ---


@pytest.mark.parametrize("lying", [False, True], ids=["field_empty", "card_lying"])
@pytest.mark.parametrize("kind", _SILENCING)
async def test_every_failure_is_a_fault_closes_promptly_leaks_nothing_and_heals(
    chip: VirtualPn532, kind: FaultKind, lying: bool
) -> None:
    loop = asyncio.get_running_loop()
    held = _open_fds(), threading.active_count()
    async with _reader(chip) as reader:
        stream = reader.observations()
        await _waiting(chip)
        if lying:
            chip.present(Ntag213(_ANNA))
            assert await _next(stream) == _tap_of(_ANNA)
        chip.fail(kind)
        with pytest.raises(DeviceFault) as caught:
            await _next(stream)
        assert caught.value.remedy
        leaving = loop.time()
    assert loop.time() - leaving < _CLOSED_WITHIN_S
    chip.remove()
    chip.heal()
    async with _reader(chip) as reader:
        with chip.holding(Ntag213(_BEN)):
            assert await _next(reader.observations()) == _tap_of(_BEN)
    await loop.shutdown_default_executor()
    assert (_open_fds(), threading.active_count()) == held


@pytest.mark.parametrize("kind", _SILENCING)
async def test_closing_is_prompt_the_moment_it_fails(chip: VirtualPn532, kind: FaultKind) -> None:
    loop = asyncio.get_running_loop()
    async with _reader(chip):
        await _waiting(chip)
        chip.fail(kind)
        leaving = loop.time()
    assert loop.time() - leaving < _CLOSED_WITHIN_S


@pytest.mark.parametrize("kind", [FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE])
async def test_a_chip_that_does_not_answer_cannot_be_opened_and_says_what_to_check(
    chip: VirtualPn532, kind: FaultKind
) -> None:
    held = _open_fds()
    chip.fail(kind)
    with pytest.raises(DeviceFault, match="no PN532 answers") as caught:
        async with _reader(chip):
            pass
    assert "HSU" in caught.value.remedy
    assert _open_fds() == held


async def test_a_missing_port_and_a_path_that_is_none_are_told_apart(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "gone", "there is no"), (tmp_path, "is no serial port")):
        with pytest.raises(DeviceFault, match=reason):
            async with open_reader(Pn532Settings(path=path)):
                pass


async def test_a_loop_of_links_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DeviceFault, match="there is no"):
        async with open_reader(Pn532Settings(path=tmp_path / "a")):
            pass


async def test_a_chip_left_at_full_speed_by_a_killed_gateway_is_called_back(chip: VirtualPn532) -> None:
    transport = nfc.clf.transport.TTY(str(chip.port.link))
    nfc.clf.pn532.init(transport)
    transport.tty.close()  # no farewell: what a kill leaves
    assert chip.baudrate == 921_600
    async with _reader(chip) as reader:
        with chip.holding(Ntag213(_ANNA)):
            assert await _next(reader.observations()) == _tap_of(_ANNA)


def test_a_wake_that_came_too_late_does_not_cut_the_farewell_short(chip: VirtualPn532) -> None:
    link = open_pn532(chip.port.link)
    assert chip.baudrate == 921_600
    link.wake()
    link.close()
    assert chip.baudrate == 115_200
    link.wake()


async def test_a_reader_nobody_uses_for_a_while_stays_open(chip: VirtualPn532) -> None:
    async with _reader(chip) as reader:
        await _looked(chip, 3)
        with chip.holding(Ntag213(_ANNA)):
            assert await _next(reader.observations()) == _tap_of(_ANNA)


async def test_closing_does_not_wait_for_the_pause_between_two_looks(chip: VirtualPn532) -> None:
    loop = asyncio.get_running_loop()
    async with _reader(chip, poll_interval_ms=1_000) as reader:
        chip.present(Ntag213(_ANNA))
        await _next(reader.observations())
        leaving = loop.time()
    assert loop.time() - leaving < 0.5


async def test_a_clean_close_leaves_the_chip_asleep_at_its_first_speed(chip: VirtualPn532) -> None:
    for _ in range(10):
        async with _reader(chip):
            await _waiting(chip)
        assert chip.baudrate == 115_200


async def test_noise_on_the_line_is_no_tap(chip: VirtualPn532) -> None:
    async with _reader(chip) as reader:
        stream = reader.observations()
        await _waiting(chip)
        chip.port.send(bytes(range(200)))
        with pytest.raises(DeviceFault):
            await _next(stream)


async def test_opening_that_nobody_waits_for_gives_the_port_back(chip: VirtualPn532) -> None:
    held = _open_fds()
    entering = asyncio.ensure_future(_reader(chip).__aenter__())
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
    await asyncio.get_running_loop().shutdown_default_executor()
    assert chip.baudrate == 115_200
    assert _open_fds() == held


async def test_a_reader_that_was_not_opened_says_so(chip: VirtualPn532) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _reader(chip).observations()


# --- privacy and settings ---


async def test_no_card_number_reaches_a_log(chip: VirtualPn532, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(1), structlog.testing.capture_logs() as logs:
        async with _reader(chip, read_ndef=True) as reader:
            stream = reader.observations()
            with chip.holding(Ntag213(_ANNA, ndef=uri_message("https://secret.example"))):
                await _next(stream)
                await _next(stream)
    told = " ".join(record.getMessage() for record in caplog.records) + repr(logs)
    assert "secret" not in told
    assert _ANNA.hex()[4:] not in told.lower()
    assert not logging.getLogger("nfc").isEnabledFor(logging.CRITICAL)


def test_the_path_of_the_port_is_advised_to_be_stable() -> None:
    description = DRIVER.settings.model_fields["path"].description
    assert description is not None
    assert "/dev/serial/by-id" in description
    assert "/dev/ttyUSB0" in description
