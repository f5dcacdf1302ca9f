"""Standing conditions on the kiosks: a reader that cannot read, a store without its line to the cloud."""

from __future__ import annotations

from collections.abc import Mapping

from cloud_bridge.uplink.state import Link, LinkState
from devices.observations import DeviceState
from edge_agent.counters import Counters
from edge_agent.supervision import DeviceCondition
from kiosk_ui.kiosk.session import KioskSession


class Notices:
    """Tells each kiosk what concerns the people in front of it."""

    def __init__(self, counters: Counters, kiosks: Mapping[str, KioskSession]) -> None:
        self._kiosks = kiosks
        self._kiosk_of_reader = {
            reader: kiosks[counter.kiosk]
            for counter in counters.all
            if counter.kiosk in kiosks
            for reader in counter.readers
        }

    def device_changed(self, condition: DeviceCondition) -> None:
        """A reader that went offline is shown at its counter until it reads again."""
        kiosk = self._kiosk_of_reader.get(condition.name)
        if kiosk is None:
            return
        if condition.state is DeviceState.OFFLINE:
            kiosk.reader_failed(condition.name)
        else:
            kiosk.reader_mended(condition.name)

    def link_changed(self, state: LinkState) -> None:
        """The calm notice that the store works without the cloud."""
        for kiosk in self._kiosks.values():
            kiosk.connection(online=state.state is Link.ONLINE)
