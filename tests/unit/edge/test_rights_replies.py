"""What the cloud says about rights, and what the gateway answers in the same transaction."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1, RightsMovedV1
from cloud_bridge.replica import Expiring, ReplicaMember, ReplicaProgramme, ReplicaUndo
from edge_agent.journal import POINTS
from edge_agent.rights.desk import coupon_currency
from loyalty.ledger import PROGRAMME_REDEEMED, Rule
from loyalty.rights.movements import Refusal
from tests.unit.edge.journal_bench import ELSEWHERE, Hands, step
from tests.unit.edge.rights_bench import Coupon, RightsBench, name, rights_bench

DAY = date(2026, 7, 1)


def undo(points: int, fact: str = "gift") -> tuple[ReplicaUndo, ...]:
    return (ReplicaUndo(redemption=name(fact), member="anna", points=points, version=1),)


async def returned(bench: RightsBench) -> list[int]:
    return [fact["points"] for fact in await bench.facts(RightsMovedV1) if fact["kind"] == "returned"]


async def test_a_lease_can_be_spent_and_counts_once_however_often_it_is_told(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        for _ in range(3):
            await bench.told(bench.right(100))
        assert await bench.rights() == 100
        assert await bench.redeem("gift", 100) == bench.journal.incarnation
        await bench.told(bench.right(100))
        assert await bench.rights() == 0
        assert await bench.facts(RightsMovedV1) == []


@pytest.mark.parametrize("seed", range(5))
async def test_leases_told_in_any_order_come_to_the_largest(tmp_path: Path, seed: int) -> None:
    totals = [10, 25, 70, 120, 121]
    told = [*totals, *totals]
    random.Random(seed).shuffle(told)
    async with rights_bench(tmp_path) as bench:
        for total in told:
            await bench.told(bench.right(total))
        assert ((await bench.wallet()).rights, (await bench.wallet()).granted) == (121, 121)


async def test_a_lease_pays_what_is_owed_here_first(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 100)
        await bench.unearn("refund-1", 100)
        await bench.told(bench.right(130))
        assert ((await bench.wallet()).rights, (await bench.wallet()).debt) == (30, 0)


async def test_a_lease_of_another_incarnation_is_none_here(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100, incarnation=ELSEWHERE), bench.right(50, recalled=50, incarnation=ELSEWHERE))
        assert await bench.rights() == 0
        assert await returned(bench) == []


async def test_what_the_cloud_wants_back_is_given_back_once(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        for _ in range(3):
            await bench.told(bench.right(100, recalled=30))
        assert await returned(bench) == [30]
        await bench.told(bench.right(100, recalled=50))
        await bench.told(bench.right(100, recalled=30))
        assert await returned(bench) == [30, 20]
        assert await bench.rights() == 50
        told = (await bench.facts(RightsMovedV1))[0]
        assert (told["member"], told["currency"], told["lease"]) == ("anna", POINTS, bench.journal.incarnation)


async def test_a_lease_and_its_recall_in_one_row_are_both_heard(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100, recalled=100))
        assert await bench.rights() == 0
        assert await returned(bench) == [100]


async def test_what_is_reserved_is_given_back_when_the_basket_lets_go_of_it(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        await bench.reserve("quote-1", 80)
        await bench.told(bench.right(100, recalled=100))
        assert await returned(bench) == [20]
        assert await bench.rights() == 80
        await bench.release("quote-1")
        assert await returned(bench) == [20, 80]
        assert await bench.rights() == 0


async def test_what_a_basket_spent_is_not_given_back(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        await bench.reserve("quote-1", 80)
        await bench.told(bench.right(100, recalled=100))
        assert await bench.redeem("basket", 80, session="quote-1") == bench.journal.incarnation
        assert await returned(bench) == [20]
        assert ((await bench.wallet()).rights, (await bench.wallet()).debt) == (0, 0)


async def test_what_was_spent_before_it_was_asked_back_is_given_from_what_is_earned_once_the_line_is_up(
    tmp_path: Path,
) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        await bench.redeem("gift", 60)
        await bench.told(bench.right(100, recalled=100))
        assert await returned(bench) == [40]
        await bench.earn("sale-1", 50)
        assert await bench.rights() == 50, "without a line what is earned here stays usable here"
        await bench.told()
        assert await returned(bench) == [40, 50]
        await bench.earn("sale-2", 50)
        await bench.told()
        assert await returned(bench) == [40, 50, 10]
        assert await bench.rights() == 40


async def test_a_recall_that_waited_for_a_basket_is_answered_once_the_store_is_welcome_again(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands) as bench:
        await bench.told(bench.right(100))
        await bench.reserve("quote-1", 80)
        await bench.told(bench.right(100, recalled=100))
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        assert await returned(bench) == [20], "not in doubt: what was spent meanwhile may be forgotten"
        await bench.say("welcome")
        assert await returned(bench) == [20, 80]
        assert await bench.rights() == 0


async def test_a_coupon_is_leased_and_recalled_like_points(tmp_path: Path) -> None:
    coupon = Coupon("c" * 32)
    currency = coupon_currency(coupon.instance)
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(1, currency=currency))
        assert await bench.rights(currency=currency) == 1
        await bench.told(bench.right(1, recalled=1, currency=currency))
        used = await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-1")))
        assert used is Refusal.NOT_ENOUGH_RIGHTS
        assert [(f["kind"], f["currency"]) for f in await bench.facts(RightsMovedV1)] == [("returned", currency)]


async def test_a_redemption_brought_back_elsewhere_is_undone_once_with_a_posting(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100), people=(ReplicaMember(member="anna", name="Anna", balance=100, version=1),))
        await bench.redeem("gift", 80, sale="sale-1")
        for points in (30, 30, 10, 80, 80, 500):
            await bench.told(undone=undo(points))
        assert await bench.rights() == 100
        postings = [
            (posting["points"], posting["debit"], posting["lease"], posting["original"], fact["sale"], fact["rule"])
            for fact in await bench.facts(PointsPostedV1)
            if fact["rule"] == "restore"
            for posting in fact["postings"]
        ]
        lease = bench.journal.incarnation
        assert postings == [
            (30, PROGRAMME_REDEEMED, lease, name("gift"), "sale-1", "restore"),
            (50, PROGRAMME_REDEEMED, lease, name("gift"), "sale-1", "restore"),
        ]
        balance = await bench.journal.read(lambda reader: reader.balance("anna"))
        assert balance is not None
        assert balance.points == 100
        booked = await bench.journal.read(lambda reader: list(reader.postings()))
        assert [p.points for p in booked if p.rule is Rule.RESTORE] == [30, 50]


async def test_what_this_store_restored_itself_counts_towards_what_the_cloud_asks(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        await bench.redeem("gift", 80)
        await bench.write(lambda tx: bench.desk.restore(tx, name("gift"), name("refund-1"), 50))
        await bench.told(undone=undo(60))
        assert await bench.rights() == 80
        await bench.told(undone=undo(50))
        assert await bench.rights() == 80


async def test_a_redemption_made_elsewhere_or_before_a_restore_is_not_undone_here(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(undone=undo(30, "made at the harbour"))
        await bench.told(bench.right(100))
        await bench.redeem("gift", 80)
        await bench.journal.begin_incarnation("rolled back")
        await bench.told(undone=undo(80))
        assert await bench.rights() == 0
        assert not [fact for fact in await bench.facts(PointsPostedV1) if fact["rule"] == "restore"]


async def test_a_coupon_brought_back_elsewhere_is_usable_again(tmp_path: Path) -> None:
    coupon = Coupon("c" * 32)
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(1, currency=coupon_currency(coupon.instance)))
        await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("gift")))
        await bench.told(undone=undo(1))
        await bench.told(undone=undo(1))
        assert [f["kind"] for f in await bench.facts(RightsMovedV1)] == ["redeemed", "restored"]
        assert await bench.rights(currency=coupon_currency(coupon.instance)) == 1


async def test_an_answer_is_in_the_transaction_of_the_step(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        broken = ReplicaProgramme(name="Tea", currency="CNY", points=1, per_minor=0, minimum_minor=0, version=2)
        with pytest.raises(ValueError, match="per_minor"):
            await bench.told(bench.right(100, recalled=100), programme=broken)
        assert await bench.rights() == 100
        assert await returned(bench) == []


# ── what can be used ──────────────────────────────────────────────────────────────────────────────


def anna(balance: int, **told: object) -> ReplicaMember:
    return ReplicaMember(member="anna", name="Anna", balance=balance, version=1, **told)  # type: ignore[arg-type]


async def usable(bench: RightsBench, on: date = DAY) -> tuple[int, int, int, int]:
    found = await bench.journal.read(lambda reader: reader.usable("anna", on=on))
    assert found is not None
    return found.points, found.balance, found.pending, found.owed


async def test_what_can_be_used_is_what_is_leased_here(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        assert await bench.journal.read(lambda reader: reader.usable("anna", on=DAY)) is None
        await bench.told(bench.right(120), people=(anna(480, pending=30, owed=5),))
        assert await usable(bench) == (120, 480, 30, 5)
        await bench.redeem("gift", 50)
        assert await usable(bench) == (70, 430, 30, 5)
        await bench.reserve("quote-1", 60)
        assert await usable(bench) == (10, 430, 30, 5)


async def test_while_frozen_nothing_can_be_used_and_the_screen_can_say_so(tmp_path: Path) -> None:
    async with rights_bench(tmp_path, welcome=False) as bench:
        await bench.told(bench.right(120), people=(anna(480),))
        found = await bench.journal.read(lambda reader: reader.usable("anna", on=DAY))
        assert found is not None
        assert (found.points, found.balance, found.is_frozen) == (0, 480, True)
        assert found.as_of is not None
        await bench.say("welcome")
        assert await usable(bench) == (120, 480, 0, 0)


async def test_points_past_their_last_day_cannot_be_used_before_the_cloud_says_so(tmp_path: Path) -> None:
    lots = (Expiring(last_day="2026-07-01", points=100), Expiring(last_day="2026-08-01", points=50))
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(400), people=(anna(400, expiring=lots),))
        assert await usable(bench, date(2026, 7, 1)) == (400, 400, 0, 0)
        assert await usable(bench, date(2026, 7, 2)) == (300, 300, 0, 0)
        assert await usable(bench, date(2026, 8, 2)) == (250, 250, 0, 0)


async def test_points_spent_in_time_are_not_lost_again_when_their_last_day_has_passed(tmp_path: Path) -> None:
    hands = Hands(days=30)  # 2026-07-01
    lots = (Expiring(last_day="2026-07-01", points=100), Expiring(last_day="2026-08-01", points=50))
    async with rights_bench(tmp_path, hands) as bench:
        await bench.told(bench.right(400), people=(anna(400, expiring=lots),))
        await bench.redeem("in time", 60)
        assert await usable(bench, date(2026, 7, 2)) == (300, 300, 0, 0), "40 of the 100 are lost"
        hands.pass_ms(2 * 86_400_000)
        await bench.redeem("too late for the first lot", 60)
        assert await usable(bench, date(2026, 7, 3)) == (240, 240, 0, 0)
        assert await usable(bench, date(2026, 8, 2)) == (240, 240, 0, 0), "it took the second one"


async def test_who_owes_points_has_none_to_use(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100), people=(anna(100),))
        await bench.redeem("gift", 100)
        await bench.unearn("refund-1", 40)
        assert await usable(bench) == (0, 0, 0, 40)


# ── members and terms ─────────────────────────────────────────────────────────────────────────────

TERMS = {"programme": {"name": "Tea", "currency": "CNY"}, "redeeming": {"points": 100, "value_minor": 100}}


async def test_a_member_arrives_with_all_the_cloud_tells(tmp_path: Path) -> None:
    told = anna(
        480,
        joined_on="2025-03-01",
        birthday="02-29",
        tier="gold",
        tier_ends="2027-01-01",
        qualifying=700,
        purchases=12,
        expiring=(Expiring(last_day="2026-09-01", points=5), Expiring(last_day="2026-08-01", points=7)),
        referral_code="TEA-7431",
        was_referred=True,
        contact="138****1234",
        consents={"marketing": True},
        pin="sealed",
    )
    async with rights_bench(tmp_path) as bench:
        await bench.told(people=(told,))
        entry = await bench.journal.read(lambda reader: reader.member("anna"))
        assert entry is not None
        assert (entry.joined_on, entry.tier, entry.tier_ends) == (date(2025, 3, 1), "gold", date(2027, 1, 1))
        assert (entry.birthday, entry.qualifying, entry.purchases) == ("02-29", 700, 12)
        assert [tuple(lot) for lot in entry.expiring] == [(date(2026, 8, 1), 7), (date(2026, 9, 1), 5)]
        assert (entry.referral_code, entry.was_referred, entry.contact) == ("TEA-7431", True, "138****1234")
        assert (entry.consents, entry.pin) == ({"marketing": True}, "sealed")


async def test_terms_are_read_once_for_each_version_of_them(tmp_path: Path) -> None:
    def programme(**changes: object) -> ReplicaProgramme:
        rate = {"name": "Tea", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0, "version": 1}
        return ReplicaProgramme(**(rate | changes))  # type: ignore[arg-type]

    async with rights_bench(tmp_path) as bench:
        assert await bench.journal.read(lambda reader: reader.terms()) is None
        await bench.told(programme=programme())
        plain = await bench.journal.read(lambda reader: reader.terms())
        assert plain is not None
        assert plain.rewards == ()
        await bench.told(programme=programme(terms=TERMS))
        first = await bench.journal.read(lambda reader: reader.terms())
        assert first is not None
        assert first is await bench.journal.read(lambda reader: reader.terms())
        assert first is await bench.write(lambda tx: tx.terms())
        await bench.told(programme=programme(terms=TERMS | {"lots": {"pending_days": 7}}))
        second = await bench.write(lambda tx: tx.terms())
        assert second is not None
        assert second.lots.pending_days == 7


async def test_terms_that_nobody_can_read_leave_those_in_force(tmp_path: Path) -> None:
    from tests.unit.edge.store_bench import store_bench

    async with store_bench(tmp_path) as bench:
        programme = {"name": "Tea", "currency": "CNY", "points": 1, "per_minor": 100, "minimum_minor": 0}
        cursor = await bench.replica.cursor()
        for number, terms in enumerate((TERMS, {"programme": {"name": "Tea"}, "sorcery": {}})):
            said = step(
                first=cursor.version + number,
                last=cursor.version + number + 1,
                members={"anna": 100 + number},
                programme=ReplicaProgramme(**programme, version=2, terms=terms),  # type: ignore[arg-type]
            )
            await bench.replica.apply(said)
        found = await bench.journal.read(lambda reader: reader.terms())
        assert found is not None
        assert found.redeeming.value_minor == 100
        assert await bench.points_of("anna") == 101


async def test_a_disk_in_doubt_neither_undoes_nor_gives_back_and_does_both_once_it_is_welcome(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.told(bench.right(100))
        await bench.redeem("gift", 80)
    async with rights_bench(tmp_path, welcome=False) as bench:
        await bench.told(bench.right(100, recalled=15), undone=undo(80))
        refused = await bench.write(lambda tx: bench.desk.restore(tx, name("gift"), name("refund-1"), 50))
        assert refused is Refusal.FROZEN
        assert (await bench.rights(), await returned(bench)) == (20, [])
        await bench.say("welcome")
        assert (await bench.rights(), await returned(bench)) == (85, [15])
