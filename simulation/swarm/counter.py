"""What members and clerks do at a store's counter, and what of it is true."""

from __future__ import annotations

from loyalty.rights.movements import Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.wallet import Moved, Redemption, Wallet
from simulation.swarm.world import Gateway, Purse, Receipt, World

EARNED_MAX = 60
REPEATED_MAX = 5
NO_LEASE = Incarnation("")
"""In the place of an incarnation: points were posted and no right was taken."""


def record(world: World, gateway: Gateway, number: int, moved: Moved) -> None:
    """Keep the wallet and the fact in one transaction; the truth is what then happens at the counter."""
    movement = moved.movement
    purse = world.purses[number]
    if movement.kind is Kind.REDEEMED:
        if gateway.wallets[number].frozen:
            world.violations.append(f"I3: {movement.points} redeemed by a frozen wallet")
        world.tally.redemptions += 1
        purse.truth.redeemed += movement.points
        purse.redeemed[movement.movement_id] = movement.points
        gateway.redemptions[movement.movement_id] = Redemption(
            movement.movement_id, movement.incarnation, movement.points
        )
    gateway.wallets[number] = moved.wallet
    gateway.journal.append((number, movement))
    purse.facts.setdefault(movement.movement_id, movement)
    if world.rules.is_witnessed(movement.kind):
        gateway.witness = len(gateway.journal)


def earn(world: World, gateway: Gateway, purse: Purse) -> None:
    """A purchase earns."""
    if purse.coupon:
        return
    world.serial += 1
    points = 1 + int(world.rng.random() * EARNED_MAX)
    receipt = Receipt(MovementId(f"sale{world.serial}"), purse.number, points, gateway.incarnation)
    gateway.receipts.append(receipt)
    purse.truth.earned += points
    purse.earned[receipt.name] = points
    if gateway.is_first_life or world.rng.random() < 0.7:
        moved = world.rules.earn(gateway.wallets[purse.number], receipt.name, points)
        if isinstance(moved, Moved):
            gateway.decided.add(receipt.name)
            record(world, gateway, purse.number, moved)
    else:
        _post_without_right(gateway, receipt)


def repeat_receipts(world: World, gateway: Gateway) -> None:
    """The till sends again what it sold to an earlier life of the disk; what the disk knows changes nothing.

    Whether that life had credited it, and the points were spent, nobody here can know.
    """
    for receipt in gateway.receipts[-REPEATED_MAX:]:
        if receipt.name not in gateway.decided and receipt.incarnation != gateway.incarnation:
            if world.rules.earns_rights(receipt.incarnation == gateway.incarnation):
                moved = world.rules.earn(gateway.wallets[receipt.number], receipt.name, receipt.points)
                if isinstance(moved, Moved):
                    gateway.decided.add(receipt.name)
                    record(world, gateway, receipt.number, moved)
            else:
                _post_without_right(gateway, receipt)


def _post_without_right(gateway: Gateway, receipt: Receipt) -> None:
    """A posting that names no lease: the cloud issues it, once."""
    gateway.decided.add(receipt.name)
    fact = Movement(receipt.name, Kind.EARNED, gateway.name, NO_LEASE, receipt.points)
    gateway.journal.append((receipt.number, fact))


def take_back_elsewhere(world: World, purse: Purse) -> None:
    """Goods went back where nobody knew the sale: the cloud settles it, whatever is available."""
    if not purse.earned:
        return
    sale = world.rng.choice(list(purse.earned))
    points = purse.earned.pop(sale)
    after = world.rules.unissue(purse.account, points)
    if not isinstance(after, Refusal):
        purse.account = after
        purse.posted -= points
        purse.truth.unearned += points


def bring_back_purchase(world: World, gateway: Gateway, purse: Purse) -> None:
    """Goods go back, all or half of them, in this store or another: what they earned is taken back."""
    if not purse.earned:
        return
    sale = world.rng.choice(list(purse.earned))
    left = purse.earned[sale]
    points = left if world.rng.random() < 0.6 else (left + 1) // 2
    wallet = gateway.wallets[purse.number]
    moved = world.rules.unearn(wallet, gateway.next_fact(wallet), points)
    if isinstance(moved, Moved):
        purse.truth.unearned += points
        purse.earned[sale] = left - points
        if left == points:
            del purse.earned[sale]
        record(world, gateway, purse.number, moved)


def redeem(world: World, gateway: Gateway, purse: Purse) -> None:
    """A member spends: an amount of their own choice, or exactly what the store's rights allow, or one more."""
    wallet = gateway.wallets[purse.number]
    points, natural = _wanted(world, purse, wallet)
    if points <= 0:
        return
    affordable = natural and not gateway.online and points <= purse.truth.remaining() - sum(wallet.reserved.values())
    moved = world.rules.redeem(wallet, gateway.next_fact(wallet), points)
    if affordable:
        is_ordinary = gateway.is_proven and not world.disturbed
        _count(world, purse, is_ordinary=is_ordinary, accepted=isinstance(moved, Moved))
    if isinstance(moved, Moved):
        record(world, gateway, purse.number, moved)


def _wanted(world: World, purse: Purse, wallet: Wallet) -> tuple[int, bool]:
    luck = world.rng.random()
    remaining = purse.truth.remaining()
    if luck < 0.5:
        whole = luck < 0.15 or purse.coupon
        return (remaining if whole else 1 + int(world.rng.random() * remaining)), True
    if luck < 0.85:
        return wallet.rights, False
    return (wallet.rights + 1 if luck < 0.95 else 1), False


def _count(world: World, purse: Purse, *, is_ordinary: bool, accepted: bool) -> None:
    if not is_ordinary:
        world.tally.affordable_disturbed += 1
        world.tally.accepted_disturbed += accepted
    elif not purse.single_home:
        world.tally.affordable_roaming += 1
        world.tally.accepted_roaming += accepted
    else:
        world.tally.affordable += 1
        world.tally.accepted += accepted


def open_session(world: World, gateway: Gateway, purse: Purse) -> None:
    """A member begins to redeem at a kiosk."""
    wallet = gateway.wallets[purse.number]
    world.serial += 1
    session = f"s{world.serial}"
    points = wallet.rights if world.rng.random() < 0.5 else 1 + int(world.rng.random() * wallet.rights)
    held = world.rules.reserve(wallet, session, points)
    if isinstance(held, Wallet):
        gateway.wallets[purse.number] = held
        gateway.sessions.append((purse.number, session))


def end_session(world: World, gateway: Gateway) -> None:
    """The oldest session takes its reward, or was abandoned."""
    if not gateway.sessions:
        return
    number, session = gateway.sessions.pop(0)
    wallet = gateway.wallets[number]
    if world.rng.random() < 0.6:
        moved = world.rules.commit(wallet, session, gateway.next_fact(wallet))
        if isinstance(moved, Moved):
            record(world, gateway, number, moved)
            return
    released = world.rules.release(gateway.wallets[number], session)
    if isinstance(released, Wallet):
        gateway.wallets[number] = released


def undo(world: World, gateway: Gateway, purse: Purse, redemption: MovementId, points: int) -> bool:
    """A gateway is asked to undo a redemption. Whether it did.

    True is only what had not been undone before: the goods exist once, a receipt may be shown again and again.
    """
    wallet = gateway.wallets[purse.number]
    kept = gateway.redemptions.get(redemption)
    moved = world.rules.restore(wallet, kept, gateway.next_fact(wallet), points)
    if isinstance(moved, Refusal):
        return False
    if kept is not None:
        gateway.redemptions[redemption] = Redemption(redemption, kept.incarnation, kept.points, kept.restored + points)
    really = min(points, purse.redeemed[redemption])
    purse.redeemed[redemption] -= really
    purse.truth.restored += really
    record(world, gateway, purse.number, moved)
    return True
