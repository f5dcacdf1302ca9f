"""The kinds of step a history is made of, and how a history draws from them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simulation.swarm import counter, mishaps
from simulation.swarm.exchange import ask_to_undo, on_return_wanted, return_rights, sync, top_up
from simulation.swarm.world import Gateway, Purse, World

Step = Callable[[World, Gateway, Purse], None]


def swarm(rng: Random) -> tuple[list[str], list[float]]:
    """Leave out about a third of all kinds of step and weigh the others anew: uniform histories miss what is rare."""
    weights = [
        usual * rng.choice((0.3, 1.0, 3.0)) if name in ALWAYS or rng.random() < 0.67 else 0.0
        for name, usual in USUAL.items()
    ]
    return list(USUAL), weights


def overtake(world: World) -> None:
    """Something delayed arrives, in whatever order."""
    if world.wire:
        handler, message = world.wire.pop(int(world.rng.random() * len(world.wire)))
        handler(world, message)


def _sync(world: World, gateway: Gateway, _purse: Purse) -> None:
    if gateway.online and gateway.alive:
        sync(world, gateway)


def _reconnect(world: World, gateway: Gateway, purse: Purse) -> None:
    gateway.online = not gateway.online
    _sync(world, gateway, purse)


def _visit(world: World, gateway: Gateway, purse: Purse) -> None:
    """A member is seen online away from home; the cloud leases what is free, and asks the home store for more."""
    if gateway.online and gateway.alive:
        top_up(world, purse, gateway.name)
        lease = purse.account.leases.get(purse.home)
        if gateway.name != purse.home and lease is not None and lease.held > 0:
            for home in world.gateways:
                if home.name == purse.home and home.alive and home.online:
                    world.send(on_return_wanted, (home, purse.number, 1 + lease.held // 2))


def _bring_back_reward(world: World, gateway: Gateway, purse: Purse) -> None:
    """A reward goes back, all or half of it, or its receipt is shown again without it."""
    if not purse.redeemed:
        return
    redemption = world.rng.choice(list(purse.redeemed))
    whole = purse.facts[redemption].points
    points = whole if world.rng.random() < 0.7 else (whole + 1) // 2
    if redemption not in gateway.redemptions and gateway.online:
        ask_to_undo(world, purse, redemption, points)
    else:
        counter.undo(world, gateway, purse, redemption, points)


def _give_back(world: World, gateway: Gateway, purse: Purse) -> None:
    """A store returns, unasked, what a visitor left there. What is at home stays there until the cloud asks for it."""
    if (purse.single_home and purse.home == gateway.name) or not gateway.is_proven:
        return
    wallet = gateway.wallets[purse.number]
    return_rights(world, gateway, purse.number, 1 + int(world.rng.random() * wallet.rights))


STEPS: dict[str, Step] = {
    "sync": _sync,
    "reconnect": _reconnect,
    "overtake": lambda world, _gateway, _purse: overtake(world),
    "earn": counter.earn,
    "repeat_receipts": lambda world, gateway, _purse: counter.repeat_receipts(world, gateway),
    "take_back_elsewhere": lambda world, _gateway, purse: counter.take_back_elsewhere(world, purse),
    "cut_power": mishaps.cut_power,
    "redeem": counter.redeem,
    "bring_back_purchase": counter.bring_back_purchase,
    "bring_back_reward": _bring_back_reward,
    "open_session": counter.open_session,
    "end_session": lambda world, gateway, _purse: counter.end_session(world, gateway),
    "visit": _visit,
    "give_back": _give_back,
    "take_snapshot": mishaps.take_snapshot,
    "roll_back": mishaps.roll_back,
    "clone": mishaps.clone,
    "die": mishaps.die,
    "come_back": mishaps.come_back,
    "revoke": mishaps.revoke,
    "reinstate": mishaps.reinstate,
    "write_off": mishaps.write_off,
    "show_goodwill": mishaps.show_goodwill,
    "grant_to_the_past": mishaps.grant_to_the_past,
    "jump_clock": mishaps.jump_clock,
}
USUAL: dict[str, float] = {
    "sync": 4, "reconnect": 3, "overtake": 3, "earn": 5, "redeem": 10, "bring_back_purchase": 2,
    "repeat_receipts": 1.5, "take_back_elsewhere": 0.5, "cut_power": 2,
    "bring_back_reward": 1.5, "open_session": 2, "end_session": 2, "visit": 1.5, "give_back": 0.5,
    "take_snapshot": 1, "roll_back": 1, "clone": 0.4, "die": 0.5, "come_back": 0.8, "revoke": 0.6, "reinstate": 0.5,
    "write_off": 0.8, "show_goodwill": 0.5, "grant_to_the_past": 0.5, "jump_clock": 0.5,
}  # fmt: skip
"""How often each kind is drawn where a history does not weigh it anew."""
ALWAYS = frozenset({"sync", "redeem", "earn", "reconnect"})
