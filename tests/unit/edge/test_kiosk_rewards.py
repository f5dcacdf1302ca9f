"""A member looks at their points and takes a reward at the kiosk, through the real web application."""

from __future__ import annotations

from pathlib import Path

from cloud_bridge.contract import CouponIssuedV1, DecisionRefusedV1, PointsPostedV1, RewardTakenV1
from cloud_bridge.replica import ReplicaUndo
from devices.observations import Trust
from loyalty.codes import voucher_code
from tests.unit.edge.kiosk_bench import kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD


async def test_a_members_points_are_shown_with_what_can_be_used_here_now(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        greeting = await store.tap(ANNA_CARD)
        assert (greeting["screen"], greeting["usable"], greeting["balance"]) == ("greeting", 300, 480)
        points = await store.see("points")
        assert (points["screen"], points["usable"], points["balance"]) == ("points", 300, 480)
        assert points["as_of"] == "2026-06-02T09:00:00Z"
        assert points["visit"] == greeting["visit"] != ""


async def test_a_reward_is_taken_with_a_voucher_and_the_points_are_gone(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        confirm = await store.see("reward", "tea")
        assert (confirm["screen"], confirm["balance_after"], confirm["needs_pin"]) == ("redeem", 360, False)
        answer = await store.fill("redeem", subject="tea")
        assert answer["is_accepted"]
        (posted,) = await store.events(PointsPostedV1)
        (taken,) = await store.events(RewardTakenV1)
        (posting,) = posted["postings"]
        assert (posted["rule"], posting["points"], posting["debit"]) == ("redemption", 120, "member:anna:available")
        assert posting["lease"] == store.journal.incarnation
        assert taken["redemption"] == posting["id"]
        shown = store.shows()
        assert (shown["screen"], shown["voucher"], shown["balance"]) == ("redeemed", taken["voucher"], 360)
        assert shown["voucher"] == voucher_code(posting["id"])
        assert shown["reference"] == answer["reference"]
        assert await store.free("anna") == 180


async def test_the_same_form_sent_twice_redeems_once_and_is_answered_the_same(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        visit = (await store.tap(ANNA_CARD, Trust.AUTHENTICATED))["visit"]
        await store.see("reward", "tea")
        first = await store.fill("redeem", subject="tea", visit=visit)
        again = await store.fill("redeem", subject="tea", visit=visit)
        assert first == again
        assert len(await store.events(RewardTakenV1)) == 1
        assert await store.balance("anna") == 360


async def test_a_reward_that_only_the_cloud_could_pay_is_refused_with_what_is_possible(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        rewards = {card["reward"]: card for card in (await store.see("rewards"))["rewards"]}
        assert (rewards["mug"]["why"], rewards["mug"]["missing"]) == ("not_enough_rights", 100)
        assert rewards["tea"]["why"] is None
        assert (await store.see("reward", "mug"))["reason"] == "not_enough_rights"
        answer = await store.fill("redeem", subject="mug")
        assert (answer["is_accepted"], answer["reason"]) == (False, "not_enough_rights")
        assert (await store.events(DecisionRefusedV1))[-1]["reason"] == "not_enough_rights"
        assert await store.balance("anna") == 480


async def test_an_open_confirmation_holds_the_points_and_an_abandoned_one_gives_them_back(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "tea")
        assert await store.free("anna") == 180
        store.gateway.kiosks["front"].rest()
        await store.gateway.kiosk_desk.settled()
        assert await store.free("anna") == 300


async def test_looking_elsewhere_gives_held_points_back(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "tea")
        assert (await store.see("points"))["usable"] == 300
        assert await store.free("anna") == 300


async def test_a_coupon_as_a_reward_can_be_used_here_at_once(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "five-off")
        assert (await store.fill("redeem", subject="five-off"))["is_accepted"]
        (issued,) = await store.events(CouponIssuedV1)
        assert (issued["coupon"], issued["lease"]) == ("five", store.journal.incarnation)
        (card,) = (await store.see("coupons"))["coupons"]
        assert (card["instance"], card["amount_minor"], card["why"]) == (issued["instance"], 500, None)
        assert (await store.see("reward", "five-off"))["reason"] == "not_for_this_member"


async def test_a_coupon_that_all_stores_share_costs_its_points_now_and_comes_from_head_office(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        assert (await store.see("reward", "rare"))["screen"] == "redeem"
        assert (await store.fill("redeem", subject="rare"))["is_accepted"]
        shown = store.shows()
        assert (shown["screen"], shown["is_coupon_awaited"], shown["balance"]) == ("redeemed", True, 470)
        (taken,) = await store.events(RewardTakenV1)
        assert (taken["coupon"], taken["points"]) == ("limited", 10)
        assert await store.events(CouponIssuedV1) == []
        assert (await store.see("coupons"))["coupons"] == []


async def test_where_no_coupon_was_left_the_points_come_back_and_it_may_be_tried_again(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        await store.see("reward", "rare")
        await store.fill("redeem", subject="rare")
        assert (await store.see("reward", "rare"))["reason"] == "not_for_this_member"
        (taken,) = await store.events(RewardTakenV1)
        await store.learn(undone=(ReplicaUndo(redemption=taken["redemption"], member="anna", points=10, version=9),))
        assert (await store.see("points"))["balance"] == 480
        assert (await store.see("reward", "rare"))["screen"] == "redeem"


async def test_a_frozen_gateway_says_so_and_redeems_nothing(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path):
        pass
    async with kiosk_bench(tmp_path, stocked=False) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        points = await store.see("points")
        assert (points["is_frozen"], points["usable"], points["balance"]) == (True, 0, 480)
        assert (await store.see("reward", "tea"))["reason"] == "frozen"
        assert (await store.fill("redeem", subject="tea"))["reason"] == "frozen"


async def test_a_stale_page_gets_409_and_nothing_happens(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        old = (await store.tap(ANNA_CARD, Trust.AUTHENTICATED))["visit"]
        await store.tap(BEN_CARD, Trust.AUTHENTICATED)
        assert await store.ask("points", visit=old) == 409
        response = await store.post("redeem", {}, subject="tea", visit=old)
        assert (response.status_code, response.json()["reason"]) == (409, "visit_over")
        assert store.shows()["name"] == "Ben"
        assert await store.events(RewardTakenV1) == []


async def test_a_visit_at_one_kiosk_opens_nothing_at_another(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        visit = (await store.tap(ANNA_CARD))["visit"]
        assert await store.ask("points", visit=visit, kiosk="back") == 409


async def test_a_visit_ends_with_the_goodbye_and_after_a_quarter_of_an_hour_at_most(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        visit = (await store.tap(ANNA_CARD))["visit"]
        store.clock.pass_seconds(899)
        assert await store.ask("points", visit=visit) == 204
        store.clock.pass_seconds(2)
        assert await store.ask("points", visit=visit) == 409
        visit = (await store.tap(ANNA_CARD))["visit"]
        await store.web.post("/kiosk/front/choice", json={"choice": "done"})
        assert store.screen.screen == "goodbye"
        assert await store.ask("points", visit=visit) == 409


async def test_a_form_cannot_name_another_member(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(BEN_CARD, Trust.AUTHENTICATED)
        answer = await store.fill("redeem", {"member": "anna", "trust": "authenticated"}, subject="tea")
        assert answer["reason"] == "correct_fields"
        assert {problem["field"] for problem in answer["problems"]} == {"member", "trust"}
        assert (await store.fill("redeem", subject="tea"))["reason"] == "not_enough_available"
        assert await store.balance("anna") == 480
