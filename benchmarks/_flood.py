"""Says many words a second on a broker, in a process of its own: ``python -m benchmarks._flood PORT RATE SENSORS``.

Runs until SIGTERM, then prints how many it has said.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

_BEAT_S = 0.005


def main(port: int, rate: float, sensors: int) -> int:
    """Speak evenly; returns how many words went out."""
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began_s, said = time.perf_counter(), 0
    while not over.wait(_BEAT_S):
        due = int((time.perf_counter() - began_s) * rate)
        while said < due and not over.is_set():
            client.publish(f"bench-{said % sensors:03d}/state", b"%d.0" % (100 + said % 977), qos=0)
            said += 1
    client.disconnect()
    client.loop_stop()
    return said


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))}\n")
