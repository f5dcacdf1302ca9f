"""One store's gateway, assembled: every part is made here, once, and handed what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from fastapi import FastAPI

from cloud_bridge.contract import DeviceChangedV1
from cloud_bridge.transport import mqtt_dial
from cloud_bridge.uplink.link import Gateway as LinkedGateway
from cloud_bridge.uplink.link import GatewayLink
from cloud_bridge.uplink.state import Link, LinkState
from devices.device import Device
from devices.observations import ConditionChanged, Observation, SaleCompleted
from devices.readings import SensorBack, SensorFound, SensorLost, SensorRead
from edge_agent.cards import CardDesk, card_finding, card_secrets
from edge_agent.clock import HybridClock
from edge_agent.config import EdgeSettings, read_secret
from edge_agent.counters import Counter, Counters
from edge_agent.day_turn import DayTurn
from edge_agent.decisions import Decisions, Shop, Windows
from edge_agent.floor_room import FloorRoom
from edge_agent.journal import Journal, Transaction
from edge_agent.kiosk.desk import KioskDesk, KioskPlace, KioskTools
from edge_agent.kiosk.pins import PinCheck
from edge_agent.kiosk.views import Views
from edge_agent.kiosk.visits import KioskVisits
from edge_agent.members import Replica
from edge_agent.outcomes import (
    CardRefused,
    MemberSeen,
    NothingToShow,
    Outcome,
    SaleWaits,
)
from edge_agent.rights.attestor import Attestor
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.standing import GatewayStanding
from edge_agent.rights.witness import WitnessFile
from edge_agent.show import Screens
from edge_agent.standing.notices import Notices
from edge_agent.standing.screen_times import ScreenTimes
from edge_agent.standing.vitals import Vitals
from edge_agent.supervision import AttachedDevice, Backoff, DeviceCondition, Pace, Supervisor
from edge_agent.supervision.attaching import attached
from edge_agent.supervision.calling import device_finding
from edge_agent.surroundings import Surroundings
from edge_agent.tap_path import TapPath
from edge_agent.web.device_report import DeviceSource, device_pages
from edge_agent.web.figures import figures
from edge_agent.web.metrics import Metrics
from edge_agent.web.pages import LOOPBACK_HOSTS, web_application
from edge_agent.web.server import WebServer
from edge_agent.web.staff_desk import StaffDesk, StaffTools, who_acts, who_is_there
from kiosk_ui.design.languages import CHINESE, language_of
from kiosk_ui.design.pages import Pages
from kiosk_ui.kiosk.pages import Kiosk, kiosk_pages
from kiosk_ui.kiosk.screens import Attract
from kiosk_ui.kiosk.session import KioskSession
from kiosk_ui.kiosk.touch import Touch
from kiosk_ui.live import LiveHub, live_pages
from kiosk_ui.staff.board_pages import board_pages
from kiosk_ui.staff.calibration_pages import calibration_pages
from kiosk_ui.staff.member_pages import member_pages
from kiosk_ui.staff.members import MEMBERS_CHANNEL, SEEN_EVENT, Seen
from kiosk_ui.staff.pages import staff_pages
from loyalty.identifiers import StoreId

TOUCH_DRIVER = "kiosk_touch"


class Gateway:
    """The parts of a running gateway, over an open journal. Made inside the event loop it runs in."""

    def __init__(self, settings: EdgeSettings, journal: Journal, clock: HybridClock, around: Surroundings) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._around = around
        self._medium_key = read_secret(settings.gateway.medium_key_file)
        self._counters = _counters(settings)
        self._began_s = clock.monotonic()
        self.hub = LiveHub()
        self.kiosks = {
            counter.kiosk: KioskSession(
                counter.kiosk,
                self.hub,
                timers=asyncio.get_running_loop(),
                idle=settings.screens,
                invitation=Attract(can_register=True),
            )
            for counter in settings.counters
        }
        self.touches = {name: Touch(name) for name in self.kiosks}
        self._visits = KioskVisits(monotonic=clock.monotonic)
        self._notices = Notices(self._counters, self.kiosks)
        self._metrics = Metrics()
        self.screen_times = ScreenTimes(journal, observe=self._metrics.shown)
        attestor = Attestor(self._witness(), settings.gateway.id)
        self.vitals = Vitals(
            settings.gateway,
            journal,
            self.hub,
            link=lambda: self.link.state,
            devices=self._conditions,
            trouble=lambda: attestor.trouble,
        )
        self.floor_room = FloorRoom(settings, journal, clock, around, hub=self.hub, online=self._online)
        self.floor = self.floor_room.floor
        self._metrics.also(self.floor_room.alerts)
        self.desk = RightsDesk(attestor)
        self.standing = GatewayStanding(journal, self.desk, attestor, changed=self.vitals.stir)
        shop = self._shop()
        decisions = Decisions(
            shop, self.desk, knows_time=clock.knows_time, is_proven=self._is_proven, is_here=self._is_here
        )
        self._pins = PinCheck(journal, medium_key=self._medium_key, now=clock.now)
        self.kiosk_desk = self._kiosk_desk(shop)
        self.staff_desk = StaffDesk(
            journal, StaffTools(shop, self._pins, handle=self.handle, online=self._online, now=clock.now)
        )
        self.day_turn = DayTurn(journal, shop, self.desk)
        self.tap_path = self._tap_path(decisions)
        self.replica = Replica(journal, decisions, changed=self.vitals.stir, desk=self.desk)
        self.link = self._link(self.replica)
        self.supervisor = self._supervisor()

    def web_server(self) -> WebServer:
        """The web server, its port taken. Raises :class:`AddressTaken`."""
        return WebServer(self.application(), host=self._settings.web.host, port=self._settings.web.port)

    def application(self) -> FastAPI:
        """What the web server serves."""
        settings = self._settings
        pages = Pages()
        language = language_of(settings.gateway.language) or CHINESE
        kiosks = [
            Kiosk(
                name,
                settings.gateway.store_name,
                touch,
                language=language,
                idle=settings.screens,
                desk=self.kiosk_desk,
            )
            for name, touch in self.touches.items()
        ]
        password_file, manager_file = settings.web.operator_password_file, settings.web.manager_password_file
        return web_application(
            pages,
            kiosk_pages(pages, self.hub, kiosks),
            staff_pages(pages, self.hub, self.vitals.status),
            board_pages(pages, self.hub, self.floor_room.board_desk, who=who_is_there),
            calibration_pages(pages, self.hub, self.floor_room.calibrating, who=who_is_there),
            member_pages(
                pages,
                self.hub,
                self.staff_desk,
                counters=[c.name for c in self._counters.all],
                who=who_acts,
                store_name=settings.gateway.store_name,
            ),
            live_pages(self.hub),
            device_pages(self._device_source(), self.floor_room.blink),
            figures(
                self._journal,
                self._metrics,
                status=self.vitals.status,
                uptime_s=lambda: self._clock.monotonic() - self._began_s,
                healing=self.supervisor.healing,
            ),
            home=f"/kiosk/{settings.counters[0].kiosk}",
            operator_password=read_secret(password_file) if password_file else None,
            manager_password=read_secret(manager_file) if manager_file else None,
            hosts=(*LOOPBACK_HOSTS, settings.web.host) if settings.web.is_loopback and not password_file else (),
        )

    async def handle(self, device: str, observation: Observation) -> None:
        """Walk an observation through the stations; it is durable when this returns."""
        if isinstance(observation, ConditionChanged):
            raise TypeError("the supervisor keeps conditions to itself")
        if isinstance(observation, (SensorRead, SensorFound, SensorLost, SensorBack)):
            await self.floor.observe(device, observation)
            return
        began_s = self._clock.monotonic()
        outcome = await self.tap_path.walk(device, observation)
        if isinstance(observation, SaleCompleted):
            self.floor.sold(line.sku for line in observation.lines)
        self._metrics.observed(device, type(observation).__name__)
        if outcome is None:
            return
        self._metrics.decided(outcome)
        if isinstance(outcome, MemberSeen):
            self._tell_staff(outcome)
        if isinstance(outcome, CardRefused):
            await self.floor.find(card_finding(outcome))
        kiosk = self._kiosk_that_shows(outcome)
        if kiosk is not None:
            self.screen_times.note(kiosk, self._clock.monotonic() - began_s)

    def _tell_staff(self, seen: MemberSeen) -> None:
        """Whose card was just shown, for a staff page that is open."""
        who = Seen(counter=seen.counter, member=seen.standing.member, name=seen.standing.name, at=self._clock.now())
        self.hub.publish(SEEN_EVENT, who, channel=MEMBERS_CHANNEL)

    async def device_changed(self, condition: DeviceCondition) -> None:
        """Tell screens and journal how a device stands now."""
        self._notices.device_changed(condition)
        await self.floor.device_changed(condition)
        self.vitals.stir()
        change = DeviceChangedV1(
            device=condition.name, driver=condition.driver, state=condition.state.value, reason=condition.reason
        )
        await self._journal.write(lambda tx: tx.record(change))

    async def device_alarm(self, condition: DeviceCondition, is_needed: bool) -> None:  # noqa: FBT001 - a callback
        """Self-healing came to its end, or the device is back: the alerts decide who is called."""
        await self.floor.find(device_finding(condition, is_needed=is_needed))

    def link_changed(self, state: LinkState) -> None:
        """Tell the screens whether the cloud can be reached."""
        self._notices.link_changed(state)
        self.vitals.stir()

    def _device_source(self) -> DeviceSource:
        return DeviceSource(
            self._settings.gateway.id,
            conditions=self._conditions,
            healing=self.supervisor.healing,
            sensors=self.floor.sensors.all,
            monotonic=self._clock.monotonic,
        )

    def _conditions(self) -> tuple[DeviceCondition, ...]:
        return self.supervisor.conditions()

    async def proof_of_life(self) -> None:
        """Returns when the journal's writer has turned once."""
        await self._journal.write(_nothing)

    def _kiosk_that_shows(self, outcome: Outcome) -> KioskSession | None:
        if isinstance(outcome, (NothingToShow, SaleWaits)):
            return None
        return self.kiosks.get(self._counters.kiosk_at(outcome.counter) or "")

    def _shop(self) -> Shop:
        visits, gateway = self._settings.visits, self._settings.gateway
        windows = Windows(
            visit=timedelta(seconds=visits.visit_window_s),
            claim=timedelta(seconds=visits.claim_window_s),
            quote=timedelta(seconds=self._settings.rights.quote_valid_s),
        )
        return Shop(
            StoreId(gateway.store),
            self._counters,
            self._medium_key,
            timezone=gateway.timezone,
            windows=windows,
            pin_above_points=self._settings.rights.pin_above_points,
            articles=self.floor.articles,
        )

    def _is_proven(self, counter: str, member: str) -> bool:
        """Whether the member at a counter showed its kiosk more than a card that can be copied."""
        visit = self._visits.at(self._counters.kiosk_at(counter) or "")
        return visit is not None and visit.member == member and visit.is_strong

    def _is_here(self, counter: str, session: str) -> bool:
        """Whether this kiosk visit goes on."""
        visit = self._visits.at(self._counters.kiosk_at(counter) or "")
        return visit is not None and visit.session == session

    def _online(self) -> bool:
        return self.link.state.state is Link.ONLINE

    def _kiosk_desk(self, shop: Shop) -> KioskDesk:
        places = {name: KioskPlace(session, self.touches[name]) for name, session in self.kiosks.items()}
        now = self._clock.now
        tools = KioskTools(
            shop=shop,
            views=Views(shop, online=self._online, now=now),
            pins=self._pins,
            rights=self.desk,
            now=now,
        )
        return KioskDesk(self._journal, places, self._visits, tools)

    def _witness(self) -> WitnessFile | None:
        path = self._settings.rights.witness_file
        return WitnessFile(path, apart_from=self._settings.gateway.data_dir) if path else None

    def _tap_path(self, decisions: Decisions) -> TapPath:
        screens = Screens(self._counters, self.kiosks, self._visits, online=self._online)
        cards = CardDesk(self._journal, card_secrets(self._settings))
        return TapPath(
            self._journal,
            decisions,
            screens,
            medium_key=self._medium_key,
            cards=cards,
            passing=self._around.passing,
        )

    def _link(self, replica: Replica) -> GatewayLink:
        gateway = LinkedGateway(
            gateway_id=self._settings.gateway.id,
            outbox=self._around.outbox(self._journal),
            replica=replica,
            vitals=self.vitals.for_the_cloud,
            now=self._clock.now,
            on_state=self.link_changed,
            rights=self.standing,
        )
        dial = mqtt_dial(self._settings.broker, client_id=self._settings.gateway.id)
        return GatewayLink(gateway, dial, rng=self._around.chance)

    def _supervisor(self) -> Supervisor:
        drivers = self._around.drivers
        devices = [
            attached(table, drivers(table.driver), show=self.floor_room.lights.show) for table in self._settings.devices
        ]
        devices += self.floor_room.lights.attached()
        devices += [AttachedDevice(f"touch-{name}", TOUCH_DRIVER, _always(t)) for name, t in self.touches.items()]
        pace = Pace(
            backoff=Backoff(self._around.chance.random),
            sleep=asyncio.sleep,
            monotonic=self._clock.monotonic,
            now=self._clock.now,
            alert_after_s=self._settings.supervision.alert_after_s,
            words_per_s_max=self._settings.supervision.observations_per_s_max,
        )
        return Supervisor(devices, handle=self.handle, changed=self.device_changed, alarm=self.device_alarm, pace=pace)


def _nothing(_: Transaction) -> None:
    """A transaction that writes nothing."""


def _counters(settings: EdgeSettings) -> Counters:
    return Counters(
        Counter(c.name, kiosk=c.kiosk, till=c.till or "", readers=c.readers, scanners=c.scanners)
        for c in settings.counters
    )


def _always(device: Device) -> Callable[[], Device]:
    """For a device that is one object however often it is opened."""
    return lambda: device
