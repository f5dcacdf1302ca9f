"""PN532 frames, checked against the bytes of the user manual, whole, byte by byte and amid noise."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card_readers.pn532_frames import (
    DATA_BYTES_MAX,
    Ack,
    Corrupt,
    Direction,
    Frame,
    FrameDecoder,
    Message,
    Nack,
    SyntaxFault,
)

_GET_VERSION = Message(Direction.TO_CHIP, 0x02)
_VERSION = Message(Direction.TO_HOST, 0x03, bytes.fromhex("32010607"))

_KNOWN: list[tuple[Frame, str]] = [
    (Ack(), "0000ff00ff00"),
    (Nack(), "0000ffff0000"),
    (SyntaxFault(), "0000ff01ff7f8100"),
    (_GET_VERSION, "0000ff02fed4022a00"),
    (_VERSION, "0000ff06fad50332010607e800"),
    (Message(Direction.TO_CHIP, 0x14, b"\x01\x00\x00"), "0000ff05fbd4140100001700"),
    (Message(Direction.TO_HOST, 0x15), "0000ff02fed5151600"),
]

messages = st.builds(
    Message,
    direction=st.sampled_from(Direction),
    code=st.integers(0, 0xFF),
    payload=st.binary(max_size=DATA_BYTES_MAX - 2),
)
frames: st.SearchStrategy[Frame] = st.one_of(messages, st.builds(Ack), st.builds(Nack), st.builds(SyntaxFault))


@pytest.mark.parametrize(("frame", "wire"), _KNOWN)
def test_known_frames_have_the_manuals_bytes(frame: Frame, wire: str) -> None:
    assert not isinstance(frame, Corrupt)
    assert bytes(frame).hex() == wire
    assert FrameDecoder().feed(bytes.fromhex(wire)) == [frame]


@pytest.mark.parametrize(("frame", "wire"), _KNOWN)
def test_a_frame_is_recognised_byte_by_byte(frame: Frame, wire: str) -> None:
    decoder = FrameDecoder()
    arrived = [found for byte in bytes.fromhex(wire) for found in decoder.feed(bytes([byte]))]
    assert arrived == [frame]


@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 4_000), max_size=12))
def test_any_frames_survive_any_cut(sent: list[Message], cuts: list[int]) -> None:
    wire = b"".join(bytes(frame) for frame in sent)
    decoder = FrameDecoder()
    arrived = []
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    for begin, end in pairwise(edges):
        arrived += decoder.feed(wire[begin:end])
    assert arrived == sent


# Noise that holds a start code, with the zero before it or after it, is a damaged frame: another test.
_noise = st.binary(max_size=20).filter(
    lambda noise: b"\x00\xff" not in noise and not noise.endswith(b"\x00") and not noise.startswith(b"\xff")
)


@given(messages, _noise)
def test_bytes_before_and_after_a_frame_do_not_hide_it(message: Message, noise: bytes) -> None:
    assert FrameDecoder().feed(noise + bytes(message) + noise) == [message]


def test_bytes_after_a_frame_begin_the_next_one() -> None:
    decoder = FrameDecoder()
    half, rest = bytes(_VERSION)[:6], bytes(_VERSION)[6:]
    assert decoder.feed(bytes(Ack()) + half) == [Ack()]
    assert decoder.feed(rest) == [_VERSION]


def test_the_longest_payload_needs_an_extended_frame() -> None:
    longest = Message(Direction.TO_CHIP, 0x00, bytes(DATA_BYTES_MAX - 2))
    assert bytes(longest).startswith(bytes.fromhex("0000ffffff0109f6"))
    assert FrameDecoder().feed(bytes(longest)) == [longest]


@pytest.mark.parametrize("size", [252, 253, 254, 255])
def test_both_frame_forms_meet_without_a_gap(size: int) -> None:
    message = Message(Direction.TO_HOST, 0x01, bytes(size))
    assert FrameDecoder().feed(bytes(message)) == [message]


@given(messages, st.data())
def test_one_flipped_bit_is_never_taken_for_the_message(message: Message, data: st.DataObject) -> None:
    wire = bytearray(bytes(message))
    position = data.draw(st.integers(3, len(wire) - 2), label="position")
    wire[position] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    assert message not in FrameDecoder().feed(bytes(wire))


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("0000ff02ffd4022a00", "length checksum"),
        ("0000ffffff0109f700", "length checksum"),
        ("0000ffffff0200fe00", "longer than 265"),
        ("0000ff02fed4022b00", "data checksum"),
        ("0000ff02fe1102ed00", "neither to the chip"),
    ],
)
def test_damage_is_named_and_the_next_frame_still_arrives(wire: str, reason: str) -> None:
    first, *others = FrameDecoder().feed(bytes.fromhex(wire) + bytes(_GET_VERSION))
    assert isinstance(first, Corrupt)
    assert reason in first.reason
    assert others[-1] == _GET_VERSION


@given(st.binary(max_size=2_000))
def test_noise_never_raises_and_never_piles_up(noise: bytes) -> None:
    decoder = FrameDecoder()
    for byte in noise:
        decoder.feed(bytes([byte]))
        assert len(decoder._buffer) <= DATA_BYTES_MAX + 8
    decoder.reset()
    assert decoder.feed(bytes(_VERSION)) == [_VERSION]


def test_a_message_that_does_not_fit_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="263 bytes"):
        Message(Direction.TO_CHIP, 0x00, bytes(DATA_BYTES_MAX - 1))
    with pytest.raises(ValueError, match="one byte"):
        Message(Direction.TO_CHIP, 0x100)
