"""The same code means the same, whichever scanner reads it: goods, a member's and a coupon's code, a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_bridge.contract import CodeScannedV1
from devices.code_scanners.code_camera import DRIVER as CAMERA
from devices.code_scanners.phone_code import PhoneKey
from devices.code_scanners.serial_scanner import DRIVER as SERIAL
from devices.input_events.wedge_scanner import DRIVER as WEDGE
from devices.observations import CodeScanned, ConditionChanged, Observation
from devices.virtual.camera import VirtualCamera, picture_of
from devices.virtual.scanner import VirtualScanner
from devices.virtual.wedge import VirtualWedge
from edge_agent.translate import translate

KEY = b"k" * 32
PHONE = PhoneKey.from_bytes(bytes(range(32)))
WITHIN_S = 10.0

Show = Callable[[str, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Scanner:
    """An open scanner: hold a code of a kind (as zxing names it) before it, and see what its driver tells."""

    show: Show
    seen: AsyncIterator[Observation]

    async def reads(self, text: str, kind: str) -> CodeScannedV1:
        await self.show(text, kind)
        async with asyncio.timeout(WITHIN_S):
            async for word in self.seen:
                if not isinstance(word, ConditionChanged):
                    assert isinstance(word, CodeScanned)
                    fact = translate("scanner", word, key=KEY)
                    assert isinstance(fact, CodeScannedV1)
                    return fact.model_copy(update={"symbology": "any"})
        raise AssertionError("the scanner ended")


@asynccontextmanager
async def _serial(folder: Path, _: int) -> AsyncIterator[Scanner]:
    with VirtualScanner(folder / "scanner") as hardware:
        async with SERIAL.open(SERIAL.configure({"port": str(hardware.port.link)})) as device:

            async def show(text: str, kind: str) -> None:
                assert hardware.scan(text, aim_id="]Q1" if kind == "QRCode" else "]E0")

            yield Scanner(show, device.observations())


@asynccontextmanager
async def _wedge(folder: Path, _: int) -> AsyncIterator[Scanner]:
    with VirtualWedge(folder / "wedge", layout="de") as hardware:
        async with WEDGE.open(WEDGE.configure({"path": hardware.path, "layout": "de"})) as device:

            async def show(text: str, _: str) -> None:
                assert hardware.type(text)

            yield Scanner(show, device.observations())


@asynccontextmanager
async def _camera(_: Path, port: int) -> AsyncIterator[Scanner]:
    pytest.importorskip("cv2", reason="OpenCV is not installed (pip install 'regulars[vision]')")
    with VirtualCamera(port) as hardware:
        async with CAMERA.open(CAMERA.configure({"source": hardware.url, "decode_per_s_max": 30})) as device:

            async def show(text: str, kind: str) -> None:
                hardware.show(await asyncio.to_thread(picture_of, text, kind))

            yield Scanner(show, device.observations())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("4006381333931", "EAN13"),
        ("036000291452", "UPCA"),
        ("MEMBER-0042-ü", "QRCode"),
        ("SUMMER-7K2P-QX9D", "QRCode"),
        (PHONE.code(1_795_000_000), "QRCode"),
        (PHONE.link(1_795_000_000), "QRCode"),
    ],
    ids=["ean", "upc", "member", "coupon", "phone", "link"],
)
async def test_a_code_is_the_same_fact_through_serial_line_keyboard_and_camera(
    tmp_path: Path, free_port: Callable[[], int], text: str, kind: str
) -> None:
    async with AsyncExitStack() as stack:
        scanners = [await stack.enter_async_context(one(tmp_path, free_port())) for one in (_serial, _wedge, _camera)]
        facts = [await scanner.reads(text, kind) for scanner in scanners]
    assert facts[0] == facts[1] == facts[2]
    assert (facts[0].sku is not None) == (kind != "QRCode")
    assert (facts[0].phone_signature is not None) == text.startswith("RG")
