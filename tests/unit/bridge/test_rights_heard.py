"""How a gateway hears whether it may redeem: of this start only, and never before it knows that its disk is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cloud_bridge.landing.store import Dispute, Greeted
from cloud_bridge.receipts import Hello, Quarantined
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.state import Link
from tests.unit.bridge.equal_ends import assert_the_cloud_equals_the_journal, in_virtual_time
from tests.unit.bridge.memory_outbox import tap
from tests.unit.bridge.memory_store import MemoryStore
from tests.unit.bridge.two_ends import TwoEnds


class SayingStore(MemoryStore):
    """A cloud that says what a test wants of an incarnation."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, Literal["welcome", "superseded", "revoked"]] = {}
        self.boot: str | None = None
        """What it answers in place of the start that greeted."""

    def greet(self, gateway_id: str, hello: Hello) -> Greeted | None:
        greeted = super().greet(gateway_id, hello)
        if greeted is None:
            return None
        word = self.words.get(hello.incarnation, "welcome")
        boot = hello.boot if self.boot is None else self.boot
        return replace(greeted, standing=greeted.standing.model_copy(update={"standing": word, "boot": boot}))


@in_virtual_time
async def test_a_gateway_is_told_that_it_is_welcome() -> None:
    ends = TwoEnds()
    async with ends.running():
        await ends.until(lambda: bool(ends.rights.heard_of))
    assert ends.rights.heard_of[0] == (ends.outbox.incarnation, "welcome")


@in_virtual_time
async def test_a_superseded_gateway_begins_anew_greets_again_and_loses_nothing() -> None:
    store = SayingStore()
    ends = TwoEnds(store=store)
    first = ends.outbox.incarnation
    store.words[first] = "superseded"
    for number in range(1, 301):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.rights.heard_of[-1:] == [(ends.outbox.incarnation, "welcome")])
        await ends.until(lambda: ends.outbox.drained)
    assert ends.outbox.incarnation != first
    assert ends.rights.heard_of[0] == (first, "superseded")
    assert_the_cloud_equals_the_journal(ends)


@in_virtual_time
async def test_an_answer_to_another_start_of_this_gateway_is_void() -> None:
    store = SayingStore()
    store.boot = "an earlier start"
    ends = TwoEnds(store=store)
    async with ends.running():
        await ends.until(lambda: len(store.hellos) > 2)
        assert ends.rights.heard_of == []
        store.boot = None
        await ends.until(lambda: bool(ends.rights.heard_of))


@in_virtual_time
async def test_every_start_draws_a_name_of_its_own() -> None:
    ends = TwoEnds()
    boots = set()
    for _ in range(3):
        ends.link = ends.gateway_link(ends.outbox)
        ends.store.hellos.clear()
        async with ends.running():
            await ends.until(lambda: bool(ends.store.hellos))
        boots |= {hello.boot for hello in ends.store.hellos}
    assert len(boots) == 3
    assert "" not in boots


@in_virtual_time
async def test_a_rolled_back_disk_is_noticed_before_a_welcome_counts() -> None:
    ends = TwoEnds()
    for number in range(1, 31):
        ends.outbox.record(tap(number))
    picture, life = ends.outbox.picture(), ends.outbox.incarnation
    for number in range(31, 61):
        ends.outbox.record(tap(number))
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    ends.outbox.restore(picture)
    ends.rights.heard_of.clear()
    ends.link = ends.gateway_link(ends.outbox)
    async with ends.running():
        await ends.until(lambda: bool(ends.rights.heard_of))
    assert ends.outbox.incarnation != life
    assert ends.rights.heard_of[0] == (ends.outbox.incarnation, "welcome")


def recorded(ends: TwoEnds, first: int, last: int) -> None:
    for number in range(first, last + 1):
        ends.outbox.record(tap(number))


async def restored_by_the_cloud(ends: TwoEnds) -> str:
    """Send rows, then go back to a picture of the disk from before half of them; returns the life both know."""
    recorded(ends, 1, 30)
    picture, life = ends.outbox.picture(), ends.outbox.incarnation
    recorded(ends, 31, 60)
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
    ends.outbox.restore(picture)
    ends.rights.heard_of.clear()
    ends.link = ends.gateway_link(ends.outbox)
    return life


@in_virtual_time
async def test_a_restored_disk_that_was_withdrawn_gives_nothing_back_that_its_lost_rows_have_spent() -> None:
    words: tuple[Literal["revoked", "superseded"], ...] = ("revoked", "superseded")
    for word in words:
        store = SayingStore()
        ends = TwoEnds(store=store)
        life = await restored_by_the_cloud(ends)
        store.words[life] = word
        async with ends.running():
            await ends.until(lambda ends=ends: ends.rights.heard_of[-1:] == [(ends.outbox.incarnation, "welcome")])  # type: ignore[misc]
        assert ends.outbox.incarnation != life
        assert life not in {incarnation for incarnation, _ in ends.rights.heard_of}


@in_virtual_time
async def test_a_quarantined_gateway_redeems_nothing_and_gives_nothing_back_until_it_is_let_go() -> None:
    store = SayingStore()
    ends = TwoEnds(store=store)
    life = ends.outbox.incarnation
    recorded(ends, 1, 10)
    async with ends.running():
        await ends.until(lambda: ends.outbox.drained)
        assert ends.rights.frozen_for == []
        notice = Quarantined(incarnation=life, lane=Lane.LEDGER, sequence=10, reason="diverged")
        store.quarantine(Dispute("store-1", notice, b""))
        await ends.until(lambda: bool(ends.rights.frozen_for))
        assert ends.link.state.state is Link.QUARANTINED
        store.words[life] = "revoked"
        heard, hellos = list(ends.rights.heard_of), len(store.hellos)
        await ends.until(lambda: len(store.hellos) > hellos + 2)
        assert ends.rights.heard_of == heard, "nothing is given back by a disk that the cloud disputes"
        store.release("store-1")
        ends.landing.released("store-1", store.standing("store-1", life))
        await ends.until(lambda: ends.rights.heard_of[-1:] == [(life, "revoked")], within_s=5)


@in_virtual_time
async def test_a_gateway_that_was_let_go_is_welcome_again_at_once() -> None:
    ends = TwoEnds()
    life = ends.outbox.incarnation
    async with ends.running():
        await ends.until(lambda: bool(ends.rights.heard_of))
        notice = Quarantined(incarnation=life, lane=Lane.LEDGER, sequence=10, reason="diverged")
        ends.store.quarantine(Dispute("store-1", notice, b""))
        await ends.until(lambda: bool(ends.rights.frozen_for))
        ends.rights.heard_of.clear()
        ends.store.release("store-1")
        ends.landing.released("store-1", ends.store.standing("store-1", life))
        await ends.until(lambda: ends.rights.heard_of[-1:] == [(life, "welcome")], within_s=5)
