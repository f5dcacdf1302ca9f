"""One member's account as the head office sees it: every posting with its reason, lots, coupons, consents, acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.coupons import repository as coupons
from cloud_crm.database import Database
from cloud_crm.gateways.days import StoreDays
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.ledger import repository as ledger
from cloud_crm.ledger.repository import LedgerEntry
from cloud_crm.members import records, repository
from cloud_crm.members.records import CLOUD, HEAD_OFFICE_ROLE, ActRow, ConsentRow
from cloud_crm.members.schemas import MemberView, Reason
from cloud_crm.members.service import no_member, views
from cloud_crm.points import repository as points
from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.problems import not_found, unusable
from cloud_crm.programme import repository as programmes
from cloud_crm.rights.books import RightsBooks, points_of
from cloud_crm.standing import repository as standings
from cloud_crm.standing.repository import PayoutRow, StandingRow
from loyalty.identifiers import EventId, MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, Posting, Rule, available
from loyalty.points.lots import Lot

POSTINGS_SHOWN_MAX = 100
ADJUST_POINTS_MAX = 1_000_000


class Adjustment(BaseModel):
    """Points given or taken by hand. ``key`` names the act: the same key adjusts once."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    points: Annotated[int, Field(ge=-ADJUST_POINTS_MAX, le=ADJUST_POINTS_MAX, description="Below zero: taken")]
    reason: Reason
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Drawn by the caller, once per act")]


class Account(BaseModel):
    """Everything the page shows, in rows as they are stored."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    member: MemberView
    standing: StandingRow
    tier_name: str
    currency: str
    postings: list[LedgerEntry]
    lots: list[Lot]
    debt: int
    coupons: list[coupons.CouponRow]
    coupon_names: dict[str, str]
    consents: list[ConsentRow]
    acts: list[ActRow]
    payouts: list[PayoutRow]
    names: dict[str, str]


class AccountDesk:
    """Shows accounts and adjusts them."""

    def __init__(
        self, database: Database, settings: LoyaltySettings, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._settings = settings
        self._clock = clock
        self._changed = changed

    def account(self, member_id: str) -> Account:
        """One member's account, from one snapshot. Raises :class:`Problem`."""
        with self._database.read() as connection:
            row = repository.find_member(connection, member_id)
            if row is None:
                raise no_member(member_id)
            kept = points.load(connection, [MemberId(member_id)])[MemberId(member_id)]
            points.load_lots(connection, [kept])
            terms = programmes.terms_in_force(connection)
            standing = standings.standings_of(connection, [member_id]).get(member_id, StandingRow(member_id))
            payouts = standings.payouts_by(connection, member_id)
            others = {row.referred_by, row.duplicate_of, *(one.referred for one in payouts)} - {None}
            tier = terms.tier(standing.tier) if terms else None
            return Account(
                member=views(connection, [row])[0],
                standing=standing,
                tier_name=tier.name if tier else standing.tier,
                currency=terms.programme.currency if terms else "",
                postings=ledger.newest(connection, limit=POSTINGS_SHOWN_MAX, member=member_id),
                lots=list(kept.account.lots),
                debt=kept.account.debt,
                coupons=coupons.of_member(connection, member_id),
                coupon_names={coupon.id: coupon.name for coupon in terms.coupons} if terms else {},
                consents=records.consent_history(connection, member_id),
                acts=records.acts_on(connection, member_id),
                payouts=payouts,
                names=repository.names(connection, sorted(str(other) for other in others)),
            )

    def adjust(self, member_id: str, asked: Adjustment, *, operator: str) -> None:
        """Give or take points by hand; what is not there to be taken is owed. Raises :class:`Problem`."""
        if asked.points == 0:
            raise unusable("points", "are none", "Write how many to give, or below zero to take")
        member, at = MemberId(member_id), rfc3339(self._clock())
        source = f"{CLOUD}/adjust/{asked.key}"
        with self._database.write() as connection:
            row = repository.lock_member(connection, member_id)
            terms = programmes.terms_in_force(connection)
            if row is None:
                raise no_member(member_id)
            if terms is None:
                raise not_found("the programme", "PUT one at /api/programme")
            if records.is_noted(connection, source):
                return
            gives = asked.points > 0
            accounts = (PROGRAMME_ISSUED, available(member)) if gives else (available(member), PROGRAMME_ISSUED)
            posting = Posting(
                posting_id("adjustment", CLOUD, asked.key),
                *accounts,
                abs(asked.points),
                Rule.ADJUSTMENT,
                EventId(source),
            )
            rights = RightsBooks(connection, self._settings.rights, at=at)
            rights.open([points_of(member)], ())
            books = PointsBooks(connection, rights, terms.lots, at=at)
            books.open([member])
            books.post(Own(posting, StoreDays(self._settings.zones).on(row.home_gateway, self._clock())), member)
            rights.top_up_home(points_of(member))
            books.save()
            act = ActRow(
                source, at, CLOUD, operator, HEAD_OFFICE_ROLE, "adjust", asked.reason, member_id, str(asked.points)
            )
            records.add_act(connection, act)
            rights.save()
            repository.touch(connection, [member_id])
        self._changed()
