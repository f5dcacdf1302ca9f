"""A card that anybody can copy needs a PIN; wrong ones lock, and the lock outlives a restart."""

from __future__ import annotations

from pathlib import Path

from cloud_bridge.contract import DecisionRefusedV1, FormFilledV1, PinChangedV1, RewardTakenV1
from cloud_bridge.personal import PersonalSeal
from devices.observations import FormFilled
from edge_agent.kiosk.entries import read_form
from kiosk_ui.kiosk.desk import Filled
from kiosk_ui.kiosk.pages import FormBody
from kiosk_ui.kiosk.screens import Form
from loyalty.pins import verifier_of
from tests.unit.edge.kiosk_bench import KEY, KioskBench, anna, kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, NOBODYS_CARD, HandClock

PIN = "739154"
SEALED = PersonalSeal(KEY).seal("anna", {"verifier": verifier_of(PIN, salt=b"s" * 16)})


async def _with_pin(store: KioskBench) -> None:
    await store.learn(anna(version=2, pin=SEALED))
    await store.tap(ANNA_CARD)


async def test_a_copied_card_without_a_pin_redeems_nothing(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        assert (await store.see("reward", "tea"))["reason"] == "no_pin"
        assert (await store.fill("redeem", subject="tea"))["reason"] == "no_pin"
        assert await store.balance("anna") == 480


async def test_the_right_pin_redeems_and_a_missing_one_does_not(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _with_pin(store)
        assert (await store.see("reward", "tea"))["needs_pin"]
        assert (await store.fill("redeem", subject="tea"))["reason"] == "pin_needed"
        assert (await store.fill("redeem", {"pin": PIN}, subject="tea"))["is_accepted"]
        assert len(await store.events(RewardTakenV1)) == 1
        assert store.shows()["screen"] == "redeemed"


async def test_five_wrong_pins_lock_longer_and_longer_and_the_right_one_waits_too(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await _with_pin(store)
        await store.see("reward", "tea")
        answers = [await store.fill("redeem", {"pin": "000111"}, subject="tea") for _ in range(5)]
        assert [answer["reason"] for answer in answers] == ["wrong_pin"] * 4 + ["pin_locked"]
        assert answers[-1]["retry_after_s"] == 30
        right = await store.fill("redeem", {"pin": PIN}, subject="tea")
        assert (right["reason"], right["retry_after_s"]) == ("pin_locked", 30)
        assert (await store.events(DecisionRefusedV1))[-1]["reason"] == "pin_locked"
    clock.pass_seconds(10)
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        await store.welcome()
        await store.tap(ANNA_CARD)
        locked = await store.see("pin")
        assert (locked["mode"], locked["retry_after_s"]) == ("locked", 20)
        clock.pass_seconds(21)
        await store.see("reward", "tea")
        sixth = await store.fill("redeem", {"pin": "000111"}, subject="tea")
        assert (sixth["reason"], sixth["retry_after_s"]) == ("pin_locked", 60)
        clock.pass_seconds(61)
        assert (await store.fill("redeem", {"pin": PIN}, subject="tea"))["is_accepted"]
        assert await store.journal.read(lambda reader: reader.pin_tries("anna")) is None


async def test_a_pin_opens_what_a_copied_card_must_not(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        assert (await store.see("details"))["reason"] == "no_pin"
        assert (await store.fill("details", {"name": "Thief"}))["reason"] == "not_allowed_here"
        await _with_pin(store)
        asked = await store.see("link_phone")
        assert (asked["screen"], asked["mode"], asked["wanted"]) == ("pin", "enter", "link_phone")
        assert (await store.fill("unlock", {"pin": "000111"}, subject="link_phone"))["reason"] == "wrong_pin"
        assert (await store.fill("unlock", {"pin": PIN}, subject="link_phone"))["is_accepted"]
        assert (store.shows()["screen"], store.shows()["medium"]) == ("link", "phone")
        await store.see("reward", "tea")
        assert not store.shows()["needs_pin"]


async def test_a_pin_is_changed_with_the_old_one_only(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _with_pin(store)
        assert (await store.see("pin"))["needs_old"]
        assert (await store.fill("pin", {"new": "846120"}))["reason"] == "wrong_pin"
        assert (await store.fill("pin", {"new": "846120", "old": "000111"}))["reason"] == "wrong_pin"
        assert (await store.fill("pin", {"new": "846120", "old": PIN}))["is_accepted"]
        assert len(await store.events(PinChangedV1)) == 1
        await store.see("reward", "tea")
        assert (await store.fill("redeem", {"pin": PIN}, subject="tea"))["reason"] == "wrong_pin"
        assert (await store.fill("redeem", {"pin": "846120"}, subject="tea"))["is_accepted"]


async def test_without_a_pin_a_copied_card_chooses_none_but_a_new_member_does(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        assert (await store.see("pin"))["reason"] == "no_pin"
        assert (await store.fill("pin", {"new": "846120"}))["reason"] == "no_pin"
        await store.tap(NOBODYS_CARD)
        await store.join()
        assert (await store.see("pin"))["mode"] == "choose"
        assert (await store.fill("pin", {"new": "846120"}))["is_accepted"]
        await store.tap(NOBODYS_CARD)
        assert (await store.see("pin"))["needs_old"]


async def test_no_pin_reaches_the_journal_or_a_repr(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _with_pin(store)
        await store.see("reward", "tea")
        await store.fill("redeem", {"pin": PIN}, subject="tea")
        for fact in await store.events(FormFilledV1):
            assert "pin" not in PersonalSeal(KEY).open(fact["member"], fact["sealed"])
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))  # noqa: ASYNC240  the store is closed
    assert PIN.encode() not in kept


def test_what_a_page_sends_shows_neither_pin_nor_visit_when_it_is_printed() -> None:
    body = FormBody(form=Form.UNLOCK, visit="token-1", fields={"pin": PIN})
    sent = Filled(Form.UNLOCK, "token-1", fields={"pin": PIN})
    form = FormFilled("front", "unlock", {"pin": PIN})
    read = read_form(Form.UNLOCK, {"pin": PIN}, subject="")
    assert not any(PIN in repr(one) or "token-1" in repr(one) for one in (body, sent, form, read))
