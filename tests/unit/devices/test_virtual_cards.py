"""The virtual cards answer as the data sheets say, so that a driver cannot tell them apart."""

from __future__ import annotations

import ndef
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.virtual.cards import NDEF_FILE_BYTES_MAX, FelicaCard, Nibble, Ntag213, Type4Card, uri_message
from devices.virtual.iso_dep import COMMAND_BYTES_MAX, IsoDepCard

_UID = bytes.fromhex("04A1B2C3D4E580")
_ACK, _NAK = Nibble(0xA), Nibble(0x0)


def _ntag(message: bytes | None = None) -> Ntag213:
    card = Ntag213(_UID, ndef=message)
    card.activate()
    return card


def test_an_ntag213_tells_its_kind_before_its_number() -> None:
    assert Ntag213(_UID).activate().hex() == "0044" + "00" + "07" + _UID.hex()


def test_the_first_pages_hold_the_number_with_its_check_bytes() -> None:
    pages = _ntag(b"").transceive(b"\x30\x00")
    assert isinstance(pages, bytes)
    assert pages[:3] + pages[4:8] == _UID
    assert pages[3] == 0x88 ^ 0x04 ^ 0xA1 ^ 0xB2
    assert pages[8] == 0xC3 ^ 0xD4 ^ 0xE5 ^ 0x80
    assert pages[12:] == bytes.fromhex("E1101200")


def test_reading_rolls_over_after_the_last_page() -> None:
    card = _ntag(b"")
    tail, head = card.transceive(b"\x30\x2c"), card.transceive(b"\x30\x00")
    assert isinstance(tail, bytes)
    assert isinstance(head, bytes)
    assert tail[4:] == head[:12]


def test_a_fast_read_gives_all_pages_asked_for() -> None:
    card = _ntag(uri_message("https://a.example"))
    pages = card.transceive(b"\x3a\x00\x2c")
    assert isinstance(pages, bytes)
    assert len(pages) == Ntag213.PAGES * 4
    assert pages[-8:] == bytes(8), "password and acknowledge read as zero"


def test_its_version_is_that_of_an_ntag213() -> None:
    assert _ntag().transceive(b"\x60") == bytes.fromhex("0004040201000F03")


def test_what_is_written_is_read_back() -> None:
    card = _ntag(b"")
    assert card.transceive(b"\xa2\x10SAVE") == _ACK
    pages = card.transceive(b"\x30\x10")
    assert isinstance(pages, bytes)
    assert pages[:4] == b"SAVE"


@pytest.mark.parametrize("page", [0x00, 0x01, 0x2D, 0xFF])
def test_pages_that_are_not_writable_are_refused(page: int) -> None:
    assert _ntag(b"").transceive(bytes([0xA2, page]) + b"ABCD") == _NAK


def test_capability_bits_once_set_stay_set() -> None:
    card = _ntag(b"")
    card.transceive(b"\xa2\x03\x00\x00\x00\x0f")
    assert bytes(card.memory[12:16]) == bytes.fromhex("E110120F")


def test_a_locked_page_refuses_writing() -> None:
    card = _ntag(b"")
    assert card.transceive(b"\xa2\x02\x00\x00\x10\x00") == _ACK, "lock page 4"
    assert card.transceive(b"\xa2\x04ABCD") == _NAK
    card.activate()
    assert card.transceive(b"\xa2\x05ABCD") == _ACK
    assert card.transceive(b"\xa2\x28\x02\x00\x00\x00") == _ACK, "lock pages 18 and 19"
    assert card.transceive(b"\xa2\x13ABCD") == _NAK


@pytest.mark.parametrize("command", ["1A00", "30", "302D", "3A0502", "FF", "A20401", ""])
def test_after_a_refusal_it_is_mute_until_selected_anew(command: str) -> None:
    card = _ntag(b"")
    assert card.transceive(bytes.fromhex(command)) == _NAK
    assert card.transceive(b"\x60") is None
    card.activate()
    assert card.transceive(b"\x60") is not None


def test_a_halted_card_is_mute() -> None:
    card = _ntag(b"")
    assert card.transceive(b"\x50\x00") is None
    assert card.transceive(b"\x60") is None


def test_a_message_too_long_for_the_card_is_refused() -> None:
    Ntag213(_UID, ndef=bytes(136))
    with pytest.raises(ValueError, match="136 bytes"):
        Ntag213(_UID, ndef=bytes(137))


@pytest.mark.parametrize("uid", ["04A1B2C3", "05A1B2C3D4E580", "04A1B2C3D4E58001"])
def test_an_ntag213_has_a_number_of_its_maker(uid: str) -> None:
    with pytest.raises(ValueError, match="7 bytes"):
        Ntag213(bytes.fromhex(uid))


def test_a_uri_message_is_what_any_reader_understands() -> None:
    uri = "https://shop.example/c?picc=EF96%2B&name=é"
    (record,) = ndef.message_decoder(uri_message(uri))
    assert record.iri == uri
    with pytest.raises(ValueError, match="254 bytes"):
        uri_message("x" * 255)


# --- Type 4: files over blocks ---


def _type4(message: bytes = b"") -> Type4Card:
    card = Type4Card(_UID, ndef=message)
    card.activate()
    assert card.transceive(b"\xe0\x80") == bytes.fromhex("0578804000")
    return card


def test_a_type4_card_says_that_it_speaks_blocks() -> None:
    assert Type4Card(_UID).activate().hex() == "0344" + "20" + "07" + _UID.hex()


def test_the_message_is_reached_by_application_and_file() -> None:
    card = _type4(b"hello")
    assert card.apply(bytes.fromhex("00A4040007D276000085010100")) == b"\x90\x00"
    assert card.apply(bytes.fromhex("00A4000C02E103")) == b"\x90\x00"
    capabilities = card.apply(bytes.fromhex("00B000000F"))
    assert capabilities[:3].hex() == "000f20"
    assert capabilities[9:11].hex() == "e104"
    assert card.apply(bytes.fromhex("00A4000C02E104")) == b"\x90\x00"
    assert card.apply(bytes.fromhex("00B0000007")) == b"\x00\x05hello\x90\x00"


def test_the_message_can_be_rewritten() -> None:
    card = _type4(b"old")
    card.apply(bytes.fromhex("00A4040007D276000085010100"))
    card.apply(bytes.fromhex("00A4000C02E104"))
    assert card.apply(b"\x00\xd6\x00\x00\x05\x00\x03new") == b"\x90\x00"
    assert card.ndef == b"new"


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("00A4040007D276000085010000", "6a82"),
        ("00A4000C02E104", "6a82"),
        ("00B0000002", "6986"),
        ("00D600000101", "6982"),
        ("0020000000", "6d00"),
        ("8060000000", "6e00"),
        ("00A4", "6700"),
        ("", "6700"),
    ],
)
def test_what_is_not_allowed_gets_its_status_word(apdu: str, status: str) -> None:
    assert _type4().apply(bytes.fromhex(apdu)).hex() == status


def test_reading_and_writing_past_the_file_is_refused() -> None:
    card = _type4()
    card.apply(bytes.fromhex("00A4040007D276000085010100"))
    card.apply(bytes.fromhex("00A4000C02E104"))
    end = NDEF_FILE_BYTES_MAX.to_bytes(2, "big")
    assert card.apply(b"\x00\xb0" + end + b"\x01") == b"\x6b\x00"
    assert card.apply(b"\x00\xd6" + end + b"\x01\x00") == b"\x6b\x00"


@given(st.binary(max_size=300))
def test_no_command_makes_a_type4_card_fail(apdu: bytes) -> None:
    assert len(_type4().apply(apdu)) >= 2


def _echo(answer: bytes) -> IsoDepCard:
    card = IsoDepCard(lambda command: command + answer)
    card.transceive(b"\xe0\x00")  # frames of 16 bytes: 13 of data
    return card


def test_a_long_answer_is_chained_and_collected_by_receipts() -> None:
    card = _echo(bytes(range(30)))
    blocks = [card.transceive(b"\x02")]
    blocks += [card.transceive(receipt) for receipt in (b"\xa3", b"\xa2")]
    assert [block[0] for block in blocks if block] == [0x12, 0x13, 0x02]
    assert b"".join(block[1:] for block in blocks if block) == bytes(range(30))


def test_a_lost_block_is_sent_again_and_the_command_runs_once() -> None:
    runs: list[bytes] = []
    card = IsoDepCard(lambda command: runs.append(command) or b"done")  # type: ignore[func-returns-value]
    card.transceive(b"\xe0\x80")
    first = card.transceive(b"\x02run")
    assert card.transceive(b"\xb2") == first == b"\x02done"
    assert runs == [b"run"]


def test_a_receipt_out_of_turn_tells_which_block_is_awaited() -> None:
    assert _echo(b"").transceive(b"\xb2") == b"\xa3"


def test_a_chained_command_is_put_together() -> None:
    card = _echo(b"!")
    assert card.transceive(b"\x12ab") == b"\xa2"
    assert card.transceive(b"\x03c") == b"\x03abc!"


def test_a_command_without_end_is_not_collected_for_ever() -> None:
    card = _echo(b"")
    number = 0
    for _ in range(COMMAND_BYTES_MAX // 100):
        assert card.transceive(bytes([0x12 | number]) + bytes(100)) is not None
        number ^= 1
    assert card.transceive(bytes([0x12 | number]) + bytes(100)) is None


@pytest.mark.parametrize("block", ["", "00", "02AA", "E0", "A2"])
def test_before_it_is_activated_it_answers_no_block(block: str) -> None:
    assert IsoDepCard(lambda command: command).transceive(bytes.fromhex(block)) is None


def test_a_deselected_card_must_be_activated_again() -> None:
    card = _echo(b"")
    assert card.transceive(b"\xc2") == b"\xc2"
    assert card.transceive(b"\x02") is None


def test_a_felica_card_answers_polling_with_its_number_only() -> None:
    card = FelicaCard(bytes.fromhex("0101060123456789"))
    assert card.activate().hex().startswith("1201" + "0101060123456789")
    assert card.transceive(b"\x06") is None
    with pytest.raises(ValueError, match="8 bytes"):
        FelicaCard(_UID)


def test_no_card_shows_its_number() -> None:
    assert "b2c3" not in f"{Ntag213(_UID)!r} {Type4Card(_UID)!r} {FelicaCard(_UID + b'x')!r}"


@pytest.mark.parametrize(("uid", "message"), [(bytes(5), b""), (_UID, bytes(NDEF_FILE_BYTES_MAX))])
def test_a_type4_card_that_cannot_be_is_refused(uid: bytes, message: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Type4Card(uid, ndef=message)
