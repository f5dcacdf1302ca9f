"""A phone's code at a counter: who it is, and that it is fresh, its own and was never shown before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cloud_bridge.contract import CodeScannedV1
from devices.code_scanners.phone_code import PhoneCode, PhoneLink, key_id_of
from edge_agent.decisions.people.linking import Linking
from edge_agent.journal import LocalMedium, Recorded, Transaction
from edge_agent.outcomes import CannotBeDone, NothingToShow, Outcome
from kiosk_ui.kiosk.form_screens import FormReason

AGE_S_MAX = 60
"""Longer ago than this a code was made for somebody else's camera."""
AHEAD_S_MAX = 5
"""How far a phone's clock may be ahead of the gateway's."""
SAME_VISIT = timedelta(seconds=AGE_S_MAX + AHEAD_S_MAX)

KnowsTime = Callable[[], bool]


class PhoneCodes:
    """Judges phone codes. ``knows_time`` tells whether the gateway's clock can judge how old one is."""

    def __init__(self, linking: Linking, *, knows_time: KnowsTime) -> None:
        self._linking = linking
        self._knows_time = knows_time

    def judge(self, tx: Transaction, recorded: Recorded, counter: str, code: CodeScannedV1) -> Outcome | None:
        """What a phone's code leads to; ``None``: it is good, or nobody's phone, and a visit may begin with it."""
        if not self._knows_time():
            return CannotBeDone(counter, FormReason.CLOCK_UNSURE)
        if not self._is_fresh(recorded, code):
            return CannotBeDone(counter, FormReason.CODE_EXPIRED)
        if code.phone_key is not None:
            return self._link(tx, recorded, counter, code)
        medium = str(code.medium)
        public_key = tx.public_key_of(medium)
        if public_key is None:
            return None
        if not _is_signed(code, public_key):
            return CannotBeDone(counter, FormReason.CODE_FORGED)
        return self._once(tx, recorded, counter, code)

    def _once(self, tx: Transaction, recorded: Recorded, counter: str, code: CodeScannedV1) -> Outcome | None:
        """A code counts once. The same one read twice by the scanner it was shown to is no reason to complain."""
        medium, made_s = str(code.medium), code.phone_at or 0
        last_s = tx.phone_seen(medium)
        if last_s is None or made_s > last_s:
            tx.note_phone(medium, made_s)
            return None
        visit = tx.visit_at(counter, recorded.at - SAME_VISIT)
        if made_s == last_s and visit is not None and visit.medium == medium:
            return NothingToShow()
        return CannotBeDone(counter, FormReason.CODE_USED)

    def _link(self, tx: Transaction, recorded: Recorded, counter: str, code: CodeScannedV1) -> Outcome:
        awaited = self._linking.awaited(tx, recorded, counter)
        if awaited is None or awaited.technology != "phone":
            return CannotBeDone(counter, FormReason.NOT_ALLOWED_HERE)
        key = bytes.fromhex(code.phone_key or "")
        asked = PhoneLink(key, code.phone_at or 0, bytes.fromhex(code.phone_signature or ""))
        if not asked.is_signed():
            return CannotBeDone(counter, FormReason.CODE_FORGED)
        medium = LocalMedium(str(code.medium), awaited.member, "phone", public_key=code.phone_key)
        return self._linking.link(tx, recorded, awaited, medium)

    def _is_fresh(self, recorded: Recorded, code: CodeScannedV1) -> bool:
        age_s = recorded.at.timestamp() - (code.phone_at or 0)
        return -AHEAD_S_MAX <= age_s <= AGE_S_MAX


def _is_signed(code: CodeScannedV1, public_key: str) -> bool:
    key = bytes.fromhex(public_key)
    return PhoneCode(key_id_of(key), code.phone_at or 0, bytes.fromhex(code.phone_signature or "")).is_signed_by(key)
