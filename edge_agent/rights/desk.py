"""Every step that moves rights here: the wallet's arithmetic, and the rows that make it last.

A posting whose method returns a lease carries it (``PostingV1.lease``), under the posting id that was handed in; one
whose method returns ``None`` moved no rights here, and the cloud issues it. Movements that no posting tells of are
recorded here (``RightsMovedV1``). An identifier that has moved rights before moves none again and gives the same
answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from cloud_bridge.contract import RightsMovedV1
from edge_agent.journal import POINTS, Transaction
from loyalty.rights import wallet as wallets
from loyalty.rights.movements import POINTS_MAX, Incarnation, Kind, Movement, MovementId, Refusal
from loyalty.rights.wallet import Moved, Redemption, Wallet

Attest = Callable[[Transaction], bool]
"""Called before rights leave a wallet for good; False where it could not be attested that they do, so they must not."""


class HeldCoupon(Protocol):
    """One coupon; ``member`` is empty where anybody may use it."""

    @property
    def instance(self) -> str: ...

    @property
    def member(self) -> str: ...


def coupon_currency(instance: str) -> str:
    """The account of one coupon: a counter of one."""
    return f"coupon/{instance}"


class RightsDesk:
    """Moves rights, within the caller's transaction. It does not look at dates: see ``Reader.usable`` for those."""

    def __init__(self, attest: Attest = lambda _: True) -> None:
        self._attest = attest

    # ── what sales do ─────────────────────────────────────────────────────────────────────────────

    def earn(
        self, tx: Transaction, member: str, posting_id: str, points: int, *, sold_at: datetime
    ) -> Incarnation | None:
        """Credit what a sale of ``sold_at`` earned. ``None``: it makes no rights here, the cloud will lease them."""
        return self._credit(tx, member, posting_id, points, sold_at=sold_at, kind=Kind.EARNED)

    def unearn(
        self, tx: Transaction, member: str, posting_id: str, points: int, *, sold_at: datetime
    ) -> Incarnation | None:
        """Take back what a sale of ``sold_at`` had made available. What was spent meanwhile becomes debt."""
        return self._credit(tx, member, posting_id, points, sold_at=sold_at, kind=Kind.UNEARNED)

    # ── redeeming ─────────────────────────────────────────────────────────────────────────────────

    def redeem(
        self,
        tx: Transaction,
        member: str,
        movement_id: str,
        points: int,
        *,
        sale: str | None,
        session: str | None = None,
    ) -> Incarnation | Refusal:
        """Spend points, those that ``session`` reserved first; a reservation that is gone is no hindrance by itself."""
        moved = self._spend(tx, (member, POINTS), _Spending(MovementId(movement_id), points, sale, session))
        return moved if isinstance(moved, Refusal) else moved.incarnation

    def restore(self, tx: Transaction, redemption_id: str, movement_id: str, points: int) -> Incarnation | Refusal:
        """Undo ``points`` of a redemption made here; the posting names it as its ``original``.

        Refused with ``MADE_ELSEWHERE`` where this incarnation did not make it: then the cloud sees to it.
        """
        moved = self._restore(tx, redemption_id, movement_id, points)
        return moved if isinstance(moved, Refusal) else moved.incarnation

    def reserve(
        self, tx: Transaction, member: str, session: str, points: int, currency: str = POINTS
    ) -> Refusal | None:
        """Hold rights for a quote or a kiosk session; what the same session held before is released first."""
        wallet = tx.wallet(member, currency)
        freed = wallets.release(wallet, session)
        held = wallets.reserve(wallet if isinstance(freed, Refusal) else freed, session, points)
        if isinstance(held, Refusal):
            return held
        tx.keep_wallet(member, currency, held)
        return None

    def release(self, tx: Transaction, member: str, session: str, currency: str = POINTS) -> None:
        """End what a session reserved, if anything; what the cloud was waiting for is given back."""
        freed = wallets.release(tx.wallet(member, currency), session)
        if not isinstance(freed, Refusal):
            tx.keep_wallet(member, currency, freed)
            self.answer_recall(tx, member, currency)

    # ── coupons ───────────────────────────────────────────────────────────────────────────────────

    def use_coupon(
        self,
        tx: Transaction,
        coupon: HeldCoupon,
        movement_id: str,
        *,
        sale: str | None = None,
        session: str | None = None,
    ) -> Movement | Refusal:
        """Use a coupon up. Records ``RightsMovedV1``; the caller records ``CouponUsedV1``."""
        account = (coupon.member, coupon_currency(coupon.instance))
        return self._spend(tx, account, _Spending(MovementId(movement_id), 1, sale, session))

    def restore_coupon(self, tx: Transaction, use_id: str, movement_id: str) -> Movement | Refusal:
        """Make a coupon usable again. ``use_id`` is the movement of its use here. Records ``RightsMovedV1``."""
        return self._restore(tx, use_id, movement_id, 1)

    def issue_coupon(self, tx: Transaction, coupon: HeldCoupon) -> Incarnation:
        """The right to a coupon that was given out here, as a reward; ``CouponIssuedV1`` carries the lease."""
        known = tx.movement(coupon.instance)
        if known is not None:
            return known.movement.incarnation
        account = (coupon.member, coupon_currency(coupon.instance))
        moved = _granted(wallets.earn(tx.wallet(*account), MovementId(coupon.instance), 1))
        return self._keep(tx, account, moved).incarnation

    # ── giving back ───────────────────────────────────────────────────────────────────────────────

    def give_back(self, tx: Transaction, member: str, currency: str, points: int) -> int:
        """End the lease of up to ``points`` free rights; returns how many those were. Records ``RightsMovedV1``."""
        moved = wallets.give_back(tx.wallet(member, currency), MovementId(tx.draw_id()), min(points, POINTS_MAX))
        if isinstance(moved, Refusal):
            return 0
        return self._keep(tx, (member, currency), moved).points

    def answer_recall(self, tx: Transaction, member: str, currency: str) -> int:
        """Give back what the cloud still wants of an account, as far as it is free; returns how much that was."""
        wanted = tx.recall_due(member, currency)
        # A disk in doubt may have forgotten that it spent them.
        if not wanted or tx.rights_state().is_frozen or not self._may_leave(tx):
            return 0
        returned = self.give_back(tx, member, currency, wanted)
        tx.count_returned(member, currency, returned)
        return returned

    # ── the steps all of these share ──────────────────────────────────────────────────────────────

    def _credit(
        self, tx: Transaction, member: str, posting_id: str, points: int, *, sold_at: datetime, kind: Kind
    ) -> Incarnation | None:
        known = tx.movement(posting_id)
        if known is not None:
            return known.movement.incarnation
        if not tx.earns_rights(sold_at):
            return None
        step = wallets.earn if kind is Kind.EARNED else wallets.unearn
        moved = _granted(step(tx.wallet(member, POINTS), MovementId(posting_id), points))
        return self._keep(tx, (member, POINTS), moved).incarnation

    def _spend(self, tx: Transaction, account: tuple[str, str], asked: _Spending) -> Movement | Refusal:
        known = tx.movement(asked.movement_id)
        if known is not None:
            return known.movement
        moved = _taken(tx.wallet(*account), asked)
        if isinstance(moved, Refusal):
            return moved
        if not self._may_leave(tx):
            return Refusal.FROZEN
        movement = self._keep(tx, account, moved)
        redemption = Redemption(movement.movement_id, movement.incarnation, asked.points)
        tx.keep_redemption(*account, redemption, sale=asked.sale)
        self.answer_recall(tx, *account)
        return movement

    def _may_leave(self, tx: Transaction) -> bool:
        """Whether rights may leave a wallet for good now; if not, none are offered until they may."""
        is_attested = self._attest(tx)
        if not is_attested:
            tx.rest_rights()
        return is_attested

    def _restore(self, tx: Transaction, redemption_id: str, movement_id: str, points: int) -> Movement | Refusal:
        known = tx.movement(movement_id)
        if known is not None:
            return known.movement
        kept = tx.kept_redemption(redemption_id)
        if kept is None:
            return Refusal.MADE_ELSEWHERE
        account = (kept.member, kept.currency)
        moved = wallets.restore(tx.wallet(*account), kept.redemption, MovementId(movement_id), points)
        if isinstance(moved, Refusal):
            return moved
        if not self._may_leave(tx):
            return Refusal.FROZEN  # a disk that forgot this would undo the redemption again
        tx.keep_redemption(*account, replace(kept.redemption, restored=kept.redemption.restored + points))
        return self._keep(tx, account, moved)

    def _keep(self, tx: Transaction, account: tuple[str, str], moved: Moved) -> Movement:
        """Keep what a step did, and tell the cloud where no posting and no new coupon does."""
        member, currency = account
        movement = moved.movement
        tx.keep_wallet(member, currency, moved.wallet)
        event_id = None
        if movement.kind is Kind.RETURNED or (currency != POINTS and movement.kind is not Kind.EARNED):
            event_id = tx.record(_told(movement, member, currency)).event_id
        tx.keep_movement(movement, member=member, currency=currency, event_id=event_id)
        return movement


@dataclass(frozen=True, slots=True)
class _Spending:
    """What is to be spent, under which name, for which sale, and the session that may have reserved it."""

    movement_id: MovementId
    points: int
    sale: str | None
    session: str | None


def _taken(wallet: Wallet, asked: _Spending) -> Moved | Refusal:
    """Spend what a session reserved, or without it; a session that reserved another amount is ended."""
    session, points = asked.session, asked.points
    if session is not None and wallet.reserved.get(session) == points:
        return wallets.commit(wallet, session, asked.movement_id)
    freed = wallets.release(wallet, session) if session is not None else wallet
    return wallets.redeem(wallet if isinstance(freed, Refusal) else freed, asked.movement_id, points)


def _granted(moved: Moved | Refusal) -> Moved:
    """What is credited is never refused, but for a number that is none: then the caller has a bug."""
    if isinstance(moved, Refusal):
        raise ValueError(f"rights cannot move: {moved}")  # noqa: TRY004  an answer of the arithmetic, not a type
    return moved


def _told(movement: Movement, member: str, currency: str) -> RightsMovedV1:
    return RightsMovedV1(
        movement=movement.movement_id,
        kind=movement.kind.value,
        member=member,
        currency=currency,
        lease=movement.incarnation,
        points=movement.points,
        original=movement.original,
    )
