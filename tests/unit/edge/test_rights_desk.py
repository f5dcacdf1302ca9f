"""Every step that moves rights in the store, on a real journal."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_bridge.contract import PointsPostedV1, RightsMovedV1
from edge_agent.journal import POINTS, Transaction
from edge_agent.rights.desk import RightsDesk, coupon_currency
from loyalty.identifiers import GatewayId
from loyalty.rights import wallet as wallets
from loyalty.rights.movements import Grant, GrantId, Incarnation, MovementId, Refusal
from loyalty.rights.wallet import RESERVATIONS_MAX, Redemption, Wallet
from tests.unit.edge.journal_bench import Hands, opened, tamper
from tests.unit.edge.rights_bench import A_DAY, Coupon, RightsBench, name, post, rights_bench


async def test_what_a_sale_earns_can_be_spent_here_at_once(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        assert await bench.earn("sale-1", 120) == bench.journal.incarnation
        assert await bench.redeem("gift", 100) == bench.journal.incarnation
        assert await bench.rights() == 20
        assert await bench.redeem("another", 21) is Refusal.NOT_ENOUGH_RIGHTS
        told = [posting for fact in await bench.facts(PointsPostedV1) for posting in fact["postings"]]
        assert [(p["points"], p["lease"]) for p in told] == [
            (120, bench.journal.incarnation),
            (100, bench.journal.incarnation),
        ]


async def test_a_fact_moves_rights_once_however_often_it_is_decided(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        leases = {await bench.earn("sale-1", 100) for _ in range(3)}
        assert leases == {bench.journal.incarnation}
        assert {await bench.redeem("gift", 40) for _ in range(3)} == {bench.journal.incarnation}
        assert {await bench.unearn("refund-1", 10) for _ in range(3)} == {bench.journal.incarnation}
        assert await bench.rights() == 50
        restore = {
            await bench.write(lambda tx: bench.desk.restore(tx, name("gift"), name("undone"), 40)) for _ in range(3)
        }
        assert restore == {bench.journal.incarnation}
        assert await bench.rights() == 90


async def test_a_frozen_gateway_earns_and_takes_back_but_redeems_and_reserves_nothing(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands) as bench:
        await bench.earn("sale-1", 100)
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        assert await bench.earn("sale-2", 50) == bench.journal.incarnation
        await bench.unearn("refund-1", 30)
        assert await bench.redeem("gift", 10) is Refusal.FROZEN
        assert await bench.reserve("kiosk", 10) is Refusal.FROZEN
        assert await bench.rights() == 120


async def test_what_was_spent_before_a_refund_becomes_debt_that_the_next_sale_pays(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 80)
        await bench.unearn("refund-1", 100)
        assert ((await bench.wallet()).rights, (await bench.wallet()).debt) == (0, 80)
        await bench.earn("sale-2", 100)
        assert ((await bench.wallet()).rights, (await bench.wallet()).debt) == (20, 0)


async def test_reserved_points_are_kept_for_the_basket_that_reserved_them(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        assert await bench.reserve("quote-1", 70) is None
        assert await bench.redeem("gift", 40) is Refusal.NOT_ENOUGH_RIGHTS
        assert await bench.redeem("basket", 70, session="quote-1", sale="sale-2") == bench.journal.incarnation
        assert (await bench.wallet()).reserved == {}
        assert await bench.rights() == 30
        kept = await bench.journal.read(lambda reader: reader.redemption_of_sale("sale-2"))
        assert kept is not None
        assert (kept.member, kept.currency, kept.redemption.points) == ("anna", POINTS, 70)
        assert kept.redemption.movement_id == name("basket")


async def test_a_new_quote_of_the_same_basket_replaces_what_it_reserved(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        await bench.reserve("quote-1", 90)
        assert await bench.reserve("quote-1", 100) is None
        assert await bench.reserve("quote-1", 101) is Refusal.NOT_ENOUGH_RIGHTS
        assert (await bench.wallet()).reserved == {"quote-1": 100}, "refused: what it held before stays"
        await bench.release("quote-1")
        await bench.release("quote-1")
        assert (await bench.wallet()).reserved == {}


async def test_a_basket_that_changed_or_lost_its_reservation_redeems_what_is_free(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        await bench.reserve("quote-1", 60)
        assert await bench.redeem("smaller", 50, session="quote-1") == bench.journal.incarnation
        assert (await bench.wallet()).reserved == {}
        assert await bench.redeem("gone", 50, session="quote-1") == bench.journal.incarnation
        assert await bench.rights() == 0


async def test_reservations_end_with_the_run_that_made_them(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands) as bench:
        await bench.earn("sale-1", 100)
        await bench.reserve("quote-1", 60)
    async with rights_bench(tmp_path, hands) as bench:
        assert (await bench.wallet()).reserved == {}
        assert await bench.redeem("gift", 100) == bench.journal.incarnation


async def test_there_are_no_more_reservations_than_a_store_has_places_for(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        for number in range(RESERVATIONS_MAX):
            assert await bench.reserve(f"quote-{number}", 1) is None
        assert await bench.reserve("one more", 1) is Refusal.RESERVATIONS_FULL


async def test_a_redemption_is_undone_at_most_whole_and_only_where_it_was_made(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 80)

        async def restore(fact: str, points: int, redemption: str = "gift") -> object:
            return await bench.write(lambda tx: bench.desk.restore(tx, name(redemption), name(fact), points))

        assert await restore("back-1", 50) == bench.journal.incarnation
        assert await restore("back-2", 31) is Refusal.ALREADY_RESTORED
        assert await restore("back-3", 30) == bench.journal.incarnation
        assert await restore("back-4", 1, "never made") is Refusal.MADE_ELSEWHERE
        assert await bench.rights() == 100


async def test_nothing_of_a_step_remains_when_the_decision_that_made_it_fails(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.earn("sale-1", 100)
        before = await bench.wallet()

        def fails(tx: Transaction) -> None:
            assert not isinstance(bench.desk.redeem(tx, "anna", name("gift"), 60, sale=None), Refusal)
            raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await bench.write(fails)
        assert await bench.wallet() == before
        assert await bench.journal.read(lambda reader: reader.redemption(name("gift"))) is None
        assert await bench.redeem("gift", 60) == bench.journal.incarnation


async def test_a_coupon_is_used_once_and_can_be_given_back(tmp_path: Path) -> None:
    coupon = Coupon("c" * 32)
    async with rights_bench(tmp_path) as bench:
        assert await bench.write(lambda tx: bench.desk.issue_coupon(tx, coupon)) == bench.journal.incarnation
        used = await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-1"), sale="sale-1"))
        assert not isinstance(used, Refusal)
        again = await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-2")))
        assert again is Refusal.NOT_ENOUGH_RIGHTS
        back = await bench.write(lambda tx: bench.desk.restore_coupon(tx, name("use-1"), name("back-1")))
        assert not isinstance(back, Refusal)
        assert not isinstance(await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-3"))), Refusal)
        told = [(f["kind"], f["movement"], f.get("original"), f["currency"]) for f in await bench.facts(RightsMovedV1)]
        currency = coupon_currency(coupon.instance)
        assert told == [
            ("redeemed", name("use-1"), None, currency),
            ("restored", name("back-1"), name("use-1"), currency),
            ("redeemed", name("use-3"), None, currency),
        ]


async def test_a_coupon_that_is_leased_elsewhere_cannot_be_used_here(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        elsewhere = Coupon("d" * 32)
        answer = await bench.write(lambda tx: bench.desk.use_coupon(tx, elsewhere, name("use-1")))
        assert answer is Refusal.NOT_ENOUGH_RIGHTS
        anybodys = Coupon("e" * 32, member="")
        currency = coupon_currency(anybodys.instance)
        await bench.told(bench.right(1, member="", currency=currency))
        assert await bench.write(lambda tx: bench.desk.reserve(tx, "", "quote-1", 1, currency)) is None
        answer = await bench.write(lambda tx: bench.desk.use_coupon(tx, anybodys, name("use-2"), session="quote-1"))
        assert not isinstance(answer, Refusal)


# ── after a restore ───────────────────────────────────────────────────────────────────────────────


async def test_before_the_cloud_has_spoken_a_sale_of_today_makes_no_rights(tmp_path: Path) -> None:
    async with rights_bench(tmp_path, welcome=False) as bench:
        assert await bench.earn("sale-1", 100) is None
        assert await bench.rights() == 0
        told = [posting for fact in await bench.facts(PointsPostedV1) for posting in fact["postings"]]
        assert [(p["points"], p.get("lease")) for p in told] == [(100, None)]


async def test_a_later_life_makes_rights_of_sales_that_no_life_before_can_have_credited(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        await bench.say("welcome", is_first=False)
        began = (await bench.journal.read(lambda reader: reader.rights_state())).began
        hands.pass_ms(72 * 3_600_000)
        for hours, makes_rights in (
            (-1, False),
            (0, False),
            (24, False),
            (25, True),
            (72, True),
            (95, True),
            (97, False),
        ):
            lease = await bench.earn(f"sale-{hours}", 10, sold_at=began + timedelta(hours=hours))
            assert (lease is not None) is makes_rights, f"sold {hours} h after the restore"
        assert await bench.rights() == 30


async def test_the_first_life_makes_rights_of_every_sale(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        assert await bench.earn("old", 10, sold_at=bench.now - 30 * A_DAY) == bench.journal.incarnation


async def test_a_new_life_begins_frozen_and_empty_and_remembers_what_it_has_counted(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        first = bench.journal.incarnation
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 30)
        await bench.reserve("quote-1", 20)
        await bench.journal.begin_incarnation("rolled back")
        wallet = await bench.wallet()
        assert wallet == Wallet(GatewayId("store-1"), Incarnation(bench.journal.incarnation))
        assert bench.journal.incarnation != first
        assert await bench.earn("sale-1", 100) == first, "the posting is known: its lease stays"
        assert await bench.redeem("gift", 30) == first
        assert await bench.rights() == 0
        undone = await bench.write(lambda tx: bench.desk.restore(tx, name("gift"), name("back"), 30))
        assert undone is Refusal.MADE_ELSEWHERE
        await bench.say("welcome", is_first=False)
        assert await bench.earn("sale-2", 50) is None, "sold within a day of the restore"
        await bench.told(bench.right(40))
        assert await bench.redeem("next", 40) == bench.journal.incarnation


async def test_postings_that_were_not_sent_keep_the_lease_they_settle(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        first = bench.journal.incarnation
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 30)
        await bench.journal.begin_incarnation("rolled back")
        told = [posting for fact in await bench.facts(PointsPostedV1) for posting in fact["postings"]]
        assert [p["lease"] for p in told] == [first, first]


async def test_lost_rows_are_told_again_with_the_rights_that_moved(tmp_path: Path) -> None:
    hands, coupon = Hands(), Coupon("c" * 32)
    async with rights_bench(tmp_path, hands) as bench:
        lease = bench.journal.incarnation
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 30)
        await bench.write(lambda tx: bench.desk.issue_coupon(tx, coupon))
        await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-1")))
        await bench.fill(1)
    assert tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF < 4") == 3
    async with rights_bench(tmp_path, hands) as bench:
        told = [posting for fact in await bench.facts(PointsPostedV1) for posting in fact["postings"]]
        assert [(p["points"], p["lease"]) for p in told] == [(100, lease), (30, lease)]
        moved = await bench.facts(RightsMovedV1)
        assert [(f["kind"], f["lease"], f["movement"]) for f in moved] == [("redeemed", lease, name("use-1"))]
        assert await bench.rights() == 70


async def test_rows_that_move_into_a_new_life_are_still_told_again_when_they_are_lost_there(tmp_path: Path) -> None:
    hands, coupon = Hands(), Coupon("c" * 32)
    async with rights_bench(tmp_path, hands) as bench:
        lease = bench.journal.incarnation
        await bench.write(lambda tx: bench.desk.issue_coupon(tx, coupon))
        await bench.write(lambda tx: bench.desk.use_coupon(tx, coupon, name("use-1")))
        await bench.earn("sale-1", 100)
        await bench.journal.begin_incarnation("rolled back")
        await bench.fill(1)
    assert tamper(tmp_path, "DELETE FROM events_ledger WHERE place & 0xFFFFFFFF < 3") == 2
    async with rights_bench(tmp_path, hands) as bench:
        assert [(f["movement"], f["lease"]) for f in await bench.facts(RightsMovedV1)] == [(name("use-1"), lease)]
        told = [posting for fact in await bench.facts(PointsPostedV1) for posting in fact["postings"]]
        assert [(p["points"], p["lease"]) for p in told] == [(100, lease)]


# ── the arithmetic is the pure one ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(8))
async def test_a_wallet_in_the_journal_does_what_the_pure_wallet_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with rights_bench(tmp_path) as bench:
        twin = _Twin(Wallet(GatewayId("store-1"), Incarnation(bench.journal.incarnation), frozen=False))
        for number in range(120):
            await _step(bench, twin, chance, number)
            assert await bench.wallet() == twin.wallet


class _Twin:
    """The pure wallet beside the kept one."""

    def __init__(self, wallet: Wallet) -> None:
        self.wallet = wallet
        self.redemptions: list[Redemption] = []

    def take(self, answer: wallets.Moved | Wallet | Refusal) -> Refusal | None:
        if isinstance(answer, Refusal):
            return answer
        self.wallet = answer.wallet if isinstance(answer, wallets.Moved) else answer
        return None


async def _step(bench: RightsBench, twin: _Twin, chance: random.Random, number: int) -> None:
    fact, points = f"fact-{number}", chance.randint(1, 60)
    movement, session = MovementId(name(fact)), f"session-{chance.randint(1, 4)}"
    match chance.choice(("earn", "earn", "unearn", "redeem", "reserve", "commit", "release", "restore", "grant")):
        case "earn":
            await bench.earn(fact, points)
            twin.take(wallets.earn(twin.wallet, movement, points))
        case "unearn":
            await bench.unearn(fact, points)
            twin.take(wallets.unearn(twin.wallet, movement, points))
        case "redeem":
            answer = await bench.redeem(fact, points)
            refusal = twin.take(wallets.redeem(twin.wallet, movement, points))
            assert refusal is answer or refusal is None
            if refusal is None:
                twin.redemptions.append(Redemption(movement, twin.wallet.incarnation, points))
        case "reserve" if session not in twin.wallet.reserved:
            assert await bench.reserve(session, points) is twin.take(wallets.reserve(twin.wallet, session, points))
        case "commit" if session in twin.wallet.reserved:
            held = twin.wallet.reserved[session]
            answer = await bench.redeem(fact, held, session=session)
            refusal = twin.take(wallets.commit(twin.wallet, session, movement))
            assert refusal is answer or refusal is None
            if refusal is None:
                twin.redemptions.append(Redemption(movement, twin.wallet.incarnation, held))
        case "release":
            await bench.release(session)
            twin.take(wallets.release(twin.wallet, session))
        case "restore" if twin.redemptions:
            at = chance.randrange(len(twin.redemptions))
            made = twin.redemptions[at]
            answer = await bench.write(lambda tx: bench.desk.restore(tx, made.movement_id, movement, points))
            refusal = twin.take(wallets.restore(twin.wallet, made, movement, points))
            assert refusal is answer or refusal is None
            if refusal is None:
                twin.redemptions[at] = replace(made, restored=made.restored + points)
        case "grant":
            total = max(0, twin.wallet.granted + chance.randint(-20, 40))
            await bench.told(bench.right(total))
            grant = Grant(GrantId(fact), twin.wallet.gateway, twin.wallet.incarnation, points, total)
            twin.take(wallets.accept_grant(twin.wallet, grant))


async def test_a_number_that_is_none_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        with pytest.raises(ValueError, match="not_a_number_of_points"):
            await bench.write(lambda tx: bench.desk.earn(tx, "anna", name("x"), 0, sold_at=bench.now))


async def test_a_desk_without_a_witness_needs_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:

        def unit(tx: Transaction) -> object:
            desk = RightsDesk()
            desk.earn(tx, "anna", name("sale-1"), 10, sold_at=Hands().clock().now())
            post(tx, "anna", "sale-1", 10, lease=None)
            return desk.redeem(tx, "anna", name("gift"), 1, sale=None)

        assert await journal.write(unit) is Refusal.FROZEN
