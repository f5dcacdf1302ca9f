"""Drivers are found by name; what is wrong with a name or a package is said, never papered over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.registry import BrokenDriver, UnknownDriver, installed_drivers, load_driver

_PLUGIN = """
from pydantic import BaseModel
from devices.device import Driver
DRIVER = Driver(name="bell", summary="a bell", settings=BaseModel, open=lambda settings: None)
NOT_A_DRIVER = "bell"
"""
_ENTRY_POINTS = """
[regulars.devices]
bell = bell_plugin:DRIVER
renamed = bell_plugin:DRIVER
no_driver = bell_plugin:NOT_A_DRIVER
no_attribute = bell_plugin:GONE
no_module = bell_plugin_gone:DRIVER
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[None]:
    """Another package that brings drivers, as pip would install it."""
    (tmp_path / "bell_plugin.py").write_text(_PLUGIN)
    info = tmp_path / "bell_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bell-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)
    sys.path.insert(0, str(tmp_path))
    try:
        yield
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("bell_plugin", None)


def test_our_own_drivers_are_installed() -> None:
    assert {"pn532", "serial_scanner", "code_camera", "till_feed", "till_folder"} <= set(installed_drivers())
    assert load_driver("pn532").name == "pn532"


def test_a_name_that_is_not_installed_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(UnknownDriver, match=r"'pn523'.*pn532") as caught:
        load_driver("pn523")
    assert isinstance(caught.value, LookupError)
    assert "pn532" in caught.value.known


@pytest.mark.usefixtures("plugin")
def test_a_driver_of_another_package_is_found() -> None:
    assert load_driver("bell").summary == "a bell"


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_module", "No module named"),
        ("no_attribute", "GONE"),
        ("no_driver", "leads to a str"),
        ("renamed", "calls itself 'bell'"),
    ],
)
def test_a_driver_that_does_not_work_says_why_and_hides_no_other(name: str, reason: str) -> None:
    with pytest.raises(BrokenDriver, match=reason) as caught:
        load_driver(name)
    assert "reinstall" in str(caught.value)
    assert load_driver("pn532").name == "pn532"
