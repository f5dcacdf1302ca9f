"""The bytes of a serial scanner, as codes: the same however the line cuts them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.code_scanners.lines import Dropped, LineFormat, LineFramer, ScannedLine, Why
from devices.code_scanners.symbologies import of_aim_id, of_decoder
from devices.observations import CODE_LENGTH_MAX

PLAIN = LineFormat()
STRICT = LineFormat(prefix=b"\x02", suffix=b"\x03\r")
FORMATS = [PLAIN, STRICT, LineFormat(suffix=b"\t"), LineFormat(prefix=b"~", encoding="gb18030", aim_ids=False)]


def whole(data: bytes, line_format: LineFormat = PLAIN) -> list[ScannedLine | Dropped]:
    return LineFramer(line_format).feed(data)


def byte_by_byte(data: bytes, line_format: LineFormat = PLAIN) -> list[ScannedLine | Dropped]:
    framer = LineFramer(line_format)
    return [told for byte in data for told in framer.feed(bytes([byte]))]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_a_code_ends_with_carriage_return_line_feed_or_both(end: bytes) -> None:
    data = b"4006381333931" + end + b"]Q1member-7" + end
    codes = [ScannedLine("4006381333931", "unknown"), ScannedLine("member-7", "qr")]
    assert whole(data) == byte_by_byte(data) == codes


def test_trailing_bytes_wait_for_their_end() -> None:
    framer = LineFramer(PLAIN)
    assert framer.feed(b"first\rsec") == [ScannedLine("first", "unknown")]
    assert framer.mid_code
    assert framer.feed(b"ond\r") == [ScannedLine("second", "unknown")]
    assert not framer.mid_code


def test_half_a_code_before_a_silence_is_not_glued_to_the_next() -> None:
    framer = LineFramer(PLAIN)
    assert framer.feed(b"hal") == []
    assert framer.silence() == [Dropped(Why.CUT_SHORT, 3)]
    assert framer.silence() == []
    assert framer.feed(b"whole\r\n") == [ScannedLine("whole", "unknown")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"\xff\xfe\x80", Why.NOT_TEXT),
        (b"12\x0034", Why.CONTROL_BYTES),
        (b"12\x1b[2J", Why.CONTROL_BYTES),
        (b"]Q1", Why.EMPTY),
        (b"   ", Why.EMPTY),
        (b"x" * (CODE_LENGTH_MAX + 1), Why.TOO_LONG),
        (b"y" * 100_000, Why.TOO_LONG),
        ("é".encode() * CODE_LENGTH_MAX + b"e", Why.TOO_LONG),
    ],
)
def test_what_is_no_code_is_told_and_the_next_code_is_still_read(line: bytes, why: Why) -> None:
    data = line + b"\r\ngood\r\n"
    told = [Dropped(why, len(line)), ScannedLine("good", "unknown")]
    assert whole(data) == byte_by_byte(data) == told


def test_the_longest_code_in_four_byte_characters_is_read() -> None:
    text = "𠀀" * CODE_LENGTH_MAX
    assert whole(f"]Q4{text}\n".encode()) == [ScannedLine(text, "qr")]


def test_an_endless_line_takes_no_more_memory_than_one_code() -> None:
    framer = LineFramer(PLAIN)
    for _ in range(200):
        assert framer.feed(b"z" * 10_000) == []
    assert len(framer._pending) < 5_000
    assert framer.feed(b"\r") == [Dropped(Why.TOO_LONG, 2_000_000)]


def test_a_configured_prefix_and_suffix_frame_every_code() -> None:
    data = b"\x02A-1\x03\r\r\n\x02]E05012345678900\x03\rnoise\x03\r\x02B\r2\x03\r"
    told = [
        ScannedLine("A-1", "unknown"),
        ScannedLine("5012345678900", "ean13"),
        Dropped(Why.NO_PREFIX, 5),
        Dropped(Why.CONTROL_BYTES, 4),
    ]
    assert whole(data, STRICT) == byte_by_byte(data, STRICT) == told


def test_gs1_separators_belong_to_the_code() -> None:
    assert whole(b"]C10104006381333931\x1d10LOT\r") == [ScannedLine("0104006381333931\x1d10LOT", "gs1_128")]


def test_a_scanner_that_sends_gb18030_is_read_as_such() -> None:
    line_format = LineFormat(encoding="gb18030")
    assert whole("会员七号\r".encode("gb18030"), line_format) == [ScannedLine("会员七号", "unknown")]


def test_an_aim_identifier_is_text_when_the_scanner_sends_none() -> None:
    assert whole(b"]Q1x\r", LineFormat(aim_ids=False)) == [ScannedLine("]Q1x", "unknown")]


def test_a_member_secret_shows_in_no_repr() -> None:
    assert "member-7" not in repr(whole(b"member-7\r"))


@pytest.mark.parametrize(
    ("aim_id", "symbology"),
    [("]Q1", "qr"), ("]E0", "ean13"), ("]E4", "ean8"), ("]C1", "gs1_128"), ("]C0", "code128"), ("]d2", "datamatrix")],
)
def test_aim_identifiers_name_the_symbology(aim_id: str, symbology: str) -> None:
    assert of_aim_id(aim_id + "123") == symbology


@pytest.mark.parametrize("text", ["", "]", "]Q", "]?1", "Q1x", "]Q\u0660", "[Q1"])
def test_other_text_is_no_aim_identifier(text: str) -> None:
    assert of_aim_id(text) is None


@pytest.mark.parametrize(
    ("name", "symbology"), [("QRCode", "qr"), ("QRCODE", "qr"), ("EAN-13", "ean13"), ("UPCA", "upca")]
)
def test_decoders_and_scanners_spell_a_symbology_alike(name: str, symbology: str) -> None:
    assert of_decoder(name) == symbology


@given(
    data=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([b"\r", b"\n", b"\x02", b"\x03\r", b"\t", b"~", b"]Q1", b"a" * 5_000]),
        )
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 20_000), max_size=8),
    line_format=st.sampled_from(FORMATS),
)
def test_however_the_bytes_are_cut_the_same_codes_come_out(
    data: bytes, cuts: list[int], line_format: LineFormat
) -> None:
    framer = LineFramer(line_format)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    told = [item for start, end in pairwise(edges) for item in framer.feed(data[start:end])]
    assert told == whole(data, line_format)


@given(codes=st.lists(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60), max_size=20))
def test_every_printable_code_survives_the_line(codes: list[str]) -> None:
    data = "".join(f"{code}\r\n" for code in codes).encode()
    line_format = LineFormat(aim_ids=False)
    assert whole(data, line_format) == [ScannedLine(code, "unknown") for code in codes]
