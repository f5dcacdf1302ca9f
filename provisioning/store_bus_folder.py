"""The folder of the in-store bus: Mosquitto's configuration, its access list, and a drawn password for each user."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from devices.store_bus.access import BusPlan, access_list, configuration, password_lines

PASSWORD_BYTES = 18
SALT_BYTES = 12
SECRETS = "secrets"
_FOLDER_MODE = 0o700
_SECRET_MODE = 0o600
_PASSWORD_BYTES_MAX = 4_096


class BusFolderTaken(FileExistsError):
    """A bus was set up there already. Nothing was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is already there")


def write_bus_folder(plan: BusPlan, *, renew: bool = False) -> tuple[Path, ...]:
    """Write the files and return their paths. Passwords that are there stay as they are.

    Raises :class:`BusFolderTaken` where a bus is set up already, unless ``renew``: then the access list and the hashed
    passwords are written anew, and ``mosquitto.conf`` stays. Also ``OSError``.
    """
    folder = Path(plan.folder)
    if not renew and (folder / "acl").exists():
        raise BusFolderTaken(folder / "acl")
    (folder / SECRETS).mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    passwords = {user: _password(password_file(folder, user)) for user in plan.users}
    hashed = password_lines(passwords, {user: secrets.token_bytes(SALT_BYTES) for user in passwords})
    _put(folder / "acl", access_list(plan))
    _put(folder / "passwords", hashed)
    written = [folder / "acl", folder / "passwords"]
    if not (folder / "mosquitto.conf").exists():
        _put(folder / "mosquitto.conf", configuration(plan))
        written.insert(0, folder / "mosquitto.conf")
    return (*written, *(password_file(folder, user) for user in plan.users))


def password_file(folder: Path, user: str) -> Path:
    """Where a user's password lies, in clear."""
    return folder / SECRETS / f"{user}.password"


def _password(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET_MODE)
    except FileExistsError:
        with file.open(encoding="utf-8") as known:
            return known.read(_PASSWORD_BYTES_MAX).rstrip("\r\n")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(password)
    return password


def _put(path: Path, content: str) -> None:
    """Replace the file whole, readable by its owner alone."""
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _SECRET_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    beside.replace(path)
