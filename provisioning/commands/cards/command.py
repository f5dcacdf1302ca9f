"""``regulars cards``: what a card printer and a store need of the keys of cards that prove themselves.

Keys are written to new files that only their owner can read. They are never printed, and never logged.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from cloud_crm.config import ConfigError, load_settings, read_card_key
from devices.ntag424.keys import UID_BYTES, KeyNumber, card_key
from devices.observations import CardUid
from provisioning.commands.cards.plan import card_plan
from provisioning.failures import CommandFailure, Exit

LINK_CHARS_MAX = 150
_OWNER_ONLY = 0o600
_Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="Head office's cloud.toml")]
_Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="A new file for the keys; only its owner can read it")
]

app = typer.Typer(
    add_completion=False, help="Keys of cards that prove themselves (NTAG 424 DNA).", no_args_is_help=True
)


@app.callback()
def cards() -> None:
    """Keys of cards that prove themselves (NTAG 424 DNA)."""


@app.command(epilog="Example:  regulars cards keys 04A1B2C3D4E5F6 --out card.json")
def keys(
    uid: Annotated[str, typer.Argument(metavar="UID", help="The card's number, 14 hexadecimal digits")],
    *,
    out: _Out,
    link: Annotated[
        str, typer.Option("--link", metavar="URL", help="The link that the card writes its messages into")
    ] = "https://example.com/card",
    config: _Config = Path("cloud.toml"),
) -> None:
    """Write all keys of one card, and how its file is set up, for whoever personalises it. Destroy the file after."""
    number = _number(uid)
    if len(link) > LINK_CHARS_MAX or "?" in link or not link.isprintable():
        raise CommandFailure(
            "That is no link for a card.", f"Give one of at most {LINK_CHARS_MAX} characters, without a question mark."
        )
    _write(out, json.dumps(card_plan(_master(config), number, link), indent=2) + "\n")
    typer.echo(f"The keys of one card are in {out}. Destroy the file once the card is made.")


@app.command("meta-key", epilog="Example:  regulars cards meta-key --out card-meta.key")
def meta_key(*, out: _Out, config: _Config = Path("cloud.toml")) -> None:
    """Write the key by which stores read the hidden number in a card's link: cards.meta_key_file in edge.toml."""
    _write(out, card_key(_master(config), bytes(UID_BYTES), KeyNumber.META).hex() + "\n")
    typer.echo(f"The meta key is in {out}. Bring it to the stores by a safe way, not by mail.")


def _number(text: str) -> bytes:
    try:
        number = CardUid.from_hex(text).number
    except ValueError:
        number = b""
    if len(number) != UID_BYTES:
        raise CommandFailure(
            "That is no number of an NTAG 424 DNA.", "Give its UID: 14 hexadecimal digits.", status=Exit.USAGE
        )
    return number


def _master(config: Path) -> bytes:
    try:
        file = load_settings(config).card_master_key_file
        if file is None:
            raise CommandFailure(
                f"{config} names no master key.", "Set card_master_key_file; write a new key with: openssl rand -hex 16"
            )
        return read_card_key(file, "card_master_key_file")
    except ConfigError as error:
        raise CommandFailure(f"{error.file}: {error.key}: {error.problem}.", f"{error.remedy}.") from error


def _write(out: Path, content: str) -> None:
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="ascii") as file:
            file.write(content)
    except FileExistsError as error:
        raise CommandFailure(f"{out} is there already.", "Name a new file: keys are never written over.") from error
    except OSError as error:
        raise CommandFailure(f"{out} cannot be written: {error.strerror}.", "Name another file with --out.") from error
