"""How one NTAG 424 DNA is set up, for whoever personalises it: keys, link, and where the card writes into it."""

from __future__ import annotations

from typing import Any

from devices.ntag424.keys import KeyNumber, card_key

_PICC_HOLE, _MAC_HOLE = "0" * 32, "0" * 16
_BEFORE_THE_LINK_BYTES = 7
"""In the NDEF file: 2 bytes of length, 4 of the record, 1 of its prefix (unabbreviated)."""


def card_plan(master: bytes, uid: bytes, link: str) -> dict[str, Any]:
    """The plan of one card, for JSON. Secret: it holds all of the card's keys."""
    mirrored = f"{link}?picc_data={_PICC_HOLE}&cmac={_MAC_HOLE}"
    mac_offset = _offset(mirrored, "cmac=")
    return {
        "uid": uid.hex().upper(),
        "keys": {str(int(one)): card_key(master, uid, one).hex().upper() for one in KeyNumber},
        "ndef": mirrored,
        "picc_data_offset": _offset(mirrored, "picc_data="),
        "cmac_input_offset": mac_offset,
        "cmac_offset": mac_offset,
        "file_settings": {
            "read": "free",
            "write": int(KeyNumber.MASTER),
            "change": int(KeyNumber.MASTER),
            "sdm_meta_read": int(KeyNumber.META),
            "sdm_file_read": int(KeyNumber.MESSAGE),
            "mirrors": ["uid", "read_counter"],
        },
    }


def _offset(link: str, name: str) -> int:
    """Where a mirror begins in the NDEF file."""
    return _BEFORE_THE_LINK_BYTES + link.index(name) + len(name)
