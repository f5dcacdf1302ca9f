"""One history: drawn from a seed and a number, played, checked after every step, drained and reconciled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from loyalty.identifiers import GatewayId
from loyalty.rights.account import opened
from loyalty.rights.invariants import Truth, coupon_used_twice, disagreement, negative, overspent, unbalanced
from loyalty.rights.losses import LossAccount
from loyalty.rights.sizing import SizingPolicy
from loyalty.rights.standing import Standing
from loyalty.rights.wallet import Wallet
from simulation.swarm import counter, mishaps
from simulation.swarm.exchange import ask_to_undo, on_return_wanted, return_rights, sync, top_up
from simulation.swarm.rules import PRODUCTION, Rules
from simulation.swarm.world import Faults, Gateway, Purse, Tally, World

STEPS_MIN = 14
STEPS_MAX = 44
DRAIN_ROUNDS_MAX = 12
INSTALL_ATTEMPTS_MAX = 30
OPENING_MAX = 120
GATEWAYS = (GatewayId("a"), GatewayId("b"), GatewayId("c"))

Step = Callable[[World, Gateway, Purse], None]


@dataclass(slots=True)
class History:
    """How one history ended. ``trace`` names its steps where they were asked for."""

    seed: int
    number: int
    tally: Tally
    violations: list[str]
    trace: list[str] = field(default_factory=list)


def play(seed: int, number: int, *, rules: Rules = PRODUCTION, traced: bool = False) -> History:
    """Play history ``number`` of ``seed``, up to the first violation. The same arguments give the same history."""
    rng = Random(f"{seed}/{number}")  # noqa: S311 - a history, not a secret
    world = _begin(rng, rules)
    history = History(seed, number, world.tally, world.violations)
    names, weights = _swarm(rng)
    for name in rng.choices(names, weights, k=rng.randint(STEPS_MIN, STEPS_MAX)):
        purse = world.purses[int(rng.random() * len(world.purses))]
        gateway = _where(world, purse)
        if gateway is None:
            continue
        world.tally.steps += 1
        STEPS[name](world, gateway, purse)
        if traced:
            history.trace.append(f"{name} {gateway.name}/{gateway.incarnation} purse {purse.number}: {purse.account}")
        if _check(world):
            return history
    _drain(world)
    return history


def _begin(rng: Random, rules: Rules) -> World:
    names = GATEWAYS[: rng.randint(1, 3)]
    level = rng.choice((0.0, 0.03, 0.2))
    faults = Faults(level, level * rng.random() * 2, level * rng.random() * 2)
    kinds = rng.choice(((False,), (False,), (True,), (False, True)))
    purses = [_purse(number, rng, names, coupon=coupon) for number, coupon in enumerate(kinds)]
    world = World(
        rng, rules, faults, SizingPolicy(rng.choice((0, 50, 100))), purses, [],
        {name: Standing() for name in names}, LossAccount(rng.choice((0, 20, 200))), Tally(),
    )  # fmt: skip
    for name in names:
        incarnation = world.new_incarnation(name)
        world.gateways.append(Gateway(name, incarnation, [Wallet(name, incarnation) for _ in purses]))
    for gateway in world.gateways:
        _install(world, gateway)
    return world


def _install(world: World, gateway: Gateway) -> None:
    """Somebody waits in the shop until the gateway has spoken to the cloud and has its first leases."""
    for _attempt in range(INSTALL_ATTEMPTS_MAX):
        sync(world, gateway)
        leased = [purse.grants.get(gateway.name) for purse in world.purses]
        taken = zip(gateway.wallets, leased, strict=True)
        if gateway.heard and all(last is None or wallet.granted == last.total for wallet, last in taken):
            return


def _purse(number: int, rng: Random, names: tuple[GatewayId, ...], *, coupon: bool) -> Purse:
    opening = 1 if coupon else rng.randint(0, OPENING_MAX)
    single_home = rng.random() < 0.5
    return Purse(number, rng.choice(names), single_home, coupon, Truth(opening), opened(opening), opening)


def _swarm(rng: Random) -> tuple[list[str], list[float]]:
    """Leave out about a third of all kinds of step and weigh the others anew: uniform histories miss what is rare."""
    weights = [
        usual * rng.choice((0.3, 1.0, 3.0)) if name in ALWAYS or rng.random() < 0.67 else 0.0
        for name, usual in USUAL.items()
    ]
    return list(USUAL), weights


def _where(world: World, purse: Purse) -> Gateway | None:
    """A machine where this member might be, switched on."""
    rng = world.rng
    gateway = world.gateways[int(rng.random() * len(world.gateways))]
    if purse.single_home and gateway.name != purse.home:
        gateway = next(home for home in world.gateways if home.name == purse.home)
    return gateway if gateway.alive or rng.random() < 0.1 else None


def _check(world: World) -> bool:
    """Whether an invariant is broken now."""
    for purse in world.purses:
        number = purse.number
        wallets = [gateway.wallets[number] for gateway in world.gateways]
        broken = (
            overspent(purse.truth, purse.account, wallets)
            or unbalanced(purse.account, purse.posted)
            or negative(purse.account, wallets)
            or (purse.coupon and coupon_used_twice(purse.truth))
        )
        if broken:
            world.violations.append(broken)
    losses = world.losses
    if max(losses.written_off, losses.goodwill) > losses.cap or losses.written_off < 0:
        world.violations.append(f"I1: {losses} is over its cap")
    return bool(world.violations)


def _drain(world: World) -> None:
    """The network comes back and stays; then the books must agree with what happened."""
    world.faults = Faults(0, 0, 0)
    for gateway in world.gateways:
        gateway.online = True
    for round_number in range(DRAIN_ROUNDS_MAX):
        while world.wire:
            _overtake(world)
        for gateway in world.gateways:
            if gateway.alive:
                sync(world, gateway)
        if _check(world):
            return
        if round_number == 2:
            _unplug_copies(world)
        if round_number > 3 and not world.wire and _quiet(world):
            break
    _reconcile(world)


def _unplug_copies(world: World) -> None:
    """Of two machines with one name one is switched off, once it has told everything; they would replace each other."""
    seen: set[GatewayId] = set()
    for gateway in world.gateways:
        if gateway.alive and gateway.name in seen:
            gateway.alive = False
        if gateway.alive:
            seen.add(gateway.name)


def _quiet(world: World) -> bool:
    return all(gateway.acknowledged == len(gateway.journal) for gateway in world.gateways if gateway.alive)


def _reconcile(world: World) -> None:
    """I5, and on ordinary days that the balance is what the member rightly has."""
    living = [gateway for gateway in world.gateways if gateway.alive]
    for purse in world.purses:
        unheard = [
            movement.movement_id
            for gateway in living
            for number, movement in gateway.journal
            if number == purse.number and movement.movement_id not in purse.applied
        ]
        wallets = [gateway.wallets[purse.number] for gateway in living]
        world.violations.extend(disagreement(purse.account, wallets, world.standings, unheard))
        if not world.disturbed and purse.account.balance != purse.truth.remaining():
            world.violations.append(f"I5: balance {purse.account.balance}, in truth {purse.truth.remaining()}")


def _overtake(world: World) -> None:
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
    """A store returns, unasked, what a visitor left there. What is at home stays at home until the cloud asks for it."""
    if purse.single_home and purse.home == gateway.name:
        return
    wallet = gateway.wallets[purse.number]
    return_rights(world, gateway, purse.number, 1 + int(world.rng.random() * wallet.rights))


STEPS: dict[str, Step] = {
    "sync": _sync,
    "reconnect": _reconnect,
    "overtake": lambda world, _gateway, _purse: _overtake(world),
    "earn": counter.earn,
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
    "sync": 4, "reconnect": 3, "overtake": 3, "earn": 5, "redeem": 10, "bring_back_purchase": 1, "bring_back_reward": 1.5,
    "open_session": 1.5, "end_session": 1.5, "visit": 1.5, "give_back": 0.5, "take_snapshot": 1, "roll_back": 1,
    "clone": 0.4, "die": 0.5, "come_back": 0.8, "revoke": 0.6, "reinstate": 0.5, "write_off": 0.8, "show_goodwill": 0.5,
    "grant_to_the_past": 0.3, "jump_clock": 0.5,
}  # fmt: skip
ALWAYS = frozenset({"sync", "redeem", "earn", "reconnect"})
