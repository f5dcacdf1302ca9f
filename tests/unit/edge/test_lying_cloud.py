"""What the cloud sends down may be wrong in every way that its wire lets through: the store goes on serving."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cloud_bridge.replica import (
    Expiring,
    ReplicaCoupon,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaUndo,
)
from edge_agent.journal import POINTS
from edge_agent.outcomes import MemberSeen
from loyalty.rights.movements import Refusal
from tests.unit.edge.checkout_bench import CheckoutBench, checkout_bench, goods, held, instance
from tests.unit.edge.rights_bench import name
from tests.unit.edge.store_bench import ANNA_CARD, BEN_CARD

DAYS = ("", "2026-02-30", "0000-00-00", "9999-99-99", "2026-06-02", "1900-01-01", "9999-12-31")
TEXTS = ("", "x", "\x00", "é" * 40, "gold", "<b>", "\u202e", "02-30", "13-99", "ab-cd")


def anna(**lies: Any) -> ReplicaMember:
    return ReplicaMember(**({"member": "anna", "name": "Anna", "language": "en", "balance": 500, "version": 2} | lies))


async def serves(bench: CheckoutBench, key: str) -> None:
    """A tap, a price, a sale and a refund of it: none of them meets a bug."""
    assert isinstance(await bench.tap(ANNA_CARD), MemberSeen)
    asked = await bench.ask(key, goods(3_000), points=10, card=ANNA_CARD)
    assert (await bench.pay(f"sale {key}", asked.price_minor, quote=key)).points is not None
    await bench.refund(f"refund {key}", asked.price_minor, of=f"sale {key}")
    counts = await bench.journal.read(lambda reader: reader.counts())
    assert (counts.undecided, counts.set_aside) == (0, 0)


@pytest.mark.parametrize(
    "lies",
    [
        *({"joined_on": day} for day in DAYS),
        *({"tier_ends": day, "tier": "gold"} for day in DAYS),
        *({"expiring": (Expiring(last_day=day, points=400),)} for day in DAYS),
        *({"birthday": text[:5]} for text in TEXTS),
        {"name": "", "language": "xx-YY"},
        {"balance": -1_000_000, "owed": 1_000_000},
        {"qualifying": -5, "purchases": 0},
        {"pin": "not sealed at all"},
        {"consents": {"": True, "x" * 500: False}},
        {"referral_code": "\x00"},
    ],
    ids=str,
)
async def test_a_member_of_whom_nonsense_is_told_is_served(tmp_path: Path, lies: dict[str, Any]) -> None:
    async with checkout_bench(tmp_path, points=500) as bench:
        await bench.told(members=(anna(**lies),))
        await serves(bench, "one")


@pytest.mark.parametrize("day", DAYS)
async def test_a_coupon_with_any_last_day_harms_nobody(tmp_path: Path, day: str) -> None:
    async with checkout_bench(tmp_path, points=500) as bench:
        await bench.give(held(1, "tenth", last_day=day), held(2, "a coupon that no programme has"))
        await serves(bench, "one")


async def test_an_unreadable_last_day_has_passed(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as bench:
        for day, price in (("", 2_700), ("2026-02-30", 3_000)):
            await bench.give(held(1, "tenth", last_day=day))
            assert (await bench.ask(f"until {day}", goods(3_000), card=ANNA_CARD)).price_minor == price
            await bench.ask(f"until {day}", is_cancelled=True)


@pytest.mark.parametrize(
    "field", [{"balance": 2**63}, {"balance": -(2**63) - 1}, {"qualifying": 10**30}, {"purchases": 10**30}]
)
def test_a_figure_beyond_all_sense_is_no_message(field: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        anna(**field)


@pytest.mark.parametrize("field", ["points", "per_minor", "minimum_minor"])
@pytest.mark.parametrize("figure", [-1, 2**63, 10**30])
def test_a_programme_beyond_all_sense_is_no_message(field: str, figure: int) -> None:
    rate = {"name": "x", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0, "version": 1}
    with pytest.raises(ValidationError):
        ReplicaProgramme(**(rate | {field: figure}))


async def test_a_lease_that_shrinks_or_asks_back_more_than_there_was_moves_nothing_twice(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as bench:
        await bench.told(rights=(bench.right(100),))
        assert await bench.rights() == 500, "a lower total is an old word"
        await bench.told(rights=(bench.right(500, recalled=10_000),))
        assert await bench.rights() == 0
        await bench.told(rights=(bench.right(500, recalled=200),))
        await bench.told(rights=(bench.right(600, recalled=10_000),))
        assert await bench.rights() == 0, "what is still wanted goes back with what is lent"


async def test_rights_of_somebody_unknown_wait_and_give_nobody_else_anything(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as bench:
        await bench.told(rights=(bench.right(700, member="nobody"), bench.right(5, member="", currency=POINTS)))
        assert (await bench.rights(), await bench.usable()) == (0, 0)
        await bench.told(members=(ReplicaMember(member="nobody", name="N", balance=700, version=3),))
        assert await bench.usable("nobody") == 700


async def test_more_rights_than_points_are_no_more_points(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=50) as bench:
        await bench.told(rights=(bench.right(10_000),))
        assert await bench.usable() == 50


async def test_a_coupon_of_another_member_is_of_no_use(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path) as bench:
        coupon = held(1, "tenth", member="ben")
        await bench.told(coupons=(coupon,), rights=(bench.right(1, member="anna", currency=f"coupon/{instance(1)}"),))
        for key, card in (("anna", ANNA_CARD), ("ben", BEN_CARD)):
            asked = await bench.ask(key, goods(3_000), card=card)
            assert asked.price_minor == 3_000, "its right was given to somebody else"


async def test_undoing_more_than_was_redeemed_or_what_nobody_redeemed_gives_no_points(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as bench:
        assert not isinstance(
            await bench.journal.write(lambda tx: bench.desk.redeem(tx, "anna", name("gift"), 100, sale=None)), Refusal
        )
        lies = [
            ReplicaUndo(redemption=name("gift"), member="anna", points=10_000, version=1),
            ReplicaUndo(redemption=name("gift"), member="ben", points=10_000, version=1),
            ReplicaUndo(redemption=name("nothing"), member="anna", points=400, version=1),
        ]
        for lie in lies:
            await bench.told(undone=(lie,))
        assert await bench.rights() == 500
        assert await bench.rights("ben") == 0


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_told_in_whatever_order_the_store_serves(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with checkout_bench(tmp_path, points=500) as bench:
        for number in range(12):
            await bench.told(
                members=(anna(joined_on=chance.choice(DAYS), birthday=chance.choice(TEXTS)[:5], tier="gold"),),
                coupons=tuple(
                    ReplicaCoupon(
                        instance=instance(chance.randrange(4)),
                        coupon=chance.choice(("tenth", "five-off", "cake", "gone", "")),
                        member=chance.choice(("anna", "ben", "", "nobody")),
                        last_day=chance.choice(DAYS),
                        used=chance.random() < 0.3,
                        version=1,
                    )
                    for _ in range(3)
                ),
                rights=tuple(
                    ReplicaRight(
                        member=chance.choice(("anna", "ben", "", "nobody")),
                        currency=chance.choice((POINTS, f"coupon/{instance(chance.randrange(4))}", "coupon/", "x")),
                        incarnation=chance.choice((bench.journal.incarnation, "f" * 32)),
                        granted=chance.randrange(1_000),
                        recalled=chance.choice((0, 0, chance.randrange(2_000))),
                        version=1,
                    )
                    for _ in range(4)
                ),
                removed=chance.choice(((), ("ben",), ("nobody",))),
            )
            await serves(bench, f"{number}")


async def test_a_step_with_a_time_that_is_none_changes_nothing(tmp_path: Path) -> None:
    async with checkout_bench(tmp_path, points=500) as bench:
        before = await bench.replica.cursor()
        with pytest.raises(ValueError, match="isoformat"):
            await bench.told(as_of="yesterday", members=(anna(balance=1),))
        assert await bench.replica.cursor() == before
        await serves(bench, "one")
