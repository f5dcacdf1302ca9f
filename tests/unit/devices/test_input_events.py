"""What devices that type say: records of the kernel, layouts, lines, card numbers, and the file they come from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.code_scanners.lines import Dropped, ScannedLine, Why
from devices.device import DeviceFault, Trouble
from devices.input_events.events import EV_KEY, EV_SYN, SYN_DROPPED, EventDecoder, InputEvent, TimeBits, encode
from devices.input_events.layouts import KEY_CAPS_LOCK, KEY_LEFT_CTRL, KEY_LEFT_SHIFT, KEY_TAB, LAYOUTS
from devices.input_events.typed_lines import LineTyping, TypingSettings, typed_format
from devices.input_events.typist import DAMAGE, END, Suffix, Typist, strokes
from devices.input_events.uids import UidFormat
from devices.input_events.wedge_scanner import WedgeScanner, WedgeScannerSettings
from devices.observations import CODE_LENGTH_MAX, CardUid, CodeScanned, ConditionChanged, DeviceState, Observation
from devices.virtual.wedge import VirtualWedge

_WITHIN_S = 10.0
AT_US = 1_767_225_600_000_000

events = st.builds(
    InputEvent,
    kind=st.sampled_from([EV_SYN, EV_KEY, 4, 17]),
    code=st.integers(0, 0x2FF),
    value=st.integers(0, 2),
)


def down(code: int) -> InputEvent:
    return InputEvent(EV_KEY, code, 1)


def up(code: int) -> InputEvent:
    return InputEvent(EV_KEY, code, 0)


@given(st.lists(events, max_size=20), st.data(), st.sampled_from(list(TimeBits)))
def test_records_give_the_same_events_however_they_are_cut(
    sent: list[InputEvent], data: st.DataObject, bits: TimeBits
) -> None:
    stream = b"".join(encode(event, time_bits=bits, at_us=AT_US) for event in sent)
    decoder, got = EventDecoder(bits), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        got += decoder.feed(stream[:cut])
        stream = stream[cut:]
    assert got == sent
    assert decoder.passed_over == 0


@given(st.binary(min_size=1, max_size=23), st.sampled_from(list(TimeBits)))
def test_after_a_silence_half_a_record_disturbs_nothing(noise: bytes, bits: TimeBits) -> None:
    decoder = EventDecoder(bits)
    decoder.feed(noise)
    decoder.silence()
    assert decoder.feed(encode(down(30), time_bits=bits, at_us=AT_US)) == [down(30)]


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_character_of_a_layout_is_read_as_it_was_typed(name: str) -> None:
    layout = LAYOUTS[name]
    text = "".join(sorted({character for keys in layout.characters.values() for character in keys.values()}))
    assert Typist(layout).feed(strokes(text, layout)) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("us", "https://x.example/?a=1&b=2"), ("de", "https://x.example/?a={1}@y|z"), ("fr", "RGE1._-#[x]{@}")],
)
def test_what_qr_codes_hold_can_be_typed_on_each_layout(name: str, text: str) -> None:
    layout = LAYOUTS[name]
    assert Typist(layout).feed(strokes(text, layout)) == text


def test_the_same_keys_mean_other_characters_on_another_layout() -> None:
    typed = strokes("qwz;1", LAYOUTS["us"])
    assert Typist(LAYOUTS["fr"]).feed(typed) == "azwm&"
    assert Typist(LAYOUTS["de"]).feed(typed) == "qwyö1"


def test_caps_lock_turns_letters_and_nothing_else() -> None:
    typist = Typist(LAYOUTS["us"])
    caps = [down(KEY_CAPS_LOCK), up(KEY_CAPS_LOCK)]
    assert typist.feed([*caps, *strokes("aB1!", LAYOUTS["us"]), *caps, *strokes("a", LAYOUTS["us"])]) == "Ab1!a"


def test_a_held_key_that_repeats_is_one_character() -> None:
    assert Typist(LAYOUTS["us"]).feed([down(30), InputEvent(EV_KEY, 30, 2), InputEvent(EV_KEY, 30, 2), up(30)]) == "a"


def test_a_shift_whose_release_was_lost_is_let_go_after_a_silence() -> None:
    typist = Typist(LAYOUTS["us"])
    typist.feed([down(KEY_LEFT_SHIFT)])
    typist.silence()
    assert typist.feed([down(30)]) == "a"


def test_the_separator_of_gs1_codes_comes_as_control_and_a_bracket() -> None:
    assert Typist(LAYOUTS["us"]).feed([down(KEY_LEFT_CTRL), down(27)]) == "\x1d"
    assert Typist(LAYOUTS["us"]).feed([down(KEY_LEFT_CTRL), down(30)]) == DAMAGE


@pytest.mark.parametrize(
    ("suffix", "key", "typed"),
    [(Suffix.ENTER, 28, END), (Suffix.ENTER, KEY_TAB, DAMAGE), (Suffix.TAB, KEY_TAB, END), (Suffix.EITHER, 96, END)],
)
def test_the_configured_key_ends_a_line(suffix: Suffix, key: int, typed: str) -> None:
    assert Typist(LAYOUTS["us"], suffix).feed([down(key)]) == typed


def typing(**settings: object) -> LineTyping:
    return LineTyping(TypingSettings(path=Path("x"), **settings), typed_format(aim_ids=True))  # type: ignore[arg-type]


def stream(*sent: InputEvent) -> bytes:
    return b"".join(encode(event, at_us=AT_US) for event in sent)


def line(text: str) -> bytes:
    return stream(*strokes(text, LAYOUTS["us"]), down(28), up(28))


def test_a_line_that_stops_in_the_middle_is_dropped_and_the_next_is_whole() -> None:
    lines = typing()
    assert lines.feed(stream(*strokes("half of a secr", LAYOUTS["us"]))) == []
    assert lines.silence() == [Dropped(Why.CUT_SHORT, 14)]
    assert lines.feed(line("]E04006381333931")) == [ScannedLine("4006381333931", "ean13")]


def test_a_line_in_which_the_kernel_lost_events_is_dropped() -> None:
    lines = typing()
    lost = stream(*strokes("12", LAYOUTS["us"]), InputEvent(EV_SYN, SYN_DROPPED, 0))
    assert lines.feed(lost + line("34")) == [Dropped(Why.CONTROL_BYTES, 5)]
    assert lines.feed(line("34")) == [ScannedLine("34", "unknown")]


def test_a_line_is_capped() -> None:
    lines = typing()
    told = lines.feed(line("1" * (CODE_LENGTH_MAX + 1)) + line("2"))
    assert told == [Dropped(Why.TOO_LONG, CODE_LENGTH_MAX + 1), ScannedLine("2", "unknown")]


@pytest.mark.parametrize(
    ("settings", "typed", "uid"),
    [
        ({}, "04A1B2C3D4E580", "04a1b2c3d4e580"),
        ({}, "04:a1:b2:c3", "04a1b2c3"),
        ({"byte_order": "reversed"}, "C3B2A104", "04a1b2c3"),
        ({"number": "decimal"}, "0077705923", "04a1b2c3"),
        ({"number": "decimal", "byte_order": "reversed"}, "3283263748", "04a1b2c3"),
        ({"number": "decimal", "uid_bytes": 7}, str(0x04A21CADEA6580), "04a21cadea6580"),
    ],
)
def test_a_card_has_one_number_however_its_reader_writes_it(settings: dict[str, object], typed: str, uid: str) -> None:
    assert UidFormat(**settings).uid(typed) == CardUid.from_hex(uid)  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["", "0" * 8, "04A1B2", "04A1B2C", "04A1B2CX", "0" * 22, "08A1B2C3", "٠٤٠٤٠٤٠٤"])
def test_what_is_no_card_number_is_none(typed: str) -> None:
    assert UidFormat().uid(typed) is None


@pytest.mark.parametrize("typed", ["4294967296", "04A1B2C3", "-1", "1.5", "9" * 26])
def test_what_is_no_decimal_card_number_is_none(typed: str) -> None:
    assert UidFormat(number="decimal").uid(typed) is None


@pytest.mark.parametrize(
    ("path", "key", "told"),
    [("/dev/null", Trouble.GONE, "no input device"), ("/dev/input/by-id/none", Trouble.GONE, "no such device")],
)
async def test_a_file_that_is_no_input_device_is_refused_with_a_remedy(path: str, key: Trouble, told: str) -> None:
    with pytest.raises(DeviceFault, match=told) as caught:
        async with WedgeScanner(WedgeScannerSettings(path=Path(path))):
            pass
    assert caught.value.key is key
    assert caught.value.remedy


async def _next(stream: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(_WITHIN_S):
        return await anext(stream)


async def test_what_was_typed_before_the_scanner_was_opened_is_nobodys(tmp_path: Path) -> None:
    with VirtualWedge(tmp_path / "scanner") as wedge:
        wedge.type("yesterday")
        async with WedgeScanner(WedgeScannerSettings(path=wedge.path)) as scanner:
            wedge.type("today")
            assert await _next(scanner.observations()) == CodeScanned("today", "unknown")


async def test_a_scanner_told_in_a_wrong_layout_is_degraded_and_says_what_to_check(tmp_path: Path) -> None:
    with VirtualWedge(tmp_path / "scanner", layout="de") as wedge:
        async with WedgeScanner(WedgeScannerSettings(path=wedge.path, layout="us")) as scanner:
            seen = scanner.observations()
            wedge.type("€")
            told = await _next(seen)
            assert isinstance(told, ConditionChanged)
            assert told.state is DeviceState.DEGRADED
            assert "layout" in told.reason
            wedge.type("12")
            recovered = await _next(seen)
            assert isinstance(recovered, ConditionChanged)
            assert recovered.state is DeviceState.ONLINE
            assert await _next(seen) == CodeScanned("12", "unknown")


async def test_the_same_code_held_before_the_scanner_is_told_once(tmp_path: Path) -> None:
    now_s = 0.0
    with VirtualWedge(tmp_path / "scanner") as wedge:
        settings = WedgeScannerSettings(path=wedge.path, debounce_s=1.0)
        async with WedgeScanner(settings, clock=lambda: now_s) as scanner:
            seen = scanner.observations()
            for text in ("A", "A", "B"):
                wedge.type(text)
            assert [await _next(seen), await _next(seen)] == [CodeScanned("A", "unknown"), CodeScanned("B", "unknown")]
            now_s = 2.0
            wedge.type("A")
            assert await _next(seen) == CodeScanned("A", "unknown")
