"""What stores say about people: applied once, in order, and never a reason to stop landing."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select

from cloud_bridge.contract import SurveyAnsweredV1
from cloud_bridge.landing.store import Landed, Stream
from cloud_bridge.personal import PersonalSeal
from cloud_bridge.receipts import Head
from cloud_bridge.topics import Lane
from cloud_crm.database import Database
from cloud_crm.members import records, repository
from cloud_crm.members.contact import ContactBook
from cloud_crm.members.landing import PeopleLanding
from cloud_crm.members.replica_rows import medium_entry, member_entries
from cloud_crm.members.repository import MemberRow
from cloud_crm.members.tables import surveys
from tests.unit.cloud.conftest import MEDIUM_KEY
from tests.unit.cloud.people_days import ANNA, CAUSE, SEAL, block, change, consent, link, pin, register
from tests.unit.cloud.store_days import StoreDay

AT = "2026-05-01T12:00:00.000Z"
CARD, OTHER_CARD = "c" * 32, "d" * 32


def land(database: Database, day: StoreDay, *, at: str = AT) -> None:
    """Apply everything the day wrote."""
    events = day.batch().events
    stream = Stream(day.gateway_id, day.incarnation, Lane.LEDGER)
    head = Head(sequence=events[-1].sequence, hash=events[-1].hash)
    with database.write() as connection:
        PeopleLanding(MEDIUM_KEY).effects(connection, Landed(stream, events, (), 0, head), at=at)


def member(database: Database, member_id: str) -> MemberRow:
    with database.read() as connection:
        row = repository.find_member(connection, member_id)
    assert row is not None
    return row


def reasons(database: Database) -> list[str]:
    with database.read() as connection:
        return [row.reason for row in records.disputes_of(connection)]


def owner(database: Database, medium: str) -> str | None:
    with database.write() as connection:
        found = repository.known_media(connection, [medium]).get(medium)
    return found.member_id if found else None


def test_somebody_who_joined_in_a_store_is_a_member_with_all_they_said(database: Database) -> None:
    day = StoreDay()
    register(day, "anna", marketing=True)
    link(day, "anna", CARD)
    land(database, day)
    row = member(database, "anna")
    assert (row.name, row.language, row.birthday, row.joined_on) == ("安娜 Anna", "zh-CN", "02-29", "2026-05-01")
    assert (row.home_gateway, row.contact_hint) == ("store-1", "138****8000")
    assert owner(database, CARD) == "anna"
    with database.read() as connection:
        assert records.consents_of(connection, ["anna"]) == {"anna": {"marketing": True}}
        kept = records.consent_history(connection, "anna")[0]
    assert (kept.place, kept.text_version, kept.at) == ("store-1", "2026-01", "2026-05-01T09:00:00.000Z")


def test_a_phone_number_is_nowhere_in_the_clear(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    land(database, day)
    row = member(database, "anna")
    assert "8000138" not in repr(dataclasses.asdict(row)).replace("*", "")
    assert ContactBook(MEDIUM_KEY).opened("anna", row.contact) == {"phone": "13800138000"}


def test_the_same_registration_under_a_known_id_changes_nothing(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    register(day, "anna", {"name": "Somebody else"})
    land(database, day)
    assert member(database, "anna").name == "安娜 Anna"
    assert reasons(database) == []


def test_landing_the_same_facts_again_adds_nothing(database: Database) -> None:
    day = StoreDay()
    register(day, "anna", marketing=True)
    link(day, "anna", CARD)
    pin(day, "anna")
    day.write(SurveyAnsweredV1(cause=CAUSE, member="anna", survey="how-was-it", answers=("good", "5")))
    land(database, day)
    before = member(database, "anna")
    land(database, day)
    assert dataclasses.replace(member(database, "anna"), version=0) == dataclasses.replace(before, version=0)
    with database.read() as connection:
        assert len(records.consent_history(connection, "anna")) == 1
        assert [row.answers for row in connection.execute(select(surveys))] == ['["good","5"]']


def test_a_known_phone_number_is_flagged_and_nobody_is_merged(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    register(day, "ann", {"name": "Ann", "phone": "0086-138-0013-8000"})
    land(database, day)
    assert member(database, "ann").duplicate_of == "anna"
    assert member(database, "anna").duplicate_of is None


def test_who_brought_a_member_is_known_by_the_code_however_it_was_typed(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    land(database, day)
    code = member(database, "anna").referral_code
    assert code is not None
    later = StoreDay("store-2")
    register(later, "bo", {"name": "Bo"}, referrer=f"{code[:4].lower()} {code[4:]}")
    register(later, "eve", {"name": "Eve"}, referrer="ZZZZZZZZ")
    land(database, later)
    assert member(database, "bo").referred_by == "anna"
    assert member(database, "eve").referred_by is None


def test_a_detail_that_is_not_mentioned_stays(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    change(day, "anna", {"phone": "13900139000"})
    land(database, day)
    row = member(database, "anna")
    assert (row.name, row.birthday, row.contact_hint) == ("安娜 Anna", "02-29", "139****9000")


def test_of_two_offline_changes_the_later_counts_in_whatever_order_they_land(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    land(database, day)
    early, late = StoreDay("store-1", "b" * 32), StoreDay("store-2")
    change(early, "anna", {"name": "Early"}, consent("marketing", granted=True))
    late.tap()
    late.tap()
    change(late, "anna", {"name": "Late"})
    land(database, late)
    land(database, early)
    assert member(database, "anna").name == "Late"
    with database.read() as connection:
        assert records.consents_of(connection, ["anna"]) == {"anna": {"marketing": True}}


def test_a_card_stays_with_who_linked_it_first(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    register(day, "bo", {"name": "Bo"})
    link(day, "anna", CARD)
    link(day, "bo", CARD)
    block(day, "bo", CARD)
    land(database, day)
    assert owner(database, CARD) == "anna"
    assert reasons(database) == ["linked_to_another"] * 2


def test_a_blocked_card_is_nobodys_and_an_older_link_does_not_bring_it_back(database: Database) -> None:
    day = StoreDay(time="2026-05-01T10:00:00.000Z")
    register(day, "anna")
    link(day, "anna", CARD)
    block(day, "anna", CARD)
    land(database, day)
    assert owner(database, CARD) is None
    offline = StoreDay("store-2", time="2026-05-01T09:59:00.000Z")
    link(offline, "anna", CARD)
    land(database, offline)
    assert owner(database, CARD) is None
    assert reasons(database) == ["undone_since"]


def test_a_phone_is_linked_with_its_key_and_the_stores_hear_of_it(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    link(day, "anna", CARD, technology="phone", public_key="e" * 64)
    land(database, day)
    with database.write() as connection:
        told = medium_entry(repository.known_media(connection, [CARD])[CARD])
    assert (told.member, told.public_key) == ("anna", "e" * 64)


def test_a_pin_travels_on_as_it_was_sealed_and_can_be_taken_away(database: Database) -> None:
    day = StoreDay()
    register(day, "anna")
    pin(day, "anna", "scrypt$salt$key")
    land(database, day)
    sealed = member(database, "anna").pin
    assert SEAL.open("anna", sealed) == {"verifier": "scrypt$salt$key"}
    with database.read() as connection:
        assert member_entries(connection, [member(database, "anna")])["anna"].pin == sealed
    pin(day, "anna", "")
    land(database, day)
    assert member(database, "anna").pin == ""


def hostile(day: StoreDay) -> None:
    """One of everything that cannot be applied."""
    register(day, "anna")
    strange = PersonalSeal(b"the key of another tenant, 32 by")
    fields = {"cause": CAUSE, "language": "", "joined_on": "2026-05-01", "referrer": "", "consents": []}
    kind = "regulars.member.registered.v1"
    for personal, changed in (
        (strange.seal("eve", ANNA), {}),
        ("not base64 at all", {}),
        (SEAL.seal("anna", ANNA), {}),
        (SEAL.seal("eve", {"name": "\u202eevE"}), {}),
        (SEAL.seal("eve", {"phone": "13800138000"}), {}),
        (SEAL.seal("eve", {"name": "Eve", "phone": "call me"}), {}),
        (SEAL.seal("eve", {"name": "Eve", "birthday": "02-30"}), {}),
        (SEAL.seal("eve", {"name": "Eve"}), {"joined_on": "2026-99-99"}),
    ):
        day.write_raw(kind, {**fields, "member": "eve", "personal": personal, **changed})
    change(day, "nobody", {"name": "Nobody"})
    link(day, "nobody", OTHER_CARD)
    pin(day, "nobody")
    day.write_raw("regulars.pin.changed.v1", {"cause": CAUSE, "member": "anna", "sealed": SEAL.seal("bo", {"a": "b"})})
    day.write(SurveyAnsweredV1(cause=CAUSE, member="nobody", survey="how-was-it", answers=()))


def test_hostile_facts_are_kept_as_disputes_and_do_nothing(database: Database) -> None:
    day = StoreDay()
    hostile(day)
    land(database, day)
    assert sorted(reasons(database)) == sorted(
        ["not_sealed_here"] * 4
        + ["unusable_name"] * 2
        + ["unusable_phone", "unusable_birthday", "unusable_day"]
        + ["unknown_member"] * 4
    )
    with database.read() as connection:
        assert repository.count_members(connection) == 1


@pytest.mark.parametrize("time", ["not a time", "2026-05-01", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00"])
def test_a_stamp_that_is_no_time_or_of_the_future_is_replaced_by_the_clouds(database: Database, time: str) -> None:
    day = StoreDay(time=time)
    register(day, "anna", marketing=False)
    link(day, "anna", CARD)
    land(database, day)
    with database.write() as connection:
        assert repository.known_media(connection, [CARD])[CARD].linked_at == AT
