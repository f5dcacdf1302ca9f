"""What is tried to heal a device, rung by rung, and the program that may cut its power."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.device import DeviceFault
from devices.observations import DeviceState
from edge_agent.supervision import (
    CommandPower,
    PowerCycle,
    Rung,
)
from edge_agent.supervision.ladder import Climb
from edge_agent.supervision.states import TRANSITIONS, Happening, after, table
from tests.unit.edge.fake_reader import FakeTime

_WITHIN_S = 5.0


def climbed(failures: int, *, has_power: bool = False, is_still_open: bool = False) -> list[Rung]:
    climb = Climb(has_power=has_power)
    return [climb.fail(is_still_open=is_still_open) for _ in range(failures)]


def test_the_manual_draws_the_states_as_the_table_has_them() -> None:
    manual = Path(__file__).parents[3] / "docs" / "devices.md"
    assert table() in manual.read_text(encoding="utf-8")


def test_without_a_power_hook_a_device_is_reopened_until_somebody_is_called() -> None:
    assert climbed(12) == [Rung.REOPEN] * 10 + [Rung.ALERT] * 2


def test_power_is_cut_twice_with_reopenings_between() -> None:
    expected = [Rung.REOPEN] * 4 + [Rung.POWER] + [Rung.REOPEN] * 3 + [Rung.POWER] + [Rung.REOPEN] * 3 + [Rung.ALERT]
    assert climbed(13, has_power=True) == expected


def test_only_a_fault_that_left_the_opening_good_is_answered_by_asking_again() -> None:
    assert climbed(2, is_still_open=True) == [Rung.RETRY, Rung.REOPEN]
    assert climbed(2) == [Rung.REOPEN, Rung.REOPEN]


def test_a_forgiven_device_starts_at_the_bottom_and_its_counts_stay() -> None:
    climb = Climb()
    for _ in range(12):
        climb.fail(is_still_open=False)
    climb.forgive()
    assert climb.fail(is_still_open=True) is Rung.RETRY
    assert climb.counts == {Rung.REOPEN: 10, Rung.ALERT: 2, Rung.RETRY: 1}


@given(st.lists(st.sampled_from(list(Happening)), max_size=30))
def test_a_device_that_is_offline_comes_back_by_nothing_but_being_opened(happenings: list[Happening]) -> None:
    state = DeviceState.CONNECTING
    for happening in happenings:
        if (state, happening) not in TRANSITIONS:
            with pytest.raises(ValueError, match=f"{state.value} cannot have {happening.value}"):
                after(state, happening)
            continue
        before, state = state, after(state, happening)
        if before is DeviceState.OFFLINE and state is not DeviceState.OFFLINE:
            assert happening is Happening.OPENED


def program(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "power"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return (str(path), "-p", "2")


async def test_a_power_command_is_run_with_off_and_then_with_on_as_its_last_word(tmp_path: Path) -> None:
    command = program(tmp_path, f'echo "$@" >> {tmp_path}/log')
    await PowerCycle(CommandPower(command)).run(FakeTime().sleep)
    assert (tmp_path / "log").read_text() == "-p 2 off\n-p 2 on\n"


def is_running(pid_file: Path) -> bool:
    """Whether a program lives that wrote its number; one killed before it did never ran."""
    return pid_file.exists() and Path("/proc", pid_file.read_text().strip()).exists()


@pytest.mark.parametrize(
    ("text", "limit_s", "told"),
    [("exit 3", 5.0, "ended with status 3"), ("exec sleep 60", 0.05, "took more than 0.05 s")],
)
async def test_a_power_command_that_fails_is_told_and_never_left_running(
    tmp_path: Path, text: str, limit_s: float, told: str
) -> None:
    command = program(tmp_path, f"echo $$ > {tmp_path}/pid\n{text}")
    with pytest.raises(DeviceFault, match=told):
        await CommandPower(command, limit_s=limit_s).off()
    assert not is_running(tmp_path / "pid")


async def test_a_power_command_that_is_not_there_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DeviceFault, match="cannot be run") as caught:
        await CommandPower((str(tmp_path / "nothing"),)).off()
    assert caught.value.remedy
