"""What the cloud sent down, and the balance that a member is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_bridge.receipts import Head
from cloud_bridge.replica import ReplicaProgramme
from cloud_bridge.topics import Lane
from edge_agent.journal import Journal, ReplicaCursor, StepOutcome
from loyalty.identifiers import MemberId
from loyalty.programme import Programme
from tests.unit.edge.journal_bench import acknowledge, hash_at, opened, post, queue, step

CARD, CODE = "c" * 32, "d" * 32


async def apply(journal: Journal, **said: object) -> StepOutcome:
    sent = step(**said)  # type: ignore[arg-type]
    return await journal.write(lambda tx: tx.apply_step(sent))


async def points_of(journal: Journal, member: str) -> int:
    balance = await journal.read(lambda reader: reader.balance(member))
    assert balance is not None
    return balance.points


async def included(journal: Journal, sequence: int) -> dict[str, object]:
    """What a step says that holds this gateway's rows up to ``sequence``."""
    head = Head(sequence=sequence, hash=hash_at(await queue(journal), sequence) if sequence else "0" * 64)
    return {"incarnation": journal.incarnation, "included": {Lane.LEDGER: head}}


async def test_before_the_first_step_nothing_is_known(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        assert await journal.read(lambda reader: reader.replica_cursor()) == ReplicaCursor("", 0, "", 0)
        assert await journal.read(lambda reader: reader.programme()) is None
        assert await journal.read(lambda reader: reader.member_of(CARD)) is None
        assert await journal.read(lambda reader: reader.balance("anna")) is None


async def test_a_first_step_brings_members_media_and_programme(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        assert await apply(journal, members={"anna": 120}, media={CARD: "anna"}) is StepOutcome.APPLIED
        entry = await journal.read(lambda reader: reader.member_of(CARD))
        assert entry is not None
        assert (entry.member, entry.name, entry.balance) == ("anna", "Anna", 120)
        assert entry.as_of == datetime(2026, 7, 1, 12, tzinfo=UTC)
        assert await journal.read(lambda reader: reader.member(MemberId("anna"))) == entry
        assert await journal.read(lambda reader: reader.media_of("anna")) == [CARD]
        assert await journal.read(lambda reader: reader.programme()) == Programme("Tea", "CNY")
        cursor = await journal.read(lambda reader: reader.replica_cursor())
        assert cursor == ReplicaCursor("one", 1, "2026-07-01T12:00:00Z", 1)


async def test_steps_follow_on_and_one_that_does_not_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=5, members={"anna": 1})
        assert await apply(journal, first=5, last=9, members={"ben": 2}) is StepOutcome.APPLIED
        assert await apply(journal, first=5, last=9, members={"ben": 3}) is StepOutcome.APPLIED, "already durable"
        assert await apply(journal, first=7, last=12, members={"cleo": 3}) is StepOutcome.OUT_OF_STEP
        assert await apply(journal, first=9, last=12, epoch="two", members={"cleo": 3}) is StepOutcome.OUT_OF_STEP
        assert (await journal.read(lambda reader: reader.replica_cursor())).version == 9
        assert await points_of(journal, "ben") == 2
        assert await journal.read(lambda reader: reader.member("cleo")) is None


async def test_a_step_from_zero_replaces_everything(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=5, members={"anna": 1}, media={CARD: "anna"})
        await apply(journal, epoch="two", last=3, members={"ben": 2}, media={CODE: "ben"})
        assert await journal.read(lambda reader: reader.member_of(CARD)) is None
        assert await journal.read(lambda reader: reader.member("anna")) is None
        assert (await journal.read(lambda reader: reader.replica_cursor())).epoch == "two"


async def test_members_and_media_change_move_and_go(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=1, members={"anna": 1, "ben": 2}, media={CARD: "anna", CODE: "anna"})
        await apply(journal, first=1, last=2, members={"anna": 5}, media={CARD: "ben", CODE: None})
        assert await points_of(journal, "anna") == 5
        moved = await journal.read(lambda reader: reader.member_of(CARD))
        assert moved is not None
        assert moved.member == "ben"
        assert await journal.read(lambda reader: reader.member_of(CODE)) is None
        await apply(journal, first=2, last=3, removed=("ben",))
        assert await journal.read(lambda reader: reader.member_of(CARD)) is None
        assert await journal.read(lambda reader: reader.counts()) is not None
        assert (await journal.read(lambda reader: reader.replica_cursor())).members == 1


async def test_a_medium_may_be_linked_before_its_member_arrives(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=1, media={CARD: "anna"})
        assert await journal.read(lambda reader: reader.member_of(CARD)) is None
        await apply(journal, first=1, last=2, members={"anna": 7})
        entry = await journal.read(lambda reader: reader.member_of(CARD))
        assert entry is not None
        assert entry.balance == 7


async def test_local_postings_count_until_the_cloud_includes_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, members={"anna": 100})
        await post(journal, "p1", "anna", 30)
        await post(journal, "p2", "anna", -10)
        await post(journal, "p3", "ben", 999)
        assert await points_of(journal, "anna") == 120
        await apply(journal, first=1, last=2, members={"anna": 130}, **await included(journal, 1))
        assert await points_of(journal, "anna") == 120
        await apply(journal, first=2, last=3, members={"anna": 120}, **await included(journal, 2))
        assert await points_of(journal, "anna") == 120
        entry = await journal.read(lambda reader: reader.member("anna"))
        assert entry is not None
        assert (entry.balance, entry.included_sequence) == (120, 2)


async def test_a_member_in_a_later_step_of_the_same_catch_up_is_not_counted_short(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=1, members={"anna": 100, "ben": 100})
        await post(journal, "p1", "anna", 30)
        await post(journal, "p2", "ben", 40)
        said = await included(journal, 2)
        await apply(journal, first=1, last=2, latest=3, members={"ben": 140}, **said)
        assert (await points_of(journal, "anna"), await points_of(journal, "ben")) == (130, 140)
        await apply(journal, first=2, last=3, members={"anna": 130}, **said)
        assert (await points_of(journal, "anna"), await points_of(journal, "ben")) == (130, 140)


async def test_a_member_the_latest_step_does_not_name_is_unchanged_as_of_that_step(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, last=1, members={"anna": 100})
        await post(journal, "p1", "anna", 30)
        await journal.begin_incarnation("rolled back")
        # The cloud had applied p1 under the old names; under the new ones it is no news, so no step names anna.
        await apply(journal, last=2, members={"anna": 130})
        assert await points_of(journal, "anna") == 160, "until the cloud has seen the rows again"
        later = await included(journal, 1)
        await apply(journal, first=2, last=3, members={"ben": 1}, as_of="2026-07-02T08:00:00Z", **later)
        assert await points_of(journal, "anna") == 130
        balance = await journal.read(lambda reader: reader.balance("anna"))
        assert balance is not None
        assert balance.as_of == datetime(2026, 7, 2, 8, tzinfo=UTC)


async def test_postings_of_a_former_incarnation_are_included_by_a_head_of_a_later_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await apply(journal, members={"anna": 100})
        await post(journal, "p1", "anna", 30)
        await acknowledge(journal, 1, rows=await queue(journal))
        await journal.begin_incarnation("restored")
        await post(journal, "p2", "anna", 5)
        assert await points_of(journal, "anna") == 135
        await apply(journal, first=1, last=2, members={"anna": 130}, **await included(journal, 0))
        assert await points_of(journal, "anna") == 135
        await apply(journal, first=2, last=3, members={"anna": 135}, **await included(journal, 1))
        assert await points_of(journal, "anna") == 135


async def test_a_step_that_knows_nothing_of_this_gateway_includes_what_was_acknowledged(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await post(journal, "p1", "anna", 30)
        await post(journal, "p2", "anna", 7)
        await acknowledge(journal, 1, rows=await queue(journal))
        await apply(journal, members={"anna": 130})
        assert await points_of(journal, "anna") == 137


async def test_a_programme_nobody_could_use_is_refused_whole(tmp_path: Path) -> None:
    broken = ReplicaProgramme(name="Tea", currency="CNY", points=1, per_minor=0, minimum_minor=0, version=2)
    async with opened(tmp_path) as journal:
        await apply(journal, members={"anna": 1})
        with pytest.raises(ValueError, match="per_minor"):
            await apply(journal, first=1, last=2, members={"anna": 2}, programme=broken)
        with pytest.raises(ValueError, match="yesterday"):
            await apply(journal, first=1, last=2, as_of="yesterday")
        assert await points_of(journal, "anna") == 1
        assert (await journal.read(lambda reader: reader.replica_cursor())).version == 1
