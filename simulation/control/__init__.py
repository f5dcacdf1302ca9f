"""The demo's control page: hands on the virtual hardware, and a light at each station a tap passes."""

from simulation.control.desk import Desk, Store
from simulation.control.server import control_server

__all__ = ["Desk", "Store", "control_server"]
