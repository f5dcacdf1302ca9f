"""Sales out of CSV files that tills drop into a watched folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from devices.device import DeviceFault, Driver, Trouble
from devices.observations import ConditionChanged, DeviceState, Observation, SaleReceipt, SaleStatus
from devices.tills.csv_files import RejectedRows, SalesFolder, Stamp, free_name, read_lines
from devices.tills.csv_receipts import Receipt, receipts
from devices.tills.csv_rows import CsvSettings, RejectedRow, time_zone
from devices.tills.refund_linker import RefundLinker

_BATCH_RECEIPTS_MAX = 50
_HISTORY_BYTES_MAX = 8 * 1024 * 1024
"""How much of ``done/`` is read at start, so that today's return finds last week's sale."""


class TillFolderSettings(BaseModel):
    """Settings of a watched folder; one folder belongs to one till."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="Folder the till writes CSV files into; done/ and rejected/ are made inside")
    till: str = Field(min_length=1, max_length=80, description="Name of the till, as in [[counters]]")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all prices, such as CNY or GBP")
    time_zone: str = Field("+00:00", max_length=64, description="Where InvoiceDate belongs: Asia/Shanghai, or +08:00")
    date_format: str | None = Field(None, max_length=40, description="strptime letters for dates not in ISO 8601")
    poll_s: float = Field(2.0, gt=0, le=3_600, description="Seconds between looks; a file unchanged for one is read")
    lines_remembered_max: int = Field(20_000, ge=1, le=1_000_000, description="Sold lines kept to link refunds to")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        time_zone(name)
        return name

    def csv_settings(self) -> CsvSettings:
        """How to read the files."""
        return CsvSettings(self.currency, self.time_zone, self.date_format)


class TillFolder:
    """Reads each file once it has stopped growing, and moves it to ``done/`` after its last receipt is durable.

    A crash in between reads the file again; its sales are duplicates then, known by their ids.
    """

    def __init__(self, settings: TillFolderSettings) -> None:
        self._settings = settings
        self._folder = SalesFolder(settings.folder)
        self._degraded = False

    def __repr__(self) -> str:
        return f"TillFolder({str(self._settings.folder)!r})"

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._folder.prepare)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between files."""

    async def observations(self) -> AsyncIterator[Observation]:
        """Every receipt of every file; a file with rejected rows degrades the device until a clean one came."""
        try:
            linker = await asyncio.to_thread(self._remember_history)
            while True:
                for path, stamp in await asyncio.to_thread(self._folder.settled):
                    async with aclosing(self._read_file(path, stamp, linker)) as reading:
                        async for seen in reading:
                            yield seen
                await asyncio.sleep(self._settings.poll_s)
        except DeviceFault:
            raise
        except OSError as error:
            remedy = "check the disk or the share, and who may write there"
            raise DeviceFault(f"{self._settings.folder}: {error}", remedy=remedy, key=Trouble.GONE) from error

    def _remember_history(self) -> RefundLinker:
        linker = RefundLinker(lines_max=self._settings.lines_remembered_max)
        for path in self._folder.history(_HISTORY_BYTES_MAX):
            with suppress(OSError):  # history helps to link; a damaged file of last week stops nothing
                for _ in receipts(read_lines(path), settings=self._settings.csv_settings(), linker=linker):
                    pass
        return linker

    async def _read_file(self, path: Path, stamp: Stamp, linker: RefundLinker) -> AsyncGenerator[Observation]:
        file = _SalesFile(path, stamp, self._folder, self._settings.csv_settings(), linker)
        try:
            while batch := await asyncio.to_thread(file.next_batch):
                for receipt in batch:
                    replies: list[SaleReceipt] = []
                    yield receipt.to_sale(self._settings.till, reply=replies.append)
                    if replies and replies[-1].status is SaleStatus.CONFLICT:
                        await asyncio.to_thread(file.refuse, receipt)
            complaint = await asyncio.to_thread(file.finish)
        finally:
            await asyncio.to_thread(file.close)
        if complaint:
            self._degraded = True
            yield ConditionChanged(DeviceState.DEGRADED, complaint, Trouble.SET_ASIDE)
        elif self._degraded:
            self._degraded = False
            yield ConditionChanged(DeviceState.ONLINE, f"{path.name}: read without complaint")


class _SalesFile:
    """One file being read. Its methods block; a thread that was left behind finds the file closed."""

    def __init__(
        self, path: Path, stamp: Stamp, folder: SalesFolder, settings: CsvSettings, linker: RefundLinker
    ) -> None:
        self._path = path
        self._stamp = stamp
        self._folder = folder
        self._lines = read_lines(path)
        self._header = ""
        self._settings = settings
        self._linker = linker
        self._items: Iterator[Receipt | RejectedRow] | None = None
        self._receipts = 0
        self._rejected = RejectedRows(folder, path)
        self._one_at_a_time = threading.Lock()
        self._closed = False

    def next_batch(self) -> list[Receipt]:
        """Some more receipts; none at the end. Rows rejected on the way are written down."""
        with self._one_at_a_time:
            if self._items is None:
                first = next(self._lines, "")
                self._header = first.rstrip("\r\n")
                self._items = receipts(chain((first,), self._lines), settings=self._settings, linker=self._linker)
            batch: list[Receipt] = []
            while not batch and not self._closed:
                items = list(islice(self._items, _BATCH_RECEIPTS_MAX))
                if not items:
                    break
                batch = [item for item in items if isinstance(item, Receipt)]
                self._rejected.add((item for item in items if isinstance(item, RejectedRow)), header=self._header)
            self._receipts += len(batch)
            return batch

    def refuse(self, receipt: Receipt) -> None:
        """Another receipt is already recorded under this number: say so beside the file."""
        problem = f"another receipt is already recorded as {receipt.sale_id}"
        remedy = "give this receipt a number of its own, or leave it out"
        rows = (RejectedRow(row.line, "InvoiceNo", problem, remedy, row.text) for row in receipt.rows)
        self._rejected.add(rows, header=self._header)

    def finish(self) -> str:
        """Move the file out of the way, all receipts being durable; returns a complaint, or ``""``."""
        first, path = self._rejected.first, self._path
        if Stamp.of(path) != self._stamp:
            remedy = "write files under another name and rename them when they are whole"
            reason = f"{path.name}: changed while it was read; it is read again"
            raise DeviceFault(reason, remedy=remedy, key=Trouble.BUSY)
        if first is None:
            path.replace(free_name(self._folder.done, path.name))
            return ""
        where = f"line {first.line}, {first.column or 'whole row'}: {first.problem}; {first.remedy}"
        if self._receipts == 0 and first.line == 1:  # the header: no row could be read
            self._rejected.discard()
            return f"{path.replace(free_name(self._folder.rejected, path.name)).name}: {where}"
        kept = self._rejected.keep()
        path.replace(free_name(self._folder.done, path.name))
        explained = f"rejected/{kept.name}" if kept else "the log"
        return f"{path.name}: {self._rejected.count} rows rejected, explained in {explained}; first {where}"

    def close(self) -> None:
        """Let go of the file; what was not finished is read again."""
        self._closed = True
        with self._one_at_a_time, suppress(OSError):
            self._rejected.discard()


DRIVER: Driver[TillFolderSettings] = Driver(
    name="till_folder",
    summary="Tills that write sales into CSV files in a folder",
    settings=TillFolderSettings,
    open=TillFolder,
)
