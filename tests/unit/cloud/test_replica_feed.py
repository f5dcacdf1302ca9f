"""What a store hears next: bounded steps that end, in whatever pieces, at the cloud's state."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cloud_bridge.receipts import Head
from cloud_bridge.replica import STEP_BYTES_MAX, STEP_ROWS_MAX, ReplicaStep
from cloud_bridge.topics import Lane
from cloud_crm.database import Database, epoch_and_version
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.members import repository as members
from cloud_crm.programme import repository as programmes
from cloud_crm.programme.document import document_of_rate
from loyalty.programme import Programme
from tests.unit.cloud.store_days import StoreDay

AT = "2026-05-01T09:00:00.000Z"
INCARNATION = "a" * 32


def join(database: Database, count: int, name: str = "Alma") -> None:
    with database.write() as connection:
        for index in range(count):
            members.add_members(connection, [members.Person(f"m{index:05d}", name, "en")], AT)
            members.link_media(connection, [members.Link(f"m{index:05d}", "card", f"{index:032x}")], AT)


def steps(landing: CrmLandingStore, *, epoch: str = "", version: int = 0) -> list[ReplicaStep]:
    """Every step until there is nothing new."""
    found: list[ReplicaStep] = []
    while step := landing.next_step("store-1", incarnation=INCARNATION, epoch=epoch, version=version):
        found.append(step)
        epoch, version = step.epoch, step.to_version
    return found


def test_a_new_gateway_gets_everything_in_bounded_steps_that_follow_each_other(
    database: Database, landing: CrmLandingStore
) -> None:
    join(database, 1_300)
    found = steps(landing)
    assert [len(step.members) + len(step.media) for step in found] == [STEP_ROWS_MAX, STEP_ROWS_MAX, 600]
    assert found[0].from_version == 0
    assert all(before.to_version == after.from_version for before, after in pairwise(found))
    assert found[-1].to_version == found[-1].latest_version
    assert {row.member for step in found for row in step.members} == {f"m{index:05d}" for index in range(1_300)}
    assert len({row.medium for step in found for row in step.media}) == 1_300


def test_a_step_fits_its_bytes_also_with_the_longest_names(database: Database, landing: CrmLandingStore) -> None:
    join(database, 1_000, name="掌" * 80)
    found = steps(landing)
    assert max(len(step.model_dump_json().encode()) for step in found) <= STEP_BYTES_MAX
    assert sum(len(step.members) for step in found) == 1_000


def test_only_what_changed_is_in_the_next_step(database: Database, landing: CrmLandingStore) -> None:
    join(database, 3)
    first = steps(landing)[-1]
    with database.write() as connection:
        members.link_media(connection, [members.Link(None, "card", f"{1:032x}")], AT)
    step = steps(landing, epoch=first.epoch, version=first.to_version)[0]
    assert step.members == ()
    assert [(row.medium, row.member) for row in step.media] == [(f"{1:032x}", None)]


def test_the_programme_travels_once_per_change(database: Database, landing: CrmLandingStore) -> None:
    with database.write() as connection:
        programmes.put(connection, document_of_rate(Programme("Regulars", "CNY")), source="file", at=AT)
    join(database, 2)
    first = steps(landing)
    assert [step.programme.name for step in first if step.programme] == ["Regulars"]
    with database.write() as connection:
        programmes.put(connection, document_of_rate(Programme("Summer", "CNY", points=2)), source="operator", at=AT)
    second = steps(landing, epoch=first[-1].epoch, version=first[-1].to_version)
    assert [step.programme.points for step in second if step.programme] == [2]


@pytest.mark.parametrize("version", [0, 2, 10**9])
def test_another_epoch_or_an_impossible_version_begins_again_from_nothing(
    database: Database, landing: CrmLandingStore, version: int
) -> None:
    join(database, 2)
    assert steps(landing, epoch="another life", version=version)[0].from_version == 0
    with database.read() as connection:
        epoch, latest = epoch_and_version(connection)
    assert steps(landing, epoch=epoch, version=latest + 1)[0].from_version == 0


def test_an_empty_cloud_still_tells_its_epoch(landing: CrmLandingStore) -> None:
    found = steps(landing)
    assert [(step.from_version, step.to_version) for step in found] == [(0, 0)]


def test_balances_say_up_to_which_row_of_the_gateway_they_count(database: Database, landing: CrmLandingStore) -> None:
    join(database, 1)
    day = StoreDay()
    day.earn("m00000", "r-1", 12)
    sealed = day.earn("m00000", "r-2", 5)
    landing.land([day.batch()])
    step = steps(landing)[-1]
    assert step.included[Lane.LEDGER] == Head(sequence=2, hash=sealed.hash)
    assert [row.balance for row in step.members] == [17]
    other = landing.next_step("store-2", incarnation="b" * 32, epoch="", version=0)
    assert other is not None
    assert other.included == {}
