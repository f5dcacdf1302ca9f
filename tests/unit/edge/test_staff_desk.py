"""Staff look a member up and act for them, each role what it may, always with a reason and always written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloud_bridge.contract import (
    DecisionRefusedV1,
    MediumBlockedV1,
    MediumLinkedV1,
    PinChangedV1,
    PointsPostedV1,
    SaleCompletedV1,
    StaffActedV1,
)
from devices.observations import Trust
from tests.unit.edge.kiosk_bench import KioskBench, anna, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, NOBODYS_CARD, medium
from tests.unit.edge.test_kiosk_pins import PIN, SEALED


async def act(store: KioskBench, form: str, role: str = "manager", subject: str = "", **fields: str) -> dict[str, Any]:
    body = {"form": form, "subject": subject, "actor": "Mia", "role": role, "fields": {"reason": "asked for"} | fields}
    response = await store.web.post("/staff/members/anna/act", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def account(store: KioskBench, member: str = "anna") -> dict[str, Any]:
    found: dict[str, Any] = (await store.web.get(f"/staff/members/{member}")).json()
    return found


async def test_a_member_is_found_by_name_and_by_the_end_of_a_phone_number(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.learn(anna(version=2, contact="+86138****5678"))
        await store.tap(NOBODYS_CARD)
        await store.join(name="50% Anna_", phone="13800139999")
        for question, names in (
            ("nna", ["50% Anna_", "Anna"]),
            ("5678", ["Anna"]),
            ("9999", ["50% Anna_"]),
            ("%", ["50% Anna_"]),
            ("a_", ["50% Anna_"]),
            ("nobody", []),
        ):
            answer = (await store.web.post("/staff/members/find", json={"question": question})).json()
            assert [one["name"] for one in answer["found"]] == names, question


async def test_every_posting_is_explained_by_its_rule_and_its_cause(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.sell("S-1", 5_000)
        await act(store, "adjust", points="-7")
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "mug")
        await store.fill("redeem", subject="mug")
        found = await account(store)
        lines = [(line["rule"], line["points"], line["sale"], line["actor"]) for line in found["lines"]]
        assert lines == [("adjustment", -7, "", "Mia"), ("spend", 50, "S-1", "")]
        assert found["lines"][0]["reason"] == "asked for"
        assert found["lines"][1]["basis_minor"] == 5_000
        assert found["sales"][0]["refundable_minor"] == 5_000
        assert [decision["reason"] for decision in found["decisions"]] == ["not_enough_rights"]
        assert (found["balance"], found["usable"]) == (523, 343)


async def test_staff_see_which_voucher_a_member_was_given(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "tea")
        await store.fill("redeem", subject="tea")
        (line,) = (await account(store))["lines"]
        assert (line["rule"], line["key"], line["reason"]) == ("redemption", "tea", store.shows()["voucher"])


async def test_a_clerk_refunds_a_sale_and_the_points_go_back(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("S-1", 5_000)
        answer = await act(store, "refund", "clerk", "S-1", amount="2000")
        assert answer["is_accepted"]
        assert await store.balance("anna") == 480 + 30
        refund = (await store.events(SaleCompletedV1))[-1]
        assert (refund["refund_of"], refund["total_minor"], refund["till"]) == ("S-1", -2_000, "staff")
        (told,) = await store.events(StaffActedV1)
        assert (told["action"], told["actor"], told["role"], told["reason"], told["subject"]) == (
            "refund", "Mia", "clerk", "asked for", "S-1",
        )  # fmt: skip
        assert (await act(store, "refund", "clerk", "S-1", amount="3001"))["reason"] == "correct_fields"
        assert (await act(store, "refund", "clerk", "S-9", amount="1"))["reason"] == "held_elsewhere"


async def test_one_act_sent_twice_under_its_key_is_done_once(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        first = await act(store, "adjust", points="25", key="one")
        assert await act(store, "adjust", points="25", key="one") == first
        assert await store.balance("anna") == 505
        await act(store, "adjust", points="25", key="two")
        assert await store.balance("anna") == 530
        assert await store.free("anna") == 350


@pytest.mark.parametrize("form", ["adjust", "reset_pin"])
async def test_a_clerk_may_not_do_what_only_a_manager_may(tmp_path: Path, form: str) -> None:
    async with kiosk_bench(tmp_path) as store:
        fields = {"points": "5"} if form == "adjust" else {}
        assert (await act(store, form, "clerk", **fields))["reason"] == "not_allowed_here"
        assert await store.events(PointsPostedV1) == await store.events(PinChangedV1) == []
        assert await store.events(StaffActedV1) == []
        assert (await store.events(DecisionRefusedV1))[-1]["reason"] == "not_allowed_here"


@pytest.mark.parametrize(
    ("form", "fields", "problem"),
    [
        ("adjust", {"points": "0"}, "points"),
        ("adjust", {"points": "1e3"}, "points"),
        ("adjust", {"points": "100001"}, "points"),
        ("adjust", {"points": "5", "reason": " "}, "reason"),
        ("adjust", {"points": "5", "reason": "\u202e"}, "reason"),
        ("refund", {"amount": "-5"}, "amount"),
        ("block", {"amount": "5"}, "amount"),
    ],
)
async def test_an_act_without_reason_or_with_a_wrong_figure_is_refused_by_field(
    tmp_path: Path, form: str, fields: dict[str, str], problem: str
) -> None:
    async with kiosk_bench(tmp_path) as store:
        answer = await act(store, form, **fields)
        assert (answer["is_accepted"], list(answer["problems"])) == (False, [problem])
        assert await store.events() == []


async def test_a_blocked_card_is_nobodys_at_once_and_stays_so_when_the_replica_repeats_itself(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        card = medium(ANNA_CARD)
        assert (await act(store, "block", "clerk", card))["is_accepted"]
        (told,) = await store.events(MediumBlockedV1)
        assert (told["medium"], told["reason"]) == (card, "asked for")
        assert (await store.tap(ANNA_CARD))["screen"] == "unknown_card"
        await store.learn(anna(version=3), media=((card, "anna"),))
        assert (await store.tap(ANNA_CARD))["screen"] == "unknown_card"
        assert (await account(store))["media"][0]["is_blocked"]
        await store.learn(media=((card, None),), included=999)
        assert (await account(store))["media"] == []
        assert (await act(store, "block", "clerk", card))["reason"] == "held_elsewhere"


async def test_a_lost_card_is_replaced_by_the_next_one_shown_at_the_counter(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        card = medium(ANNA_CARD)
        assert (await act(store, "replace", "clerk", card, counter="nowhere"))["reason"] == "correct_fields"
        assert (await act(store, "replace", "clerk", card, counter="front"))["is_accepted"]
        linked = await store.tap(NOBODYS_CARD)
        assert (linked["screen"], linked["name"], linked["visit"]) == ("linked", "Anna", "")
        assert len(await store.events(MediumLinkedV1)) == 1
        assert (await store.tap(NOBODYS_CARD))["name"] == "Anna"
        assert (await store.tap(ANNA_CARD))["screen"] == "unknown_card"


async def test_a_reset_pin_lets_the_member_choose_a_new_one_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.learn(anna(version=2, pin=SEALED))
        assert (await account(store))["pin"]["is_set"]
        assert (await act(store, "reset_pin"))["is_accepted"]
        assert not (await account(store))["pin"]["is_set"]
        await store.tap(ANNA_CARD)
        await store.see("reward", "tea")
        assert (await store.fill("redeem", {"pin": PIN}, subject="tea"))["reason"] == "no_pin"
        assert (await store.see("pin"))["mode"] == "choose"
        assert (await store.fill("pin", {"new": "846120"}))["is_accepted"]
        await act(store, "reset_pin")
        store.clock.pass_seconds(15 * 60)
        await store.tap(ANNA_CARD)
        assert (await store.see("pin"))["reason"] == "no_pin"


async def test_a_member_this_store_does_not_know_is_not_found_and_not_acted_for(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        assert (await store.web.get("/staff/members/nobody")).status_code == 404
        body = {"form": "adjust", "actor": "Mia", "role": "manager", "fields": {"reason": "why", "points": "5"}}
        answer = (await store.web.post("/staff/members/nobody/act", json=body)).json()
        assert not answer["is_accepted"]
        assert await store.events(PointsPostedV1) == []


async def test_only_the_managers_own_password_makes_a_manager(tmp_path: Path) -> None:
    (tmp_path / "operator").write_text("open sesame")
    (tmp_path / "manager").write_text("even more open")
    web = 'operator_password_file = "operator"\nmanager_password_file = "manager"'
    async with kiosk_bench(tmp_path, web=web) as store:
        body = {"form": "adjust", "actor": "Somebody", "role": "manager", "fields": {"reason": "why", "points": "5"}}
        post = store.web.post
        assert (await post("/staff/members/anna/act", json=body)).status_code == 401
        clerk = (await post("/staff/members/anna/act", json=body, auth=("mia", "open sesame"))).json()
        assert clerk["reason"] == "not_allowed_here"
        manager = (await post("/staff/members/anna/act", json=body, auth=("li", "even more open"))).json()
        assert manager["is_accepted"]
        (told,) = await store.events(StaffActedV1)
        assert (told["actor"], told["role"]) == ("li", "manager")
