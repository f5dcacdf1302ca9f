"""``regulars phone``: a member's phone for technicians and demos, shown as text or as a QR code in the terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import segno
import typer

from devices.code_scanners.phone_code import KEY_BYTES, PhoneKey
from edge_agent.clock import system_clock
from provisioning.failures import CommandFailure

ROTATE_S = 20
"""How long the phone shows one code; a gateway takes it for 60 s."""
CODES_MAX = 1_000
_OWNER_ONLY = 0o600

app = typer.Typer(add_completion=False, help="Play a member's phone: its link code and its changing codes.")


@app.command(epilog="Example:  regulars phone --link --qr")
def phone(
    *,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The phone's private key; made when it is not there")
    ] = Path("phone.key"),
    link: Annotated[bool, typer.Option("--link", help="Show the code that links the phone to a member.")] = False,
    qr: Annotated[bool, typer.Option("--qr", help="Draw the code for a scanner, too.")] = False,
    codes: Annotated[
        int, typer.Option("--codes", min=1, max=CODES_MAX, metavar="N", help="So many codes, one every 20 seconds.")
    ] = 1,
) -> None:
    """Show the code of a member's phone. A code is good for a minute and for one use."""
    mine = phone_key(key)
    asyncio.run(_show(mine.link if link else mine.code, codes=codes, qr=qr))


async def _show(make: Callable[[int], str], *, codes: int, qr: bool) -> None:
    for number in range(codes):
        if number:
            await asyncio.sleep(ROTATE_S)
        text = make(int(system_clock().now().timestamp()))
        typer.echo(text)
        if qr:
            segno.make(text, error="m", micro=False).terminal(compact=True)


def phone_key(path: Path) -> PhoneKey:
    """The key in a file, or a new one put there for its owner alone. Raises :class:`CommandFailure`."""
    try:
        return PhoneKey.from_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip()))
    except FileNotFoundError:
        return _new_key(path)
    except (OSError, ValueError) as error:
        raise CommandFailure(
            f"{path} holds no phone's key.",
            f"Name a file with {KEY_BYTES} bytes in hexadecimal, or one that is not there.",
        ) from error


def _new_key(path: Path) -> PhoneKey:
    made = PhoneKey.draw()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="ascii") as file:
            file.write(made.to_bytes().hex() + "\n")
    except OSError as error:
        raise CommandFailure(f"{path} cannot be written: {error.strerror}.", "Name another file with --key.") from error
    return made
