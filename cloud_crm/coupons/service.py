"""What the head office does with coupons: campaigns to members, single-use codes, taking one back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.coupons import issuing, repository
from cloud_crm.coupons.issuing import Issued, Issuer, Wanted
from cloud_crm.coupons.repository import BudgetRow, CouponFigures, CouponRow
from cloud_crm.coupons.rights import OneRight, take_right
from cloud_crm.coupons.schemas import CouponView, InstanceView, IssueAnswer, IssueBody, RefusedView
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.gateways.days import StoreDays
from cloud_crm.members import records
from cloud_crm.members import repository as members
from cloud_crm.problems import conflict, not_found, unusable
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import standings
from loyalty.checkout.coupons import Why
from loyalty.codes import ALPHABET
from loyalty.identifiers import medium_id
from loyalty.terms.document import Terms
from loyalty.terms.offers import Coupon

CODE_CHARS = 12
"""Sixty bits: nobody finds one by trying."""
CAMPAIGN = "campaign"


class CouponService:
    """Coupons of one tenant. ``medium_key`` hashes codes exactly as every gateway does."""

    def __init__(
        self, database: Database, days: StoreDays, *, clock: Clock, medium_key: bytes, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._days = days
        self._clock = clock
        self._key = medium_key
        self._changed = changed

    def every(self) -> list[CouponView]:
        """The coupons of the programme in its order, then those of earlier ones that were given."""
        with self._database.read() as connection:
            terms = programmes.terms_in_force(connection)
            gone, fare = repository.budgets(connection), repository.figures(connection)
        known = list(terms.coupons) if terms else []
        past = sorted(fare.keys() - {coupon.id for coupon in known})
        currency = terms.programme.currency if terms else ""
        return [_coupon_view((one.id, one, currency), gone, fare) for one in known] + [
            _coupon_view((name, None, currency), gone, fare) for name in past
        ]

    def issue(self, coupon: str, body: IssueBody, *, operator: str) -> IssueAnswer:
        """Issue to members or as codes, within the budgets; the same key never twice. Raises :class:`Problem`."""
        texts = [_code() for _ in range(body.codes)]
        at = rfc3339(self._clock())
        with self._database.write() as connection:
            terms = _terms(connection, coupon)
            wanted = (
                self._to_members(connection, coupon, body)
                if body.members
                else self._codes(connection, coupon, body, texts)
            )
            answers = issuing.issue(connection, terms, wanted, Issuer(CAMPAIGN, operator, at, self._today()))
            if body.codes and any(answer.row is not None and not answer.is_new for answer in answers):
                raise conflict("key", "has had its codes, which were shown once", "Use another key for more codes")
            records.note(connection, "issue_coupon", coupon, at=at, because=(operator, body.reason), member=None)
        self._changed()
        return _answer(terms, answers, texts)

    def withdraw(self, instance: str, *, reason: str, operator: str) -> None:
        """Take an unused coupon back. A store that is offline may still let it be used. Raises :class:`Problem`."""
        at = rfc3339(self._clock())
        with self._database.write() as connection:
            row = issuing.withdraw(connection, instance, at)
            if row is None:
                raise not_found(f"coupon {instance}, still to be used,", "See the member's page")
            take_right(connection, OneRight(row.member_id, row.instance, ""), at=at)
            because = (operator, reason)
            records.note(connection, "withdraw_coupon", instance, at=at, because=because, member=row.member_id or None)
        self._changed()

    def of_member(self, member_id: str) -> list[InstanceView]:
        """What a member was given, newest first."""
        with self._database.read() as connection:
            terms = programmes.terms_in_force(connection)
            return [_instance_view(terms, row) for row in repository.of_member(connection, member_id)]

    def _today(self) -> date:
        return self._days.on("", self._clock())

    def _to_members(self, connection: Connection, coupon: str, body: IssueBody) -> list[Wanted]:
        rows = members.find_members(connection, body.members)
        for index, member_id in enumerate(body.members):
            if member_id not in rows:
                raise unusable(
                    f"body.members.{index}", f"{member_id} is no member", "See /members for those who joined"
                )
        return [
            Wanted(
                coupon,
                f"{CAMPAIGN}/{body.key}/{member_id}",
                member_id,
                gateway=rows[member_id].home_gateway or self._days.only_store(),
            )
            for member_id in body.members
        ]

    def stores(self) -> dict[str, str]:
        """The stores that codes can be for: names by gateway."""
        with self._database.read() as connection:
            return {row.gateway_id: row.store_name for row in gateways.every_gateway(connection)}

    def _codes(self, connection: Connection, coupon: str, body: IssueBody, texts: Sequence[str]) -> list[Wanted]:
        if body.gateway and body.gateway not in self._days.zones:
            raise unusable("body.gateway", f"{body.gateway!r:.80} is no store", "See / for the stores")
        if body.gateway and (standing := standings.read(connection, body.gateway)).current is None:
            problem = "is revoked" if standing.revoked else "has not been heard of yet"
            remedy = "Start its gateway, or leave the store out: the codes then work where they are shown first"
            raise conflict("body.gateway", problem, remedy)
        gateway = body.gateway or self._days.only_store()
        return [
            Wanted(
                coupon,
                f"{CAMPAIGN}/{body.key}/#{number}",
                code=medium_id("code", text.encode(), key=self._key),
                gateway=gateway,
            )
            for number, text in enumerate(texts, 1)
        ]


def _terms(connection: Connection, coupon: str) -> Terms:
    terms = programmes.terms_in_force(connection)
    if terms is None or terms.coupon(coupon) is None:
        raise not_found(f"coupon {coupon:.60}", "See /api/coupons for those of the programme")
    return terms


def _answer(terms: Terms, answers: Sequence[Issued], texts: Sequence[str]) -> IssueAnswer:
    given = [answer for answer in answers if answer.row is not None]
    return IssueAnswer(
        issued=[
            _instance_view(terms, answer.row) for answer in given if answer.row is not None and answer.wanted.member
        ],
        codes=[text for text, answer in zip(texts, answers, strict=False) if answer.row is not None],
        refused=[
            RefusedView(member=answer.wanted.member, why=answer.why or Why.UNKNOWN)
            for answer in answers
            if answer.row is None
        ],
    )


def _coupon_view(
    of: tuple[str, Coupon | None, str], gone: Mapping[str, BudgetRow], fare: Mapping[str, CouponFigures]
) -> CouponView:
    name, coupon, currency = of
    figures, spent = fare.get(name, CouponFigures()), gone.get(name, BudgetRow(name, 0, 0))
    budget = coupon.budget if coupon else None
    return CouponView(
        coupon=name,
        name=coupon.name if coupon else name,
        kind=coupon.kind if coupon else "",
        starts=coupon.starts.isoformat() if coupon and coupon.starts else "",
        ends=coupon.ends.isoformat() if coupon and coupon.ends else "",
        member_uses_max=budget.member_uses_max if budget else 0,
        campaign_uses_max=budget.campaign_uses_max if budget else 0,
        liability_minor_max=budget.liability_minor_max if budget else 0,
        liability_minor=spent.liability_minor,
        currency=currency,
        issued=figures.issued,
        used=figures.used,
        open=figures.open,
        withdrawn=figures.withdrawn,
        in_programme=coupon is not None,
    )


def _instance_view(terms: Terms | None, row: CouponRow) -> InstanceView:
    coupon = terms.coupon(row.coupon) if terms else None
    return InstanceView(
        instance=row.instance,
        coupon=row.coupon,
        name=coupon.name if coupon else row.coupon,
        member=row.member_id,
        source=row.source,
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        last_day=row.last_day,
        worth_minor=row.worth_minor,
        used_at=row.used_at,
        used_gateway=row.used_gateway,
        used_sale=row.used_sale,
        withdrawn_at=row.withdrawn_at,
    )


def _code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
