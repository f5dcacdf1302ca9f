"""What gateway and cloud say to each other: hello, facts up in order, grants and requests down."""

from __future__ import annotations

from loyalty.identifiers import GatewayId
from loyalty.rights.account import GrantRequest, Settled
from loyalty.rights.invariants import two_bodies
from loyalty.rights.losses import recover
from loyalty.rights.movements import Grant, GrantId, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.wallet import Wallet
from simulation.swarm.counter import NO_LEASE, record, undo
from simulation.swarm.world import Gateway, Purse, World

_SIGN = {Kind.EARNED: 1, Kind.RESTORED: 1, Kind.UNEARNED: -1, Kind.REDEEMED: -1, Kind.RETURNED: 0}


def sync(world: World, gateway: Gateway) -> None:
    """A gateway that is online says hello and, once it was answered, sends what was not acknowledged, oldest first."""
    granted = tuple(wallet.granted for wallet in gateway.wallets)
    world.send(on_hello, (gateway, gateway.incarnation, granted, gateway.boots))
    if gateway.heard:
        incarnation = gateway.incarnation
        for row in range(gateway.acknowledged, len(gateway.journal)):
            if gateway.incarnation == incarnation:
                world.send(on_fact, (gateway, incarnation, row + 1, *gateway.journal[row]))


def on_hello(world: World, message: tuple[Gateway, Incarnation, tuple[int, ...], int]) -> None:
    """Cloud: greet, withdraw the leases of an incarnation that is replaced, and grant anew."""
    gateway, incarnation, granted, boot = message
    name = gateway.name
    before = world.standings[name]
    answer = world.rules.greet(before, incarnation)
    world.standings[name] = answer.standing
    if answer.refusal is not None:
        world.send(on_refused, (gateway, incarnation, world.heads.get(incarnation, 0), answer.refusal, boot))
        return
    if answer.standing.current != before.current:
        for purse in world.purses:
            purse.account = world.rules.withdraw(purse.account, name)
            purse.grants.pop(name, None)
    world.send(on_welcome, (gateway, incarnation, world.heads.get(incarnation, 0), boot))
    for purse, total in zip(world.purses, granted, strict=True):
        if purse.home == name:
            top_up(world, purse, name)
        last = purse.grants.get(name)
        if last is not None and last.total > total:
            deliver_down(world, purse.number, last)


def on_fact(world: World, message: tuple[Gateway, Incarnation, int, int, Movement]) -> None:
    """Cloud: apply a row that is next or was seen; hold nothing that came too early. The rules recognise repeats."""
    gateway, envelope, sequence, number, movement = message
    head = world.heads.get(envelope, 0)
    if sequence > head + 1:
        return
    purse = world.purses[number]
    standing = world.standings[movement.gateway]
    if movement.incarnation == NO_LEASE:
        settled = _credited(world, purse, gateway, movement)
    else:
        broken = two_bodies(purse.facts, movement)
        if broken:
            world.violations.append(broken)
        settled = world.rules.settle(purse.account, movement, standing=standing, known=purse.applied)
    if not isinstance(settled, Refusal):
        purse.account = settled.account
        if settled.recovered:
            world.losses = recover(world.losses, settled.recovered)
            purse.posted += settled.recovered
        if movement.movement_id not in purse.applied:
            purse.applied.add(movement.movement_id)
            purse.posted += _SIGN[movement.kind] * movement.points
    world.heads[envelope] = max(head, sequence)
    world.send(on_acknowledged, (gateway, envelope, world.heads[envelope]))
    if movement.incarnation in (standing.current, NO_LEASE):
        top_up(world, purse, purse.home)
        if purse.home != movement.gateway:
            top_up(world, purse, movement.gateway)


def _credited(world: World, purse: Purse, gateway: Gateway, movement: Movement) -> Settled | Refusal:
    """Cloud: issue what was posted without a right; of a sale made to an earlier life, in doubt."""
    sold = next(receipt.incarnation for receipt in gateway.receipts if receipt.name == movement.movement_id)
    in_doubt = sold != gateway.incarnation
    return world.rules.credit(purse.account, movement, in_doubt=in_doubt, known=purse.applied)


def top_up(world: World, purse: Purse, name: GatewayId) -> None:
    """Cloud: the member was seen online; lease what the policy says."""
    current = world.standings[name].current
    if current is not None:
        points = world.rules.grant_size(purse.account, name, home=purse.home, policy=world.policy)
        if points > 0:
            lease(world, purse, (name, current), points)


def lease(world: World, purse: Purse, lessee: tuple[GatewayId, Incarnation], points: int) -> None:
    """Cloud: grant, and tell the gateway."""
    world.serial += 1
    request = GrantRequest(GrantId(f"g{world.serial}"), *lessee, points)
    granted = world.rules.grant(purse.account, request, standing=world.standings[request.gateway])
    if not isinstance(granted, Refusal):
        purse.account = granted.account
        purse.grants[request.gateway] = granted.grant
        deliver_down(world, purse.number, granted.grant)


def deliver_down(world: World, number: int, grant: Grant) -> None:
    """A message for a gateway reaches every machine of that name that is listening."""
    for gateway in world.gateways:
        if gateway.name == grant.gateway and gateway.online and gateway.alive:
            world.send(on_grant, (gateway, number, grant))


def on_grant(world: World, message: tuple[Gateway, int, Grant]) -> None:
    """Gateway: take a lease."""
    gateway, number, grant = message
    if gateway.alive:
        taken = world.rules.accept_grant(gateway.wallets[number], grant)
        if isinstance(taken, Wallet):
            gateway.wallets[number] = taken


def on_welcome(world: World, message: tuple[Gateway, Incarnation, int, int]) -> None:
    """Gateway: thaw; unless the cloud knows rows that this disk has forgotten, which makes it a restored one."""
    gateway, incarnation, head, boot = message
    if gateway.alive and incarnation == gateway.incarnation and world.rules.is_answer(boot, gateway.boots):
        if gateway.forked is not None and head > gateway.forked:
            begin_anew(world, gateway)
            return
        gateway.heard = gateway.is_proven = True
        thawed = [world.rules.welcome(wallet, incarnation) for wallet in gateway.wallets]
        gateway.wallets = [new if isinstance(new, Wallet) else gateway.wallets[n] for n, new in enumerate(thawed)]


def on_refused(world: World, message: tuple[Gateway, Incarnation, int, Refusal, int]) -> None:
    """Gateway: freeze and give everything back; where another incarnation took over, begin anew.

    A disk that has forgotten rows gives nothing back: what its wallets say was true once.
    """
    gateway, incarnation, head, refusal, boot = message
    if not gateway.alive or incarnation != gateway.incarnation or not world.rules.is_answer(boot, gateway.boots):
        return
    if gateway.forked is not None and head > gateway.forked:
        begin_anew(world, gateway)
        return
    gateway.heard = True
    for number, wallet in enumerate(gateway.wallets):
        frozen = world.rules.supersede(wallet, incarnation)
        if isinstance(frozen, Wallet):
            gateway.wallets[number] = frozen
            return_rights(world, gateway, number, frozen.rights)
    gateway.sessions = []
    if refusal is Refusal.SUPERSEDED:
        begin_anew(world, gateway)


def begin_anew(world: World, gateway: Gateway) -> None:
    """Begin an incarnation; what was not acknowledged is sent again under it, with the same identifiers."""
    gateway.incarnation = world.new_incarnation(gateway.name)
    gateway.restored = True
    gateway.forked = None
    gateway.witness = 0
    gateway.wallets = [world.rules.begin_incarnation(wallet, gateway.incarnation) for wallet in gateway.wallets]
    gateway.journal = gateway.journal[gateway.acknowledged :]
    gateway.acknowledged = 0
    gateway.sessions = []
    gateway.heard = False


def on_acknowledged(_world: World, message: tuple[Gateway, Incarnation, int]) -> None:
    """Gateway: rows up to here are safe."""
    gateway, incarnation, sequence = message
    if incarnation == gateway.incarnation:
        gateway.acknowledged = max(gateway.acknowledged, min(sequence, len(gateway.journal)))


def ask_to_undo(world: World, purse: Purse, redemption: MovementId, points: int) -> None:
    """Cloud: a redemption was brought back elsewhere; only the gateway that made it can undo it."""
    maker = purse.facts[redemption].gateway
    for gateway in world.gateways:
        if gateway.name == maker and gateway.online and gateway.alive:
            world.send(on_undo_asked, (gateway, purse.number, redemption, points))


def on_undo_asked(world: World, message: tuple[Gateway, int, MovementId, int]) -> None:
    """Gateway: undo, and return the points, so that the cloud can lease them where the member is."""
    gateway, number, redemption, points = message
    if gateway.alive and undo(world, gateway, world.purses[number], redemption, points):
        return_rights(world, gateway, number, points)


def on_return_wanted(world: World, message: tuple[Gateway, int, int]) -> None:
    """Gateway: the cloud asks for rights the member wants to use elsewhere. A disk in doubt gives nothing back."""
    gateway, number, points = message
    if gateway.alive and gateway.is_proven:
        return_rights(world, gateway, number, points)


def return_rights(world: World, gateway: Gateway, number: int, points: int) -> None:
    """Gateway: end part of a lease."""
    wallet = gateway.wallets[number]
    moved = world.rules.give_back(wallet, gateway.next_fact(wallet), points)
    if not isinstance(moved, Refusal):
        record(world, gateway, number, moved)
