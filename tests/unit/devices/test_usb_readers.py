"""Both USB readers, driven by nfcpy's own drivers over a socket: taps, proofs, faults, and what a fault says."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.card_channel import CardGone
from devices.card_readers import acr122u, rcs380
from devices.card_readers.usb_link import UsbKind, UsbReaderSettings, UsbWire
from devices.device import DeviceFault, Driver
from devices.ntag424.ev2 import SELECT, SELECTED, Handshake
from devices.ntag424.keys import KeyNumber, card_key
from devices.observations import CardTapped, CardUid, CodeScanned, Observation
from devices.virtual.cards import Card, FelicaCard, Ntag213, Type4Card, uri_message
from devices.virtual.faults import FaultKind
from devices.virtual.ntag424 import personalised
from devices.virtual.usb.acr122u import Acr122uChip
from devices.virtual.usb.rcs380 import Rcs380Chip
from devices.virtual.usb.reader import VirtualUsbReader

_WAIT_S = 20.0
_ANNA = bytes.fromhex("04A1B2C3D4E580")
_MASTER = b"the master's key"


@pytest.fixture(params=["acr122u", "rcs380"])
def driver(request: pytest.FixtureRequest) -> Driver[UsbReaderSettings]:
    return {"acr122u": acr122u.DRIVER, "rcs380": rcs380.DRIVER}[request.param]


@pytest.fixture
def usb(driver: Driver[UsbReaderSettings], tmp_path: Path) -> Iterator[VirtualUsbReader]:
    chip = Acr122uChip() if driver.name == "acr122u" else Rcs380Chip()
    with VirtualUsbReader(tmp_path / "reader", chip) as reader:
        yield reader


def _open(driver: Driver[UsbReaderSettings], usb: VirtualUsbReader, **settings: Any) -> Any:
    return driver.open(driver.configure({"port": str(usb.path), "poll_interval_ms": 5, **settings}))


async def _next(stream: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(_WAIT_S):
        return await anext(stream)


async def _left(usb: VirtualUsbReader) -> None:
    assert await asyncio.to_thread(usb.wait_until_looked, 4, timeout_s=_WAIT_S)


@pytest.mark.parametrize(
    "card", [Ntag213(_ANNA), Type4Card(_ANNA), Type4Card(_ANNA[:4]), Type4Card(_ANNA + b"\x01\x02\x03")]
)
async def test_a_card_of_any_length_of_number_is_told_once(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader, card: Card
) -> None:
    async with _open(driver, usb) as reader:
        stream = reader.observations()
        for _ in range(2):
            with usb.holding(card):
                assert await _next(stream) == CardTapped(CardUid(card.uid), "nfc-a")
                await _left(usb)  # it lies still, and is looked at again and again
            await _left(usb)


async def test_a_felica_card_is_told_where_it_is_looked_for(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader
) -> None:
    async with _open(driver, usb, technologies=["nfc-a", "nfc-f"]) as reader:
        stream = reader.observations()
        for card, technology in ((FelicaCard(b"\x01\x02" + _ANNA[:6]), "nfc-f"), (Ntag213(_ANNA), "nfc-a")):
            with usb.holding(card):
                assert await _next(stream) == CardTapped(CardUid(card.uid), technology)
            await asyncio.to_thread(usb.wait_until_looked, 8, timeout_s=_WAIT_S)


@pytest.mark.parametrize("kind", [Ntag213, Type4Card])
async def test_the_link_on_a_card_is_read(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader, kind: type[Ntag213 | Type4Card]
) -> None:
    link = "https://example.com/member?e=" + "A" * 60
    async with _open(driver, usb, read_ndef=True) as reader:
        stream = reader.observations()
        with usb.holding(kind(_ANNA, ndef=uri_message(link))):
            assert isinstance(await _next(stream), CardTapped)
            assert await _next(stream) == CodeScanned(link, "ndef")


async def test_a_strong_card_proves_itself_through_the_reader(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader
) -> None:
    async with _open(driver, usb) as reader:
        with usb.holding(personalised(_ANNA, _MASTER)):
            tap = await _next(reader.observations())
            assert isinstance(tap, CardTapped)
            assert tap.channel is not None
            handshake = Handshake(card_key(_MASTER, _ANNA, KeyNumber.PROOF), os.urandom(16))
            assert await tap.channel.transceive(SELECT) == SELECTED
            challenge = await tap.channel.transceive(handshake.begin())
            handshake.finish(await tap.channel.transceive(handshake.answer(challenge)))


async def test_a_card_torn_away_is_gone_and_the_reader_goes_on(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader
) -> None:
    async with _open(driver, usb) as reader:
        stream = reader.observations()
        usb.fail(FaultKind.TORN_CARD)
        usb.present(personalised(_ANNA, _MASTER))
        tap = await _next(stream)
        assert isinstance(tap, CardTapped)
        assert tap.channel is not None
        with pytest.raises(CardGone):
            for _ in range(8):
                await tap.channel.transceive(SELECT)
        usb.heal()
        await _left(usb)
        with usb.holding(Ntag213(_ANNA)):
            assert await _next(stream) == CardTapped(CardUid(_ANNA), "nfc-a")


@pytest.mark.parametrize("kind", [FaultKind.SILENT, FaultKind.FROZEN, FaultKind.GARBAGE, FaultKind.UNPLUGGED])
async def test_every_fault_ends_the_observations_with_a_remedy_and_heals_by_reopening(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader, kind: FaultKind
) -> None:
    async with _open(driver, usb) as reader:
        stream = reader.observations()
        waiting = asyncio.create_task(anext(stream))
        await _left(usb)
        await asyncio.to_thread(usb.fail, kind)
        with pytest.raises(DeviceFault) as caught:
            async with asyncio.timeout(_WAIT_S):
                await waiting
        assert caught.value.remedy
    usb.heal()
    async with _open(driver, usb) as reader:
        with usb.holding(Ntag213(_ANNA)):
            assert await _next(reader.observations()) == CardTapped(CardUid(_ANNA), "nfc-a")


async def test_a_conversation_cut_by_a_pulled_plug_ends_for_the_card_and_for_the_reader(
    driver: Driver[UsbReaderSettings], usb: VirtualUsbReader
) -> None:
    async with _open(driver, usb) as reader:
        stream = reader.observations()
        usb.present(personalised(_ANNA, _MASTER))
        tap = await _next(stream)
        assert isinstance(tap, CardTapped)
        assert tap.channel is not None
        assert await tap.channel.transceive(SELECT) == SELECTED
        await asyncio.to_thread(usb.stop)
        with pytest.raises(CardGone):
            async with asyncio.timeout(_WAIT_S):
                while True:
                    await tap.channel.transceive(SELECT)
        with pytest.raises(DeviceFault):
            await _next(stream)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENODEV, "plugged in"),
        (errno.EACCES, "not allowed"),
        (errno.EBUSY, "another program"),
        (errno.EIO, "nonsense"),
    ],
)
def test_what_the_bus_says_becomes_a_fault_that_names_the_remedy(number: int, word: str) -> None:
    def refuse(_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    kind = UsbKind("ACR122U", acr122u.KIND.ids, refuse, acr122u.KIND.sensing)
    fault = UsbWire(kind, "usb").fault(OSError(number, os.strerror(number)))
    assert word in fault.reason
    assert fault.remedy


async def test_a_machine_without_such_a_reader_says_so(driver: Driver[UsbReaderSettings]) -> None:
    """This asks libusb itself, on whatever bus the machine has."""
    with pytest.raises(DeviceFault, match=r"plugged in|not allowed"):
        async with driver.open(driver.configure({"port": "usb:250:127"})):
            pass


async def test_a_port_that_is_a_file_is_a_fault(driver: Driver[UsbReaderSettings], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceFault, match="no socket"):
        async with driver.open(driver.configure({"port": str(tmp_path / "file")})):
            pass


@pytest.mark.parametrize("port", ["usb:1", "usb:a:b", "usb:1:2:3", "tty:1", "relative/path", ""])
def test_a_port_that_cannot_be_is_refused(driver: Driver[UsbReaderSettings], port: str) -> None:
    with pytest.raises(ValidationError):
        driver.configure({"port": port})
