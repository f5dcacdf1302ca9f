"""What waits to be read is bounded, and a sensor gone mad crowds out itself alone."""

from __future__ import annotations

import pytest

from devices.store_bus.access import BusPlan, UnfitNode, access_list
from devices.store_bus.messages import (
    TOPIC_LENGTH_MAX,
    WAITING_BYTES_MAX,
    WAITING_MESSAGES_MAX,
    WAITING_PER_TOPIC_MAX,
    Heard,
    Inbox,
)


def test_messages_are_taken_in_the_order_in_which_they_came() -> None:
    inbox = Inbox()
    said = [Heard(f"t/{n % 3}", str(n).encode()) for n in range(12)]
    assert all(inbox.put(one) for one in said)
    assert [inbox.take() for _ in said] == said
    with pytest.raises(IndexError):
        inbox.take()


def test_a_flood_on_one_topic_keeps_its_newest_and_leaves_the_others_alone() -> None:
    inbox = Inbox()
    for number in range(10_000):
        inbox.put(Heard("mad", str(number).encode()))
    assert inbox.put(Heard("calm", b"5"))
    assert len(inbox) == WAITING_PER_TOPIC_MAX + 1
    assert inbox.drops.overtaken == 10_000 - WAITING_PER_TOPIC_MAX
    taken = [inbox.take() for _ in range(len(inbox))]
    assert taken[-2:] == [Heard("mad", b"9999"), Heard("calm", b"5")]


def test_too_many_too_much_and_too_large_are_counted_apart() -> None:
    inbox = Inbox(payload_bytes_max=WAITING_BYTES_MAX // 4)
    inbox.put(Heard("t" * (TOPIC_LENGTH_MAX + 1), b""))
    inbox.put(Heard("t", bytes(WAITING_BYTES_MAX // 4 + 1)))
    assert inbox.drops.too_large == 2
    for number in range(5):
        inbox.put(Heard(f"big/{number}", bytes(WAITING_BYTES_MAX // 4)))
    assert inbox.drops.overflow == 1
    inbox.take()
    for number in range(WAITING_MESSAGES_MAX):
        inbox.put(Heard(f"n/{number}", b""))
    assert len(inbox) == WAITING_MESSAGES_MAX


@pytest.mark.parametrize(
    "node",
    ["", "a/b", "+", "#", "regulars", "gateway", "hass", "homeassistant", "zigbee2mqtt", "store-1", "a b", "x" * 70],
)
def test_a_name_that_would_open_foreign_topics_is_no_node(node: str) -> None:
    with pytest.raises(UnfitNode):
        BusPlan("store-1", "/bus", (node,))


def test_the_access_list_names_the_gateway_only_where_it_speaks() -> None:
    text = access_list(BusPlan("store-1", "/bus", ("shelf-1",)))
    assert "topic write regulars/store-1/#" in text
    assert "shelf-1" not in text  # patterns stand for all nodes: another is a line in the passwords only
