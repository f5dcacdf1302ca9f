"""The path of one tap, walked on a real journal with a clock moved by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_bridge.contract import CardTappedV1, CodeScannedV1, DecisionDeferredV1, DecisionRefusedV1, SaleCompletedV1
from devices.observations import SaleStatus
from edge_agent.decisions import Decisions
from edge_agent.journal import Recorded, Transaction
from edge_agent.outcomes import MediumUnknown, MemberSeen, NothingToShow, Outcome, SaleDecided, SaleWaits, VisitEnded
from edge_agent.tap_path import ATTEMPTS_MAX, DecisionBugError, Station
from edge_agent.translate import Translatable
from tests.unit.edge.store_bench import (
    ANNA_CARD,
    ANNA_CODE,
    BEN_CARD,
    NOBODYS_CARD,
    HandClock,
    bench_shop,
    medium,
    store_bench,
)


async def test_a_members_tap_greets_by_name_with_the_balance_as_of_the_clouds_word(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        seen = await store.tap(ANNA_CARD)
        assert isinstance(seen, MemberSeen)
        assert (seen.standing.name, seen.standing.points) == ("Anna", 100)
        assert seen.standing.as_of.isoformat() == "2026-06-02T09:00:00+00:00"
        assert store.shown == [seen]


async def test_the_journal_holds_a_hash_of_the_card_and_never_its_number(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        (fact,) = await store.facts(CardTappedV1)
        assert fact["medium"] == medium(ANNA_CARD)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240  the store is closed
    assert ANNA_CARD.number not in written
    assert ANNA_CARD.number.hex().encode() not in written.lower()


async def test_a_tap_before_paying_gives_the_sale_to_the_member(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        decided = await store.sell("r-1", 4_250)
        assert isinstance(decided, SaleDecided)
        assert (decided.points, decided.standing.points) == (42, 142)
        assert (store.receipts[-1].points, store.receipts[-1].balance) == (42, 142)


async def test_one_tap_serves_one_sale(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("r-1", 1_000)
        assert await store.sell("r-2", 1_000) == SaleWaits("front", "claim")
        assert await store.points_of("anna") == 110


async def test_the_next_member_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.tap(BEN_CARD)
        await store.sell("r-1", 1_000)
        assert (await store.points_of("anna"), await store.points_of("ben")) == (100, 10)


async def test_a_tap_too_long_ago_does_not_take_the_sale(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        store.clock.pass_seconds(301)
        assert await store.sell("r-1", 1_000) == SaleWaits("front", "claim")


async def test_a_sale_at_another_till_is_not_the_visitors(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        assert await store.sell("r-1", 1_000, till="till-9") == SaleWaits("till-9", "claim")


async def test_a_tap_after_paying_may_claim_the_sale_once(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.sell("r-1", 2_000)
        store.clock.pass_seconds(20)
        seen = await store.tap(ANNA_CARD)
        assert isinstance(seen, MemberSeen)
        assert seen.claimable is not None
        assert seen.claimable.sale == "r-1"
        assert isinstance(await store.touch("claim", "r-1"), SaleDecided)
        await store.tap(BEN_CARD)
        assert await store.touch("claim", "r-1") == NothingToShow()
        assert (await store.points_of("anna"), await store.points_of("ben")) == (120, 0)


async def test_an_old_sale_is_not_offered(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.sell("r-1", 2_000)
        store.clock.pass_seconds(121)
        seen = await store.tap(ANNA_CARD)
        assert isinstance(seen, MemberSeen)
        assert seen.claimable is None


@pytest.mark.parametrize("subject", ["", "r-404", "r-other-till"])
async def test_a_claim_of_anything_else_moves_nothing(tmp_path: Path, subject: str) -> None:
    async with store_bench(tmp_path) as store:
        await store.sell("r-other-till", 2_000, till="till-9")
        await store.tap(ANNA_CARD)
        assert await store.touch("claim", subject) == NothingToShow()
        assert await store.postings() == []


async def test_done_says_goodbye_and_ends_the_visit(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        assert await store.touch("done") == VisitEnded("front", "Anna", "en")
        assert await store.sell("r-1", 1_000) == SaleWaits("front", "claim")


async def test_a_scanned_member_code_is_as_good_as_a_card(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert isinstance(await store.scan(ANNA_CODE), MemberSeen)
        assert isinstance(await store.sell("r-1", 1_000), SaleDecided)


async def test_scanned_goods_are_kept_in_clear_and_greet_nobody(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert await store.scan("4006381333931", "EAN13") == NothingToShow()
        (fact,) = await store.facts(CodeScannedV1)
        assert fact["sku"] == "4006381333931"


@pytest.mark.parametrize(
    ("text", "symbology", "sku"),
    [
        ("036000291452", "upca", "0036000291452"),
        ("0036000291452", "ean13", "0036000291452"),
        ("00036000291452", "itf14", "0036000291452"),
        ("036000291452", "unknown", "0036000291452"),
        ("01234505", "upce", "0012000003455"),
        ("01234531", "upce", "0012300000451"),
        ("01234543", "upce", "0012340000053"),
        ("01234565", "upce", "0012345000065"),
        ("96385074", "ean8", "96385074"),
        ("14006381333938", "itf14", "14006381333938"),
    ],
)
async def test_the_same_goods_have_the_same_number_whoever_reads_them(
    tmp_path: Path, text: str, symbology: str, sku: str
) -> None:
    async with store_bench(tmp_path) as store:
        assert await store.scan(text, symbology) == NothingToShow()
        (fact,) = await store.facts(CodeScannedV1)
        assert fact["sku"] == sku


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("4006381333930", "ean13"),
        ("01234566", "upce"),
        ("4006381333931", "qr"),
        ("４００６３８１３３３９３１", "ean13"),
    ],
)
async def test_what_is_no_number_of_goods_is_a_code_of_which_a_hash_is_kept(
    tmp_path: Path, text: str, symbology: str
) -> None:
    async with store_bench(tmp_path) as store:
        await store.scan(text, symbology)
        (fact,) = await store.facts(CodeScannedV1)
        assert (fact.get("sku"), len(fact["medium"]) > 0) == (None, True)


async def test_a_sale_with_the_card_read_by_the_till_needs_no_tap(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert isinstance(await store.sell("r-1", 1_000, card=BEN_CARD), SaleDecided)
        assert await store.points_of("ben") == 10


async def test_a_sale_told_twice_is_recorded_once_and_answered_alike(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("r-1", 1_000)
        assert await store.sell("r-1", 1_000) is None
        assert [receipt.status for receipt in store.receipts] == [SaleStatus.RECORDED, SaleStatus.DUPLICATE]
        assert store.receipts[0].points == store.receipts[1].points == 10
        assert len(await store.facts(SaleCompletedV1)) == 1


async def test_another_sale_under_a_used_number_is_refused_and_not_recorded(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.sell("r-1", 1_000)
        assert await store.sell("r-1", 9_999) is None
        assert store.receipts[-1].status is SaleStatus.CONFLICT
        assert len(await store.facts(SaleCompletedV1)) == 1


async def test_an_unknown_card_is_kept_and_credited_once_it_is_linked(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert await store.tap(NOBODYS_CARD) == MediumUnknown("front", medium(NOBODYS_CARD), "card")
        assert await store.sell("r-1", 3_000) == SaleWaits("front", "link")
        (deferred,) = await store.facts(DecisionDeferredV1)
        assert deferred["awaits"] == "link"
        await store.learn(members=(("cleo", "Cleo", 0),), media=((medium(NOBODYS_CARD), "cleo"),))
        await store.learn(media=((medium(NOBODYS_CARD), "cleo"),))
        assert await store.points_of("cleo") == 30
        assert await store.postings() == [30]


async def test_the_link_may_arrive_before_the_member_it_names(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.sell("r-1", 3_000)
        await store.learn(media=((medium(NOBODYS_CARD), "cleo"),))
        await store.learn(members=(("cleo", "Cleo", 0),))
        assert await store.points_of("cleo") == 30


async def test_a_sale_claimed_with_an_unknown_card_waits_for_the_link_too(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.sell("r-1", 3_000)
        await store.tap(NOBODYS_CARD)
        assert await store.touch("claim", "r-1") == SaleWaits("front", "link")
        await store.learn(members=(("cleo", "Cleo", 0),), media=((medium(NOBODYS_CARD), "cleo"),))
        assert await store.points_of("cleo") == 30


async def test_before_the_first_programme_sales_wait_and_are_credited_when_it_comes(tmp_path: Path) -> None:
    async with store_bench(tmp_path, stocked=False) as store:
        await store.learn(members=(("anna", "Anna", 0),), media=((medium(ANNA_CARD), "anna"),))
        await store.tap(ANNA_CARD)
        assert await store.sell("r-1", 3_000) == SaleWaits("front", "programme")
        await store.learn(programme=True)
        assert await store.points_of("anna") == 30


async def test_a_full_refund_takes_back_what_was_earned_and_a_half_refund_half(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("r-1", 2_000)
        half = await store.sell("r-2", -1_000, refund_of="r-1")
        assert isinstance(half, SaleDecided)
        assert (half.points, half.total_minor, half.standing.points) == (-10, -1_000, 110)
        await store.sell("r-3", -1_000, refund_of="r-1")
        assert await store.points_of("anna") == 100
        await store.sell("r-4", -1_000, refund_of="r-1")
        assert await store.points_of("anna") == 100
        (refused,) = await store.facts(DecisionRefusedV1)
        assert refused["reason"] == "nothing_left_to_refund"


async def test_a_refund_before_its_sale_ends_at_the_balance_of_the_right_order(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert await store.sell("r-2", -500, refund_of="r-1") == SaleWaits("front", "sale")
        await store.tap(ANNA_CARD)
        await store.sell("r-1", 2_000)
        assert await store.points_of("anna") == 115


async def test_a_refund_of_nothing_named_is_recorded_and_refused(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        assert await store.sell("r-2", -500) == NothingToShow()
        (refused,) = await store.facts(DecisionRefusedV1)
        assert refused["reason"] == "original_unnamed"


async def test_goods_given_back_before_the_card_is_linked_earn_nothing_later(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.sell("r-1", 3_000)
        await store.sell("r-2", -1_000, refund_of="r-1")
        await store.learn(members=(("cleo", "Cleo", 0),), media=((medium(NOBODYS_CARD), "cleo"),))
        assert await store.points_of("cleo") == 20


async def test_the_balance_is_not_counted_twice_when_the_cloud_has_our_postings(tmp_path: Path) -> None:
    async with store_bench(tmp_path) as store:
        await store.tap(ANNA_CARD)
        await store.sell("r-1", 2_000)
        assert await store.points_of("anna") == 120
        await store.learn(members=(("anna", "Anna", 120),), included=store.journal.heads()["ledger"].sequence)  # type: ignore[index]
        assert await store.points_of("anna") == 120


class FailingDecisions(Decisions):
    """Decisions with a bug that can be mended."""

    def __init__(self) -> None:
        super().__init__(bench_shop())
        self.broken = True

    def decide(self, tx: Transaction, recorded: Recorded, seen: Translatable | None = None) -> Outcome:
        outcome = super().decide(tx, recorded, seen)
        if self.broken:
            raise ZeroDivisionError("a bug in a decision")
        return outcome


async def test_a_decision_that_raises_leaves_the_fact_recorded_and_the_next_start_decides_it(tmp_path: Path) -> None:
    clock, failing = HandClock(), FailingDecisions()
    async with store_bench(tmp_path, clock=clock, decisions=failing) as store:
        failing.broken = False
        await store.tap(ANNA_CARD)
        failing.broken = True
        with pytest.raises(DecisionBugError):
            await store.sell("r-1", 2_000)
        assert store.receipts[-1].status is SaleStatus.RECORDED
        assert await store.postings() == []
        assert len(await store.facts(SaleCompletedV1)) == 1
    async with store_bench(tmp_path, clock=clock, stocked=False) as store:
        assert await store.path.replay() == 1
        assert await store.path.replay() == 0
        assert await store.postings() == [20]
        assert await store.points_of("anna") == 120


async def test_a_fact_that_can_never_be_decided_is_set_aside_for_people_to_see(tmp_path: Path) -> None:
    clock, failing = HandClock(), FailingDecisions()
    async with store_bench(tmp_path, clock=clock, decisions=failing) as store:
        with pytest.raises(DecisionBugError):
            await store.tap(ANNA_CARD)
    for _ in range(ATTEMPTS_MAX):
        async with store_bench(tmp_path, clock=clock, decisions=failing, stocked=False) as store:
            await store.path.replay()
    async with store_bench(tmp_path, clock=clock, decisions=failing, stocked=False) as store:
        counts = await store.journal.read(lambda reader: reader.counts())
        assert (counts.undecided, counts.set_aside) == (0, 1)


async def test_a_tap_passes_its_stations_in_order_under_one_trace(tmp_path: Path) -> None:
    passed: list[tuple[Station, str]] = []
    async with store_bench(tmp_path, passing=lambda station, trace: passed.append((station, trace))) as store:
        await store.tap(ANNA_CARD)
    assert [station for station, _ in passed] == list(Station)[:6]
    assert len({trace for station, trace in passed if station is not Station.SENSE}) == 1
