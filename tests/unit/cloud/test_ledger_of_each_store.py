"""Each store's ledger beside the cloud's: what a gateway told is what the cloud has of that gateway, and no more."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cloud_bridge.contract import PointsPostedV1, PostingV1
from cloud_bridge.landing.store import LandingStore
from cloud_crm.assembly import Cloud
from cloud_crm.landing.store import CrmLandingStore
from loyalty.identifiers import MemberId, posting_id
from loyalty.ledger import PROGRAMME_ISSUED, digest, pending
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

NOTHING = {"postings": 0, "points_issued": 0, "digest": digest([])}


@pytest.fixture
def store(cloud: Cloud, clock: FakeClock) -> LandingStore:
    secrets = {"store-1": SECRET, "store-2": SECRET}
    return CrmLandingStore(cloud.database, secrets=secrets, clock=clock, watcher=cloud.news)


async def told_by(web: httpx.AsyncClient, gateway: str | None = None) -> dict[str, Any]:
    answer = await web.get("/api/ledger/digest", params={"gateway": gateway} if gateway else {})
    assert answer.status_code == 200, answer.text
    figures: dict[str, Any] = answer.json()
    return figures


def birthday(day: StoreDay, member: str, points: int = 50) -> None:
    """A gift that any store may give, once a year: its id is the same wherever it is decided."""
    gift = posting_id("birthday", "birthday", member, "2026")
    posting = PostingV1(id=gift, debit=PROGRAMME_ISSUED, credit=pending(MemberId(member)), points=points)
    cause = f"{day.incarnation}/ledger/1"
    day.write(PointsPostedV1(cause=cause, member=member, rule="birthday", postings=(posting,)))


async def test_the_digest_of_a_gateway_is_of_what_it_told(web: httpx.AsyncClient, store: LandingStore) -> None:
    one, two = StoreDay(), StoreDay("store-2", "b" * 32)
    one.earn("alma", "r-1", 12)
    two.earn("bo", "r-1", 30)
    two.take_back("bo", "f-1", 5)
    store.land([one.batch()])
    store.land([two.batch()])
    first, second, whole = [await told_by(web, gateway) for gateway in ("store-1", "store-2", None)]
    assert (first["postings"], first["points_issued"]) == (1, 12)
    assert (second["postings"], second["points_issued"]) == (2, 25)
    assert (whole["postings"], whole["points_issued"]) == (3, 37)
    assert len({first["digest"], second["digest"], whole["digest"]}) == 3
    assert await told_by(web, "store-3") == NOTHING


@pytest.mark.parametrize("apart", [True, False])
async def test_a_gift_that_two_stores_gave_counts_once_and_is_in_the_books_of_both(
    web: httpx.AsyncClient, store: LandingStore, *, apart: bool
) -> None:
    one, two = StoreDay(), StoreDay("store-2", "b" * 32)
    birthday(one, "alma")
    birthday(two, "alma")
    for batches in ([one.batch()], [two.batch()], [two.batch()]) if apart else ([one.batch(), two.batch()],):
        store.land(batches)
    first, second, whole = [await told_by(web, gateway) for gateway in ("store-1", "store-2", None)]
    assert first == second
    assert (first["postings"], first["points_issued"]) == (1, 50)
    assert (whole["postings"], whole["points_issued"]) == (2, 50)  # the cloud made them available, once


async def test_a_store_that_tells_another_amount_is_no_echo(web: httpx.AsyncClient, store: LandingStore) -> None:
    one, two = StoreDay(), StoreDay("store-2", "b" * 32)
    birthday(one, "alma")
    birthday(two, "alma", points=60)
    store.land([one.batch()])
    store.land([two.batch()])
    assert await told_by(web, "store-2") == NOTHING


async def test_what_one_gateway_tells_again_after_a_lost_disk_is_in_its_books_once(
    web: httpx.AsyncClient, store: LandingStore
) -> None:
    day = StoreDay()
    birthday(day, "alma")
    again = day.reborn()
    birthday(again, "alma")
    store.land([day.batch()])
    store.land([again.batch()])
    assert (await told_by(web, "store-1"))["postings"] == 1
