"""What members do outside the stores, told by an e-shop or another system: points once per key, within the caps."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from cloud_bridge.payload import Key
from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.gateways.days import StoreDays
from cloud_crm.landing.facts import moment
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import records, repository
from cloud_crm.members.records import CLOUD, HEAD_OFFICE_ROLE, ActRow
from cloud_crm.members.repository import MemberRow
from cloud_crm.members.service import no_member
from cloud_crm.points.activities import Promised, Promising, promise
from cloud_crm.problems import conflict, not_found
from cloud_crm.programme import repository as programmes
from loyalty.identifiers import EventId, MemberId, posting_id
from loyalty.points.accruals import Activity, NotEarned, PastActivity, activity_accrual
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind, ActivityRule

ACT = "activity"
"""How such points are kept among what was done to a member: subject the rule, reason the key."""


class ToldKind(StrEnum):
    """What can be told from outside; stores see visits and birthdays themselves."""

    REVIEW = "review"
    SHARE = "share"
    SURVEY = "survey"


class ActivityBody(BaseModel):
    """Something a member did. ``key`` says which one: the receipt reviewed, the thing shared, the survey."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ToldKind
    key: Annotated[Key, Field(description="The same key earns once ever, whoever tells of it")]


class ActivityAnswer(BaseModel):
    """What it earned. ``is_new`` is false for what had been told before."""

    points: int
    is_new: bool


class ActivityDesk:
    """Pays activities."""

    def __init__(
        self, database: Database, settings: LoyaltySettings, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._settings = settings
        self._days = StoreDays(settings.zones)
        self._clock = clock
        self._changed = changed

    def tell(self, member_id: str, body: ActivityBody, *, operator: str) -> ActivityAnswer:
        """Promise what each rule of the kind gives; they are released like all points. Raises :class:`Problem`."""
        now = self._clock()
        with self._database.write() as connection:
            row = repository.lock_member(connection, member_id)
            if row is None:
                raise no_member(member_id)
            terms, rules = _rules(connection, body.kind)
            told = {posting_id("activity", rule.id, row.member_id, body.key): rule for rule in rules}
            before = ledger.known(connection, list(told))
            if before:
                return ActivityAnswer(points=sum(told[known].points for known in told if known in before), is_new=False)
            due = self._due(connection, terms, rules, row, body)
            paid = promise(connection, due, Promising(terms.lots, self._settings.rights, rfc3339(now)))
            for rule, one in zip(rules, due, strict=False):
                records.add_act(connection, _act(rule, one, body, at=rfc3339(now), operator=operator))
        self._changed()
        return ActivityAnswer(points=sum(one.accrual.points for one in paid), is_new=True)

    def _due(
        self, connection: Connection, terms: Terms, rules: list[ActivityRule], row: MemberRow, body: ActivityBody
    ) -> list[Promised]:
        on, kind = self._days.on(row.home_gateway, self._clock()), ActivityKind(body.kind.value)
        member, cause = MemberId(row.member_id), EventId(f"{CLOUD}/{ACT}/{body.kind}")
        past = self._past(connection, row, rules, kind)
        due = []
        for rule in rules:
            accrual = activity_accrual(terms, rule.id, Activity(member, kind, on, cause, key=body.key), past)
            if isinstance(accrual, NotEarned):
                cap = f"{rule.times_max} in a {rule.period}" if rule.period != "ever" else f"{rule.times_max}"
                raise conflict("body.kind", f"has earned as often as it may: {cap}", "Tell of it when a new one begins")
            due.append(Promised(member, accrual, on))
        return due

    def _past(
        self, connection: Connection, row: MemberRow, rules: list[ActivityRule], kind: ActivityKind
    ) -> list[PastActivity]:
        """What counts towards the caps: what was told here, and surveys answered in stores."""
        done = [(act.subject, act.reason, act.at) for act in records.acts_of(connection, row.member_id, ACT)]
        if kind is ActivityKind.SURVEY:
            answered = records.surveys_of(connection, row.member_id)
            done += [(rule.id, one.survey, one.at) for one in answered for rule in rules]
        return [
            PastActivity(rule, key, self._days.on(row.home_gateway, moment(at) or self._clock()))
            for rule, key, at in done
        ]


def _rules(connection: Connection, kind: ToldKind) -> tuple[Terms, list[ActivityRule]]:
    terms = programmes.terms_in_force(connection)
    if terms is None:
        raise not_found("the programme", "PUT one at /api/programme")
    rules = [rule for rule in terms.earning.activities if rule.kind.value == kind.value]
    if not rules:
        raise not_found(
            f'a rule of the programme with kind = "{kind}"', "Add one under [[earning.activities]], or do not tell"
        )
    return terms, rules


def _act(rule: ActivityRule, one: Promised, body: ActivityBody, *, at: str, operator: str) -> ActRow:
    source = f"{CLOUD}/{ACT}/{one.accrual.posting}"
    return ActRow(source, at, CLOUD, operator, HEAD_OFFICE_ROLE, ACT, body.key, one.member, rule.id)
