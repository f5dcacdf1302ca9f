"""How a gateway hears whether it may redeem: of this start only, and never before it knows that its disk is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cloud_bridge.landing.store import Greeted
from cloud_bridge.receipts import Hello
from tests.unit.bridge.memory_outbox import tap
from tests.unit.bridge.memory_store import MemoryStore
from tests.unit.bridge.test_two_ends import assert_the_cloud_equals_the_journal, in_virtual_time
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
