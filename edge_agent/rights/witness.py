"""A witness on other storage: what the journal must at least hold, if it is not an old copy of itself.

Written before rights leave a wallet for good, so that a restored disk is noticed before it redeems again. The file has
two slots that are written in turn: a power cut while one is written leaves the other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SLOT_BYTES = 512
"""One sector: what a disk writes whole or not at all."""

_MARK = "regulars-witness-1"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """Rights leave a wallet with ledger row ``sequence``; row ``before`` was durable when this was written.

    Once that row is durable too, both are the same.
    """

    gateway: str
    incarnation: str
    before: int
    sequence: int


class Verdict(StrEnum):
    """What a testimony says of a journal."""

    TRUSTED = "trusted"
    """Every redemption that was witnessed is in it."""
    UNPROVEN = "unproven"
    """It may be an old copy, or the power went between witness and commit: the cloud must be heard first."""
    ROLLED_BACK = "rolled back"
    """It is an old copy: rows are missing that were durable once."""


def judge(testimony: Witnessed | None, *, gateway: str, incarnation: str, known: Collection[str], head: int) -> Verdict:
    """Compare a testimony with a journal: its gateway, incarnation, all incarnations it has known, its ledger head."""
    if testimony is None or testimony.gateway != gateway:
        return Verdict.UNPROVEN
    if testimony.incarnation != incarnation:
        return Verdict.UNPROVEN if testimony.incarnation in known else Verdict.ROLLED_BACK
    if head >= testimony.sequence:
        return Verdict.TRUSTED
    return Verdict.UNPROVEN if head >= testimony.before else Verdict.ROLLED_BACK


class WitnessFile:
    """The file. ``apart_from`` is the journal's folder: a witness on the same storage is rolled back with it.

    So a stick that was pulled out is noticed, too: its empty mount point lies on the journal's storage.
    """

    def __init__(self, path: Path, *, apart_from: Path | None = None) -> None:
        self._path = path
        self._apart_from = apart_from
        self._count = 0

    def read(self) -> Witnessed | None:
        """The newest whole testimony; ``None`` where there is none. Raises ``OSError``."""
        self._check_apart()
        try:
            content = self._path.read_bytes()[: 2 * SLOT_BYTES]
        except FileNotFoundError:
            return None
        told = [_parsed(content[:SLOT_BYTES]), _parsed(content[SLOT_BYTES:])]
        whole = [slot for slot in told if slot is not None]
        if not whole:
            return None
        self._count, newest = max(whole, key=lambda slot: slot[0])
        return newest

    def write(self, testimony: Witnessed) -> None:
        """Make a testimony durable in the slot of the older one. Raises ``OSError``."""
        self._check_apart()
        if not self._count and self._path.exists():
            self.read()
        is_new = not self._path.exists()
        count = self._count + 1
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(handle, _slot(testimony, count), count % 2 * SLOT_BYTES)
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            _sync_folder(self._path.parent)
        self._count = count

    def _check_apart(self) -> None:
        if self._apart_from is None:
            return
        if self._path.parent.stat().st_dev == self._apart_from.stat().st_dev:
            raise OSError(f"{self._path} lies on the journal's own storage: plug in the other, or name a place on it")


def _slot(testimony: Witnessed, count: int) -> bytes:
    told = f"{_MARK} {count} {testimony.gateway} {testimony.incarnation} {testimony.before} {testimony.sequence}"
    return f"{told} {hashlib.sha256(told.encode()).hexdigest()}\n".encode().ljust(SLOT_BYTES)


def _parsed(slot: bytes) -> tuple[int, Witnessed] | None:
    told, _, digest = slot.decode(errors="replace").strip().rpartition(" ")
    if hashlib.sha256(told.encode()).hexdigest() != digest:
        return None
    mark, count, gateway, incarnation, before, sequence = told.split(" ")
    return (int(count), Witnessed(gateway, incarnation, int(before), int(sequence))) if mark == _MARK else None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
