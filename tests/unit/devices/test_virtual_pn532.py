"""The virtual chip against the user manual, and under the unmodified nfcpy driver."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nfc
import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import nfc.tag
import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from devices.card_readers.pn532_frames import Ack, Direction, FrameDecoder, Message, Nack, SyntaxFault
from devices.virtual.cards import Card, FelicaCard, Ntag213, Type4Card, uri_message
from devices.virtual.faults import FaultKind
from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.pn532_core import Answer, Pn532Core, crc_a

_WAIT_S = 20.0
_NTAG_UID = bytes.fromhex("04A1B2C3D4E580")
_POLL_ONCE = "32 05 01 00 01"


def _say(core: Pn532Core, text: str) -> Answer:
    command = bytes.fromhex(text)
    return core.handle(Message(Direction.TO_CHIP, command[0], command[1:]))


def _answer(core: Pn532Core, text: str) -> str:
    answer = _say(core, text)
    assert isinstance(answer, Message)
    assert answer.code == bytes.fromhex(text)[0] + 1
    return answer.payload.hex()


# --- the chip alone ---


def test_it_is_a_pn532_of_firmware_1_6() -> None:
    assert _answer(Pn532Core(), "02") == "32010607"


def test_the_line_diagnosis_returns_the_longest_frame_unchanged() -> None:
    payload = bytes(1) + bytes(x & 0xFF for x in range(262))
    assert Pn532Core().handle(Message(Direction.TO_CHIP, 0x00, payload)) == Message(Direction.TO_HOST, 0x01, payload)


@pytest.mark.parametrize(
    "command", ["FE", "00 09", "06", "06 63", "08 6303", "10 09", "10", "32", "4A", "4A 00 00", "4A 03 00"]
)
def test_a_command_it_does_not_know_gets_the_error_frame(command: str) -> None:
    assert _say(Pn532Core(), command) == SyntaxFault()


@given(st.integers(0, 255), st.binary(max_size=263))
def test_no_command_makes_it_fail(code: int, payload: bytes) -> None:
    core = Pn532Core()
    core.card = Ntag213(_NTAG_UID)
    core.handle(Message(Direction.TO_CHIP, code, payload))


def test_an_empty_field_leaves_the_poll_request_in_the_buffer() -> None:
    core = Pn532Core()
    _say(core, _POLL_ONCE)
    assert _answer(core, "4A 01 00") == "00"
    assert _answer(core, "06 6339") == "26"
    core.card = Ntag213(_NTAG_UID)
    _say(core, "4A 01 00")
    assert _answer(core, "06 6339") != "26"


def test_asked_to_retry_for_ever_it_answers_when_a_card_comes() -> None:
    core = Pn532Core()
    _say(core, "32 05 01 00 FF")
    assert _say(core, "4A 01 00") is None
    assert core.waiting
    assert core.find_awaited_card() is None
    core.card = Ntag213(_NTAG_UID)
    found = core.find_awaited_card()
    assert found is not None
    assert found.payload.hex() == "0101" + "00440007" + _NTAG_UID.hex()
    assert not core.waiting


def test_an_acknowledgement_of_the_host_ends_the_wait() -> None:
    core = Pn532Core()
    assert _say(core, "4A 01 00") is None
    core.acknowledged()
    assert not core.waiting
    core.card = Ntag213(_NTAG_UID)
    assert core.find_awaited_card() is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("", True), ("88 04A1B2C3D4E580", True), ("88 04A1B2C3D4E581", False), ("04A1B2C3", False)],
)
def test_it_selects_only_the_card_asked_for(wanted: str, found: bool) -> None:
    core = Pn532Core()
    _say(core, _POLL_ONCE)
    core.card = Ntag213(_NTAG_UID)
    assert (_answer(core, f"4A 01 00 {wanted}") != "00") is found


def test_a_ten_byte_number_is_asked_for_with_two_cascade_tags() -> None:
    core = Pn532Core()
    _say(core, _POLL_ONCE)
    core.card = Type4Card(bytes(range(1, 11)))
    assert _answer(core, "4A 01 00 88 010203 88 0405060708090A") != "00"


def test_a_poll_finds_only_cards_of_its_technology() -> None:
    core = Pn532Core()
    _say(core, _POLL_ONCE)
    core.card = FelicaCard(bytes.fromhex("0101060123456789"))
    assert _answer(core, "4A 01 00") == "00"
    assert _answer(core, "4A 01 03 00") == "00"
    assert _answer(core, "4A 01 01 00FFFF0100").startswith("0101" + "1201" + "0101060123456789")


def _selected(card: Card) -> Pn532Core:
    core = Pn532Core()
    core.card = card
    _say(core, "4A 01 00")
    return core


def test_the_checksum_of_a_card_is_passed_on_only_while_the_chip_does_not_check_it() -> None:
    core = _selected(Ntag213(_NTAG_UID))
    version = "0004040201000f03"
    assert _answer(core, "42 60") == "00" + version
    _say(core, "08 6303 00")
    assert _answer(core, "42 60") == "00" + version + crc_a(bytes.fromhex(version)).hex()


def test_a_four_bit_answer_is_a_checksum_error_to_a_checking_chip() -> None:
    core = _selected(Ntag213(_NTAG_UID))
    assert _answer(core, "42 A2 10 41424344") == "02"
    _say(core, "08 6303 00")
    assert _answer(core, "42 A2 10 41424344") == "000a"


def test_the_checksum_is_that_of_the_standard() -> None:
    assert crc_a(b"\x00\x00").hex() == "a01e"
    assert crc_a(b"\x12\x34").hex() == "26cf"


def test_without_power_or_card_an_exchange_times_out() -> None:
    core = _selected(Ntag213(_NTAG_UID))
    _say(core, "32 01 02")
    assert _answer(core, "42 60") == "01"
    assert _answer(core, "04") == "00000080"
    _say(core, "4A 01 00")
    core.take_card_away()
    assert _answer(core, "42 60") == "01"


def test_a_torn_card_is_gone_after_the_exchanges_it_had_left() -> None:
    core = _selected(Ntag213(_NTAG_UID))
    core.exchanges_left = 1
    assert _answer(core, "42 60").startswith("00")
    assert _answer(core, "42 60") == "01"
    assert core.card is None


# --- the chip on its line ---


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[VirtualPn532]:
    with VirtualPn532(tmp_path / "reader") as running:
        yield running


@pytest.fixture
def line(chip: VirtualPn532) -> Iterator[Any]:
    with serial.Serial(str(chip.port.link), 115_200, timeout=_WAIT_S) as opened:
        yield opened


def _ask(line: Any, command: bytes, answer_bytes: int) -> list[Any]:
    line.write(command)
    return FrameDecoder().feed(line.read(answer_bytes))


_GET_VERSION = bytes(Message(Direction.TO_CHIP, 0x02))
_VERSION = Message(Direction.TO_HOST, 0x03, bytes.fromhex("32010607"))
_VERSION_BYTES = len(bytes(Ack())) + len(bytes(_VERSION))


def test_it_acknowledges_then_answers(line: Any) -> None:
    assert _ask(line, _GET_VERSION, _VERSION_BYTES) == [Ack(), _VERSION]


def test_asked_again_it_repeats_the_last_answer(line: Any) -> None:
    _ask(line, _GET_VERSION, _VERSION_BYTES)
    assert _ask(line, bytes(Nack()), len(bytes(_VERSION))) == [_VERSION]


def test_damaged_frames_and_noise_are_passed_over(line: Any) -> None:
    damaged = bytearray(_GET_VERSION)
    damaged[-2] ^= 0xFF
    assert _ask(line, b"\xff\x00noise" + bytes(damaged) + _GET_VERSION, _VERSION_BYTES) == [Ack(), _VERSION]


def test_a_frame_may_arrive_in_pieces(chip: VirtualPn532, line: Any) -> None:
    line.write(_GET_VERSION[:5])
    chip.port.wake()
    assert _ask(line, _GET_VERSION[5:], _VERSION_BYTES) == [Ack(), _VERSION]


def test_it_hears_nothing_at_a_speed_it_was_not_set_to(chip: VirtualPn532, line: Any) -> None:
    line.baudrate = 921_600
    line.write(_GET_VERSION)
    line.timeout = 0.05
    assert line.read(1) == b""
    line.baudrate, line.timeout = 115_200, _WAIT_S
    assert _ask(line, _GET_VERSION, _VERSION_BYTES) == [Ack(), _VERSION]
    assert chip.baudrate == 115_200


def test_it_changes_speed_once_the_host_has_acknowledged(chip: VirtualPn532, line: Any) -> None:
    set_921600 = Message(Direction.TO_CHIP, 0x10, b"\x07")
    assert _ask(line, bytes(set_921600), 15) == [Ack(), Message(Direction.TO_HOST, 0x11)]
    assert chip.baudrate == 115_200
    line.write(bytes(Ack()))
    line.baudrate = 921_600
    assert _ask(line, _GET_VERSION, _VERSION_BYTES) == [Ack(), _VERSION]
    assert chip.baudrate == 921_600


def test_it_stops_promptly_and_leaves_neither_thread_nor_path(tmp_path: Path) -> None:
    before = threading.active_count()
    chip = VirtualPn532(tmp_path / "reader")
    for _ in range(3):
        chip.start()
        assert chip.port.link.is_symlink()
        chip.stop()
    assert threading.active_count() == before
    assert not chip.port.link.is_symlink()


def test_nobody_reads_a_card_that_nobody_looks_for(chip: VirtualPn532) -> None:
    with chip.holding(Ntag213(_NTAG_UID)):
        assert not chip.wait_until_read(timeout_s=0.01)
    assert not chip.tap(Ntag213(_NTAG_UID), timeout_s=0.01)


def test_a_card_is_read_once_the_host_goes_on_and_not_if_it_gave_up(chip: VirtualPn532, line: Any) -> None:
    wait_for_card = bytes(Message(Direction.TO_CHIP, 0x4A, b"\x01\x00"))
    found = Message(Direction.TO_HOST, 0x4B, b"\x01\x01" + Ntag213(_NTAG_UID).activate())
    chip.present(Ntag213(_NTAG_UID))
    assert _ask(line, wait_for_card, len(bytes(Ack())) + len(bytes(found))) == [Ack(), found]
    assert _ask(line, bytes(Ack()) + _GET_VERSION, _VERSION_BYTES) == [Ack(), _VERSION]
    assert not chip.wait_until_read(timeout_s=0.01)
    _ask(line, wait_for_card, len(bytes(Ack())) + len(bytes(found)))
    _ask(line, _GET_VERSION, _VERSION_BYTES)
    assert chip.wait_until_read(timeout_s=_WAIT_S)


def test_it_shows_its_state(chip: VirtualPn532) -> None:
    chip.fail(FaultKind.SILENT)
    chip.present(Ntag213(_NTAG_UID))
    assert "silent" in repr(chip)
    assert "Ntag213(04a1…)" in repr(chip)


# --- under nfcpy, which is not modified ---


class PatientLine(nfc.clf.transport.TTY):  # type: ignore[misc]
    """nfcpy's line, where a chip that shares a busy processor may take longer than 100 ms."""

    def read(self, timeout: int) -> Any:
        return super().read(max(timeout, 5_000))


@pytest.fixture
def frontend(chip: VirtualPn532) -> Iterator[Any]:
    clf = nfc.ContactlessFrontend()
    clf.device = nfc.clf.pn532.init(PatientLine(str(chip.port.link)))
    yield clf
    clf.close()


def _activate(clf: Any) -> Any:
    clf.device.chipset.rf_configuration(0x05, b"\x01\x00\x01")
    return nfc.tag.activate(clf, clf.sense(nfc.clf.RemoteTarget("106A"), iterations=1))


def test_nfcpy_opens_it_at_full_speed_and_puts_it_to_sleep_at_the_first(chip: VirtualPn532) -> None:
    clf = nfc.ContactlessFrontend()
    clf.device = nfc.clf.pn532.init(PatientLine(str(chip.port.link)))
    assert chip.baudrate == 921_600
    clf.close()
    assert chip.baudrate == 115_200


@pytest.mark.parametrize("uri", ["https://a.example/?p=EF96%2B%20&c=é", "https://a.example/" + "x" * 100])
@pytest.mark.parametrize(
    ("kind", "product"), [(Ntag213, "NXP NTAG213"), (Type4Card, "Type4ATag")], ids=["ntag213", "type4"]
)
def test_nfcpy_reads_the_link_on_a_card(
    chip: VirtualPn532, frontend: Any, kind: type[Ntag213 | Type4Card], product: str, uri: str
) -> None:
    with chip.holding(kind(_NTAG_UID, ndef=uri_message(uri))):
        tag = _activate(frontend)
        assert product in str(tag)
        assert bytes(tag.identifier) == _NTAG_UID
        assert [record.iri for record in tag.ndef.records] == [uri]
        assert tag.is_present
    assert not tag.is_present


@pytest.mark.parametrize("kind", [Ntag213, Type4Card], ids=["ntag213", "type4"])
def test_nfcpy_writes_a_message_and_reads_it_back(
    chip: VirtualPn532, frontend: Any, kind: type[Ntag213 | Type4Card]
) -> None:
    with chip.holding(kind(_NTAG_UID, ndef=b"")):
        tag = _activate(frontend)
        tag.ndef.octets = uri_message("https://new.example")
        assert [record.iri for record in _activate(frontend).ndef.records] == ["https://new.example"]


def test_nfcpy_finds_every_page_of_an_ntag213(chip: VirtualPn532, frontend: Any) -> None:
    with chip.holding(Ntag213(_NTAG_UID, ndef=b"")):
        dump = _activate(frontend).dump()
    assert dump[0].startswith("000: 04 a1 b2")
    assert dump[-1].startswith("02C: ")


def test_to_nfcpy_a_torn_card_looks_blank_but_is_not_present(chip: VirtualPn532, frontend: Any) -> None:
    chip.fail(FaultKind.TORN_CARD)
    with chip.holding(Ntag213(_NTAG_UID, ndef=uri_message("https://a.example"))):
        tag = _activate(frontend)
        assert tag.ndef is None
        assert not tag.is_present


def test_to_nfcpy_a_felica_card_is_a_target_at_212_kbit_s(chip: VirtualPn532, frontend: Any) -> None:
    frontend.device.chipset.rf_configuration(0x05, b"\x01\x00\x01")
    with chip.holding(FelicaCard(bytes.fromhex("0101060123456789"))):
        target = frontend.sense(nfc.clf.RemoteTarget("212F"), iterations=1)
    assert bytes(target.sensf_res[1:9]).hex() == "0101060123456789"
