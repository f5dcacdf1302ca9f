"""``regulars store-bus``: the MQTT broker inside the store, and who may say what on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cloud_bridge.topics import TopicError, check_gateway_id
from devices.store_bus.access import BusPlan, UnfitNode
from provisioning.failures import CommandFailure
from provisioning.store_bus_folder import BusFolderTaken, write_bus_folder

app = typer.Typer(add_completion=False, help="Set up the MQTT bus inside the store.", no_args_is_help=True)


@app.callback()
def store_bus() -> None:
    """Set up the MQTT bus inside the store."""


@app.command(
    epilog="Example:  regulars store-bus acl /etc/regulars/bus --gateway store-7 --node shelf-1 --node shelf-2"
)
def acl(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; made if it is not there")],
    *,
    gateway: Annotated[str, typer.Option(help="Name of the gateway, as in edge.toml")] = "store-1",
    node: Annotated[list[str] | None, typer.Option(help="A sensor node that may log in; repeat for each")] = None,
    address: Annotated[str, typer.Option(help="Address to listen on, in the shop's network")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on")] = 1_883,
    renew: Annotated[bool, typer.Option("--renew", help="Add nodes to a bus that is there; passwords stay")] = False,
) -> None:
    """Write Mosquitto's configuration, its access list, and a password for each that logs in.

    A sensor may write its own topics only; the gateway hears all; Home Assistant hears all and may press our buttons.
    """
    try:
        check_gateway_id(gateway)
        plan = BusPlan(gateway, str(folder.absolute()), tuple(dict.fromkeys(node or ())), address, port)
        written = write_bus_folder(plan, renew=renew)
    except TopicError as error:
        raise CommandFailure(f"{error}.", "Write it like store-7.") from error
    except UnfitNode as error:
        raise CommandFailure(f"{error}.", "Name the node as its firmware does, such as shelf-1.") from error
    except BusFolderTaken as error:
        raise CommandFailure(f"{error}; nothing was written.", "Add nodes to it with --renew.") from error
    except OSError as error:
        raise CommandFailure(
            f"Cannot write {folder}: {error.strerror}.", "Check its permissions and the disk."
        ) from error
    console = Console(soft_wrap=True)
    for path in written:
        console.print(Text.assemble(("✓ ", "bold green"), str(path)))
    console.print(
        f"\nNext: let Mosquitto read {folder.absolute()} (chown -R mosquitto), start it, give each node its name and "
        "its password,\nand write username (gateway), password_file and port into edge.toml (driver mqtt_sensors)."
    )
