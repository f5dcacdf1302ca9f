"""What can fail in a running store: readers and scanners, the bus, and everything on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from devices.virtual.bus.node import BusNode
from devices.virtual.bus.zigbee2mqtt import VirtualZigbee2Mqtt
from devices.virtual.faults import FaultKind
from devices.virtual.pn532_chip import VirtualPn532
from devices.virtual.scanner import VirtualScanner
from simulation.branch import Branch, CounterHardware
from simulation.faults.fixture import Fixture, Fixtures, Group, in_order
from simulation.floor import hardware as names
from simulation.floor.hardware import FloorHardware
from simulation.processes.store_bus import StoreBusBroker

BUS_FIXTURE = "store-bus"
ZIGBEE_FIXTURE = "zigbee-bridge"
_THING_GROUPS = {
    names.FRONT_DOOR: Group.ENTRANCE,
    names.MOTION: Group.ENTRANCE,
    names.FRIDGE: Group.CLIMATE,
    names.FRIDGE_DOOR: Group.CLIMATE,
    names.ROOM: Group.CLIMATE,
}


def fixtures_of(branch: Branch, floor: FloorHardware | None) -> Fixtures:
    """Everything in this store that can fail."""
    return Fixtures(_all(branch, floor))


def _all(branch: Branch, floor: FloorHardware | None) -> Iterator[Fixture]:
    for counter in branch.counters:
        yield from _counter(counter)
    if floor is not None:
        for shelf, node in floor.shelves.items():
            yield _node(names.node_name(shelf), Group.SHELVES, node)
        yield _node(names.ENTRANCE_NODE, Group.ENTRANCE, floor.entrance)
        for thing in names.BATTERY_THINGS:
            yield _thing(thing, floor.zigbee)
        yield _node(ZIGBEE_FIXTURE, Group.BUS, floor.zigbee)
    if branch.bus is not None:
        yield _bus(branch.bus)


def _counter(counter: CounterHardware) -> Iterator[Fixture]:
    yield _in_thread(counter.names.reader, counter.reader)
    yield _in_thread(counter.names.scanner, counter.scanner)


def _in_thread(name: str, device: VirtualPn532 | VirtualScanner) -> Fixture:
    """A device on a pseudo-terminal: it may wait for its line, so a thread does."""

    async def fail(kind: FaultKind) -> None:
        await asyncio.to_thread(device.fail, kind)

    async def heal() -> None:
        await asyncio.to_thread(device.heal)

    return Fixture(name, Group.COUNTERS, in_order(device.fault_kinds), fail, heal)


def _node(name: str, group: Group, node: BusNode) -> Fixture:
    return Fixture(name, group, in_order(node.faults), _at_once(node.fail), _now(node.heal))


def _thing(name: str, zigbee: VirtualZigbee2Mqtt) -> Fixture:
    """A battery sensor behind the bridge: out of reach, which the bridge tells, or flat, which nobody tells."""

    async def fail(kind: FaultKind) -> None:
        if kind is FaultKind.FLAT_BATTERY:
            zigbee.flatten(name)
        else:
            zigbee.lose(name)

    async def heal() -> None:
        zigbee.lose(name, is_lost=False)
        zigbee.renew(name)

    kinds = (FaultKind.UNPLUGGED, FaultKind.FLAT_BATTERY)
    return Fixture(name, _THING_GROUPS[name], kinds, fail, heal)


def _bus(bus: StoreBusBroker) -> Fixture:
    async def fail(kind: FaultKind) -> None:
        if kind is FaultKind.UNPLUGGED:
            await bus.stop()
        else:
            bus.hang()

    async def heal() -> None:
        if bus.child.running:
            bus.wake()
        else:
            await bus.start()

    return Fixture(BUS_FIXTURE, Group.BUS, (FaultKind.SILENT, FaultKind.UNPLUGGED), fail, heal)


def _at_once(verb: Callable[[FaultKind], None]) -> Callable[[FaultKind], Awaitable[None]]:
    async def fail(kind: FaultKind) -> None:
        verb(kind)

    return fail


def _now(verb: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def heal() -> None:
        verb()

    return heal
