"""``regulars init DIR``: the folder of a new store, every key explained, every secret drawn."""

from __future__ import annotations

import getpass
import os
import pwd
import re
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cloud_bridge.topics import TopicError, check_gateway_id
from edge_agent.config import ConfigError
from provisioning.config_kinds import check
from provisioning.failures import CommandFailure
from provisioning.store_folder import CONFIGURATION, FolderTaken, StoreAnswers, UnfitPath, write_folder
from provisioning.store_plan import StoreIdentity

app = typer.Typer(add_completion=False, help="Write the folder of a new store.")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}\Z")
_STORE_NAME_LENGTH_MAX = 70


def _broker(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if re.search(r":\d+\Z", text) else (text, "", "1883")
    if not host or not 1 <= int(port) <= 65_535:
        raise typer.BadParameter("write HOST or HOST:PORT, such as broker.example.com:8883")
    return host.strip("[]"), int(port)


def _command() -> tuple[str, ...]:
    """How systemd starts this installation."""
    installed = Path(sys.executable).with_name("regulars")
    found = str(installed) if installed.exists() else shutil.which("regulars")
    return (found,) if found else (sys.executable, "-m", "provisioning.cli")


@app.command(epilog='Example:  regulars init /etc/regulars --gateway store-7 --store-name "West Lake"')
def init(  # noqa: PLR0913 - a command's options are its arguments
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; made if it is not there")],
    *,
    gateway: Annotated[str, typer.Option(help="Name of the gateway: a-z, 0-9 and '-'")] = "store-1",
    store_name: Annotated[str, typer.Option(help="Name of the store as people read it")] = "西湖店 West Lake",
    broker: Annotated[
        str, typer.Option(metavar="HOST[:PORT]", help="The head office's MQTT broker")
    ] = "127.0.0.1:1883",
    locale: Annotated[str, typer.Option(help="Language in which screens begin: zh-CN or en")] = "zh-CN",
    time_zone: Annotated[str, typer.Option(help="IANA time zone of the store")] = "Asia/Shanghai",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the tills' currency")] = "CNY",
    user: Annotated[str, typer.Option(help="System user of the services; default: you, or 'regulars' for root")] = "",
) -> None:
    """Write edge.toml, store.toml, programme.toml, planogram.csv, secrets and systemd units.

    Every key is explained where it stands. Nothing is ever overwritten. cloud.toml is for the head
    office: its section of this gateway is pasted there.
    """
    host, port = _broker(broker)
    who = user or ("regulars" if getpass.getuser() == "root" else getpass.getuser())
    _check_answers(gateway, store_name, who)
    try:
        StoreIdentity.model_validate(
            {"name": store_name, "locale": locale, "time_zone": time_zone, "currency": currency}
        )
    except ValueError as error:
        first = str(error).splitlines()[1:3]
        raise CommandFailure(f"The store cannot be described: {' '.join(map(str.strip, first))}.") from error
    answers = StoreAnswers(
        gateway=gateway,
        store_name=store_name,
        locale=locale,
        time_zone=time_zone,
        currency=currency,
        broker_host=host,
        broker_port=port,
        user=who,
        command=_command(),
    )
    written = _write(folder, answers)
    _check_and_report(folder.absolute(), written)
    _hand_over(folder.absolute(), who)


def _check_answers(gateway: str, store_name: str, user: str) -> None:
    try:
        check_gateway_id(gateway)
    except TopicError as error:
        raise CommandFailure(f"{error}.", "Write it like store-7.") from error
    if not 1 <= len(store_name) <= _STORE_NAME_LENGTH_MAX or not store_name.isprintable():
        raise CommandFailure(
            "The store's name does not fit.", f"Write 1 to {_STORE_NAME_LENGTH_MAX} printable characters."
        )
    if not _USER.match(user):
        raise CommandFailure(f"{user!r} cannot be a system user.", "Name one with --user.")


def _write(folder: Path, answers: StoreAnswers) -> tuple[Path, ...]:
    try:
        return write_folder(folder, answers)
    except FolderTaken as error:
        raise CommandFailure(
            f"{error}; nothing was written.", "Name another folder, or move that file away."
        ) from error
    except UnfitPath as error:
        raise CommandFailure(f"{error}.", "Choose a path without them.") from error
    except OSError as error:
        raise CommandFailure(
            f"Cannot write {folder}: {error.strerror}.", "Check its permissions and the disk."
        ) from error


def _check_and_report(folder: Path, written: tuple[Path, ...]) -> None:
    console = Console(soft_wrap=True)
    for path in written:
        console.print(Text.assemble(("✓ ", "bold green"), str(path)))
    for name in CONFIGURATION:
        try:
            check(folder / name)
        except ConfigError as error:  # a template of ours that does not pass is our mistake
            raise AssertionError(f"init wrote a file that does not pass its own check: {error}") from error
    console.print(f"\nNext: read {folder / 'edge.toml'}, then  regulars edge --config {folder / 'edge.toml'}")


def _hand_over(folder: Path, user: str) -> None:
    """Give the folder to the services' user, where that is somebody else and we may."""
    if os.getuid() != 0 or user == "root":
        return
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        typer.echo(f"The user {user} is not there yet:  useradd --system {user} && chown -R {user}: {folder}")
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
