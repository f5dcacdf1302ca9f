"""A gateway loads what its configuration uses, and nothing heavy besides."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "zxingcpp", "cv2", "httpx", "sqlalchemy", "amqtt", "sqlite_utils", "pyzbar", "typer")
PROGRAM = """
import sys
import edge_agent.app
from devices.registry import load_driver
for name in sys.argv[1].split():
    load_driver(name)
print(*sys.modules)
"""


@pytest.mark.parametrize("drivers", ["", "pn532 till_feed till_folder serial_scanner"])
def test_a_gateway_without_cameras_loads_nothing_heavy(drivers: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, drivers], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(ran.stdout.split()) == set()
