"""When a gateway may redeem: the cloud's welcome, the witness on other storage, and lives that end."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from cloud_bridge.contract import RightsMovedV1
from edge_agent.journal import POINTS, StandingWord, Transaction
from edge_agent.rights.standing import ACCOUNTS_AT_ONCE_MAX
from edge_agent.rights.witness import SLOT_BYTES, Verdict, Witnessed, WitnessFile, judge
from loyalty.rights.movements import Refusal
from tests.unit.edge.journal_bench import ELSEWHERE, Hands
from tests.unit.edge.rights_bench import name, rights_bench, state_of

LIFE, OTHER = "a" * 32, "b" * 32


class PowerCut(BaseException):
    """The store loses power here."""


class NoticedWitness(WitnessFile):
    """A witness whose writes can be waited for."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.writes = 0
        self._loop = asyncio.get_running_loop()
        self._written = asyncio.Event()

    def write(self, testimony: Witnessed) -> None:
        super().write(testimony)
        self.writes += 1
        self._loop.call_soon_threadsafe(self._written.set)

    async def until_written(self, times: int) -> None:
        while self.writes < times:
            self._written.clear()
            await self._written.wait()


def copy(folder: Path, target: Path) -> None:
    """Copy a journal that is closed, as somebody who copies a card does."""
    shutil.copytree(folder, target, dirs_exist_ok=True)


# ── the cloud's word ──────────────────────────────────────────────────────────────────────────────


async def test_every_start_is_frozen_until_the_cloud_has_greeted_it(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        assert await state_of(bench) == (None, True)
        await bench.say("welcome", incarnation=ELSEWHERE)
        assert await state_of(bench) == (None, True), "another incarnation was greeted"
        await bench.say("welcome")
        assert await state_of(bench) == (StandingWord.WELCOME, False)
        await bench.earn("sale-1", 10)
        assert await bench.redeem("gift", 10) == bench.journal.incarnation
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        assert (await state_of(bench))[1]


async def test_a_welcome_heard_again_writes_nothing(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        before = bench.journal.heads()
        await bench.say("welcome")
        assert bench.journal.heads() == before
        await bench.say("welcome", is_first=False)
        assert not (await bench.journal.read(lambda reader: reader.rights_state())).is_first


async def test_a_superseded_life_gives_everything_back_and_begins_anew(tmp_path: Path) -> None:
    async with rights_bench(tmp_path) as bench:
        old = bench.journal.incarnation
        await bench.told(bench.right(100), bench.right(1, currency="coupon/" + "c" * 32))
        await bench.earn("sale-1", 20)
        await bench.reserve("quote-1", 60)
        await bench.say("superseded")
        assert bench.journal.incarnation != old
        moved = await bench.facts(RightsMovedV1)
        assert sorted((f["kind"], f["currency"], f["points"], f["lease"]) for f in moved) == [
            ("returned", "coupon/" + "c" * 32, 1, old),
            ("returned", POINTS, 120, old),
        ]
        assert await state_of(bench) == (None, True)
        assert await bench.rights() == 0
        assert (await bench.wallet()).reserved == {}
        await bench.say("superseded", incarnation=old)
        assert len(await bench.facts(RightsMovedV1)) == 2, "an old word"
        await bench.say("welcome", is_first=False)
        await bench.told(bench.right(120))
        assert await bench.redeem("gift", 120) == bench.journal.incarnation


async def test_a_revoked_gateway_gives_everything_back_and_stays_frozen_in_its_life(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands) as bench:
        life = bench.journal.incarnation
        await bench.told(bench.right(100))
        for _ in range(3):
            await bench.say("revoked")
        assert [f["points"] for f in await bench.facts(RightsMovedV1)] == [100]
        assert bench.journal.incarnation == life
        assert await state_of(bench) == (StandingWord.REVOKED, True)
        await bench.earn("sale-1", 30)
        assert await bench.redeem("gift", 10) is Refusal.FROZEN
        await bench.say("revoked")
        assert [f["points"] for f in await bench.facts(RightsMovedV1)] == [100, 30], "what was earned meanwhile, too"
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        assert await state_of(bench) == (StandingWord.REVOKED, True)
        await bench.say("superseded")
        assert bench.journal.incarnation != life
        await bench.say("welcome", is_first=False)
        assert await state_of(bench) == (StandingWord.WELCOME, False)


async def test_a_great_many_accounts_are_given_back_in_several_commits(tmp_path: Path) -> None:
    accounts = ACCOUNTS_AT_ONCE_MAX * 2 + 1
    async with rights_bench(tmp_path) as bench:
        for first in range(0, accounts, 100):
            numbers = range(first, min(first + 100, accounts))
            await bench.told(*(bench.right(1, member=f"m{number}") for number in numbers))
        assert await bench.journal.read(lambda reader: reader.points_held()) == accounts
        await bench.say("superseded")
        assert len(await bench.facts(RightsMovedV1)) == accounts
        assert await bench.journal.read(lambda reader: reader.points_held()) == 0


async def test_an_end_that_the_power_interrupted_is_taken_up_at_the_next_hello(tmp_path: Path) -> None:
    hands = Hands()
    async with rights_bench(tmp_path, hands) as bench:
        await bench.told(bench.right(100), bench.right(50, member="ben"))
        await bench.write(lambda tx: bench.desk.give_back(tx, "anna", POINTS, 100))
        await bench.write(lambda tx: tx.keep_standing(StandingWord.SUPERSEDED, is_first=True, is_frozen=True))
    async with rights_bench(tmp_path, hands, welcome=False) as bench:
        life = bench.journal.incarnation
        assert (await state_of(bench))[1]
        await bench.say("superseded")
        assert sorted(f["points"] for f in await bench.facts(RightsMovedV1)) == [50, 100]
        assert bench.journal.incarnation != life


# ── the witness ───────────────────────────────────────────────────────────────────────────────────


async def test_with_a_witness_a_store_redeems_right_after_a_power_cut(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    async with rights_bench(tmp_path, hands, witness=witness) as bench:
        await bench.earn("sale-1", 100)
        await bench.redeem("gift", 40)
    async with rights_bench(tmp_path, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (StandingWord.WELCOME, False)
        assert await bench.redeem("another", 60) == bench.journal.incarnation


async def test_a_store_that_was_never_welcome_is_not_thawed_by_a_witness(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    async with rights_bench(tmp_path, hands, witness=witness) as bench:
        await bench.earn("sale-1", 100)
        await bench.say("revoked")
        life = bench.journal.incarnation
    async with rights_bench(tmp_path, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (StandingWord.REVOKED, True)
        assert bench.journal.incarnation == life


async def test_a_power_cut_between_witness_and_commit_costs_a_welcome_and_nothing_else(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    async with rights_bench(tmp_path, hands, witness=witness) as bench:
        life = bench.journal.incarnation
        await bench.earn("sale-1", 100)

        def cut(tx: Transaction) -> None:
            assert bench.desk.redeem(tx, "anna", name("gift"), 40, sale=None) == life
            raise PowerCut

        with pytest.raises(PowerCut):
            await bench.write(cut)
    for _ in range(2):
        async with rights_bench(tmp_path, hands, witness=witness, welcome=False) as bench:
            assert await state_of(bench) == (None, True)
            assert bench.journal.incarnation == life
            await bench.fill(3)
    async with rights_bench(tmp_path, hands, witness=witness) as bench:
        assert await bench.redeem("gift", 100) == life
    async with rights_bench(tmp_path, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (StandingWord.WELCOME, False)


async def test_an_old_copy_of_the_disk_is_noticed_and_begins_a_new_life(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    folder, copied = tmp_path / "disk", tmp_path / "copy"
    async with rights_bench(folder, hands, witness=witness) as bench:
        life = bench.journal.incarnation
        await bench.earn("sale-1", 100)
    copy(folder, copied)
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.fill(1)
        await bench.redeem("gift", 100)
    async with rights_bench(copied, hands, witness=witness, welcome=False) as bench:
        assert bench.journal.incarnation != life
        assert await bench.rights() == 0
        await bench.say("welcome", is_first=False)
        assert await bench.redeem("gift again", 100) is Refusal.NOT_ENOUGH_RIGHTS


async def test_an_old_copy_does_not_become_trusted_by_growing(tmp_path: Path) -> None:
    """It lacks only the redemption, so it might be a power cut; but nothing it records later may hide that."""
    hands, witness = Hands(), tmp_path / "stick"
    folder, copied = tmp_path / "disk", tmp_path / "copy"
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.earn("sale-1", 100)
    copy(folder, copied)
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.redeem("gift", 100)
    for _ in range(3):
        async with rights_bench(copied, hands, witness=witness, welcome=False) as bench:
            assert await state_of(bench) == (None, True)
            assert await bench.redeem("gift again", 100) is Refusal.FROZEN
            await bench.fill(20)


async def test_a_disk_that_forgot_only_its_last_commit_is_found_out_once_that_was_confirmed(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    folder, copied = tmp_path / "disk", tmp_path / "copy"
    async with rights_bench(folder, hands, witness=witness) as bench:
        life = bench.journal.incarnation
        await bench.earn("sale-1", 100)
    copy(folder, copied)
    stick = NoticedWitness(witness)
    async with rights_bench(folder, hands, witness=stick) as bench:
        keeper = asyncio.create_task(bench.standing.keep_witness())
        before = stick.writes
        await bench.redeem("gift", 100)
        async with asyncio.timeout(5):
            await stick.until_written(before + 2)
        keeper.cancel()
    async with rights_bench(folder, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (StandingWord.WELCOME, False), "nothing is missing here"
    async with rights_bench(copied, hands, witness=witness, welcome=False) as bench:
        assert bench.journal.incarnation != life
        await bench.say("welcome", is_first=False)
        assert await bench.redeem("gift again", 100) is Refusal.NOT_ENOUGH_RIGHTS


async def test_nothing_is_confirmed_that_was_not_committed(tmp_path: Path) -> None:
    witness = tmp_path / "stick"
    async with rights_bench(tmp_path, witness=witness) as bench:
        await bench.earn("sale-1", 100)

        def cut(tx: Transaction) -> None:
            bench.desk.redeem(tx, "anna", name("gift"), 40, sale=None)
            raise PowerCut

        with pytest.raises(PowerCut):
            await bench.write(cut)
        told = witness.read_bytes()
        await bench.standing.confirm()
        assert witness.read_bytes() == told
        await bench.redeem("gift", 40)
        await bench.standing.confirm()
        confirmed = witness.read_bytes()
        assert confirmed != told
        await bench.standing.confirm()
        assert witness.read_bytes() == confirmed


async def test_an_old_copy_that_starts_without_its_witness_is_not_trusted_when_it_comes_back(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    folder, copied = tmp_path / "disk", tmp_path / "copy"
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.earn("sale-1", 100)
    copy(folder, copied)
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.redeem("gift", 100)
    async with rights_bench(copied, hands, welcome=False) as bench:
        await bench.fill(20)
    async with rights_bench(copied, hands, witness=witness, welcome=False) as bench:
        assert await state_of(bench) == (None, True)


async def test_what_was_given_back_is_witnessed_like_what_was_spent(tmp_path: Path) -> None:
    hands, witness = Hands(), tmp_path / "stick"
    folder, copied = tmp_path / "disk", tmp_path / "copy"
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.told(bench.right(100))
    copy(folder, copied)
    async with rights_bench(folder, hands, witness=witness) as bench:
        await bench.told(bench.right(100, recalled=100))
    async with rights_bench(copied, hands, witness=witness, welcome=False) as bench:
        assert await bench.redeem("gift", 100) is Refusal.FROZEN


async def test_while_the_witness_cannot_be_written_nothing_is_redeemed_and_nothing_else_stops(tmp_path: Path) -> None:
    (stick := tmp_path / "stick").mkdir()
    async with rights_bench(tmp_path, witness=stick / "witness") as bench:
        await bench.earn("sale-1", 100)
        assert await bench.redeem("gift", 10) == bench.journal.incarnation
        shutil.rmtree(stick)
        assert await bench.redeem("another", 10) is Refusal.FROZEN
        assert "witness" in bench.attestor.trouble
        await bench.told(bench.right(50, recalled=20))
        assert await bench.facts(RightsMovedV1) == []
        assert await bench.rights() == 140
        assert await state_of(bench) == (StandingWord.WELCOME, True), "nothing is offered that cannot be taken"
        assert await bench.reserve("quote-1", 10) is Refusal.FROZEN
        await bench.standing.look_again()
        await bench.say("welcome")
        assert await bench.redeem("another", 10) is Refusal.FROZEN, "a welcome does not bring the witness back"
        stick.mkdir()
        await bench.standing.look_again()
        assert await bench.reserve("quote-1", 10) is None
        assert await bench.redeem("another", 10) == bench.journal.incarnation
        assert bench.attestor.trouble == ""
        await bench.told(bench.right(50, recalled=20))
        assert [f["points"] for f in await bench.facts(RightsMovedV1)] == [20]


async def test_a_witness_is_told_once_for_what_commits_together(tmp_path: Path) -> None:
    witness = tmp_path / "stick"
    async with rights_bench(tmp_path, witness=witness) as bench:
        await bench.told(*(bench.right(10, member=f"m{number}") for number in range(20)))
        before = witness.read_bytes()
        await bench.told(*(bench.right(10, recalled=10, member=f"m{number}") for number in range(20)))
        after = witness.read_bytes()
        changed = [after[at : at + SLOT_BYTES] != before[at : at + SLOT_BYTES] for at in (0, SLOT_BYTES)]
        assert changed.count(True) == 1
        assert len(await bench.facts(RightsMovedV1)) == 20


async def test_sales_and_taps_ask_nothing_of_the_witness(tmp_path: Path) -> None:
    witness = tmp_path / "stick"
    async with rights_bench(tmp_path, witness=witness) as bench:
        before = witness.read_bytes()
        await bench.fill(5)
        await bench.earn("sale-1", 100)
        await bench.unearn("refund-1", 10)
        await bench.reserve("quote-1", 10)
        assert witness.read_bytes() == before


# ── the file and the verdict ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (None, Verdict.UNPROVEN),
        (Witnessed("store-1", LIFE, 9, 10), Verdict.TRUSTED),
        (Witnessed("store-1", LIFE, 10, 10), Verdict.TRUSTED),
        (Witnessed("store-1", LIFE, 10, 11), Verdict.UNPROVEN),
        (Witnessed("store-1", LIFE, 8, 12), Verdict.UNPROVEN),
        (Witnessed("store-1", LIFE, 11, 12), Verdict.ROLLED_BACK),
        (Witnessed("store-1", OTHER, 1, 2), Verdict.UNPROVEN),
        (Witnessed("store-1", ELSEWHERE, 1, 2), Verdict.ROLLED_BACK),
        (Witnessed("store-2", LIFE, 1, 2), Verdict.UNPROVEN),
    ],
)
def test_the_verdict_on_a_journal_of_ten_rows(told: Witnessed | None, verdict: Verdict) -> None:
    assert judge(told, gateway="store-1", incarnation=LIFE, known={LIFE, OTHER}, head=10) is verdict


def test_the_newest_testimony_counts_and_survives_a_cut_while_the_next_is_written(tmp_path: Path) -> None:
    path = tmp_path / "stick"
    assert WitnessFile(path).read() is None
    file = WitnessFile(path)
    for row in range(1, 6):
        file.write(Witnessed("store-1", LIFE, row, row + 1))
        assert WitnessFile(path).read() == Witnessed("store-1", LIFE, row, row + 1)
    whole = path.read_bytes()
    newest = max((0, SLOT_BYTES), key=lambda at: int(whole[at:].split()[1]))
    for torn in range(1, 100, 7):
        path.write_bytes(whole[:newest] + bytes(torn) + whole[newest + torn :])
        assert WitnessFile(path).read() == Witnessed("store-1", LIFE, 4, 5)
    WitnessFile(path).write(Witnessed("store-1", LIFE, 6, 7))
    assert WitnessFile(path).read() == Witnessed("store-1", LIFE, 6, 7)


@pytest.mark.parametrize("content", [b"", b"\x00" * 1024, b"regulars-witness-1 x\n", b"\xff" * 3000, b" \n"])
def test_what_is_no_testimony_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stick"
    path.write_bytes(content)
    assert WitnessFile(path).read() is None
    WitnessFile(path).write(Witnessed("store-1", LIFE, 6, 7))
    assert WitnessFile(path).read() == Witnessed("store-1", LIFE, 6, 7)


def test_a_witness_on_the_journals_own_storage_is_none(tmp_path: Path) -> None:
    file = WitnessFile(tmp_path / "stick", apart_from=tmp_path)
    with pytest.raises(OSError, match="own storage"):
        file.read()
    with pytest.raises(OSError, match="own storage"):
        file.write(Witnessed("store-1", LIFE, 6, 7))
    assert not (tmp_path / "stick").exists()
