"""What landing leaves in the database: events, postings, heads, losses, disputes; each once."""

from __future__ import annotations

from typing import Any

import orjson

from cloud_bridge.landing.store import Stream
from cloud_bridge.receipts import Applied, Head, Hello, Quarantined
from cloud_bridge.topics import Lane
from cloud_crm.database import Database
from cloud_crm.events import repository as events
from cloud_crm.gateways import quarantine
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import repository as members
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import FakeClock, StoreDay


def stream_of(database: Database, day: StoreDay, lane: Lane = Lane.LEDGER) -> gateways.StreamRow:
    with database.read() as connection:
        row = gateways.find_stream(connection, Stream(day.gateway_id, day.incarnation, lane))
    assert row is not None
    return row


def balance_of(database: Database, member: str) -> int:
    with database.read() as connection:
        return ledger.balances(connection, [member])[member]


def test_a_batch_is_stored_as_received_and_acknowledged(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    sealed = [day.tap(), day.earn("alma", "r-1", 12)]
    result = landing.land([day.batch()])
    ack = result.acks[("store-1", day.incarnation)]
    assert ack.lanes[Lane.LEDGER] == Head(sequence=2, hash=sealed[-1].hash)
    with database.read() as connection:
        found, position = events.after(connection, position=0, limit=10, gateway_id="store-1")
    assert [orjson.loads(event.sealed) for event in found] == [orjson.loads(row.body) for row in sealed]
    assert position == found[-1].position


def test_a_batch_that_comes_again_changes_nothing_and_is_counted(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    day.tap()
    for _ in range(3):
        landing.land([day.batch()])
    row = stream_of(database, day)
    assert (row.high, row.received, row.duplicates, row.lost) == (2, 2, 4, 0)
    assert balance_of(database, "alma") == 12


def test_a_sale_decided_again_after_a_lost_disk_posts_once(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    landing.land([day.batch()])
    again = day.reborn()
    again.earn("alma", "r-1", 12, cause="another/ledger/7")
    landing.land([again.batch()])
    assert balance_of(database, "alma") == 12
    with database.read() as connection:
        assert ledger.conflicts_of(connection) == {}


def test_a_posting_id_with_another_content_is_an_alarm_and_the_first_stands(
    database: Database, landing: CrmLandingStore
) -> None:
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    landing.land([day.batch()])
    again = day.reborn()
    again.earn("alma", "r-1", 99)
    again.earn("alma", "r-2", 5)
    landing.land([again.batch()])
    assert balance_of(database, "alma") == 17
    with database.read() as connection:
        assert ledger.conflicts_of(connection) == {"store-1": 1}


def test_two_contents_of_one_id_in_one_batch_are_an_alarm_too(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    day.earn("alma", "r-1", 13)
    landing.land([day.batch()])
    assert balance_of(database, "alma") == 12
    with database.read() as connection:
        assert ledger.conflicts_of(connection) == {"store-1": 1}


def test_a_posting_from_an_account_to_itself_is_never_in_the_ledger(
    database: Database, landing: CrmLandingStore
) -> None:
    day = StoreDay()
    posting = {"id": "c" * 32, "debit": "member:alma:available", "credit": "member:alma:available", "points": 5}
    said: dict[str, Any] = {"cause": "x", "member": "alma", "rule": "spend", "postings": [posting]}
    day.write_raw("regulars.points.posted.v1", said)
    landing.land([day.batch()])
    with database.read() as connection:
        assert list(ledger.every_posting(connection)) == []
        assert ledger.conflicts_of(connection) == {"store-1": 1}


def test_an_event_type_unknown_here_is_kept_without_effect(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.write_raw("regulars.moon.landed.v9", {"crater": 7})
    result = landing.land([day.batch()])
    assert result.applied == 1
    with database.read() as connection:
        assert events.newest(connection, "store-1", limit=5)[0].type == "regulars.moon.landed.v9"


def test_text_that_no_database_column_holds_does_not_stop_landing(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.earn("alma", "r-1\x00", 12)
    assert landing.land([day.batch()]).applied == 1
    with database.read() as connection:
        assert ledger.newest(connection, limit=1)[0].posting.sale == "r-1\ufffd"


def test_a_signed_gap_is_counted_as_loss_and_the_lane_goes_on(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    for _ in range(9):
        day.tap()
    gap = day.lose(3, 7, "corrupt")
    landing.land([day.batch_of([*day.rows[Lane.LEDGER][:2], gap, *day.rows[Lane.LEDGER][7:]])])
    row = stream_of(database, day)
    assert (row.high, row.received, row.lost) == (9, 4, 5)
    with database.read() as connection:
        assert gateways.lost_by_reason(connection, [row.stream_id]) == {row.stream_id: {"corrupt": 5}}


def test_hashes_are_those_of_stored_rows_without_gap_statements(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    for _ in range(4):
        day.tap()
    rows = day.rows[Lane.LEDGER]
    landing.land([day.batch_of([rows[0], day.lose(2, 2, "corrupt"), *rows[2:]])])
    with database.read() as connection:
        found = events.hashes(connection, stream_of(database, day).stream_id, 1, 4)
    assert found == {1: rows[0].hash, 3: rows[2].hash, 4: rows[3].hash}


def test_another_body_at_a_known_sequence_sets_the_gateway_apart(database: Database, landing: CrmLandingStore) -> None:
    day, forged = StoreDay(), StoreDay()
    day.earn("alma", "r-1", 12)
    disputed = forged.earn("alma", "r-1", 1_000_000)
    landing.land([day.batch()])
    notice = landing.land([forged.batch()]).notices["store-1"]
    assert (notice.lane, notice.sequence) == (Lane.LEDGER, 1)
    day.tap()
    assert landing.land([day.batch()]).applied == 0
    with database.read() as connection:
        kept = quarantine.history(connection, ["store-1"])
    assert orjson.loads(kept[0].body)["data"] == orjson.loads(disputed.body)["data"]
    assert balance_of(database, "alma") == 12


def test_a_release_sets_the_disputed_body_aside_and_landing_goes_on(
    database: Database, landing: CrmLandingStore
) -> None:
    day, forged = StoreDay(), StoreDay()
    day.tap()
    forged.earn("alma", "r-1", 5)
    landing.land([day.batch()])
    landing.land([forged.batch()])
    with database.write() as connection:
        assert quarantine.release(connection, "store-1", operator="lin", at="2026-05-01T10:00:00.000Z")
    day.tap()
    assert landing.land([day.batch()]).applied == 1
    with database.read() as connection:
        kept = quarantine.history(connection, ["store-1"])
    assert [(row.released_by, row.sequence) for row in kept] == [("lin", 1)]


def test_a_hello_is_answered_with_both_heads_and_kept(database: Database, landing: CrmLandingStore) -> None:
    day = StoreDay()
    day.tap()
    sealed = day.show()
    landing.land([day.batch(), day.batch(lane=Lane.TELEMETRY)])
    greeted = landing.greet("store-1", Hello(incarnation=day.incarnation, software="0.1.0"))
    assert greeted is not None
    answer = greeted.answer
    assert not isinstance(answer, Quarantined)
    assert answer.lanes[Lane.TELEMETRY] == Head(sequence=1, hash=sealed.hash)
    with database.read() as connection:
        row = gateways.find_gateway(connection, "store-1")
    assert row is not None
    assert (row.presence, row.incarnation) == ("online", day.incarnation)


def test_a_gateway_not_enrolled_leaves_no_trace(database: Database, landing: CrmLandingStore) -> None:
    stranger = StoreDay(gateway_id="stranger")
    stranger.tap()
    result = landing.land([stranger.batch()])
    assert [refusal.reason for _, refusal in result.refusals] == ["unknown_gateway"]
    assert landing.greet("stranger", Hello(incarnation="c" * 32)) is None
    landing.presence("stranger", online=True)
    landing.applied("stranger", Applied(epoch="e", version=1))
    assert landing.next_step("stranger", incarnation="c" * 32, epoch="", version=0) is None
    with database.read() as connection:
        assert gateways.read_streams(connection, ["stranger"]) == []
        assert events.latest_position(connection) == 0


def test_presence_remembers_since_when(database: Database, landing: CrmLandingStore, clock: FakeClock) -> None:
    landing.presence("store-1", online=True)
    clock.pass_seconds(60)
    landing.presence("store-1", online=True)
    landing.greet("store-1", Hello(incarnation="a" * 32))
    with database.read() as connection:
        row = gateways.find_gateway(connection, "store-1")
    assert row is not None
    assert row.presence_at == "2026-05-01T09:00:00.000Z"
    assert row.heard_at == "2026-05-01T09:01:00.000Z"


def test_what_was_stored_is_told_after_the_commit(landing: CrmLandingStore, watcher: FakeWatcher) -> None:
    day = StoreDay()
    day.tap()
    landing.land([day.batch()])
    landing.land([day.batch()])
    assert [len(landed.events) for landed in watcher.groups] == [1, 0]


def test_a_members_new_balance_is_news_for_every_store(database: Database, landing: CrmLandingStore) -> None:
    with database.write() as connection:
        members.add_members(connection, [members.Person("alma", "Alma", "en")], "2026-05-01T09:00:00.000Z")
    day = StoreDay()
    day.earn("alma", "r-1", 12)
    landing.land([day.batch()])
    step = landing.next_step("store-2", incarnation="d" * 32, epoch="", version=0)
    assert step is not None
    assert [(row.member, row.balance) for row in step.members] == [("alma", 12)]
    assert landing.next_step("store-2", incarnation="d" * 32, epoch=step.epoch, version=step.to_version) is None
    day.take_back("alma", "r-1", 5)
    landing.land([day.batch()])
    delta = landing.next_step("store-2", incarnation="d" * 32, epoch=step.epoch, version=step.to_version)
    assert delta is not None
    assert [(row.member, row.balance) for row in delta.members] == [("alma", 7)]
