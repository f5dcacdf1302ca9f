"""The watched folder: files go to done/ when everything in them is durable, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import csv
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.device import DeviceFault
from devices.observations import (
    ConditionChanged,
    DeviceState,
    Observation,
    SaleCompleted,
    SaleReceipt,
    SaleStatus,
)
from devices.tills.till_folder import DRIVER, TillFolder

WAIT_S = 10.0
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def row(invoice: str, quantity: int = 1, price: str = "2.55") -> str:
    return f"{invoice},85123A,LANTERN,{quantity},2010-12-01 08:26:00,{price},17850,United Kingdom"


def drop(folder: Path, name: str, *rows: str, header: str = HEADER) -> Path:
    """Put a file there as a careful till does: whole at once."""
    path = folder / name
    partial = folder / f"{name}.tmp"
    partial.write_text("\n".join([header, *rows, ""]))
    partial.rename(path)
    return path


def device(folder: Path, **changes: object) -> TillFolder:
    settings = {"folder": str(folder), "till": "till-1", "currency": "GBP", "poll_s": 0.02, **changes}
    return TillFolder(DRIVER.configure(settings))


async def told(seen: AsyncIterator[Observation]) -> Observation:
    async with asyncio.timeout(WAIT_S):
        return await anext(seen)


async def sale(seen: AsyncIterator[Observation], status: SaleStatus = SaleStatus.RECORDED) -> SaleCompleted:
    """Take the next sale and reply; it counts as durable when the next observation is asked for."""
    observed = await told(seen)
    assert isinstance(observed, SaleCompleted), observed
    observed.reply(SaleReceipt(observed.sale_id, status))
    return observed


async def condition(seen: AsyncIterator[Observation]) -> ConditionChanged:
    observed = await told(seen)
    assert isinstance(observed, ConditionChanged), observed
    return observed


def wait_until_gone(path: Path) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while path.exists():
        assert time.monotonic() < deadline_s, f"{path} was never moved"
        os.sched_yield()


async def until_moved(seen: AsyncIterator[Observation], path: Path) -> None:
    """Ask for more, which makes the last sale durable, until the file is gone from the folder."""
    asking = asyncio.ensure_future(anext(seen))
    await asyncio.to_thread(wait_until_gone, path)
    asking.cancel()
    await asyncio.wait({asking})


def rejected_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


async def test_a_file_is_moved_to_done_after_its_last_receipt_is_durable(tmp_path: Path) -> None:
    async with device(tmp_path) as till:
        seen: Any = till.observations()
        path = drop(tmp_path, "monday.csv", row("1"), row("2", 3))
        assert [(await sale(seen)).sale_id for _ in range(2)] == ["1", "2"]
        assert path.exists()
        await until_moved(seen, path)
        assert (tmp_path / "done" / "monday.csv").exists()
        assert not list((tmp_path / "rejected").iterdir())


async def test_a_crash_before_the_end_reads_the_file_again(tmp_path: Path) -> None:
    path = drop(tmp_path, "monday.csv", row("1"), row("C2", -1), row("3"))
    runs = []
    for _ in range(2):
        async with device(tmp_path) as till:
            seen: Any = till.observations()
            runs.append([await sale(seen) for _ in range(3)])
            await seen.aclose()  # the last one never became durable
        assert path.exists()
    assert runs[0] == runs[1]
    assert [observed.refund_of for observed in runs[1]] == [None, "1", None]


async def test_a_refund_finds_its_sale_in_a_file_read_before_the_restart(tmp_path: Path) -> None:
    for name, invoice, quantity, original in (("a.csv", "1", 2, None), ("b.csv", "C2", -1, "1")):
        async with device(tmp_path) as till:
            seen: Any = till.observations()
            path = drop(tmp_path, name, row(invoice, quantity))
            assert (await sale(seen)).refund_of == original
            await until_moved(seen, path)


async def test_bad_rows_are_explained_beside_and_the_mended_file_can_be_dropped_again(tmp_path: Path) -> None:
    async with device(tmp_path) as till:
        seen: Any = till.observations()
        drop(tmp_path, "monday.csv", row("1"), row("2", price="free"), row("3"))
        assert [(await sale(seen)).sale_id for _ in range(2)] == ["1", "3"]
        complaint = await condition(seen)
        assert complaint.state is DeviceState.DEGRADED
        for part in ("monday.csv", "1 rows rejected", "rejected/monday.csv", "line 3", "UnitPrice", "2.55"):
            assert part in complaint.reason
        (wrong,) = rejected_rows(tmp_path / "rejected" / "monday.csv")
        assert (wrong["InvoiceNo"], wrong["Line"], wrong["Column"]) == ("2", "3", "UnitPrice")
        assert wrong["Remedy"]
        mended = (tmp_path / "rejected" / "monday.csv").read_text().replace("free", "9.99").splitlines()
        drop(tmp_path, "mended.csv", *mended[1:], header=mended[0])
        assert (await sale(seen)).total_minor == 999
        assert (await condition(seen)).state is DeviceState.ONLINE


async def test_a_file_without_a_usable_header_moves_to_rejected_whole(tmp_path: Path) -> None:
    async with device(tmp_path) as till:
        seen: Any = till.observations()
        drop(tmp_path, "notes.csv", "milk", header="shopping list")
        drop(tmp_path, "sales.csv", row("1"))
        complaint = await condition(seen)
        assert "notes.csv: line 1, InvoiceNo" in complaint.reason
        assert (tmp_path / "rejected" / "notes.csv").read_text() == "shopping list\nmilk\n"
        assert (await sale(seen)).sale_id == "1"


async def test_a_conflicting_receipt_is_explained_beside(tmp_path: Path) -> None:
    async with device(tmp_path) as till:
        seen: Any = till.observations()
        drop(tmp_path, "monday.csv", row("1"), row("2"))
        await sale(seen, SaleStatus.CONFLICT)
        await sale(seen, SaleStatus.DUPLICATE)
        assert (await condition(seen)).state is DeviceState.DEGRADED
        (wrong,) = rejected_rows(tmp_path / "rejected" / "monday.csv")
        assert (wrong["InvoiceNo"], wrong["Problem"]) == ("1", "another receipt is already recorded as 1")


async def test_a_name_used_before_is_kept_apart(tmp_path: Path) -> None:
    async with device(tmp_path) as till:
        for number in range(3):
            seen: Any = till.observations()
            path = drop(tmp_path, "monday.csv", row(str(number)))
            await sale(seen)
            await until_moved(seen, path)
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == [
        "monday.2.csv",
        "monday.3.csv",
        "monday.csv",
    ]


async def test_a_file_that_grows_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = drop(tmp_path, "monday.csv", row("1"))
    async with device(tmp_path) as till:
        seen: Any = till.observations()
        await sale(seen)
        with path.open("a") as file:
            file.write(row("2") + "\n")
        with pytest.raises(DeviceFault, match=r"monday\.csv: changed") as fault:
            await told(seen)
        assert "rename" in fault.value.remedy
        seen = till.observations()
        assert [(await sale(seen)).sale_id for _ in range(2)] == ["1", "2"]


async def test_other_files_hidden_files_links_and_folders_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    folder = tmp_path / "sales"
    folder.mkdir()
    outside.write_text(f"{HEADER}\n{row('9')}\n")
    (folder / "link.csv").symlink_to(outside)
    (folder / ".hidden.csv").write_text(outside.read_text())
    (folder / "notes.txt").write_text(outside.read_text())
    (folder / "folder.csv").mkdir()
    async with device(folder) as till:
        drop(folder, "sales.csv", row("1"))
        seen: Any = till.observations()
        assert (await sale(seen)).sale_id == "1"
        await until_moved(seen, folder / "sales.csv")
        assert len(list(folder.iterdir())) == 4 + 2


async def test_a_missing_folder_is_a_fault_at_once_and_a_vanished_one_later(tmp_path: Path) -> None:
    folder = tmp_path / "sales"
    with pytest.raises(DeviceFault, match="no such folder"):
        await device(folder).__aenter__()
    folder.mkdir()
    async with device(folder) as till:
        seen: Any = till.observations()
        drop(folder, "a.csv", row("1"))
        await sale(seen)
        folder.rename(tmp_path / "gone")
        with pytest.raises(DeviceFault) as fault:
            await told(seen)
        assert "share" in fault.value.remedy


async def test_a_damaged_history_does_not_stop_the_till(tmp_path: Path) -> None:
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "old.csv").write_bytes(b"\xff\xfe\x00 not a csv")
    async with device(tmp_path) as till:
        drop(tmp_path, "a.csv", row("1"))
        assert (await sale(till.observations())).sale_id == "1"


@pytest.mark.parametrize(
    "changes", [{"time_zone": "Mars/Olympus"}, {"currency": "pounds"}, {"poll_s": 0}, {"folder_": "x"}]
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(changes))):
        device(tmp_path, **changes)
