"""A slice of the thousand mishaps: hangs, pulled plugs and garbage, mixed over all drivers at once."""

from __future__ import annotations

from benchmarks.healing import heal

MISHAPS = 39


async def test_all_drivers_side_by_side_heal_from_whatever_happens_to_them() -> None:
    healed = await heal(MISHAPS, seed=11)
    assert healed["not_healed"] == []
    assert healed["healed_in_time"] == MISHAPS
    assert healed["invented"] == 0
    assert healed["forbidden_steps"] == 0
