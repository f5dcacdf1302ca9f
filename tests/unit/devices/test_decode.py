"""Codes out of pictures: rendered ones of every kind, and photographs taken in shops."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.code_scanners.decode import Code, decode, decoders
from devices.code_scanners.sightings import Sightings
from devices.observations import CodeScanned
from devices.virtual.camera import empty_picture, picture_of


@pytest.mark.parametrize(
    ("kind", "text", "symbology"),
    [
        ("QRCode", "member-7", "qr"),
        ("QRCode", "会员七号", "qr"),
        ("EAN13", "4006381333931", "ean13"),
        ("EAN8", "96385074", "ean8"),
        ("Code128", "REG-00042", "code128"),
        ("DataMatrix", "member-7", "datamatrix"),
        ("Aztec", "member-7", "aztec"),
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_a_rendered_code_is_read_for_sure(kind: str, text: str, symbology: str, colour: bool) -> None:
    picture = picture_of(text, kind)
    if colour:
        picture = np.stack([picture] * 3, axis=2)
    assert decode(picture) == [Code(text, symbology, sure=True)]


def test_one_quick_look_is_sure_of_a_qr_code_and_not_of_a_bar_code() -> None:
    assert decode(picture_of("member-7"), thorough=False) == [Code("member-7", "qr", sure=True)]
    assert decode(picture_of("4006381333931", "EAN13"), thorough=False) == [Code("4006381333931", "ean13", sure=False)]


def test_two_codes_in_one_picture_are_both_read() -> None:
    picture = np.hstack([picture_of("one"), picture_of("two")])
    assert {code.text for code in decode(picture)} == {"one", "two"}


def test_pictures_without_codes_and_noise_give_nothing() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    for picture in (empty_picture(), noise, np.zeros((3, 3), np.uint8)):
        assert decode(picture) == []


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((10, 10), np.float64),
        np.zeros((0, 0), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10,), np.uint8),
        np.zeros((2, 500), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_refused(picture: Any) -> None:
    with pytest.raises(ValueError, match="a picture"):
        decode(picture)


def test_the_code_itself_is_not_in_the_repr() -> None:
    assert "member-7" not in repr(decode(picture_of("member-7")))


def test_what_is_missing_is_said_with_its_cure() -> None:
    here = decoders()
    assert here.zxing
    assert (here.opencv is None) == any("opencv" in line for line in here.missing)
    assert all("pip install" in line for line in here.missing)


def test_opencv_and_zbar_are_not_imported_for_a_code_that_zxing_reads() -> None:
    script = (
        "import sys\n"
        "import devices.code_scanners.code_camera\n"
        "from devices.code_scanners.decode import decode\n"
        "import numpy, zxingcpp\n"
        "code = zxingcpp.create_barcode('member-7', zxingcpp.BarcodeFormat.QRCode)\n"
        "picture = numpy.asarray(zxingcpp.write_barcode_to_image(code, scale=4))\n"
        "assert decode(picture)[0].text == 'member-7'\n"
        "assert not {'cv2', 'pyzbar'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_without_opencv_zxing_still_reads_and_the_cure_is_named(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('not here')\n")
    script = (
        "from devices.code_scanners.decode import decode, decoders\n"
        "from devices.cameras.opencv_frames import open_camera\n"
        "from devices.device import DeviceFault\n"
        "import numpy\n"
        "assert decode(numpy.full((99, 99), 255, numpy.uint8)) == []\n"
        "assert decoders().opencv is None\n"
        "try:\n"
        "    open_camera('0', open_timeout_s=1, read_timeout_s=1)\n"
        "except DeviceFault as fault:\n"
        "    assert 'regulars[vision]' in fault.remedy\n"
        "else:\n"
        "    raise SystemExit('opened a camera without OpenCV')\n"
    )
    root = Path(__file__).resolve().parents[3]
    environment = {"PYTHONPATH": f"{tmp_path}:{root}"}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=environment)


# What a camera sees, told once


def sure(text: str) -> Code:
    return Code(text, "qr", sure=True)


def test_a_code_is_told_once_until_it_was_out_of_sight() -> None:
    sightings = Sightings(away_s=3)
    assert sightings.see([sure("A")], 0) == [CodeScanned("A", "qr")]
    assert [sightings.see([sure("A")], now_s) for now_s in (1, 2, 4.5, 7)] == [[]] * 4
    assert sightings.see([sure("A"), sure("B")], 10) == [CodeScanned("A", "qr"), CodeScanned("B", "qr")]


def test_an_unsure_code_is_told_when_a_second_picture_shows_it() -> None:
    sightings = Sightings(away_s=3)
    unsure = Code("4006381333931", "ean13", sure=False)
    assert sightings.see([unsure], 0) == []
    assert sightings.see([unsure], 0.1) == [CodeScanned("4006381333931", "ean13")]
    assert sightings.see([unsure], 0.2) == []
    assert sightings.see([unsure], 9) == []


def test_a_poster_with_a_novel_on_it_is_left_alone() -> None:
    assert Sightings(away_s=3).see([sure("x" * 1_025)], 0) == []


# Photographs


@pytest.mark.needs_shared_data
@pytest.mark.needs_zbar
def test_photographs_taken_in_shops_are_read(shared_data: Path) -> None:
    photographs = sorted(path for path in (shared_data / "qr").rglob("*") if path.suffix in {".png", ".webp", ".jpg"})
    zxing_alone = score(photographs, thorough=False)
    ours = score(photographs, thorough=True)
    print(f"\n{len(photographs)} photographs; right, wrong, ms each: zxing alone {zxing_alone}, ours {ours}")
    right, wrong, _ = ours
    assert right >= 127
    assert wrong <= 2
    assert right > zxing_alone[0]


def score(photographs: list[Path], *, thorough: bool) -> tuple[int, int, float]:
    """How many photographs gave their text, how many gave another one, and the milliseconds each took."""
    right = wrong = 0
    took_s = 0.0
    cv2 = import_module("cv2")
    for path in photographs:
        picture = cv2.imread(str(path))
        began_s = time.perf_counter()
        texts = {code.text.strip() for code in decode(picture, thorough=thorough)}
        took_s += time.perf_counter() - began_s
        expected = path.with_suffix(".txt").read_bytes().decode().strip()
        right += expected in texts
        wrong += bool(texts - {expected})
    return right, wrong, round(took_s / len(photographs) * 1_000, 1)
