"""A card that is copied into a second machine redeems nothing that the first one holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.rights.machine import machine_identity
from loyalty.rights.movements import Refusal
from tests.unit.edge.journal_bench import Hands
from tests.unit.edge.rights_bench import rights_bench

PI = "sys/firmware/devicetree/base/serial-number"
BOARD = "sys/class/dmi/id/product_uuid"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def port(root: Path, name: str, address: str, *, is_hardware: bool = True, is_wireless: bool = False) -> None:
    folder = root / "sys/class/net" / name
    write(folder / "address", f"{address}\n")
    write(folder / "type", "1\n")
    if is_hardware:
        (folder / "device").mkdir()
    if is_wireless:
        (folder / "wireless").mkdir()


def test_a_pi_is_known_by_its_serial_number(tmp_path: Path) -> None:
    write(tmp_path / PI, "10000000abcdef01\x00")
    one = machine_identity(tmp_path)
    write(tmp_path / PI, "10000000abcdef02\x00")
    assert len(one) == 32
    assert machine_identity(tmp_path) != one


def test_a_board_is_known_by_its_id_before_its_ports(tmp_path: Path) -> None:
    write(tmp_path / BOARD, "4c4c4544-0042")
    port(tmp_path, "eth0", "02:00:00:00:00:01")
    one = machine_identity(tmp_path)
    write(tmp_path / "sys/class/net/eth0/address", "02:00:00:00:00:02\n")
    assert machine_identity(tmp_path) == one


def test_only_wired_ports_that_are_hardware_count(tmp_path: Path) -> None:
    port(tmp_path, "eth0", "02:00:00:00:00:01")
    one = machine_identity(tmp_path)
    port(tmp_path, "veth7", "02:00:00:00:00:07", is_hardware=False)
    port(tmp_path, "wlan0", "02:00:00:00:00:08", is_wireless=True)
    assert machine_identity(tmp_path) == one
    port(tmp_path, "eth1", "02:00:00:00:00:09")
    assert machine_identity(tmp_path) != one


def test_a_machine_without_anything_of_its_own_has_no_name(tmp_path: Path) -> None:
    assert machine_identity(tmp_path) == ""
    port(tmp_path, "veth7", "02:00:00:00:00:07", is_hardware=False)
    assert machine_identity(tmp_path) == ""


async def test_the_copy_begins_another_life_and_the_original_goes_on(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands, machine="pi-1") as bench:
        await bench.told(bench.right(100))
        original = bench.journal.incarnation
    async with rights_bench(tmp_path, hands, machine="pi-1") as bench:
        assert (bench.journal.incarnation, await bench.rights()) == (original, 100)
    async with rights_bench(tmp_path, hands, machine="pi-2") as bench:
        assert bench.journal.incarnation != original
        assert await bench.rights() == 0
        assert await bench.redeem("gift", 1) is Refusal.NOT_ENOUGH_RIGHTS


@pytest.mark.parametrize("machine", ["", "pi-1"])
async def test_a_machine_that_cannot_be_told_changes_nothing(tmp_path: Path, machine: str) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands, machine=machine) as bench:
        await bench.told(bench.right(100))
        original = bench.journal.incarnation
    for unknown in ("", machine):
        async with rights_bench(tmp_path, hands, machine=unknown) as bench:
            assert (bench.journal.incarnation, await bench.rights()) == (original, 100)
