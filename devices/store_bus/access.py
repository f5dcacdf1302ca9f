"""Who may say and hear what on the in-store bus: the access list and the configuration of a Mosquitto for it.

Every sensor node logs in under its own name and may write below that name only, and announce only itself; the gateway
hears all and speaks for itself; Home Assistant hears all and may press our buttons. Pure text and password hashes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import pbkdf2_hmac
from string import Template

NODES_MAX = 200
GATEWAY_USER = "gateway"
HOME_ASSISTANT_USER = "hass"
ZIGBEE_USER = "zigbee2mqtt"
RESERVED = frozenset({GATEWAY_USER, HOME_ASSISTANT_USER, ZIGBEE_USER, "homeassistant", "regulars"})
"""Also what topics begin with: whoever logs in under such a name could write below it."""
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z", re.ASCII)
_HASH_ROUNDS = 10_000
_SALT_BYTES = 12

_ACL = Template("""\
# Who may say and hear what on the bus of the store "$gateway". Read by Mosquitto (acl_file).
# What is not allowed here is refused without a word: a message to a foreign topic reaches nobody.

# Every sensor node logs in under its own name (in ESPHome: the node's name) and stays below it.
pattern write %u/#
pattern read %u/#
# It announces itself, and nobody else.
pattern write homeassistant/+/%u/+/config
pattern write homeassistant/device/%u/config
# It hears when Home Assistant starts, to announce itself again.
pattern read homeassistant/status

# The gateway hears everything, and speaks for itself only.
user $gateway_user
topic read #
topic write regulars/$gateway/#
topic write homeassistant/device/$gateway/+/config

# Home Assistant hears everything; of what is the gateway's it may only press the buttons.
user $home_assistant_user
topic read #
topic write homeassistant/status
topic write regulars/$gateway/alerts/acknowledge
topic write regulars/$gateway/slots/+/acknowledge

# Zigbee2MQTT speaks for all its devices.
user $zigbee_user
topic readwrite zigbee2mqtt/#
topic read homeassistant/status
# Only where Zigbee2MQTT itself announces its devices to Home Assistant; the gateway needs it not:
#topic write homeassistant/+/+/+/config
""")

_CONFIGURATION = Template("""\
# The in-store bus of "$gateway". Start it with:  mosquitto -c $folder/mosquitto.conf
# It is for sensors in this building. Never let it be reached from the internet.

# Sensors reach the gateway here; the address is the gateway's own in the shop's network.
listener $port $address
allow_anonymous false
password_file $folder/passwords
acl_file $folder/acl

# With certificates of your own, listen on 8883 and let every client trust the authority:
#cafile $folder/ca.pem
#certfile $folder/server.crt
#keyfile $folder/server.key

# The last states of sensors survive a restart.
persistence true
persistence_location $folder/

# No sensor may fill the memory of all.
message_size_limit 4194304
max_connections 300
max_inflight_messages 100
max_queued_messages 2000
""")


class UnfitNode(ValueError):
    """A name that no sensor node may have."""


@dataclass(frozen=True, slots=True)
class BusPlan:
    """The in-store bus of one gateway. ``folder`` is where its files will lie, absolute."""

    gateway: str
    folder: str
    nodes: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    port: int = 1_883

    def __post_init__(self) -> None:
        if len(self.nodes) > NODES_MAX:
            raise UnfitNode(f"more than {NODES_MAX} nodes")
        for node in self.nodes:
            if not _NODE.match(node):
                raise UnfitNode(f"{node!r}: a node's name has letters, digits, '-' and '_'")
            if node in RESERVED or node == self.gateway:
                raise UnfitNode(f"{node!r}: that name is taken by the bus itself")

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody who logs in."""
        return (GATEWAY_USER, HOME_ASSISTANT_USER, ZIGBEE_USER, *self.nodes)


def access_list(plan: BusPlan) -> str:
    """The text of Mosquitto's ``acl_file``."""
    return _ACL.substitute(
        gateway=plan.gateway,
        gateway_user=GATEWAY_USER,
        home_assistant_user=HOME_ASSISTANT_USER,
        zigbee_user=ZIGBEE_USER,
    )


def configuration(plan: BusPlan) -> str:
    """The text of ``mosquitto.conf``."""
    return _CONFIGURATION.substitute(
        gateway=plan.gateway, folder=plan.folder, port=str(plan.port), address=plan.address
    )


def password_lines(passwords: Mapping[str, str], salts: Mapping[str, bytes]) -> str:
    """The text of Mosquitto's ``password_file``: PBKDF2 over SHA-512, as ``mosquitto_passwd`` writes it.

    ``salts`` by user, at least 12 random bytes each.
    """
    lines: list[str] = []
    for user, password in passwords.items():
        salt = salts[user][:_SALT_BYTES]
        key = pbkdf2_hmac("sha512", password.encode(), salt, _HASH_ROUNDS, 64)
        lines.append(f"{user}:$7${_HASH_ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}")
    return "\n".join((*lines, ""))
