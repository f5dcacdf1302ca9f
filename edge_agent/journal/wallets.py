"""Rights as the journal keeps them: wallets, reservations, redemptions, and whether this incarnation may redeem.

What a wallet does is arithmetic of :mod:`loyalty.rights.wallet`; here it is only kept. A row of an earlier incarnation
is no wallet any more: what it held is the cloud's to settle (see :func:`forget_wallets`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Any

from edge_agent.clock import datetime_of, ms_of
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.values import KeptMovement, KeptRedemption, RightsState, StandingWord
from loyalty.identifiers import GatewayId
from loyalty.rights.movements import Incarnation, Kind, Movement, MovementId
from loyalty.rights.wallet import Redemption, Wallet

POINTS = "points"
"""The currency of points; a coupon's is ``coupon/INSTANCE``."""

TILL_AHEAD_MAX = timedelta(hours=24)
"""No till's clock is believed to be further ahead than this."""

TABLES: tuple[str, ...] = (
    """CREATE TABLE rights_standing(
        one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, standing TEXT NOT NULL,
        is_first INTEGER NOT NULL, frozen INTEGER NOT NULL)""",
    "INSERT INTO rights_standing VALUES (1, '', '', 0, 1)",
    "CREATE TABLE machine(one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL)",
    """CREATE TABLE wallets(
        member TEXT NOT NULL, currency TEXT NOT NULL, incarnation TEXT NOT NULL, rights INTEGER NOT NULL,
        debt INTEGER NOT NULL, granted INTEGER NOT NULL, recalled INTEGER NOT NULL DEFAULT 0,
        returned INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (member, currency)) WITHOUT ROWID""",
    "CREATE INDEX wallets_recalled ON wallets(member, currency) WHERE recalled > returned",
    "CREATE INDEX wallets_held ON wallets(member, currency, incarnation, rights) WHERE rights > 0",
    """CREATE TABLE reservations(
        member TEXT NOT NULL, currency TEXT NOT NULL, session TEXT NOT NULL, points INTEGER NOT NULL,
        PRIMARY KEY (member, currency, session)) WITHOUT ROWID""",
    """CREATE TABLE redemptions(
        redemption TEXT PRIMARY KEY, member TEXT NOT NULL, currency TEXT NOT NULL, incarnation TEXT NOT NULL,
        points INTEGER NOT NULL, restored INTEGER NOT NULL, sale TEXT, at_ms INTEGER NOT NULL,
        undo_asked INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    "CREATE INDEX redemptions_to_undo ON redemptions(redemption) WHERE undo_asked > restored",
    "CREATE INDEX redemptions_by_sale ON redemptions(sale) WHERE sale IS NOT NULL",
    "CREATE INDEX redemptions_by_member ON redemptions(member, at_ms)",
    """CREATE TABLE movements(
        movement TEXT PRIMARY KEY, kind TEXT NOT NULL, member TEXT NOT NULL, currency TEXT NOT NULL,
        lease TEXT NOT NULL, points INTEGER NOT NULL, original TEXT, place INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX movements_by_place ON movements(place) WHERE place > 0",
)
"""What the second step of the schema adds for this room. A movement that travels as a posting has ``place`` 0."""

_STATE = """SELECT gateway_id, i.incarnation, began, s.incarnation, standing, is_first, frozen
    FROM identity, rights_standing s, (SELECT incarnation, began FROM incarnations ORDER BY number DESC LIMIT 1) i"""
_REDEMPTIONS = "SELECT redemption, incarnation, points, restored, member, currency, sale, at_ms FROM redemptions"


class WalletQueries(Query):
    """Reading wallets."""

    def rights_state(self) -> RightsState:
        """The incarnation in force, and what the cloud has said of it."""
        gateway, incarnation, began, spoken_of, standing, is_first, frozen = self._connection.execute(_STATE).fetchone()
        said = spoken_of == incarnation
        return RightsState(
            gateway=GatewayId(gateway),
            incarnation=Incarnation(incarnation),
            began=datetime_of(ms_of(began)),
            standing=StandingWord(standing) if said and standing else None,
            is_first=said and bool(is_first),
            is_frozen=not said or bool(frozen),
        )

    def machine(self) -> str:
        """The machine this journal was last opened in; empty where that could not be told."""
        row = self._connection.execute("SELECT identity FROM machine").fetchone()
        return str(row[0]) if row else ""

    def lease(self) -> Incarnation:
        """The incarnation in force: whose lease anything that moves rights now belongs to."""
        return self.rights_state().incarnation

    def wallet(self, member: str, currency: str = POINTS) -> Wallet:
        """One account here, its reservations loaded. ``member`` is empty for a coupon that anybody may use."""
        state = self.rights_state()
        row = self._connection.execute(
            "SELECT rights, debt, granted FROM wallets WHERE member = ? AND currency = ? AND incarnation = ?",
            (member, currency, state.incarnation),
        ).fetchone()
        rights, debt, granted = row or (0, 0, 0)
        reserved = self._connection.execute(
            "SELECT session, points FROM reservations WHERE member = ? AND currency = ?", (member, currency)
        )
        return Wallet(
            gateway=state.gateway,
            incarnation=state.incarnation,
            frozen=state.is_frozen,
            rights=rights,
            debt=debt,
            granted=granted,
            reserved=dict(reserved.fetchall()),
        )

    def redemption(self, movement_id: str) -> Redemption | None:
        """A redemption made here, and how much of it has been undone."""
        kept = self.kept_redemption(movement_id)
        return kept.redemption if kept else None

    def kept_redemption(self, movement_id: str) -> KeptRedemption | None:
        """A redemption made here, with whose it is and for which sale."""
        row = self._connection.execute(f"{_REDEMPTIONS} WHERE redemption = ?", (movement_id,)).fetchone()
        return _redemption(row) if row else None

    def redemptions_of_sale(self, sale: str) -> list[KeptRedemption]:
        """Everything that was redeemed for a sale here: points and coupons."""
        rows = self._connection.execute(f"{_REDEMPTIONS} WHERE sale = ? ORDER BY currency DESC, redemption", (sale,))
        return [_redemption(row) for row in rows]

    def redemption_of_sale(self, sale: str) -> KeptRedemption | None:
        """The points that were redeemed for a sale here."""
        return next((kept for kept in self.redemptions_of_sale(sale) if kept.currency == POINTS), None)

    def movement(self, movement_id: str) -> KeptMovement | None:
        """A movement of rights that has happened here, in this incarnation or an earlier one."""
        row = self._connection.execute(
            "SELECT movement, kind, lease, points, original, member, currency FROM movements WHERE movement = ?",
            (movement_id,),
        ).fetchone()
        if row is None:
            return None
        gateway = self.rights_state().gateway
        original = MovementId(row[4]) if row[4] else None
        fact = Movement(MovementId(row[0]), Kind(row[1]), gateway, Incarnation(row[2]), row[3], original)
        return KeptMovement(fact, member=row[5], currency=row[6])

    def incarnations(self) -> set[str]:
        """Every incarnation this journal has had."""
        return {incarnation for (incarnation,) in self._connection.execute("SELECT incarnation FROM incarnations")}

    def cause_of(self, posting_id: str) -> str | None:
        """The event because of which points were posted here."""
        row = self._connection.execute("SELECT cause FROM postings WHERE posting_id = ?", (posting_id,)).fetchone()
        return str(row[0]) if row else None

    def recall_due(self, member: str, currency: str) -> int:
        """How much of an account the cloud wants back and was not given; 0 where nothing of it is here."""
        row = self._connection.execute(
            """SELECT recalled - returned FROM wallets WHERE member = ? AND currency = ? AND incarnation = ?
                AND recalled > returned AND rights > 0""",
            (member, currency, self.rights_state().incarnation),
        ).fetchone()
        return int(row[0]) if row else 0

    def undos_due(self, limit: int) -> list[tuple[str, int]]:
        """The redemptions of this incarnation that the cloud wants undone further, and to how many points in all."""
        rows = self._connection.execute(
            """SELECT redemption, undo_asked FROM redemptions
                WHERE undo_asked > restored AND incarnation = ? ORDER BY redemption LIMIT ?""",
            (self.lease(), limit),
        ).fetchall()
        return [(movement, total) for movement, total in rows]

    def recalls_due(self, limit: int) -> list[tuple[str, str]]:
        """Member and currency of accounts of which the cloud wants something back that is here."""
        rows = self._connection.execute(
            """SELECT member, currency FROM wallets WHERE recalled > returned AND rights > 0 AND incarnation = ?
                ORDER BY member, currency LIMIT ?""",
            (self.rights_state().incarnation, limit),
        )
        return [(member, currency) for member, currency in rows]

    def accounts_held(self, limit: int) -> list[tuple[str, str]]:
        """Member and currency of accounts that hold rights now."""
        rows = self._connection.execute(
            """SELECT member, currency FROM wallets WHERE rights > 0 AND incarnation = ?
                ORDER BY member, currency LIMIT ?""",
            (self.rights_state().incarnation, limit),
        )
        return [(member, currency) for member, currency in rows]

    def points_held(self) -> int:
        """Points of all members that can be spent here, frozen or not."""
        row = self._connection.execute(
            "SELECT coalesce(sum(rights), 0) FROM wallets WHERE rights > 0 AND currency = ? AND incarnation = ?",
            (POINTS, self.rights_state().incarnation),
        ).fetchone()
        return int(row[0])


class WalletKeeping(WalletQueries, ABC):
    """Writing wallets."""

    def keep_wallet(self, member: str, currency: str, wallet: Wallet) -> None:
        """Keep an account as it stands after a step, its reservations included."""
        self._connection.execute(
            """INSERT INTO wallets(member, currency, incarnation, rights, debt, granted) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (member, currency) DO UPDATE SET rights = excluded.rights, debt = excluded.debt,
                granted = excluded.granted, incarnation = excluded.incarnation,
                recalled = CASE incarnation WHEN excluded.incarnation THEN recalled ELSE 0 END,
                returned = CASE incarnation WHEN excluded.incarnation THEN returned ELSE 0 END""",
            (member, currency, wallet.incarnation, wallet.rights, wallet.debt, wallet.granted),
        )
        self._connection.execute("DELETE FROM reservations WHERE member = ? AND currency = ?", (member, currency))
        if wallet.reserved:
            self._connection.executemany(
                "INSERT INTO reservations VALUES (?, ?, ?, ?)",
                [(member, currency, session, points) for session, points in wallet.reserved.items()],
            )

    def keep_redemption(self, member: str, currency: str, redemption: Redemption, *, sale: str | None = None) -> None:
        """Keep a redemption, or how much of it has been undone by now."""
        self._connection.execute(
            """INSERT INTO redemptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
                ON CONFLICT (redemption) DO UPDATE SET restored = excluded.restored""",
            (
                redemption.movement_id,
                member,
                currency,
                redemption.incarnation,
                redemption.points,
                redemption.restored,
                sale,
                self.now_ms(),
            ),
        )

    def ask_undo(self, redemption_id: str, total: int) -> None:
        """The cloud wants ``total`` points of a redemption undone by now; more than it redeemed cannot be."""
        self._connection.execute(
            "UPDATE redemptions SET undo_asked = min(points, max(undo_asked, ?)) WHERE redemption = ?",
            (total, redemption_id),
        )

    def keep_movement(self, movement: Movement, *, member: str, currency: str, event_id: str | None = None) -> None:
        """Keep what has happened, so that it is recognised when asked for again, and told again when rows are lost.

        ``event_id`` is that of the event that tells of it, unless a posting does.
        """
        self._connection.execute(
            "INSERT INTO movements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                movement.movement_id,
                movement.kind.value,
                member,
                currency,
                movement.incarnation,
                movement.points,
                movement.original,
                self.place(event_id) if event_id else 0,
            ),
        )

    def recall(self, member: str, currency: str, total: int) -> None:
        """The cloud wants ``total`` rights of an account back in all; a lower total than before is an old word."""
        self._connection.execute(
            "UPDATE wallets SET recalled = max(recalled, ?) WHERE member = ? AND currency = ? AND incarnation = ?",
            (total, member, currency, self.lease()),
        )

    def count_returned(self, member: str, currency: str, points: int) -> None:
        """So many rights were given back because the cloud asked."""
        self._connection.execute(
            "UPDATE wallets SET returned = returned + ? WHERE member = ? AND currency = ?", (points, member, currency)
        )

    def keep_standing(self, standing: StandingWord | None, *, is_first: bool, is_frozen: bool) -> None:
        """What the cloud says of the incarnation in force; ``None`` where its last word no longer counts."""
        self._connection.execute(
            "UPDATE rights_standing SET incarnation = ?, standing = ?, is_first = ?, frozen = ?",
            (self.lease(), standing.value if standing else "", is_first, is_frozen),
        )

    def keep_machine(self, identity: str) -> None:
        """The machine this journal is open in."""
        self._connection.execute("INSERT OR REPLACE INTO machine VALUES (1, ?)", (identity,))

    def rest_rights(self) -> None:
        """Nothing may be redeemed for now, whatever the cloud says."""
        self._connection.execute("UPDATE rights_standing SET frozen = 1")

    def end_reservations(self) -> None:
        """Release everything that is reserved."""
        self._connection.execute("DELETE FROM reservations")

    def earns_rights(self, sold_at: datetime) -> bool:
        """Whether what a sale earns may be spent here at once, or must be told by the cloud first.

        After a restore a till may repeat receipts that the lost part of the disk had credited, so the sale must be
        later than the restore (24 h: the till's clock may be fast); unless no life of this gateway went before.
        """
        state = self.rights_state()
        latest = datetime_of(self.now_ms()) + TILL_AHEAD_MAX
        return state.is_first or state.began + TILL_AHEAD_MAX < sold_at <= latest

    @abstractmethod
    def now_ms(self) -> int:
        """When this unit of work happens, in ms since 1970."""


def freeze(connection: Statements) -> None:
    """A journal was opened: nothing is reserved any more, and nobody has said yet that it may redeem."""
    connection.execute("DELETE FROM reservations")
    connection.execute("UPDATE rights_standing SET frozen = 1")


def forget_wallets(connection: Statements) -> None:
    """A new incarnation begins frozen and empty; the cloud keeps what the old one held in suspense."""
    freeze(connection)
    connection.execute("DELETE FROM wallets")


def _redemption(row: tuple[Any, ...]) -> KeptRedemption:
    movement, incarnation, points, restored, member, currency, sale, at_ms = row
    redemption = Redemption(MovementId(movement), Incarnation(incarnation), points, restored)
    return KeptRedemption(redemption, member=member, currency=currency, sale=sale, at=datetime_of(at_ms))
