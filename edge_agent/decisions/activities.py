"""Points for coming in, and on a birthday: promised when a member shows themselves, paid by the cloud once however
many stores saw it.
"""

from __future__ import annotations

from edge_agent.decisions.committing import Committing, Ground
from edge_agent.journal import Earned, Recorded, Transaction
from loyalty.decide import Granted, decide_activity
from loyalty.points.accruals import Activity, PastActivity, activity_key


class Activities:
    """Promises what activities earn, in the transaction of the fact that shows them."""

    def __init__(self, committing: Committing) -> None:
        self._committing = committing

    def earn(self, tx: Transaction, recorded: Recorded, activity: Activity) -> int:
        """Post what every rule of this kind gives, pending; returns the points. What was earned here earns no more."""
        terms = tx.terms()
        rules = [rule for rule in terms.earning.activities if rule.kind is activity.kind] if terms else []
        if terms is None or not rules:
            return 0
        past = [PastActivity(one.rule, one.key, one.on) for one in tx.activities_of(activity.member)]
        points = 0
        for rule in rules:
            granted = decide_activity(terms, rule.id, activity, past)
            if isinstance(granted, Granted):
                self._committing.post(tx, recorded, granted, Ground(None, recorded.at))
                tx.keep_activity(Earned(activity.member, rule.id, activity_key(rule, activity) or "", activity.on))
                points += granted.pending
        return points
