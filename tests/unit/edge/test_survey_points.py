"""A survey is paid by every rule for surveys, at the kiosk as by head office."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from cloud_bridge.contract import PointsPostedV1
from loyalty.identifiers import posting_id
from tests.unit.edge.kiosk_bench import TERMS, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD

ANSWERS = {"answers": "5,9,service"}


def terms_with(*rules: dict[str, Any]) -> dict[str, Any]:
    terms = deepcopy(TERMS)
    terms["earning"]["activities"] = list(rules)
    return terms


async def test_two_rules_pay_a_survey_both_and_the_screen_said_so(tmp_path: Path) -> None:
    rules = ({"id": "thanks", "kind": "survey", "points": 20}, {"id": "launch", "kind": "survey", "points": 5})
    async with kiosk_bench(tmp_path) as store:
        await store.learn(terms=terms_with(*rules))
        await store.tap(ANNA_CARD)
        assert (await store.see("survey"))["points"] == 25
        assert (await store.fill("survey", ANSWERS, subject="visit-1"))["is_accepted"]
        told = [posting for fact in await store.events(PointsPostedV1) for posting in fact["postings"]]
        names = [posting_id("activity", rule["id"], "anna", "visit-1") for rule in rules]
        assert [(one["id"], one["points"], one["rule"]) for one in told] == [
            (name, rule["points"], "survey") for name, rule in zip(names, rules, strict=True)
        ]


async def test_without_a_rule_a_survey_is_answered_once_all_the_same(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.learn(terms=terms_with())
        await store.tap(ANNA_CARD)
        await store.see("survey")
        assert (await store.fill("survey", ANSWERS, subject="visit-1"))["is_accepted"]
        await store.tap(ANNA_CARD)
        assert (await store.see("survey"))["reason"] == "already_answered"
        assert await store.events(PointsPostedV1) == []
