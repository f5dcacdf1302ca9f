"""Decides what a shown card is worth: evidence is gathered before the transaction of the tap, and judged inside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from secrets import token_bytes

import structlog

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.floor_contract import CardRefusedV1
from cloud_bridge.personal import SealError
from devices.ntag424.ev2 import Refusal
from devices.ntag424.keys import CardKeys
from devices.ntag424.sun import Reading, SunMessage, find_message, is_signed, reading_of
from devices.observations import CardTapped, CardUid, CodeScanned, Trust
from edge_agent.cards.evidence import Evidence, Failed, Proven, Read, Torn, gather
from edge_agent.cards.verdicts import Accepted, Refused, Undecided, Verdict
from edge_agent.journal import Journal, Transaction
from edge_agent.translate import Translatable
from kiosk_ui.kiosk.form_screens import FormReason
from loyalty.identifiers import medium_id

FORGED = "forged"
"""A message that the card it names did not sign."""
REPLAYED = "replayed"
"""A message of a reading that was accepted before, or of an earlier one."""
READERS_THAT_ASK = frozenset({"nfc-a", "nfc-f"})
"""Technologies of readers that give a line to each card that takes commands: one without a line is no strong card."""
SUN = "sun"
"""The technology of a card that was shown as the link it wrote."""

_log = structlog.get_logger("identify")


@dataclass(frozen=True, slots=True)
class CardSecrets:
    """What opens keys and messages; ``meta_key`` where links hide the number of their card."""

    medium_key: bytes = field(repr=False)
    gateway_secret: bytes = field(repr=False)
    meta_key: bytes | None = field(default=None, repr=False)


class CardDesk:
    """For one store. Cards whose keys it does not have are let through as they are."""

    def __init__(self, journal: Journal, secrets: CardSecrets) -> None:
        self._journal = journal
        self._secrets = secrets
        self._seal = CardKeySeal(secrets.gateway_secret)

    async def examine(self, seen: object) -> Evidence | None:
        """Ask a card that lies there for proof; ``None`` for whatever cannot be asked, or need not."""
        if not isinstance(seen, CardTapped) or seen.channel is None:
            return None
        try:
            medium = self._medium(seen.uid)
            sealed = await self._journal.read(lambda reader: reader.card_keys(medium))
            keys = self._opened(medium, sealed) if sealed else None
            return await gather(seen.channel, keys, draw=token_bytes) if keys else None
        finally:
            seen.channel.close()

    def judge(self, tx: Transaction, device: str, seen: Translatable, evidence: Evidence | None) -> Verdict:
        """What becomes of a shown card, or of anything else: that is accepted as it is."""
        match seen:
            case CardTapped():
                return self._judge_tap(tx, device, seen, evidence)
            case CodeScanned():
                return self._judge_code(tx, device, seen)
        return Accepted(seen)

    def _judge_tap(self, tx: Transaction, device: str, tap: CardTapped, evidence: Evidence | None) -> Verdict:
        medium = self._medium(tap.uid)
        sealed = tx.card_keys(medium)
        if sealed is None:
            return Accepted(tap)
        keys = self._opened(medium, sealed)
        if keys is None:
            return Undecided(FormReason.NOT_ALLOWED_HERE)
        match evidence:
            case Proven():
                return Accepted(replace(tap, trust=Trust.AUTHENTICATED))
            case Read(link):
                return self._judge_link(tx, _Shown(device, tap, medium, keys), link)
            case Failed(reason):
                return _refused(device, medium, reason.value)
            case Torn():
                return Undecided(FormReason.CARD_AGAIN)
        if tap.channel is not None:
            return Undecided(FormReason.CARD_AGAIN)  # its keys came only after it could have been asked
        if tap.technology in READERS_THAT_ASK:
            return _refused(device, medium, Refusal.NO_SUCH_CARD.value)
        return Undecided(FormReason.CARD_ELSEWHERE)

    def _judge_link(self, tx: Transaction, shown: _Shown, link: str) -> Verdict:
        """A card that lies on the reader and can only write messages: this one was read of it just now."""
        message = find_message(link)
        if message is None:
            return _refused(shown.device, shown.medium, FORGED)
        if message.clear is None and self._secrets.meta_key is None:
            return Undecided(FormReason.NOT_ALLOWED_HERE)
        reading = reading_of(message, self._secrets.meta_key)
        if reading is None or reading.uid != shown.tap.uid.number:
            return _refused(shown.device, shown.medium, FORGED)
        return _judge_message(tx, shown, message, reading)

    def _judge_code(self, tx: Transaction, device: str, code: CodeScanned) -> Verdict:
        """A link in a QR code, or read of a card: one that names no card with keys is a code like any other."""
        message = find_message(code.text)
        reading = reading_of(message, self._secrets.meta_key) if message else None
        if message is None or reading is None:
            return Accepted(code)
        tap = CardTapped(CardUid(reading.uid), SUN)
        medium = self._medium(tap.uid)
        sealed = tx.card_keys(medium)
        if sealed is None:
            return Accepted(code)
        keys = self._opened(medium, sealed)
        if keys is None:
            return Undecided(FormReason.NOT_ALLOWED_HERE)
        return _judge_message(tx, _Shown(device, tap, medium, keys), message, reading)

    def _medium(self, uid: CardUid) -> str:
        return medium_id("card", uid.number, key=self._secrets.medium_key)

    def _opened(self, medium: str, sealed: str) -> CardKeys | None:
        try:
            return self._seal.open(medium, sealed)
        except SealError as error:
            _log.error("identify", problem=f"the keys of a card cannot be used: {error}")
            return None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A strong card, where it was shown, and what is known of it."""

    device: str
    tap: CardTapped
    medium: str
    keys: CardKeys


def _judge_message(tx: Transaction, shown: _Shown, message: SunMessage, reading: Reading) -> Verdict:
    """The counter is kept in the transaction that records the tap: no power cut lets the message in twice."""
    if not is_signed(message, reading, shown.keys.message):
        return _refused(shown.device, shown.medium, FORGED, counter=reading.counter)
    seen = tx.card_counter(shown.medium)
    if reading.counter <= seen:
        return _refused(shown.device, shown.medium, REPLAYED, counter=reading.counter, seen=seen)
    tx.keep_card_counter(shown.medium, reading.counter)
    return Accepted(replace(shown.tap, trust=Trust.DYNAMIC))


def _refused(device: str, medium: str, reason: str, *, counter: int | None = None, seen: int | None = None) -> Refused:
    return Refused(CardRefusedV1(reader=device, medium=medium, reason=reason, counter=counter, seen=seen))
