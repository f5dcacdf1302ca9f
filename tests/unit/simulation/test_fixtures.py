"""What can be made to fail in a simulated store, by name."""

from __future__ import annotations

import pytest

from devices.virtual.faults import FaultKind, UnsupportedFault
from simulation.faults.fixture import Fixture, Fixtures, Group, UnknownFixture, in_order


class Thing:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def fail(self, kind: FaultKind) -> None:
        self.done.append(kind.value)

    async def heal(self) -> None:
        self.done.append("heal")


def a_fixture(thing: Thing) -> Fixture:
    return Fixture("scanner-1", Group.COUNTERS, (FaultKind.SILENT, FaultKind.GARBAGE), thing.fail, thing.heal)


async def test_a_thing_that_fails_otherwise_is_healed_first() -> None:
    thing = Thing()
    fixture = a_fixture(thing)
    await fixture.fail(FaultKind.SILENT)
    await fixture.fail(FaultKind.GARBAGE)
    assert thing.done == ["silent", "heal", "garbage"]
    assert fixture.fault is FaultKind.GARBAGE


async def test_nothing_happens_to_what_works() -> None:
    thing = Thing()
    await a_fixture(thing).heal()
    assert thing.done == []


async def test_a_way_to_fail_that_it_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(UnsupportedFault, match="scanner-1 cannot be torn_card; it can be: silent, garbage"):
        await a_fixture(Thing()).fail(FaultKind.TORN_CARD)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    fixtures = Fixtures([a_fixture(Thing())])
    assert fixtures.named("scanner-1") is fixtures.all[0]
    with pytest.raises(UnknownFixture, match="'kettle'; it has: scanner-1"):
        fixtures.named("kettle")


def test_kinds_come_in_the_order_of_their_list() -> None:
    kinds = in_order({FaultKind.UNPLUGGED, FaultKind.SILENT})
    assert kinds == (FaultKind.SILENT, FaultKind.UNPLUGGED)
