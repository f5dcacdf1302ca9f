"""What goes wrong with disks, machines and clocks, and what an operator does about it."""

from __future__ import annotations

from loyalty.rights.account import Account, issue
from loyalty.rights.movements import Refusal
from loyalty.rights.standing import reinstate as let_back_in
from simulation.swarm.exchange import begin_anew, lease, top_up
from simulation.swarm.world import Gateway, Purse, World

MACHINES_MAX = 5
CAMPAIGN_POINTS = 10
CLOCK_DAYS = (-20 * 365, -365, -1, 1, 40, 400, 10 * 365)


def take_snapshot(_world: World, gateway: Gateway, _purse: Purse) -> None:
    """A backup, or the state a card will fall back to."""
    gateway.snapshot = gateway.photograph()


def roll_back(world: World, gateway: Gateway, _purse: Purse) -> None:
    """A disk falls back to its snapshot; what it wrote since is gone, unless it is on its way."""
    if gateway.snapshot is not None:
        world.disturbed = True
        _restore(gateway, gateway)
        begin_anew(world, gateway)


def clone(world: World, gateway: Gateway, _purse: Purse) -> None:
    """A card is copied into a second machine; both run."""
    if len(world.gateways) < MACHINES_MAX:
        world.disturbed = True
        copy = Gateway(gateway.name, gateway.incarnation, [], snapshot=gateway.snapshot or gateway.photograph())
        copy.receipts, copy.has_witness = list(gateway.receipts), gateway.has_witness
        _restore(copy, copy)
        begin_anew(world, copy)
        world.gateways.append(copy)


def _restore(gateway: Gateway, source: Gateway) -> None:
    snapshot = source.snapshot
    if snapshot is not None:
        gateway.wallets = list(snapshot.wallets)
        gateway.journal = list(snapshot.journal)
        gateway.acknowledged = snapshot.acknowledged
        gateway.redemptions = dict(snapshot.redemptions)
        gateway.facts_written = snapshot.facts_written
        gateway.decided = set(snapshot.decided)


def cut_power(world: World, gateway: Gateway, _purse: Purse) -> None:
    """The machine starts anew. Its card may have forgotten its last writes, and nothing on it knows.

    A witness on other storage knows whether a redemption is missing. Without one the cloud must have heard of a row
    that is gone: a card that loses what the cloud never heard, on a machine without a witness, is outside of this.
    """
    snapshot = gateway.snapshot
    if snapshot is not None and snapshot.incarnation == gateway.incarnation and world.rng.random() < 0.8:
        kept = len(snapshot.journal)
        if gateway.has_witness or world.heads.get(gateway.incarnation, 0) > kept or gateway.witness <= kept:
            world.disturbed = True
            written = gateway.facts_written
            _restore(gateway, gateway)
            gateway.facts_written = written  # facts are named by what happened in the shop, which does not repeat
            gateway.forked = kept if gateway.forked is None else min(kept, gateway.forked)
            gateway.acknowledged = min(gateway.acknowledged, kept)
            if gateway.has_witness and kept < gateway.witness:
                begin_anew(world, gateway)
                return
    gateway.sessions = []
    gateway.heard = False
    gateway.boots += 1
    gateway.is_proven = gateway.has_witness
    gateway.wallets = [world.rules.boot(wallet, gateway.has_witness) for wallet in gateway.wallets]


def die(world: World, gateway: Gateway, _purse: Purse) -> None:
    """A machine stops, perhaps for good."""
    world.disturbed = True
    gateway.alive = False


def come_back(world: World, _gateway: Gateway, _purse: Purse) -> None:
    """A machine thought dead is switched on again, with its disk as it was."""
    for gateway in world.gateways:
        if not gateway.alive:
            gateway.alive = gateway.online = True
            return


def revoke(world: World, gateway: Gateway, _purse: Purse) -> None:
    """The operator gives a gateway up, often but not always because it is dead."""
    world.disturbed = True
    world.standings[gateway.name] = world.rules.revoke(world.standings[gateway.name])
    for purse in world.purses:
        purse.account = world.rules.withdraw(purse.account, gateway.name)
        purse.grants.pop(gateway.name, None)


def reinstate(world: World, gateway: Gateway, _purse: Purse) -> None:
    """The operator lets it back in."""
    world.standings[gateway.name] = let_back_in(world.standings[gateway.name])


def write_off(world: World, gateway: Gateway, purse: Purse) -> None:
    """The operator gives up what is in suspense."""
    in_doubt = purse.account.suspense.get(gateway.name, 0)
    points = in_doubt if world.rng.random() < 0.7 else in_doubt // 2
    done = world.rules.write_off(purse.account, world.losses, gateway.name, points)
    if not isinstance(done, Refusal):
        purse.account, world.losses = done.account, done.losses
        purse.posted -= points


def show_goodwill(world: World, gateway: Gateway, purse: Purse) -> None:
    """The operator replaces points that nobody can account for: where a gateway was lost or restored."""
    if purse.coupon or not world.disturbed:
        return
    points = max(1, purse.account.suspense.get(gateway.name, 0))
    done = world.rules.goodwill(purse.account, world.losses, points)
    if not isinstance(done, Refusal):
        purse.account, world.losses = done.account, done.losses
        purse.posted += points
        purse.truth.goodwill += points
        top_up(world, purse, purse.home)


def grant_to_the_past(world: World, gateway: Gateway, purse: Purse) -> None:
    """A campaign gives points, and leases them to the incarnation that a gateway had before it was restored."""
    retired = world.standings[gateway.name].retired
    given = None if purse.coupon or not retired else issue(purse.account, CAMPAIGN_POINTS)
    if isinstance(given, Account):
        purse.account = given
        purse.posted += CAMPAIGN_POINTS
        purse.truth.opening += CAMPAIGN_POINTS
        lease(world, purse, (gateway.name, max(retired)), CAMPAIGN_POINTS)


def jump_clock(world: World, _gateway: Gateway, _purse: Purse) -> None:
    """Days pass, or a clock is set right, or wrong."""
    world.days += world.rng.choice(CLOCK_DAYS)
    for purse in world.purses:
        purse.account = world.rules.lapse(purse.account, world.days)
