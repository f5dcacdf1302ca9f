"""How two families of chips look for cards: NXP's PN53x by themselves, Sony's Port-100 step by step."""

from __future__ import annotations

import errno
from typing import Any

import nfc.clf

from devices.card_readers.nfc_link import Technology

_POLLS: dict[Technology, tuple[int, bytes]] = {
    "nfc-a": (0, b""),
    "nfc-f": (1, bytes.fromhex("00FFFF0100")),
}
"""Bit rate and type for InListPassiveTarget, and the request to send."""
_BIT_RATES: dict[Technology, str] = {"nfc-a": "106A", "nfc-f": "212F"}

_RETRY_ITEM = 0x05
_RETRY_ONCE = b"\x01\x00\x01"
_RETRY_FOREVER = b"\x01\x00\xff"


class Pn53xSensing:
    """A PN532 looks by one command, and listens by itself where its host can interrupt it."""

    def __init__(self, device: Any, *, can_listen: bool) -> None:
        self.can_listen = can_listen
        self._device = device
        self._retries = b""

    def listen(self, technology: Technology) -> Any:
        """As :class:`~devices.card_readers.nfc_link.Sensing` says."""
        try:
            return self._list(technology, _RETRY_FOREVER)
        except OSError as error:
            # The chip took the command and is still listening. A chip that does not take it is an EIO.
            if error.errno == errno.ETIMEDOUT:
                return None
            raise

    def poll(self, technology: Technology) -> Any:
        """As :class:`~devices.card_readers.nfc_link.Sensing` says."""
        return self._list(technology, _RETRY_ONCE)

    def prepare(self) -> None:
        """As :class:`~devices.card_readers.nfc_link.Sensing` says."""
        self._limit_retries(_RETRY_ONCE)

    def _list(self, technology: Technology, retries: bytes) -> Any:
        self._limit_retries(retries)
        self._device.mute()  # a card that was selected answers again only after it lost power
        kind, request = _POLLS[technology]
        found = self._device.chipset.in_list_passive_target(1, kind, request)
        return None if found is None else _target(technology, found)

    def _limit_retries(self, retries: bytes) -> None:
        if retries != self._retries:
            self._device.chipset.rf_configuration(_RETRY_ITEM, retries)
            self._retries = retries


class Port100Sensing:
    """Sony's chip is led through the search frame by frame; nfcpy does that."""

    can_listen = False

    def __init__(self, device: Any) -> None:
        self._device = device

    def listen(self, technology: Technology) -> Any:
        """It cannot wait by itself: the same as one look."""
        return self.poll(technology)

    def poll(self, technology: Technology) -> Any:
        """As :class:`~devices.card_readers.nfc_link.Sensing` says."""
        self._device.mute()  # a card that was selected answers again only after it lost power
        wanted = nfc.clf.RemoteTarget(_BIT_RATES[technology])
        if technology == "nfc-a":
            return self._device.sense_tta(wanted)
        return self._device.sense_ttf(wanted)

    def prepare(self) -> None:
        """There is nothing to prepare."""


def _target(technology: Technology, found: bytearray) -> Any:
    if technology == "nfc-f":  # length, response code, then the IDm of 8 bytes
        return nfc.clf.RemoteTarget("212F", sensf_res=found[1:])
    # ATQA (2), SAK, length of the UID, UID
    uid = found[4 : 4 + found[3]]
    return nfc.clf.RemoteTarget("106A", sens_res=found[1::-1], sel_res=found[2:3], sdd_res=uid)
