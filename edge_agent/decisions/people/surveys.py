"""A member answers a short survey: the answers are kept without the member's words, the points come once."""

from __future__ import annotations

from collections.abc import Mapping

from cloud_bridge.contract import SurveyAnsweredV1
from edge_agent.decisions.activities import Activities
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.people.filled import Filled, refused
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Earned, Reader, Transaction
from edge_agent.outcomes import FormDecided, Kept
from kiosk_ui.kiosk.form_screens import FormReason, Question
from loyalty.identifiers import EventId, MemberId
from loyalty.points.accruals import Activity
from loyalty.terms.document import Terms
from loyalty.terms.earning import ActivityKind

VISIT_SURVEY = "visit-1"
SURVEYS: Mapping[str, tuple[Question, ...]] = {VISIT_SURVEY: (Question.VISIT, Question.RECOMMEND, Question.BETTER)}
"""The surveys there are, with their questions in order."""

SKIPPED = "skipped"
ANSWERS: Mapping[Question, frozenset[str]] = {
    Question.VISIT: frozenset(str(face) for face in range(1, 6)),
    Question.RECOMMEND: frozenset(str(mark) for mark in range(11)),
    Question.BETTER: frozenset({"choice", "price", "service", "waiting", "tidiness", "nothing"}),
}
_UNPAID = "-"
"""Stands for the rule where the programme pays nothing for a survey: it is answered once all the same."""


class Surveys:
    """Decides the form ``survey``."""

    def __init__(self, shop: Shop, activities: Activities) -> None:
        self._shop = shop
        self._activities = activities

    def answered(self, tx: Transaction, filled: Filled) -> FormDecided:
        """Keep the answers of a survey, and promise its points: the cloud pays them once, however many stores ask."""
        survey, recorded, member = filled.fact.subject, filled.recorded, filled.member
        if tx.member(member) is None or survey not in SURVEYS:
            return refused(tx, filled, FormReason.VISIT_OVER)
        if has_answered(tx, member, survey):
            return refused(tx, filled, FormReason.ALREADY_ANSWERED)
        answers = tuple(filled.fields.get("answers", "").split(","))
        said = SurveyAnsweredV1(cause=recorded.event_id, member=member, survey=survey, answers=answers)
        tx.record(said, traceparent=recorded.traceparent)
        points = self._pay(tx, filled, survey)
        done = Kept(standing_of(tx, member), points)
        return FormDecided(filled.counter, filled.fact.place, filled.fact.form, filled.answered(), done)

    def _pay(self, tx: Transaction, filled: Filled, survey: str) -> int:
        """Promise what every rule for surveys gives; where none does, it counts as answered all the same."""
        recorded, member = filled.recorded, filled.member
        on = self._shop.day(recorded.at)
        done = Activity(member, ActivityKind.SURVEY, on, EventId(recorded.event_id), key=survey)
        points = self._activities.earn(tx, recorded, done)
        if not points:
            tx.keep_activity(Earned(member, _UNPAID, survey, on))
        return points


def has_answered(reader: Reader, member: MemberId, survey: str) -> bool:
    """Whether this store has the member's answers already."""
    return any(one.key == survey for one in reader.activities_of(member))


def points_for(terms: Terms) -> int:
    """What the programme pays for a survey."""
    return sum(rule.points for rule in terms.earning.activities if rule.kind is ActivityKind.SURVEY)


def are_answers(survey: str, written: str) -> bool:
    """Whether these are answers to the survey's questions, each one of the choices or skipped."""
    questions, answers = SURVEYS.get(survey, ()), written.split(",")
    return len(answers) == len(questions) and all(
        answer == SKIPPED or answer in ANSWERS[question] for question, answer in zip(questions, answers, strict=True)
    )
