"""Ctrl-C, once, twice, early and by signal 9: the demo goes, and everything it started goes with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.story.demo_process import ROOT, DemoProcess

_END_TIMEOUT_S = 12.0
"""The promise is 3 s on an idle machine; test machines are busy."""


def test_ctrl_c_ends_everything_and_it_starts_again_at_once(tmp_path: Path) -> None:
    for _ in range(2):
        with DemoProcess(tmp_path, "--speed", "600") as demo:
            kiosk = demo.address("Kiosk")
            assert kiosk.startswith("http://127.0.0.1:")
            demo.interrupt()
            assert demo.wait(timeout_s=_END_TIMEOUT_S) == 0, demo.output()
        assert demo.leftovers() == []


def test_ctrl_c_twice_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    with DemoProcess(tmp_path, "--speed", "600") as demo:
        demo.address("Demo control")
        demo.interrupt()
        demo.interrupt()
        assert demo.wait(timeout_s=_END_TIMEOUT_S) in {0, 1}, demo.output()
    assert "Traceback" not in demo.output()
    assert demo.leftovers() == []


def test_ctrl_c_while_everything_is_still_starting_ends_it_too(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as demo:
        demo.first_line()
        demo.interrupt()
        assert demo.wait(timeout_s=_END_TIMEOUT_S) == 0, demo.output()
    assert "Traceback" not in demo.output()
    assert demo.leftovers() == []


def test_a_killed_demo_takes_its_children_along(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as demo:
        demo.address("Demo control")
        demo.kill()
        demo.wait()
    assert demo.leftovers() == []


def test_a_card_can_be_tapped_from_another_terminal(tmp_path: Path) -> None:
    with DemoProcess(tmp_path, "--turns", "1") as demo:
        demo.address("Demo control")
        tap = subprocess.run(
            [sys.executable, "-m", "provisioning.cli", "tap", "04A1B2C3D4E5F6"],
            cwd=ROOT,
            env=demo.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert tap.returncode == 0, tap.stderr
        assert "does not know this card" in tap.stdout
        demo.interrupt()
        demo.wait(timeout_s=_END_TIMEOUT_S)
