"""Somebody becomes a member at the kiosk while the cloud is away, and changes what is known about them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_bridge.contract import MediumLinkedV1, MemberChangedV1, MemberRegisteredV1, PinChangedV1, PointsPostedV1
from cloud_bridge.personal import PersonalSeal
from cloud_bridge.replica import ReplicaMember
from cloud_bridge.topics import Lane
from devices.observations import ChoiceMade, Trust
from edge_agent.journal import AwaitedLink
from loyalty.codes import referral_code
from loyalty.identifiers import MemberId
from tests.unit.edge.kiosk_bench import KEY, anna, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, NOBODYS_CARD, HandClock, medium


async def test_whoever_joins_with_an_unknown_card_is_greeted_by_name_and_earns_at_once(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        assert (await store.tap(NOBODYS_CARD))["can_register"]
        answer = await store.join(phone="138 0013 8000", birthday="02-29", consent_marketing="yes", text_version="v1")
        assert answer["is_accepted"]
        shown = store.shows()
        assert (shown["screen"], shown["name"], shown["medium"]) == ("registered", "Chen Li", "card")
        (told,) = await store.events(MemberRegisteredV1)
        assert len(told["member"]) == 32
        personal = PersonalSeal(KEY).open(told["member"], told["personal"])
        assert personal == {"name": "Chen Li", "phone": "+8613800138000", "birthday": "02-29"}
        assert told["consents"] == [{"purpose": "marketing", "granted": True, "text_version": "v1"}]
        assert (await store.tap(NOBODYS_CARD))["name"] == "Chen Li"
        await store.sell("S-1", 3_000)
        assert (store.shows()["screen"], store.shows()["points"]) == ("earned", 30)
        assert await store.balance(told["member"]) == 30


async def test_a_name_and_a_phone_number_stand_nowhere_in_clear_but_the_members_own_row(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(phone="+8613800138000")
        rows = await store.journal.read(lambda reader: list(reader.tail(Lane.LEDGER, 1_000)))
        assert not any(b"Chen Li" in row.body or b"13800138000" in row.body for row in rows)


async def test_a_purchase_made_before_joining_is_credited_when_its_card_is_linked(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.sell("S-1", 5_000)
        await store.tap(NOBODYS_CARD)
        await store.join()
        (posted,) = await store.events(PointsPostedV1)
        assert posted["postings"][0]["points"] == 50


async def test_one_can_join_without_a_card_and_link_one_then(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        assert store.shows()["can_register"]
        assert (await store.join())["is_accepted"]
        assert store.shows()["medium"] is None
        assert (await store.see("link_card"))["medium"] == "card"
        linked = await store.tap(NOBODYS_CARD)
        assert (linked["screen"], linked["name"]) == ("linked", "Chen Li")
        (told,) = await store.events(MediumLinkedV1)
        assert told["medium"] == medium(NOBODYS_CARD)
        assert (await store.tap(NOBODYS_CARD))["name"] == "Chen Li"


async def test_the_same_registration_sent_twice_makes_one_member(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.see("register")
        visit = store.screen.visit
        first = await store.fill("register", {"name": "Chen Li"}, visit=visit, key="one")
        again = await store.post("register", {"name": "Chen Li"}, visit=visit, key="one")
        assert first["is_accepted"]
        assert again.status_code == 409
        assert len(await store.events(MemberRegisteredV1)) == 1


async def test_two_people_with_one_phone_number_cannot_join_one_after_the_other(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(phone="13800138000")
        store.gateway.kiosks["front"].rest()
        answer = await store.join(phone="+86 138-0013-8000", name="Wang Fang")
        assert (answer["is_accepted"], answer["reason"]) == (False, "member_known")


async def test_a_registration_survives_a_restart_and_a_replica_that_begins_anew(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        (told,) = await store.events(MemberRegisteredV1)
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        await store.learn(anna(), media=((medium(ANNA_CARD), "anna"),), afresh=True, epoch="two", included=999)
        assert (await store.tap(NOBODYS_CARD))["name"] == "Chen Li"
        assert (await store.see("refer")) is not None
        named = ReplicaMember(member=told["member"], name="Chen Li", language="en", balance=7, version=2)
        await store.learn(named, media=((medium(NOBODYS_CARD), told["member"]),), included=999, epoch="two")
        assert await store.journal.read(lambda reader: reader.local_members()) == 0
        seen = await store.tap(NOBODYS_CARD)
        assert (seen["name"], seen["balance"]) == ("Chen Li", 7)


async def test_the_referral_code_of_somebody_registered_here_is_the_one_the_cloud_works_out(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        (told,) = await store.events(MemberRegisteredV1)
        shown = await store.see("refer")
        assert shown["code"] == referral_code(told["member"])
        assert (shown["referrer_points"], shown["referred_points"]) == (50, 30)


async def test_whoever_was_brought_names_the_code_of_who_brought_them(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(referrer=f" {referral_code('anna').lower()} ")
        (told,) = await store.events(MemberRegisteredV1)
        assert told["referrer"] == referral_code("anna")


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("name", "   ", "missing"),
        ("name", "x" * 81, "too_long"),
        ("name", "Chen\nLi", "not_a_name"),
        ("name", "\u202egnehC", "not_a_name"),
        ("name", "\x00Li", "not_a_name"),
        ("name", "!!!", "not_a_name"),
        ("phone", "12345", "not_a_phone"),
        ("phone", "12800138000", "not_a_phone"),
        ("phone", "+86 12800138000", "not_a_phone"),
        ("phone", "call me", "not_a_phone"),
        ("birthday", "02-30", "not_a_day"),
        ("birthday", "1990-02-03", "not_a_day"),
        ("language", "klingon!", "unknown"),
        ("consent_marketing", "maybe", "unknown"),
        ("pin", "12345", "too_short"),
        ("pin", "123456", "too_simple"),
        ("pin", "147２58", "not_digits"),
        ("referrer", "O0O0", "unknown"),
        ("is_admin", "yes", "not_allowed"),
    ],
)
async def test_what_cannot_be_true_is_refused_at_entry_with_its_reason(
    tmp_path: Path, field: str, text: str, reason: str
) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        answer = await store.join(**{field: text})
        assert answer["reason"] == "correct_fields"
        assert answer["problems"] == [{"field": field, "problem": reason}]
        assert await store.events(MemberRegisteredV1) == []


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "'; DROP TABLE members;--", "王小明", "Ünal O’Neil"]
)
async def test_a_hostile_name_stays_text(tmp_path: Path, name: str) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        assert (await store.join(name=name))["is_accepted"]
        assert (await store.tap(NOBODYS_CARD))["name"] == name


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13800138000", "+8613800138000"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 (20) 7946-0958", "+442079460958"),
    ],
)
async def test_a_phone_number_is_kept_in_its_international_form(tmp_path: Path, written: str, kept: str) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(phone=written)
        (told,) = await store.events(MemberRegisteredV1)
        assert PersonalSeal(KEY).open(told["member"], told["personal"])["phone"] == kept


async def test_details_change_here_at_once_and_go_to_the_cloud_sealed(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        assert (await store.see("details"))["can_set_birthday"]
        answer = await store.fill("details", {"name": "Anna Li", "birthday": "12-31", "language": "zh-CN"})
        assert (answer["is_accepted"], store.shows()["screen"]) == (True, "thanks")
        (told,) = await store.events(MemberChangedV1)
        assert PersonalSeal(KEY).open("anna", told["personal"]) == {"name": "Anna Li", "birthday": "12-31"}
        assert told["language"] == "zh-CN"
        seen = await store.tap(ANNA_CARD, Trust.DYNAMIC)
        assert (seen["name"], seen["language"]) == ("Anna Li", "zh-CN")
        assert not (await store.see("details"))["can_set_birthday"]
        assert (await store.fill("details", {"birthday": "01-01"}))["reason"] == "not_allowed_here"


async def test_a_changed_name_gives_way_to_the_cloud_once_it_has_heard_of_it(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("details")
        await store.fill("details", {"name": "Anna Li"})
        await store.learn(anna(name="Old Anna", version=2), included=1)
        assert (await store.tap(ANNA_CARD))["name"] == "Anna Li"
        await store.learn(anna(name="Anna Lee", version=3), included=999)
        assert (await store.tap(ANNA_CARD))["name"] == "Anna Lee"


async def test_consent_can_be_taken_back_with_the_card_alone(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.learn(anna(version=2, consents={"marketing": True}))
        await store.tap(ANNA_CARD)
        said = {choice["purpose"]: choice["granted"] for choice in (await store.see("consents"))["consents"]}
        assert said == {"marketing": True, "profiling": False}
        await store.fill("consents", {"consent_marketing": "no", "text_version": "2026-11"})
        (told,) = await store.events(MemberChangedV1)
        assert told["consents"] == [{"purpose": "marketing", "granted": False, "text_version": "2026-11"}]
        assert not (await store.see("consents"))["consents"][0]["granted"]


async def test_a_survey_is_answered_once_and_its_points_are_on_the_way(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        survey = await store.see("survey")
        assert (survey["survey"], survey["points"]) == ("visit-1", 20)
        assert (await store.fill("survey", {"answers": "5,10"}, subject="visit-1"))["reason"] == "correct_fields"
        assert (await store.fill("survey", {"answers": "6,10,price"}, subject="visit-1"))["reason"] == "correct_fields"
        answer = await store.fill("survey", {"answers": "5,skipped,price"}, subject="visit-1")
        assert answer["is_accepted"]
        assert (store.shows()["screen"], store.shows()["points"]) == ("thanks", 20)
        (posted,) = await store.events(PointsPostedV1)
        assert posted["postings"][0]["credit"] == "member:anna:pending"
        assert "lease" not in posted["postings"][0]
        assert (await store.see("survey"))["reason"] == "already_answered"
        again = await store.fill("survey", {"answers": "5,9,price"}, subject="visit-1")
        assert again["reason"] == "already_answered"
        assert await store.balance("anna") == 480


async def test_a_card_of_somebody_else_is_refused_and_the_wait_goes_on(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_card")
        refused = await store.tap(BEN_CARD)
        assert (refused["screen"], refused["reason"], refused["name"]) == ("problem", "medium_taken", "Anna")
        assert (await store.tap(NOBODYS_CARD))["screen"] == "linked"
        assert (await store.tap(BEN_CARD))["name"] == "Ben"


async def test_a_wait_for_a_card_ends_with_its_visit(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_card")
        store.gateway.kiosks["front"].rest()
        await store.gateway.kiosk_desk.settled()
        assert (await store.tap(NOBODYS_CARD))["screen"] == "unknown_card"
        assert await store.events(MediumLinkedV1) == []


async def test_a_card_shown_in_the_moment_a_visit_ends_is_the_next_persons(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_card")
        tapping = asyncio.create_task(store.tap(NOBODYS_CARD))
        store.gateway.kiosks["front"].rest()  # Anna has gone; the journal has not heard of it when the card is decided
        assert (await tapping)["screen"] == "unknown_card"
        assert await store.events(MediumLinkedV1) == []


async def test_whoever_leaves_or_is_followed_waits_for_no_card_from_that_commit_on(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        now = store.gateway.kiosk_desk._now()

        async def waiting() -> AwaitedLink | None:
            return await store.journal.read(lambda reader: reader.awaited_link("front", now))

        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_phone")
        assert await waiting() is not None
        await store.gateway.handle("touch-front", ChoiceMade("front", "done"))
        assert await waiting() is None
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_phone")
        await store.tap(BEN_CARD)
        assert await waiting() is None


async def test_what_staff_wait_for_outlives_the_visits_of_members(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        now = store.gateway.kiosk_desk._now()
        await store.journal.write(
            lambda tx: tx.await_link(AwaitedLink("front", MemberId("ben"), "card", now + timedelta(seconds=90)))
        )
        assert (await store.tap(NOBODYS_CARD))["screen"] == "linked"


async def test_a_wait_for_a_card_does_not_outlive_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("link_card")
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert (await store.tap(NOBODYS_CARD))["screen"] == "unknown_card"


async def test_a_chosen_pin_is_nowhere_to_be_found(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(pin="739154")
        assert len(await store.events(PinChangedV1)) == 1
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))  # noqa: ASYNC240  the store is closed
    assert b"739154" not in kept
    assert b"scrypt" not in kept
