"""Every registered driver under the real supervisor, with everything that can go wrong with it: it heals by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devices.observations import DeviceState
from devices.registry import installed_drivers
from devices.virtual.faults import FaultKind
from tests.conformance.driver_harness import Ability, HarnessPlace
from tests.conformance.ward import HEALED_S_MAX, Injection, Mishap, Patient, harness_modules, looked_after

_INJECTIONS: tuple[Injection, ...] = (*FaultKind, *Mishap)
_ALTERS_VALUES = frozenset({FaultKind.DRIFT})
"""The hardware itself shows something else then, and a driver that says so invents nothing."""


@pytest.fixture(params=sorted(harness_modules()))
async def patient(
    request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int]
) -> AsyncIterator[Patient]:
    async with looked_after(request.param, HarnessPlace(tmp_path, free_port)) as patient:
        yield patient


def _is_well(patient: Patient, injection: Injection) -> bool:
    """Online; one that was sent garbage may go on complaining of it, as long as it is not sent anything better."""
    condition = patient.supervisor.conditions()[0]
    complains = injection is FaultKind.GARBAGE and condition.state is DeviceState.DEGRADED and bool(condition.reason)
    return condition.state is DeviceState.ONLINE or complains


@pytest.mark.parametrize("injection", _INJECTIONS, ids=lambda injection: injection.value)
async def test_it_heals_by_itself_and_says_nothing_that_was_not_shown(patient: Patient, injection: Injection) -> None:
    assert await patient.heal() is not None, "it works before anything happens to it"
    if not await patient.suffer(injection):
        pytest.skip(f"this hardware cannot be {injection.value}")
    await patient.mend(injection)
    healed_s = await patient.heal()
    assert healed_s is not None
    assert healed_s <= HEALED_S_MAX
    assert _is_well(patient, injection)
    assert not patient.story.forbidden_steps()
    unwell = [condition for condition in patient.story.told if condition.state is not DeviceState.ONLINE]
    assert not [condition.reason for condition in unwell if condition.reason and not condition.key]
    if injection not in _ALTERS_VALUES:
        assert not patient.story.invented()


async def test_pulled_out_it_is_offline_with_a_reason_and_a_remedy_and_online_once_it_is_back(patient: Patient) -> None:
    if Ability.UNPLUG not in patient.harness.abilities:
        pytest.skip("there is no plug to pull")
    assert await patient.heal() is not None
    await patient.suffer(FaultKind.UNPLUGGED)
    assert await patient.notice()
    condition = patient.supervisor.conditions()[0]
    assert condition.reason
    assert condition.remedy
    assert condition.rung is not None
    await patient.mend(FaultKind.UNPLUGGED)
    assert await patient.heal() is not None
    assert patient.state is DeviceState.ONLINE
    assert patient.supervisor.conditions()[0].rung is None


def test_no_driver_is_left_out() -> None:
    assert set(harness_modules()) == set(installed_drivers())
