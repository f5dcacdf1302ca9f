"""What stores tell of their floors lands once, the newest word stands, and nothing they say stops landing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from cloud_bridge.envelope import Position
from cloud_bridge.floor_contract import AlertChangedV1, CardRefusedV1, StockChangedV1, StockDiscrepancyV1
from cloud_bridge.receipts import Hello
from cloud_bridge.topics import Lane
from cloud_crm.database import Database
from cloud_crm.floor.schemas import AlertView, StockView
from cloud_crm.floor.service import FloorService
from cloud_crm.floor.tables import refused_cards, stock_discrepancies
from cloud_crm.landing.store import CrmLandingStore
from tests.unit.cloud.conftest import FakeWatcher
from tests.unit.cloud.store_days import SECRET, FakeClock, StoreDay

STATES = ("raised", "acknowledged", "snoozed", "escalated", "resolved")


@dataclass
class Floor(StoreDay):
    """A store whose shelves, alerts and card readers speak, on one clock for both lanes."""

    def _position(self, lane: Lane, sequence: int, prevhash: str) -> Position:
        words = sum(len(rows) for rows in self.rows.values())
        return replace(super()._position(lane, sequence, prevhash), hlc=f"{1_777_000_000_000 + words:015d}-00000")

    def holds(self, slot: str, units: int, *, sku: str = "tea", capacity: int = 18, **names: str) -> None:
        said = StockChangedV1(
            slot=slot, sku=sku, units=units, delta=1, capacity=capacity, confidence=97, cause="weight", **names
        )
        self.write(said)

    def alerts(self, state: str, *, alert: str = "a" * 32, kind: str = "low_stock", units: int | None = 2) -> None:
        self.write(
            AlertChangedV1(
                alert=alert, kind=kind, subject="A1", state=state, severity="warning", sku="tea", units=units
            )
        )

    def misses(self, units: int, *, name: str = "d" * 32, kind: str = "missing") -> None:
        self.write(StockDiscrepancyV1(discrepancy=name, sku="tea", kind=kind, units=units, slot="A1"))

    def refuses(self) -> None:
        self.write(CardRefusedV1(reader="door", medium="f" * 32, reason="replayed", counter=7, seen=8))


@pytest.fixture
def landing(database: Database, clock: FakeClock) -> CrmLandingStore:
    return CrmLandingStore(database, secrets={"store-1": SECRET, "store-2": SECRET}, clock=clock, watcher=FakeWatcher())


@pytest.fixture
def floor(database: Database) -> FloorService:
    return FloorService(database, clock=FakeClock())


def told(stock: list[StockView]) -> list[tuple[str, str, int]]:
    return [(view.store, view.slot, view.units) for view in stock]


def states(alerts: list[AlertView]) -> list[tuple[str, str]]:
    return [(view.alert[0], view.state) for view in alerts]


def test_the_newest_word_of_a_slot_stands(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    for units in (18, 17, 16):
        day.holds("A1", units)
    day.holds("A2", 0)
    landing.land([day.batch(1, 2, lane=Lane.TELEMETRY)])
    landing.land([day.batch(3, lane=Lane.TELEMETRY)])
    assert told(floor.stock()) == [("store-1", "A1", 16), ("store-1", "A2", 0)]
    assert [view.state for view in floor.stock()] == ["ok", "out"]


def test_head_office_calls_articles_as_stores_last_called_them(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    day.holds("A1", 0, name_zh="茶", name_en="Tea")
    day.holds("A2", 4, sku="nameless")
    day.alerts("raised")
    day.misses(2)
    landing.land([day.batch(lane=Lane.TELEMETRY), day.batch(lane=Lane.LEDGER)])
    assert [(view.name_zh, view.name_en) for view in floor.stock()] == [("茶", "Tea"), ("", "")]
    named = (*floor.alerts(), *floor.discrepancies(), *floor.chain().articles)
    assert [(type(view).__name__, view.name_en) for view in named] == [
        ("AlertView", "Tea"),
        ("DiscrepancyView", "Tea"),
        ("ArticleTrouble", "Tea"),
    ]
    day.holds("A1", 5, name_zh="绿茶", name_en="Green tea\x00")
    day.holds("A1", 4)
    landing.land([day.batch(3, 4, lane=Lane.TELEMETRY)])
    assert floor.stock()[0].name_zh == "绿茶", "a word without names takes none away"


def test_what_lands_twice_counts_once(landing: CrmLandingStore, floor: FloorService, database: Database) -> None:
    day = Floor()
    day.holds("A1", 3)
    day.misses(2)
    day.refuses()
    day.alerts("raised")
    for _ in range(3):
        landing.land([day.batch(lane=Lane.LEDGER), day.batch(lane=Lane.TELEMETRY)])
    with database.read() as connection:
        counts = [connection.scalar(select(func.count()).select_from(t)) for t in (stock_discrepancies, refused_cards)]
    assert counts == [1, 1]
    assert states(floor.alerts()) == [("a", "raised")]


def test_an_alert_that_comes_before_its_late_telemetry_corrects_the_units(
    landing: CrmLandingStore, floor: FloorService
) -> None:
    day = Floor()
    day.holds("A1", 9)
    landing.land([day.batch(lane=Lane.TELEMETRY)])
    day.holds("A1", 3)  # On its way, behind the ledger.
    day.alerts("raised", units=2)
    landing.land([day.batch(lane=Lane.LEDGER)])
    assert told(floor.stock()) == [("store-1", "A1", 2)]
    landing.land([day.batch(2, lane=Lane.TELEMETRY)])
    assert told(floor.stock()) == [("store-1", "A1", 2)], "what was said before it changes nothing any more"
    day.holds("A1", 18)
    landing.land([day.batch(3, lane=Lane.TELEMETRY)])
    assert told(floor.stock()) == [("store-1", "A1", 18)]


def test_a_whole_lifecycle_is_one_alert_and_keeps_since_when(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    for number, state in enumerate(STATES, 1):
        day.time = f"2026-05-01T09:0{number}:00.000Z"
        day.alerts(state)
        landing.land([day.batch(number)])
        (alert,) = floor.alerts()
        assert (alert.state, alert.raised_at[11:16]) == (state, "09:01")
    assert floor.alerts(state="open") == []
    assert floor.alerts(state="resolved")[0].changed_at[11:16] == "09:05"


def test_a_whole_lifecycle_in_one_batch_keeps_since_when_too(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    for number, state in enumerate(STATES[:3], 1):
        day.time = f"2026-05-01T09:0{number}:00.000Z"
        day.alerts(state)
    landing.land([day.batch()])
    assert [(a.state, a.raised_at[11:16], a.changed_at[11:16]) for a in floor.alerts()] == [
        ("snoozed", "09:01", "09:03")
    ]


def test_overstock_and_stock_out_are_alerted_once_each(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    for units in (19, 20, 19, 3, 0, 0):
        day.holds("A1", units)
    for kind, name in (("overstock", "b" * 32), ("stock_out", "c" * 32)):
        day.alerts("raised", alert=name, kind=kind)
        day.alerts("acknowledged", alert=name, kind=kind)
    landing.land([day.batch(lane=Lane.TELEMETRY), day.batch(1, 2), day.batch(3, 4)])
    assert sorted((view.kind, view.state) for view in floor.alerts(state="open")) == [
        ("overstock", "acknowledged"), ("stock_out", "acknowledged"),
    ]  # fmt: skip
    assert floor.chain().open_alerts == 2


def test_a_store_that_was_set_up_again_ends_what_its_lost_disk_called_for(
    landing: CrmLandingStore, floor: FloorService
) -> None:
    day = Floor()
    day.alerts("raised", alert="a" * 32)
    day.alerts("raised", alert="b" * 32, kind="door_open")
    day.holds("A1", 2)
    landing.land([day.batch(), day.batch(lane=Lane.TELEMETRY)])
    again = Floor(incarnation="e" * 32)
    landing.greet("store-1", Hello(incarnation=again.incarnation))
    again.alerts("raised", alert="c" * 32)
    again.holds("A1", 5)
    landing.land([again.batch(), again.batch(lane=Lane.TELEMETRY)])
    assert sorted(states(floor.alerts(state="open"))) == [("b", "raised"), ("c", "raised")]
    doubtful = {view.alert[0]: view.is_of_earlier_journal for view in floor.alerts(state="open")}
    assert doubtful == {"b": True, "c": False}
    assert told(floor.stock()) == [("store-1", "A1", 5)], "although its clock may stand earlier"


def test_texts_no_database_can_hold_do_not_stop_landing(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    day.write(StockChangedV1(slot="A\x001", sku="t\x00", units=1, delta=0, capacity=2, confidence=1, cause="x\x00"))
    day.write(AlertChangedV1(alert="a" * 32, kind="k\x00", subject="s\x00", state="raised\x00", severity="\x00"))
    landing.land([day.batch(), day.batch(lane=Lane.TELEMETRY)])
    assert [view.slot for view in floor.stock()] == ["A\ufffd1"]
    assert len(floor.alerts(state="open")) == 1


def test_what_is_missing_where_is_told_by_article_over_all_stores(
    landing: CrmLandingStore, floor: FloorService
) -> None:
    here, there = Floor(), Floor("store-2")
    here.holds("A1", 0)
    here.holds("A2", 12, sku="rice")
    here.misses(3)
    there.holds("B1", 25)
    there.holds("B2", 0, sku="milk")
    there.holds("B3", 7, sku="soap")
    for day in (here, there):
        landing.land([day.batch(lane=Lane.TELEMETRY)])
    landing.land([here.batch()])
    chain = floor.chain()
    assert (chain.out, chain.low, chain.over) == (2, 0, 1)
    assert [(a.sku, a.out, a.over, a.missing) for a in chain.articles] == [("tea", 1, 1, 3), ("milk", 1, 0, 0)]
    assert [(view.store_name, view.state) for view in chain.articles[0].slots] == [
        ("High Street", "out"), ("人民广场店", "over"),
    ]  # fmt: skip


def test_a_slot_is_low_while_its_store_calls_for_a_refill(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    day.holds("A1", 2)
    day.alerts("raised")
    landing.land([day.batch(lane=Lane.TELEMETRY), day.batch()])
    assert [view.state for view in floor.stock()] == ["low"]
    assert floor.chain().low == 1
    day.alerts("resolved", units=18)
    landing.land([day.batch(2)])
    assert [(view.units, view.state) for view in floor.stock()] == [(18, "ok")]


def test_units_that_are_missing_are_not_units_that_are_there(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    day.holds("A1", 9)
    for number, kind in enumerate(("missing", "phantom", "wrong_item")):
        day.alerts("raised", alert=f"{number:032x}", kind=kind, units=3)
    landing.land([day.batch(lane=Lane.TELEMETRY), day.batch()])
    assert told(floor.stock()) == [("store-1", "A1", 9)]


def test_what_was_missing_and_is_found_again_is_missing_no_more(landing: CrmLandingStore, floor: FloorService) -> None:
    day = Floor()
    day.misses(2, name="a" * 32)
    day.misses(3, name="b" * 32)
    day.misses(4, name="c" * 32, kind="found")
    landing.land([day.batch()])
    (tea,) = floor.chain().articles
    assert [(view.kind, view.units) for view in tea.disagreements] == [("missing", 1)]
    day.misses(1, name="d" * 32, kind="found")
    landing.land([day.batch(4)])
    assert floor.chain().articles == []
    assert len(floor.discrepancies()) == 4


def test_what_shelf_and_till_disagreed_about_long_ago_is_no_news(
    landing: CrmLandingStore, database: Database, clock: FakeClock
) -> None:
    day = Floor()
    day.misses(2)
    landing.land([day.batch()])
    assert FloorService(database, clock=clock).chain().articles
    clock.pass_seconds(31 * 86_400)
    assert FloorService(database, clock=clock).chain().articles == []
