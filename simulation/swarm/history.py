"""One history: drawn from a seed and a number, played, checked after every step, drained and reconciled."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from loyalty.identifiers import GatewayId
from loyalty.rights.account import opened
from loyalty.rights.invariants import Truth, coupon_used_twice, disagreement, negative, overspent, unbalanced
from loyalty.rights.losses import LossAccount
from loyalty.rights.sizing import SizingPolicy
from loyalty.rights.standing import Standing
from loyalty.rights.wallet import Wallet
from simulation.swarm.exchange import sync
from simulation.swarm.rules import PRODUCTION, Rules
from simulation.swarm.steps import STEPS, overtake, swarm
from simulation.swarm.world import Faults, Gateway, Purse, Tally, World

STEPS_MIN = 14
STEPS_MAX = 44
DRAIN_ROUNDS_MAX = 12
COPIES_UNPLUGGED_AFTER = 1
INSTALL_ATTEMPTS_MAX = 30
OPENING_MAX = 120
GATEWAYS = (GatewayId("a"), GatewayId("b"), GatewayId("c"))


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
    names, weights = swarm(rng)
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
        wallets = [Wallet(name, incarnation) for _ in purses]
        world.gateways.append(Gateway(name, incarnation, wallets, has_witness=rng.random() < 0.5))
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
        wallets = [gateway.wallets[number] for gateway in world.gateways if gateway.may_spend(number)]
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
            overtake(world)
        for gateway in world.gateways:
            if gateway.alive:
                sync(world, gateway)
        if _check(world):
            return
        if round_number == COPIES_UNPLUGGED_AFTER:
            _unplug_copies(world)
        if round_number > COPIES_UNPLUGGED_AFTER and not world.wire and _quiet(world):
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
