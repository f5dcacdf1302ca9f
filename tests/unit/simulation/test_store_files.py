"""The data folder of a demo belongs to one demo at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.files.chain import ChainFolder, FolderInUse


def test_a_second_demo_is_kept_out_of_a_folder_in_use_until_the_first_has_gone(tmp_path: Path) -> None:
    folder = ChainFolder(tmp_path)
    with folder.kept_by_one(), pytest.raises(FolderInUse, match="choose another folder"), folder.kept_by_one():
        pytest.fail("both have it")
    with ChainFolder(tmp_path).kept_by_one():
        pass
