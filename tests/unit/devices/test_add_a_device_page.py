"""The worked example of ``docs/add-a-device.md`` is taken out of the page and held to the whole conformance suite."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from devices.registry import installed_drivers, load_driver
from tests.conformance import test_every_driver as suite
from tests.conformance.driver_harness import HarnessPlace

_ROOT = Path(__file__).resolve().parents[3]
_PAGE = (_ROOT / "docs" / "add-a-device.md").read_text()
_FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", _PAGE, re.DOTALL))
_PROMISES = {
    name: promise
    for name, promise in inspect.getmembers(suite, inspect.iscoroutinefunction)
    if name.startswith("test_") and {"driver", "harness"} <= set(inspect.signature(promise).parameters)
}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """The files of the page, installed as a package of their own."""
    for name, text in _FILES.items():
        (tmp_path / name).write_text(text)
    (entry_point,) = re.findall(r"```toml\n(.*?)```", _PAGE, re.DOTALL)
    info = tmp_path / "keypad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keypad\nVersion: 1.0\n")
    _, line, *_ = entry_point.splitlines()
    (info / "entry_points.txt").write_text("[regulars.devices]\n" + line.replace('"', "") + "\n")
    sys.path.insert(0, str(tmp_path))
    try:
        yield
    finally:
        sys.path.remove(str(tmp_path))
        for name in _FILES:
            sys.modules.pop(name.removesuffix(".py"), None)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("promise", sorted(_PROMISES))
async def test_the_example_keeps_every_promise(
    promise: str, tmp_path: Path, free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    module: ModuleType = importlib.import_module("harness_keypad")
    hardware = module.harness(HarnessPlace(tmp_path / "place", free_port))
    await hardware.open()
    try:
        given = {"driver": load_driver("keypad"), "harness": hardware, "caplog": caplog}
        wanted = inspect.signature(_PROMISES[promise]).parameters
        await _PROMISES[promise](**{name: given[name] for name in wanted})
    finally:
        await hardware.close()


def test_the_page_shows_every_file_there_is_to_write() -> None:
    assert list(_FILES) == ["keypad_frames.py", "keypad.py", "harness_keypad.py"]


def test_the_page_lists_every_driver_and_only_files_that_exist() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", _PAGE, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(installed_drivers())
    files = [file for _, row in rows for file in re.findall(r"`(\w+/\w+\.py)`", row)]
    files += re.findall(r"`(?:devices/)(\w+/\w+\.py)`", _PAGE)
    assert not [file for file in files if not (_ROOT / "devices" / file).exists()]
