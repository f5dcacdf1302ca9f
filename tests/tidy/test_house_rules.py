"""The house keeps itself tidy: sizes, names and words that would let it rot are found here."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "loyalty", "devices", "models", "cloud_bridge", "kiosk_ui", "edge_agent", "cloud_crm", "simulation", "provisioning",
)  # fmt: skip
TEXT = {".py", ".js", ".html", ".md", ".sh", ".toml", ".yml", ".txt", ".lock", ".json", ".cfg"}
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FOLDER_MODULES_MAX = 14
BANNED_NAMES = {"utils", "helpers", "common", "misc", "base", "manager", "tools", "util", "helper"}


def tracked() -> list[Path]:
    """Every file of the project, by git where there is a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode == 0:
        return [path for line in listed.stdout.decode().splitlines() if (path := ROOT / line).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix in {".py", ".js"} and path.relative_to(ROOT).parts[0] in ROOMS]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_module_is_longer_than_400_lines() -> None:
    long = {str(p.relative_to(ROOT)): n for p in modules() if (n := len(p.read_text().splitlines())) > MODULE_LINES_MAX}
    assert not long


def test_no_function_is_longer_than_70_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in modules()
        if path.suffix == ".py"
        for node in functions(ast.parse(path.read_text()))
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert not long


def test_no_file_has_a_name_that_says_nothing() -> None:
    drawers = [str(p.relative_to(ROOT)) for p in tracked() if p.stem in BANNED_NAMES or p.parent.name in BANNED_NAMES]
    assert not drawers


def test_no_room_has_become_a_hall() -> None:
    counts: dict[Path, int] = {}
    for path in modules():
        if path.suffix == ".py" and path.name != "__init__.py":
            counts[path.parent] = counts.get(path.parent, 0) + 1
    crowded = {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > FOLDER_MODULES_MAX}
    assert not crowded


@pytest.mark.parametrize(
    ("why", "pattern", "suffixes"),
    [
        ("an open end", r"\b(TODO|FIXME|XXX)\b", {".py", ".js", ".css", ".html", ".md", ".sh"}),
        ("a path of one machine", r"(?<![\w.])/(root|work|home/(?!pi\b)[a-z]+)/", TEXT),
        ("a foreign address in a page", r"https?://(cdn|unpkg|fonts)\.", {".js", ".css", ".html"}),
        ("markup from text", r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write", {".js", ".html"}),
        ("an inline handler or style block", r"\son[a-z]+=\"|<style\b|\sstyle=\"", {".html"}),
        ("a recorded download address", r"\b(files\.pythonhosted|pypi\.org/simple|registry\.npmjs)\b", TEXT),
    ],
)
def test_no_file_holds(why: str, pattern: str, suffixes: set[str]) -> None:
    this = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {why}"
        for path in tracked()
        if path.suffix in suffixes and path != this
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found


def test_no_test_sleeps_or_mocks() -> None:
    pattern = re.compile(r"unittest\.mock|asyncio\.sleep\((?!0\))|monkeypatch\.setattr|assert True\b")
    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not guilty


def test_every_package_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_no_weights_or_large_files_are_kept() -> None:
    heavy = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 1024 * 1024]
    assert not heavy


def test_the_dependency_pins_name_versions_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; .+)?", line) for line in lines)
