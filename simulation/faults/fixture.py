"""One thing of the store that can be made to fail and to work again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from devices.virtual.faults import FaultKind, UnsupportedFault


class Group(StrEnum):
    """Where a thing belongs, for people who look for it."""

    COUNTERS = "counters"
    SHELVES = "shelves"
    ENTRANCE = "entrance"
    CLIMATE = "climate"
    BUS = "bus"


class UnknownFixture(LookupError):
    """The store has nothing of this name. Names what it has."""


@dataclass
class Fixture:
    """A thing called ``name``. Failing it in another way heals it first; ``fault`` is how it fails now."""

    name: str
    group: Group
    kinds: tuple[FaultKind, ...]
    on_fail: Callable[[FaultKind], Awaitable[None]]
    on_heal: Callable[[], Awaitable[None]]
    fault: FaultKind | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def fail(self, kind: FaultKind) -> None:
        """Fail like this from now on. Raises :class:`UnsupportedFault`."""
        if kind not in self.kinds:
            can = ", ".join(self.kinds)
            raise UnsupportedFault(f"{self.name} cannot be {kind.value}; it can be: {can}")
        async with self._turn:
            await self._heal()
            await self.on_fail(kind)
            self.fault = kind

    async def heal(self) -> None:
        """Work again. Nothing happens to what works."""
        async with self._turn:
            await self._heal()

    async def _heal(self) -> None:
        if self.fault is not None:
            await self.on_heal()
            self.fault = None


class Fixtures:
    """All of a store, by name."""

    def __init__(self, fixtures: Iterable[Fixture]) -> None:
        self._by_name = {fixture.name: fixture for fixture in fixtures}

    @property
    def all(self) -> tuple[Fixture, ...]:
        """In the order in which a person walks the store."""
        return tuple(self._by_name.values())

    def named(self, name: str) -> Fixture:
        """The thing of this name. Raises :class:`UnknownFixture`."""
        try:
            return self._by_name[name]
        except KeyError as error:
            raise UnknownFixture(f"this store has no {name!r}; it has: {', '.join(self._by_name)}") from error


def in_order(kinds: Iterable[FaultKind]) -> tuple[FaultKind, ...]:
    """Kinds in the order of their list."""
    wanted = frozenset(kinds)
    return tuple(kind for kind in FaultKind if kind in wanted)
