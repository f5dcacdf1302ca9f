"""Rows destroyed on the disk before the cloud had them: whoever joined, what is theirs, and what they were given."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cloud_bridge.contract import CouponIssuedV1, MediumBlockedV1, MediumLinkedV1, MemberRegisteredV1, PinChangedV1
from cloud_bridge.payload import EventData
from cloud_bridge.receipts import Ack
from cloud_bridge.topics import Lane
from devices.observations import Trust
from edge_agent.journal import LocalMedium
from tests.unit.edge.kiosk_bench import kiosk_bench
from tests.unit.edge.store_bench import ANNA_CARD, NOBODYS_CARD, HandClock


def destroy(folder: Path, *kinds: type[EventData]) -> int:
    """Overwrite the rows of these types, as a dying card does; returns how many those were."""
    with closing(sqlite3.connect(folder / "journal.db")) as connection, connection:
        return sum(
            connection.execute(
                "UPDATE events_ledger SET body = x'00' WHERE instr(body, ?) > 0", (f'"type":"{kind.type}"'.encode(),)
            ).rowcount
            for kind in kinds
        )


async def test_a_registration_whose_rows_were_destroyed_is_told_again_with_its_card_and_pin(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(NOBODYS_CARD)
        await store.join(phone="13912345678", pin="271828", birthday="02-29")
        kinds = (MemberRegisteredV1, MediumLinkedV1, PinChangedV1)
        before = [await store.events(kind) for kind in kinds]
        assert all(len(facts) == 1 for facts in before)
    assert destroy(tmp_path, *kinds) == 3
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert store.journal.mended != ()
        assert [await store.events(kind) for kind in kinds] == before
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert [await store.events(kind) for kind in kinds] == before, "once is enough"


async def test_what_was_told_again_is_told_again_when_that_is_destroyed_too(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        joined = await store.events(MemberRegisteredV1)
    for _ in range(3):
        assert destroy(tmp_path, MemberRegisteredV1) == 1
        async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
            assert await store.events(MemberRegisteredV1) == joined


async def test_a_coupon_given_out_here_is_told_again_with_its_lease(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(ANNA_CARD, Trust.DYNAMIC)
        await store.see("reward", "five-off")
        assert (await store.fill("redeem", subject="five-off"))["is_accepted"]
        issued = await store.events(CouponIssuedV1)
        assert len(issued) == 1
    assert destroy(tmp_path, CouponIssuedV1) == 1
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert await store.events(CouponIssuedV1) == issued


async def test_a_card_that_was_blocked_since_is_not_linked_by_telling_it_again(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        (link,) = await store.events(MediumLinkedV1)
        blocked = LocalMedium(link["medium"], None, "card")
        await store.journal.write(lambda tx: tx.keep_medium(blocked, tx.record(MediumBlockedV1(**block(link)))))
    assert destroy(tmp_path, MediumLinkedV1) == 1
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert await store.events(MediumLinkedV1) == []


async def test_what_the_cloud_has_is_kept_no_second_time(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        assert copies(tmp_path) == 2
        await store.journal.acknowledge(Ack(incarnation=store.journal.incarnation, lanes=store.journal.heads()))
    assert copies(tmp_path) == 0


async def test_copies_move_into_a_new_life_with_their_rows(tmp_path: Path) -> None:
    clock = HandClock()
    async with kiosk_bench(tmp_path, clock=clock) as store:
        await store.tap(NOBODYS_CARD)
        await store.join()
        await store.journal.begin_incarnation("a test")
        head = store.journal.heads()[Lane.LEDGER].sequence
    assert destroy(tmp_path, MemberRegisteredV1) == 1
    async with kiosk_bench(tmp_path, clock=clock, stocked=False) as store:
        assert len(await store.events(MemberRegisteredV1)) == 1
        assert store.journal.heads()[Lane.LEDGER].sequence > head


def block(link: dict[str, str]) -> dict[str, str]:
    return {"cause": link["cause"], "medium": link["medium"], "member": link["member"], "reason": "lost"}


def copies(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM second_copies").fetchone()[0])
