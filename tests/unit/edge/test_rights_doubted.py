"""A disk in doubt, and one that is nearly full: nothing is redeemed, and nothing else stops."""

from __future__ import annotations

from pathlib import Path

from cloud_bridge.contract import RightsMovedV1
from cloud_bridge.receipts import Ack
from edge_agent.journal import REDEEM_FILL_MAX, StandingWord
from loyalty.rights.movements import Refusal
from tests.unit.edge.journal_bench import Hands
from tests.unit.edge.rights_bench import RightsBench, rights_bench, state_of


async def test_a_disk_in_doubt_redeems_nothing_and_gives_nothing_back_until_the_next_welcome(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "witness"
    async with rights_bench(tmp_path, hands, witness=witness) as bench:
        await bench.earn("sale-1", 100)
        await bench.standing.freeze("the cloud holds another body")
        assert await bench.redeem("gift", 10) is Refusal.FROZEN
        assert await bench.facts(RightsMovedV1) == []
        assert await bench.rights() == 100
    async with rights_bench(tmp_path, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (None, True), "what was in doubt is not thawed by the witness"
        await bench.say("welcome")
        assert await bench.redeem("gift", 10) == bench.journal.incarnation


async def test_a_revoked_gateway_in_doubt_stays_revoked(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        await bench.say("revoked")
        await bench.standing.freeze("the cloud holds another body")
        assert await state_of(bench) == (StandingWord.REVOKED, True)


async def test_on_a_disk_nine_tenths_full_nothing_is_redeemed_and_sales_go_on_earning(tmp_path: Path) -> None:
    async with rights_bench(tmp_path, disk_bytes_max=900 * 1024) as bench:
        await bench.earn("sale-1", 100)
        await bench.told(bench.right(0, recalled=30))
        await until_filled(bench, REDEEM_FILL_MAX)
        before = await bench.facts(RightsMovedV1)
        assert await bench.redeem("gift", 10) is Refusal.FROZEN
        assert await bench.earn("sale-2", 5) == bench.journal.incarnation
        assert await bench.rights() == 75
        assert await bench.facts(RightsMovedV1) == before
        assert "nearly full" in bench.attestor.trouble
        await bench.standing.look_again()
        assert await state_of(bench) == (StandingWord.WELCOME, True)


async def test_what_cannot_be_taken_is_not_offered_and_is_offered_again_when_there_is_room(tmp_path: Path) -> None:
    async with rights_bench(tmp_path, disk_bytes_max=900 * 1024, acked_rows_kept=0) as bench:
        await bench.earn("sale-1", 100)
        await until_filled(bench, REDEEM_FILL_MAX)
        await bench.standing.look_again()
        assert await state_of(bench) == (StandingWord.WELCOME, True)
        await bench.journal.acknowledge(Ack(incarnation=bench.journal.incarnation, lanes=bench.journal.heads()))
        while bench.journal.fill() >= REDEEM_FILL_MAX:
            await bench.fill(64)
        await bench.standing.look_again()
        assert await state_of(bench) == (StandingWord.WELCOME, False)
        assert await bench.redeem("gift", 10) == bench.journal.incarnation
        assert bench.attestor.trouble == ""


async def until_filled(bench: RightsBench, share: float) -> None:
    while bench.journal.fill() < share:
        await bench.fill(64)
