"""Which machine this is: a card copied into a second one must not redeem what the first one holds.

Two copies of one disk cannot be told apart by what is on them. So the journal remembers the machine it lives in, by
what no copy takes along: a Pi's serial number, a board's id, or the addresses of the wired network ports.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_SERIAL_NUMBERS = (
    "sys/firmware/devicetree/base/serial-number",
    "sys/class/dmi/id/product_uuid",
    "sys/class/dmi/id/board_serial",
)
_PORTS = "sys/class/net"
_ETHERNET = "1"
_IDENTITY_DIGITS = 32


def machine_identity(root: Path = Path("/")) -> str:
    """A hash that names this machine, 32 hexadecimal digits; empty where nothing in it can be told from another."""
    known = next(filter(None, (_read(root / name) for name in _SERIAL_NUMBERS)), "") or _wired_ports(root / _PORTS)
    return hashlib.sha256(known.encode()).hexdigest()[:_IDENTITY_DIGITS] if known else ""


def _wired_ports(folder: Path) -> str:
    """The addresses of network ports that are hardware; wireless ones may draw theirs anew."""
    try:
        ports = sorted(folder.iterdir())
    except OSError:
        return ""
    wired = [
        port
        for port in ports
        if (port / "device").exists() and not (port / "wireless").exists() and _read(port / "type") == _ETHERNET
    ]
    return " ".join(_read(port / "address") for port in wired)


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip("\x00 \n")
    except OSError:
        return ""
