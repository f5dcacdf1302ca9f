"""What is shown of the store's state: gathered from the journal, published sparingly, counted for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from cloud_bridge.contract import ScreenShownV1
from cloud_bridge.topics import Lane
from cloud_bridge.uplink.state import Link, LinkState
from devices.observations import DeviceState
from edge_agent.clock import system_clock
from edge_agent.config import GatewaySettings
from edge_agent.counters import Counter, Counters
from edge_agent.journal import Journal, JournalSettings, StandingWord, Transaction
from edge_agent.outcomes import CannotBeDone, Outcome
from edge_agent.rights.desk import RightsDesk
from edge_agent.standing.notices import Notices
from edge_agent.standing.screen_times import WAITING_MAX, ScreenTimes
from edge_agent.standing.vitals import Vitals
from edge_agent.supervision import DeviceCondition
from edge_agent.web.metrics import COUNTED, Metrics
from kiosk_ui.kiosk.session import KioskSession
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.status import STATUS_CHANNEL, STATUS_EVENT

NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
DOOR = DeviceCondition("door", "pn532", DeviceState.OFFLINE, "cable pulled", NOON)


class CountingHub(LiveHub):
    """A hub that remembers how often the status went out."""

    def __init__(self) -> None:
        super().__init__()
        self.published = 0

    async def until_published(self, times: int) -> None:
        reader = self.reader(STATUS_CHANNEL)
        async with asyncio.timeout(5), reader:
            async for event in reader.events():
                self.published += event.name == STATUS_EVENT
                if self.published >= times:
                    return


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal.open(JournalSettings(tmp_path / "j.db", "shop-1", b"0" * 16), clock=system_clock())
    yield opened
    await opened.close()


def vitals(journal: Journal, hub: LiveHub, tmp_path: Path, link: Link = Link.ONLINE) -> Vitals:
    gateway = GatewaySettings(
        id="shop-1",
        store="high-street",
        store_name="High Street",
        data_dir=tmp_path,
        secret_file=tmp_path,
        medium_key_file=tmp_path,
    )
    state = LinkState(link, NOON, "two bodies claim row 7" if link is Link.QUARANTINED else "")
    return Vitals(gateway, journal, hub, link=lambda: state, devices=lambda: (DOOR,))


async def test_the_status_tells_devices_lanes_link_and_replica(journal: Journal, tmp_path: Path) -> None:
    await journal.write(lambda tx: tx.record(ScreenShownV1(kiosk="front", screen="greeting", latency_us=9)))
    status = await vitals(journal, LiveHub(), tmp_path).status()
    assert status.durability == "full"
    assert status.incarnation == journal.incarnation
    assert (status.devices[0].state, status.devices[0].reason) == (DeviceState.OFFLINE, "cable pulled")
    assert (status.lanes["telemetry"].recorded, status.lanes["telemetry"].queued) == (1, 1)
    assert status.lanes["ledger"].oldest_unsent_age_s is None
    assert (status.replica.version, status.quarantined) == (0, None)


async def test_staff_see_whether_points_can_be_redeemed_and_what_that_waits_for(
    journal: Journal, tmp_path: Path
) -> None:
    metrics, view = Metrics(), vitals(journal, LiveHub(), tmp_path)
    frozen = await view.status()
    assert frozen.rights is not None
    assert (frozen.rights.is_frozen, frozen.rights.detail) == (True, "the cloud has not been heard since the start")
    assert b"regulars_rights_frozen 1.0" in metrics.text(frozen, uptime_s=1)

    def welcome(tx: Transaction) -> None:
        tx.keep_standing(StandingWord.WELCOME, is_first=True, is_frozen=False)
        RightsDesk().earn(tx, "anna", "a" * 32, 120, sold_at=NOON)

    await journal.write(welcome)
    thawed = await view.status()
    assert thawed.rights is not None
    assert (thawed.rights.is_frozen, thawed.rights.points_held, thawed.rights.detail) == (False, 120, "")
    assert b"regulars_rights_points 120.0" in metrics.text(thawed, uptime_s=1)
    await journal.write(lambda tx: tx.keep_standing(StandingWord.REVOKED, is_first=True, is_frozen=True))
    revoked = await view.status()
    assert revoked.rights is not None
    assert "revoked" in revoked.rights.detail


async def test_a_quarantine_is_shown_with_its_reason(journal: Journal, tmp_path: Path) -> None:
    status = await vitals(journal, LiveHub(), tmp_path, Link.QUARANTINED).status()
    assert status.quarantined == "two bodies claim row 7"


@pytest.mark.parametrize("link", list(Link))
async def test_every_state_of_the_link_has_a_word(journal: Journal, tmp_path: Path, link: Link) -> None:
    assert (await vitals(journal, LiveHub(), tmp_path, link).status()).link.since == NOON


async def test_changes_are_published_while_somebody_looks_and_gathered_together(
    journal: Journal, tmp_path: Path
) -> None:
    hub = CountingHub()
    hub.declare(STATUS_CHANNEL)
    shown = vitals(journal, hub, tmp_path)
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        for _ in range(10):
            shown.stir()
        await asyncio.sleep(0)

    publishing = asyncio.create_task(shown.publish(sleep=nap))
    await hub.until_published(3)
    publishing.cancel()
    assert set(naps) == {0.25}


async def test_while_nobody_looks_a_change_is_no_reason_to_gather(journal: Journal, tmp_path: Path) -> None:
    hub = CountingHub()
    hub.declare(STATUS_CHANNEL)
    shown = vitals(journal, hub, tmp_path)
    napped = asyncio.Event()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        napped.set()

    publishing = asyncio.create_task(shown.publish(sleep=nap))
    await asyncio.wait_for(napped.wait(), 5)
    shown.stir()
    assert not shown._stirred.is_set()
    assert naps == [0.25]
    publishing.cancel()


async def test_screen_times_are_journalled_in_one_commit_and_bounded(journal: Journal) -> None:
    observed: list[float] = []
    times = ScreenTimes(journal, observe=observed.append)
    kiosk = KioskSession("front", LiveHub(), timers=asyncio.get_running_loop())
    for _ in range(WAITING_MAX + 5):
        times.note(kiosk, 0.0042)
    await times.flush()
    await times.flush()
    assert len(observed) == WAITING_MAX + 5
    assert (await journal.figures())[Lane.TELEMETRY].recorded == WAITING_MAX
    rows = await journal.read(lambda reader: reader.tail(Lane.TELEMETRY, 1))
    assert b'"latency_us":4200' in rows[0].body


async def test_screen_times_that_cannot_be_kept_are_let_go(journal: Journal) -> None:
    times = ScreenTimes(journal, observe=lambda _: None)
    times.note(KioskSession("front", LiveHub(), timers=asyncio.get_running_loop()), 0.001)
    await journal.close()
    await times.flush()


async def test_a_readers_fault_is_shown_at_its_own_counter_only() -> None:
    hub = LiveHub()
    kiosks = {name: KioskSession(name, hub, timers=asyncio.get_running_loop()) for name in ("front", "back")}
    counters = Counters(
        [Counter("front", kiosk="front", till="", readers=("door",)), Counter("back", kiosk="back", till="")]
    )
    notices = Notices(counters, kiosks)
    notices.device_changed(DOOR)
    assert (kiosks["front"].screen.screen, kiosks["back"].screen.screen) == ("reader_fault", "attract")
    notices.device_changed(DeviceCondition("door", "pn532", DeviceState.ONLINE))
    assert kiosks["front"].screen.screen == "attract"
    notices.device_changed(DeviceCondition("scanner", "serial_scanner", DeviceState.OFFLINE))
    assert kiosks["front"].screen.screen == "attract"


async def test_the_metrics_carry_the_loss_ledger_and_one_state_per_device(journal: Journal, tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.observed("door", "CardTapped")
    metrics.decided(CannotBeDone("front", "code_used"))
    metrics.shown(0.004)
    text = metrics.text(await vitals(journal, LiveHub(), tmp_path).status(), uptime_s=100).decode()
    assert 'regulars_device_state{device="door",state="offline"} 1.0' in text
    assert 'regulars_device_state{device="door",state="online"} 0.0' in text
    assert 'regulars_tap_to_screen_seconds_bucket{le="0.005"} 1.0' in text
    assert 'regulars_decisions_total{kind="refused"} 1.0' in text
    assert 'regulars_journal_rows{is="acked",lane="ledger"} 0.0' in text
    assert "regulars_link_online 1.0" in text
    assert "regulars_storage_written_bytes_per_day" in text


def test_every_outcome_is_counted_under_a_word_of_its_own_kind() -> None:
    assert set(get_args(Outcome)) <= COUNTED
