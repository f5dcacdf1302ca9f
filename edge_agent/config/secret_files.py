"""Secrets are files. They are read when needed, never logged, never printed."""

from __future__ import annotations

import stat
from pathlib import Path

SECRET_BYTES_MAX = 4_096
KEY_BYTES_MIN = 16
"""What keys may not be shorter than; passwords only have to be there."""


class SecretError(ValueError):
    """A secret file that cannot be used. Names the problem and the remedy, never the content."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


def read_secret(file: Path, *, bytes_min: int = 1) -> bytes:
    """The content without its final line break. Raises :class:`SecretError`, for a short one too."""
    try:
        with file.open("rb") as source:
            content = source.read(SECRET_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise SecretError(f"there is no file {file}", "Create it, or correct the path.") from error
    except OSError as error:
        raise SecretError(f"{file} cannot be read: {error.strerror}", "Let the gateway's user read it.") from error
    if len(content) > SECRET_BYTES_MAX:
        raise SecretError(f"{file} is larger than {SECRET_BYTES_MAX} bytes", "Name a file that holds one secret.")
    secret = content.rstrip(b"\r\n")
    if not secret.strip():
        raise SecretError(f"{file} is empty", "Write the secret into it.")
    if len(secret) < bytes_min:
        remedy = f"Write {bytes_min} or more into it, for example: openssl rand -hex 32 > {file}"
        raise SecretError(f"{file} holds {len(secret)} bytes", remedy)
    return secret


def too_open(file: Path) -> str | None:
    """A warning when others on this machine can read the secret, else ``None``."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return None
    if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        return f"{file} can be read by others on this machine; run: chmod 600 {file}"
    return None
