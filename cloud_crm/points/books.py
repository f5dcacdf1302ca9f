"""Members' points within one transaction: lots follow the postings that landed, rights follow both."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection

from cloud_crm.ledger import repository as ledger
from cloud_crm.ledger.repository import PostingRow
from cloud_crm.points import repository
from cloud_crm.points.repository import MemberPoints, Origin, Redeemed
from cloud_crm.rights.books import RightsBooks, points_of
from loyalty.identifiers import EventId, GatewayId, MemberId, PostingId
from loyalty.ledger import PROGRAMME_ISSUED, PROGRAMME_REDEEMED, Posting, Rule, available, member_of, pending
from loyalty.points.bookkeeping import Circumstances, earned_lot, keep, rights_effect
from loyalty.points.lots import Lot, Moved, PointsAccount, take
from loyalty.rights.movements import Incarnation, Kind, Movement, MovementId
from loyalty.terms.earning import LotTerms

CLOUD = "cloud"
"""Stands in the place of the gateway in postings that the cloud makes itself."""

MEMBER_LENGTH_MAX = 40
_ACTIVITIES = frozenset(
    rule.value for rule in (Rule.VISIT, Rule.BIRTHDAY, Rule.REFERRAL, Rule.SURVEY, Rule.REVIEW, Rule.SHARE)
)
_OWNERS_MAX = 20_000
_RULES = {rule.value: rule for rule in Rule}


class Said(NamedTuple):
    """A posting as it was told, with what is known around it. ``on`` is the store's day, ``incarnation`` told it.

    ``of_sale`` is the receipt that it is about: of a refund, the one given back. ``doubtful_until`` is set where an
    earlier life of the gateway may have credited the same: of a sale from before, or points due before that day.
    """

    row: PostingRow
    on: date
    lease: str | None = None
    original: str | None = None
    of_sale: str | None = None
    is_doubtful: bool = False
    doubtful_until: date | None = None
    incarnation: str = ""

    def members(self) -> tuple[MemberId, ...]:
        """Whose points it moves."""
        return members_of(self.row)

    def posting(self) -> Posting:
        """In the words of the domain."""
        row = self.row
        rule = _RULES.get(row.rule, Rule.ADJUSTMENT)
        return Posting(PostingId(row.posting_id), row.debit, row.credit, row.points, rule, EventId(row.cause))


@dataclass(frozen=True, slots=True)
class Own:
    """A posting of the cloud's own. ``accruals`` are those it takes from first.

    ``moves_rights`` is false where the rights moved by a rule of their own (a write-off).
    """

    posting: Posting
    on: date
    sale: str | None = None
    accruals: frozenset[PostingId] = frozenset()
    moves_rights: bool = True


class PointsBooks:
    """Open members, keep postings in the order they landed, :meth:`save`. The rights books are the caller's to save."""

    def __init__(self, connection: Connection, rights: RightsBooks, terms: LotTerms, *, at: str) -> None:
        self._connection = connection
        self._rights = rights
        self._terms = terms
        self._at = at
        self._members: dict[MemberId, MemberPoints] = {}
        self._redeemed: dict[PostingId, Redeemed] = {}
        self._touched: set[PostingId] = set()
        self._patterns: dict[tuple[date, bool], Lot] = {}
        self.own: list[PostingRow] = []
        """What the cloud posts itself."""

    def open(self, members: Collection[MemberId], said: Iterable[Said] = ()) -> None:
        """Read these members' debts, and the redemptions that postings restore. Their rights must be open."""
        self._members |= repository.load(self._connection, members)
        originals = {one.original for one in said if one.original is not None}
        self._redeemed |= repository.redeemed(self._connection, originals)

    @property
    def members(self) -> Collection[MemberId]:
        """Those that are open."""
        return self._members.keys()

    def points(self, member: MemberId) -> MemberPoints:
        """One member's points, complete."""
        kept = self._members[member]
        if not kept.is_loaded:
            repository.load_lots(self._connection, [kept])
        return kept

    def next_day(self, member: MemberId) -> str | None:
        """The first day whose turn may move something of an open member's."""
        return repository.next_day(self._members[member])

    def load_lots(self, members: Iterable[MemberId]) -> None:
        """Complete many accounts at once."""
        repository.load_lots(self._connection, [self._members[member] for member in members])

    def needs_lots(self, said: Said) -> set[MemberId]:
        """Members whose lots a posting touches: all but those that only earn and owe nothing."""
        earns = said.row.debit == PROGRAMME_ISSUED
        known = [member for member in said.members() if member in self._members]
        return {member for member in known if not earns or self._members[member].account.debt}

    def keep(self, said: Said) -> None:
        """Book one posting for each member it concerns."""
        for member in said.members():
            kept = self._members.get(member)
            if kept is None:
                continue
            if said.row.debit == PROGRAMME_ISSUED and not (kept.is_loaded or kept.account.debt):
                self._earn(kept, said)
            else:
                self._keep(kept, said)

    def post(self, own: Own, member: MemberId) -> None:
        """The cloud posts itself: into the ledger, the lots and, where they did not move already, the rights."""
        kept, posting = self.points(member), own.posting
        kept.is_changed = True
        kept.origins.setdefault(posting.posting_id, Origin(CLOUD, own.sale, by_cloud=True))
        accruals = own.accruals & frozenset(kept.origins)
        after = keep(kept.account, posting, Circumstances(own.on, self._terms, accruals))
        kept.account = after.account
        if own.moves_rights:
            self._rights.issue(points_of(member), rights_effect((posting,), member))
        self._rights.issue(points_of(member), rights_effect(after.own, member))
        self._write((posting, *after.own), own.sale)

    def moved(self, moved: Moved) -> None:
        """The cloud moved lots itself by a rule that gave the postings, too."""
        kept = self.points(moved.account.member)
        kept.is_changed, kept.account = True, moved.account
        self._own(moved.account.member, moved.postings, None)

    def save(self) -> None:
        """Write lots, debts, redemptions and the cloud's own postings."""
        repository.save(self._connection, self._members.values())
        repository.save_redeemed(self._connection, [self._redeemed[key] for key in sorted(self._touched)])
        ledger.post(self._connection, self.own, self._at)

    def _keep(self, kept: MemberPoints, said: Said) -> None:
        posting, member = said.posting(), kept.account.member
        self._note_origin(kept, said)
        account = self.points(member).account
        after = keep(account, posting, self._around(kept, said))
        kept.account = after.account
        if posting.debit == available(member) and posting.credit == PROGRAMME_REDEEMED:
            self._remember(member, said, after.taken)
        self._move_rights(member, posting, said, after.taken)
        self._own(member, after.own, said.row.sale)

    def _earn(self, kept: MemberPoints, said: Said) -> None:
        """As :meth:`_keep`, for what most postings are: earned by somebody who owes nothing, so no other lot moves."""
        row, member = said.row, kept.account.member
        waits = row.credit == pending(member)
        if not waits and row.credit != available(member):
            self._keep(kept, said)
            return
        self._note_origin(kept, said)
        lot = self._lot(said, waits=waits)
        kept.account = PointsAccount(member, (*kept.account.lots, lot))
        if waits:
            return
        if said.lease is None and not said.is_doubtful:
            self._rights.issue(points_of(member), row.points)
        else:
            self._move_rights(member, said.posting(), said, (lot,))

    def _lot(self, said: Said, *, waits: bool) -> Lot:
        """The days of lots that were earned on one day are alike."""
        pattern = self._patterns.get((said.on, waits))
        if pattern is None:
            around = Circumstances(said.on, self._terms)
            pattern = self._patterns[said.on, waits] = earned_lot(said.posting(), around)
        return Lot(
            PostingId(said.row.posting_id), said.row.points, said.on, pattern.available_on, pattern.last_day, waits
        )

    def _note_origin(self, kept: MemberPoints, said: Said) -> None:
        kept.is_changed = True
        accrual = PostingId(said.row.posting_id)
        if accrual not in kept.origins:
            kept.origins[accrual] = Origin(said.row.gateway_id, said.of_sale, said.row.rule in _ACTIVITIES)

    def _around(self, kept: MemberPoints, said: Said) -> Circumstances:
        origin = (said.row.gateway_id, said.of_sale)
        accruals = frozenset(
            accrual for accrual, its in kept.origins.items() if said.of_sale and (its.gateway_id, its.sale) == origin
        )
        return Circumstances(said.on, self._terms, accruals, self._returned(said))

    def _returned(self, said: Said) -> tuple[Lot, ...]:
        """What the redemption took that this posting undoes: last to expire comes back first. Counts it as restored."""
        made = self._redeemed.get(PostingId(said.original or ""))
        if made is None or said.row.debit != PROGRAMME_REDEEMED:
            return ()
        rest, _ = take(reversed(made.taken), made.restored, fits=lambda _: True)
        made.restored += said.row.points
        self._touched.add(made.posting_id)
        return rest

    def _remember(self, member: MemberId, said: Said, taken: tuple[Lot, ...]) -> None:
        row = said.row
        made = Redeemed(PostingId(row.posting_id), member, row.gateway_id, said.lease, said.of_sale, row.points, taken)
        self._redeemed[made.posting_id] = made
        self._touched.add(made.posting_id)

    def _move_rights(self, member: MemberId, posting: Posting, said: Said, lots: tuple[Lot, ...]) -> None:
        effect = rights_effect((posting,), member)
        key = points_of(member)
        gateway = GatewayId(said.row.gateway_id)
        if effect == 0:
            return
        if said.lease is not None:
            kind = _kind(posting, effect)
            original = None if said.original is None else MovementId(said.original)
            movement = Movement(
                MovementId(posting.posting_id), kind, gateway, Incarnation(said.lease), abs(effect), original
            )
            self._rights.settle(key, movement, is_posting=True)
        elif effect > 0 and _is_in_doubt(posting, said, lots):
            self._rights.put_in_doubt(key, gateway, effect, MovementId(posting.posting_id))
        else:
            self._rights.issue(key, effect)

    def _own(self, member: MemberId, postings: tuple[Posting, ...], sale: str | None) -> None:
        if postings:
            self._rights.issue(points_of(member), rights_effect(postings, member))
            self._write(postings, sale)

    def _write(self, postings: tuple[Posting, ...], sale: str | None) -> None:
        self.own.extend(
            PostingRow(p.posting_id, p.debit, p.credit, p.points, p.rule, p.cause, sale, CLOUD, self._at)
            for p in postings
        )


def members_of(row: PostingRow) -> tuple[MemberId, ...]:
    """The members whose points a posting moves. Names longer than any id of ours have no books."""
    to = _owner(row.credit)
    if row.debit == PROGRAMME_ISSUED or (out := _owner(row.debit)) is None or out == to:
        return () if to is None else (to,)
    return (out,) if to is None else (out, to)


@lru_cache(_OWNERS_MAX)
def _owner(account: str) -> MemberId | None:
    member = member_of(account)
    return member if member and len(member) <= MEMBER_LENGTH_MAX else None


def _kind(posting: Posting, effect: int) -> Kind:
    if effect > 0:
        return Kind.RESTORED if posting.debit == PROGRAMME_REDEEMED else Kind.EARNED
    return Kind.REDEEMED if posting.credit == PROGRAMME_REDEEMED else Kind.UNEARNED


def _is_in_doubt(posting: Posting, said: Said, lots: tuple[Lot, ...]) -> bool:
    """Whether an earlier life of the gateway may have credited these points as its own and let them be spent."""
    if posting.rule is Rule.RELEASE:
        until = said.doubtful_until
        return until is not None and any(lot.available_on <= until for lot in lots)
    return said.is_doubtful
