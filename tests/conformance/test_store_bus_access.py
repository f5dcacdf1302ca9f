"""A real Mosquitto with the access list that ``regulars store-bus acl`` writes: who is heard, and who is not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from devices.device import DeviceFault
from devices.readings import SensorFound, SensorRead
from devices.sensors.mqtt_sensors import MqttSensorsSettings
from devices.store_bus import BusSettings, LastWill, StoreBus
from devices.store_bus.access import BusPlan
from provisioning.store_bus_folder import BusFolderTaken, password_file, write_bus_folder
from tests.brokers import MOSQUITTO_LOG, Broker, MosquittoBroker
from tests.conformance.bus_ear import WITHIN_S, Ear, say

pytestmark = pytest.mark.needs_mosquitto
SCALE = {"dev_cla": "weight", "unit_of_meas": "g", "stat_t": "shelf-1/w", "uniq_id": "a1"}


class GuardedBroker(MosquittoBroker):
    """Mosquitto on the written configuration, run as whoever owns the folder."""

    def command(self) -> list[str]:
        config = self.folder / "as-tested.conf"
        written = (self.folder / "mosquitto.conf").read_text()
        config.write_text(f"{written}\nuser {self.folder.owner()}\n{MOSQUITTO_LOG}\n")
        return [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(config)]


@pytest.fixture
def guarded(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    folder = tmp_path / "bus"
    port = free_port()
    write_bus_folder(BusPlan("store-1", str(folder), ("shelf-1", "shelf-2"), port=port))
    with GuardedBroker(port, folder) as broker:
        yield broker


def login(broker: Broker, user: str) -> BusSettings:
    return BusSettings(port=broker.port, username=user, password_file=password_file(broker.folder, user))


def driver(broker: Broker) -> Ear:
    return Ear(MqttSensorsSettings(**login(broker, "gateway").model_dump()))


async def test_a_sensor_that_speaks_for_itself_is_heard(guarded: Broker) -> None:
    async with driver(guarded) as ear:
        me = login(guarded, "shelf-1")
        await say(me, ("homeassistant/sensor/shelf-1/a1/config", orjson.dumps(SCALE)), retain=True)
        await ear.until(lambda told: isinstance(told, SensorFound))
        await say(me, ("shelf-1/w", b"5"), retain=True)
        await ear.until(lambda told: isinstance(told, SensorRead) and told.value == 5.0)


async def test_a_sensor_that_speaks_for_another_or_gives_our_commands_is_not_heard(guarded: Broker) -> None:
    foreign = (
        "shelf-2/w",
        "shelf-2/status",
        "homeassistant/sensor/shelf-2/a1/config",
        "homeassistant/sensor/a1/config",
        "homeassistant/device/shelf-2/config",
        "homeassistant/device/store-1/store/config",
        "homeassistant/status",
        "regulars/store-1/alerts/acknowledge",
        "regulars/store-1/slots/a1/acknowledge",
        "regulars/store-1/status",
        "zigbee2mqtt/bridge/devices",
        "zigbee2mqtt/front",
    )
    async with StoreBus(login(guarded, "gateway")) as everything:
        await everything.subscribe(["#"])
        await say(login(guarded, "shelf-1"), *((topic, b"x") for topic in foreign), ("shelf-1/end", b"x"))
        async with asyncio.timeout(WITHIN_S):
            heard = await anext(aiter(everything.messages()))
    assert heard.topic == "shelf-1/end"


async def test_home_assistant_may_press_our_buttons_and_speak_for_nobody(guarded: Broker) -> None:
    ours = ("regulars/store-1/status", "regulars/store-1/alerts", "homeassistant/device/store-1/store/config")
    forbidden = ("shelf-1/w", *ours)
    allowed = ("homeassistant/status", "regulars/store-1/alerts/acknowledge", "regulars/store-1/slots/a1/acknowledge")
    async with StoreBus(login(guarded, "gateway")) as everything:
        await everything.subscribe(["#"])
        await say(login(guarded, "hass"), *((topic, b"x") for topic in (*forbidden, *allowed)))
        heard = []
        async with asyncio.timeout(WITHIN_S):
            async for one in everything.messages():
                heard.append(one.topic)
                if one.topic == allowed[-1]:
                    break
    assert heard == list(allowed)


async def test_the_gateway_may_announce_itself_and_not_speak_for_a_sensor(guarded: Broker) -> None:
    async with StoreBus(login(guarded, "hass")) as home_assistant:
        await home_assistant.subscribe(["#"])
        allowed = ("homeassistant/device/store-1/store/config", "regulars/store-1/status")
        await say(login(guarded, "gateway"), ("shelf-1/w", b"x"), *((topic, b"x") for topic in allowed))
        heard = []
        async with asyncio.timeout(WITHIN_S):
            async for one in home_assistant.messages():
                heard.append(one.topic)
                if one.topic == allowed[-1]:
                    break
    assert heard == list(allowed)


async def test_nobody_comes_in_without_the_right_password(guarded: Broker, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("guessed")
    guessing = login(guarded, "shelf-1").model_copy(update={"password_file": wrong})
    for settings in (BusSettings(port=guarded.port), guessing):
        with pytest.raises(DeviceFault, match="refuses the login") as caught:
            await StoreBus(settings).__aenter__()
        assert "password_file" in caught.value.remedy


async def test_a_foreign_last_will_is_not_spoken(guarded: Broker) -> None:
    async with StoreBus(login(guarded, "gateway")) as everything:
        await everything.subscribe(["#"])
        try:
            async with StoreBus(login(guarded, "shelf-1"), will=LastWill("shelf-2/status", b"offline")) as bus:
                bus.cut()
        except DeviceFault:
            pass  # a newer Mosquitto refuses such a connection outright
        await say(login(guarded, "shelf-1"), ("shelf-1/end", b"x"))
        async with asyncio.timeout(WITHIN_S):
            heard = await anext(aiter(everything.messages()))
    assert heard.topic == "shelf-1/end"


async def test_a_password_file_that_is_gone_is_a_fault_that_names_it(guarded: Broker) -> None:
    settings = BusSettings(port=guarded.port, username="gateway", password_file=guarded.folder / "none")
    with pytest.raises(DeviceFault, match="none"):
        await StoreBus(settings).__aenter__()


async def test_a_bus_set_up_is_not_overwritten_and_renewing_it_keeps_all_passwords(guarded: Broker) -> None:
    plan = BusPlan("store-1", str(guarded.folder), ("shelf-1", "shelf-2", "shelf-3"), port=guarded.port)
    with pytest.raises(BusFolderTaken):
        write_bus_folder(plan)
    before = password_file(guarded.folder, "shelf-1").read_text()
    write_bus_folder(plan, renew=True)
    assert password_file(guarded.folder, "shelf-1").read_text() == before
    await asyncio.to_thread(guarded.kill)
    await asyncio.to_thread(guarded.start)
    for node in plan.nodes:
        await say(login(guarded, node), (f"{node}/status", b"online"))
    assert {file.stat().st_mode & 0o777 for file in (guarded.folder / "secrets").iterdir()} == {0o600}
