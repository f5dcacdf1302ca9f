"""A phone as the member card: linked once, then greeted by codes that change, each good for a minute and one use."""

from __future__ import annotations

import base64
from pathlib import Path

from cloud_bridge.contract import CodeScannedV1, MediumLinkedV1
from devices.code_scanners.phone_code import PhoneKey, key_id_of, phone_code
from devices.observations import Trust
from tests.unit.edge.kiosk_bench import KioskBench, kiosk_bench, phone_medium
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD, HandClock

PHONE = PhoneKey.from_bytes(b"a" * 32)
OTHER = PhoneKey.from_bytes(b"b" * 32)


def _now_s(store: KioskBench) -> int:
    return store.clock.ns // 1_000_000_000


async def _linked(store: KioskBench) -> None:
    """The cloud knows Anna's phone."""
    medium = phone_medium(key_id_of(PHONE.public_key))
    await store.learn(media=((medium, "anna"),), keys={medium: PHONE.public_key.hex()})


async def test_a_phone_is_linked_by_showing_its_code_and_greeted_from_then_on(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        assert (await store.see("link_phone"))["medium"] == "phone"
        linked = await store.scan(PHONE.link(_now_s(store)))
        assert (linked["screen"], linked["medium"]) == ("linked", "phone")
        (told,) = await store.events(MediumLinkedV1)
        assert (told["technology"], told["public_key"]) == ("phone", PHONE.public_key.hex())
        store.gateway.kiosks["front"].rest()
        assert (await store.scan(PHONE.code(_now_s(store))))["name"] == "Anna"


async def test_a_phone_is_trusted_with_a_reward_without_a_pin(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _linked(store)
        assert (await store.scan(PHONE.code(_now_s(store))))["name"] == "Anna"
        assert not (await store.see("reward", "tea"))["needs_pin"]
        assert (await store.fill("redeem", subject="tea"))["is_accepted"]


async def test_an_expired_code_and_one_from_the_future_are_refused_with_the_reason(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _linked(store)
        now_s = _now_s(store)
        assert (await store.scan(PHONE.code(now_s - 61)))["reason"] == "code_expired"
        assert (await store.scan(PHONE.code(now_s + 6)))["reason"] == "code_expired"
        assert (await store.scan(PHONE.code(now_s - 60)))["name"] == "Anna"
        assert (await store.scan(PHONE.code(now_s + 5)))["name"] == "Anna"


async def test_a_photographed_code_greets_nobody_after_its_owner_used_it(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await _linked(store)
        code, older = PHONE.code(_now_s(store)), PHONE.code(_now_s(store) - 20)
        assert (await store.scan(code))["name"] == "Anna"
        await store.tap(BEN_CARD)
        assert (await store.scan(code))["reason"] == "code_used"
        assert (await store.scan(older))["reason"] == "code_used"
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        await store.tap(BEN_CARD)
        assert (await store.scan(code))["reason"] == "code_used"


async def test_a_scanner_that_reads_a_code_twice_greets_once_and_does_not_complain(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _linked(store)
        code = PHONE.code(_now_s(store))
        first = await store.scan(code)
        assert await store.scan(code) == first


async def test_a_code_signed_with_another_key_is_refused(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _linked(store)
        forged = phone_code(OTHER.code(_now_s(store)))
        assert forged is not None
        refused = await store.scan(_with_signature(PHONE.code(_now_s(store)), forged.signature))
        assert (refused["screen"], refused["reason"], refused["visit"]) == ("problem", "code_forged", "")


async def test_a_phone_nobody_linked_begins_a_visit_that_waits_for_its_owner(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        shown = await store.scan(OTHER.code(_now_s(store)))
        assert (shown["screen"], shown["can_register"]) == ("unknown_card", False)


async def test_a_link_code_links_nothing_where_nobody_asked_for_it(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(ANNA_CARD, Trust.AUTHENTICATED)
        assert (await store.scan(PHONE.link(_now_s(store))))["reason"] == "not_allowed_here"
        await store.see("link_phone")
        assert (await store.scan(PHONE.link(_now_s(store) - 90)))["reason"] == "code_expired"
        assert await store.events(MediumLinkedV1) == []


async def test_a_phone_that_is_somebodys_stays_theirs(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await _linked(store)
        await store.tap(BEN_CARD, Trust.AUTHENTICATED)
        await store.see("link_phone")
        assert (await store.scan(PHONE.link(_now_s(store))))["reason"] == "medium_taken"


async def test_a_gateway_that_does_not_know_the_time_judges_no_phone(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await _linked(store)
        clock.ns -= 3_600 * 1_000_000_000
        assert (await store.scan(PHONE.code(_now_s(store))))["reason"] == "clock_unsure"
        assert (await store.tap(ANNA_CARD))["name"] == "Anna"


async def test_the_journal_holds_a_hash_of_the_phone_and_never_its_code(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        code = PHONE.code(_now_s(store))
        await store.scan(code)
        (fact,) = await store.events(CodeScannedV1)
        assert fact["medium"] == phone_medium(key_id_of(PHONE.public_key))
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))  # noqa: ASYNC240  the store is closed
    assert code.encode() not in kept


def _with_signature(text: str, signature: bytes) -> str:
    head = text.removeprefix("RG1.")
    raw = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    return "RG1." + base64.urlsafe_b64encode(raw[:-64] + signature).decode().rstrip("=")
