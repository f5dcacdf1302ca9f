"""The folder ``regulars init`` writes: configuration with comments, secrets, systemd units.

``plan_folder`` decides the content of every file, ``write_folder`` puts them there, all or none.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from string import Template

SECRET_BYTES = 32
KIOSK = "kiosk-1"
_FOLDER_MODE = 0o700
_SECRET_MODE = 0o600
_FILE_MODE = 0o644
SECRETS = ("gateway.secret", "medium.key", "till.key")
CONFIGURATION = ("edge.toml", "store.toml", "programme.toml", "planogram.csv", "cloud.toml")
UNITS = ("regulars-edge.service", "regulars-kiosk.service")


class FolderTaken(FileExistsError):
    """Something of that name is already there. Nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is already there")
        self.path = path


class UnfitPath(ValueError):
    """A path that systemd reads differently in different places: with blanks, quotes and the like."""

    def __init__(self, path: str, characters: list[str]) -> None:
        super().__init__(f"{path!r} holds {' '.join(map(repr, characters))}, which a systemd unit cannot carry safely")


@dataclass(frozen=True, slots=True)
class StoreAnswers:
    """What ``regulars init`` was told about the store, the broker and the machine."""

    gateway: str
    store_name: str
    locale: str
    time_zone: str
    currency: str
    broker_host: str
    broker_port: int
    user: str
    command: tuple[str, ...]
    web_port: int = 8401
    till_port: int = 8765


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file to be written, its path relative to the folder."""

    path: PurePosixPath
    content: bytes
    mode: int = _FILE_MODE


def plan_folder(folder: Path, answers: StoreAnswers) -> Iterator[PlannedFile]:
    """Every file of a new store's folder. ``folder`` must be absolute: systemd asks for it."""
    in_toml = _toml_values(answers)
    for name in CONFIGURATION:
        yield PlannedFile(PurePosixPath(name), _filled(name, in_toml))
    in_unit = _unit_values(folder, answers)
    for name in UNITS:
        yield PlannedFile(PurePosixPath(name), _filled(name, in_unit))
    for name in SECRETS:
        # Hexadecimal, so that it survives an editor, a password safe and a terminal.
        secret = secrets.token_bytes(SECRET_BYTES).hex().encode()
        yield PlannedFile(PurePosixPath("secrets", name), secret, _SECRET_MODE)


def write_folder(folder: Path, answers: StoreAnswers) -> tuple[Path, ...]:
    """Write the folder and return its files. Raises :class:`FolderTaken` rather than overwrite.

    Also :class:`UnfitPath` and ``OSError``.

    Files are written beside their place first, so that a full disk leaves no half of a store.
    """
    folder = folder.absolute()
    planned = tuple(plan_folder(folder, answers))
    taken = [folder / file.path for file in planned if (folder / file.path).exists()]
    if taken:
        raise FolderTaken(taken[0])
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / f".init-{os.getpid()}"
    try:
        for file in planned:
            _write(staging / file.path, file)
        for name in ("secrets", "data"):
            (folder / name).mkdir(mode=_FOLDER_MODE, exist_ok=True)
        for file in planned:
            # A link fails where a file appeared meanwhile; a rename would replace it.
            (folder / file.path).hardlink_to(staging / file.path)
    except FileExistsError as error:
        raise FolderTaken(Path(error.filename2 or error.filename or folder)) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return tuple(folder / file.path for file in planned)


def _write(path: Path, file: PlannedFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(descriptor, "wb") as target:
        target.write(file.content)
        target.flush()
        os.fsync(target.fileno())


def _filled(name: str, values: Mapping[str, str]) -> bytes:
    template = files("provisioning").joinpath("templates", name).read_text(encoding="utf-8")
    return Template(template).substitute(values).encode()


def _toml_values(answers: StoreAnswers) -> dict[str, str]:
    return {
        "gateway": answers.gateway,
        "store_name": _toml_text(answers.store_name),
        "programme_name": _toml_text(f"{answers.store_name} 会员 Regulars"),
        "locale": answers.locale,
        "time_zone": answers.time_zone,
        "currency": answers.currency,
        "broker_host": _toml_text(answers.broker_host),
        "broker_port": str(answers.broker_port),
        "web_port": str(answers.web_port),
        "till_port": str(answers.till_port),
        "kiosk": KIOSK,
    }


def _unit_values(folder: Path, answers: StoreAnswers) -> dict[str, str]:
    return {
        "gateway": answers.gateway,
        "folder": _unit_path(str(folder)),
        "command": " ".join(_unit_path(part) for part in answers.command),
        "user": answers.user,
        "kiosk_url": f"http://127.0.0.1:{answers.web_port}/kiosk/{KIOSK}",
    }


def _toml_text(text: str) -> str:
    """A TOML basic string. JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unit_path(path: str) -> str:
    """A path in a unit file, where ``%`` begins a specifier. Raises :class:`UnfitPath`."""
    if unfit := sorted(set(path) & set(" \t\n\"'\\$;#")):
        raise UnfitPath(path, unfit)
    return path.replace("%", "%%")
