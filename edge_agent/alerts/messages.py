"""What staff read on their phones: an alert in words, in the language of its destination.

Names of goods, places and reasons come from files and devices that anybody may have written. They stay text wherever
they are shown: what services read as markup, a mention or a link is replaced by its full-width likeness.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.floor.findings import AlertKind
from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.design.catalogues import translations
from kiosk_ui.design.languages import LANGUAGES
from kiosk_ui.staff.board import AlertState, Severity

LOCALES = Path(__file__).parent / "locales"
NAME_LENGTH_MAX = 80
REFERENCE_LENGTH = 6
LINES_MAX = 20
"""Alerts named one by one in a message that tells of many."""

_MARKUP = {ord(sign): ord(sign) + 0xFEE0 for sign in "@<>&[]*_`#~\\|{}$"}
_MARKUP[ord(":")] = ord("：")
_ADDRESS_DOT = re.compile(r"(?<=\S)[.。．｡](?=(?:[^\W\d_]{2,}|xn--[\w-]+)(?!\w))")
"""Of a name that phones would make a link of though nothing says http: the last dot of ``host.example``."""
_MILLI = 1_000

Say = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Message:
    """What one destination is told. ``reference`` is the same each time the same message is sent."""

    title: str
    body: str
    severity: Severity
    reference: str


@dataclass(frozen=True, slots=True)
class _Wording:
    """``title`` names the subject by ``{what}``; ``advice`` says what to do."""

    title: str
    advice: str


KINDS: dict[AlertKind, _Wording] = {
    AlertKind.LOW_STOCK: _Wording("Running low: {what}", "Please refill."),
    AlertKind.STOCK_OUT: _Wording("Sold out: {what}", "Please refill now."),
    AlertKind.OVERSTOCK: _Wording("Too much on the shelf: {what}", "Please take the surplus back to the storeroom."),
    AlertKind.WRONG_ITEM: _Wording("Something else in the place of: {what}", "Please put the right goods there."),
    AlertKind.MISSING: _Wording("Taken and not sold: {what}", "Please count, and look into it."),
    AlertKind.PHANTOM: _Wording("Sold, and still on the shelf: {what}", "Please check article and place."),
    AlertKind.DEVICE_OFFLINE: _Wording("Device not working: {what}", "Please check its power and its cable."),
    AlertKind.TEMPERATURE: _Wording("Temperature: {what}", "Please check the door and the goods now."),
    AlertKind.DOOR_OPEN: _Wording("Door left open: {what}", "Please shut it."),
    AlertKind.DURABILITY: _Wording("The gateway cannot keep its records safely", "Please call your technician now."),
    AlertKind.CARD_COPIED: _Wording("A copied card was shown", "Please ask to see the card; do not hand anything out."),
}
STATES: dict[AlertState, str] = {
    AlertState.RAISED: "{title}",
    AlertState.ESCALATED: "Nobody has come yet. {title}",
    AlertState.ACKNOWLEDGED: "Somebody is on it. {title}",
    AlertState.RESOLVED: "Done. {title}",
}
PLACE, ARTICLE = "Place: {place}", "Article: {sku}"
LEFT, LEFT_OF, COUNT = "Left: {units}", "Left: {units} of {capacity}", "Units: {units}"
MEASURED, REASON, SINCE = "Measured: {value} °C", "Reason: {reason}", "Since {since}"
MANY, MORE, BOARD = "{count} alerts", "… and {count} more", "Board: {url}"
TEST_TITLE, TEST_BODY = "Test message", "Regulars reaches this destination. Nothing needs to be done."

SAID = (
    *(text for wording in KINDS.values() for text in (wording.title, wording.advice)),
    *STATES.values(),
    *(PLACE, ARTICLE, LEFT, LEFT_OF, COUNT, MEASURED, REASON, SINCE, MANY, MORE, BOARD, TEST_TITLE, TEST_BODY),
)
"""Everything that needs its words in every language."""
_NOT_TOLD = frozenset({AlertKind.CARD_COPIED, AlertKind.DURABILITY})
"""Kinds whose subject is nobody's business outside the store, or says nothing."""
_DISCREPANCIES = frozenset({AlertKind.MISSING, AlertKind.PHANTOM})
_STOCK = frozenset({AlertKind.LOW_STOCK, AlertKind.STOCK_OUT, AlertKind.OVERSTOCK})


class Wordings:
    """Words in every language, read once. ``board_url`` is the board as phones reach it, or empty."""

    def __init__(self, *, zone: ZoneInfo, board_url: str = "") -> None:
        self._zone = zone
        self._board_url = board_url
        self._say: dict[str, Say] = {language.tag: translations(language, (LOCALES,)).gettext for language in LANGUAGES}

    def message(self, alert: KeptAlert, state: AlertState, *, language: str, now: datetime) -> Message:
        """One alert in a state, with all that somebody needs to go there."""
        say = self._say[language]
        lines = [line for line in self._lines(alert, say, language, now) if line]
        if state in {AlertState.RAISED, AlertState.ESCALATED}:
            lines.append(say(KINDS[alert.kind].advice))
        body = "\n".join((*lines, *self._ending(say, alert.id[:REFERENCE_LENGTH])))
        title = _title(alert, state, say, language)
        return Message(title, body, alert.severity, f"{alert.id}.{state.value}.{alert.escalation}")

    def digest(self, told: Sequence[tuple[KeptAlert, AlertState]], *, language: str) -> Message:
        """Many at once, one line each: a phone rings once."""
        say = self._say[language]
        lines = [_line(alert, state, say, language) for alert, state in told[:LINES_MAX]]
        if len(told) > LINES_MAX:
            lines.append(say(MORE).format(count=len(told) - LINES_MAX))
        severity = min((alert.severity for alert, _ in told), key=_URGENCY.index)
        title = say(MANY).format(count=len(told))
        reference = f"{told[0][0].id}.{told[0][1].value}.{len(told)}"
        return Message(title, "\n".join((*lines, *self._ending(say, ""))), severity, reference)

    def test(self, *, language: str, reference: str) -> Message:
        """A message that asks for nothing."""
        say = self._say[language]
        return Message(say(TEST_TITLE), "\n".join((say(TEST_BODY), *self._ending(say, ""))), Severity.INFO, reference)

    def _lines(self, alert: KeptAlert, say: Say, language: str, now: datetime) -> list[str]:
        facts = alert.facts
        sku = plain(str(facts.get("sku", "")))
        reason = plain(str(facts.get("reason", "")))
        milli = facts.get("milli")
        place = _place(alert)
        return [
            say(PLACE).format(place=place) if place else "",
            say(ARTICLE).format(sku=sku) if sku else "",
            _units(alert.kind, facts, say),
            say(MEASURED).format(value=_degrees(milli)) if isinstance(milli, int) else "",
            say(REASON).format(reason=reason) if reason and alert.kind not in _NOT_TOLD else "",
            say(SINCE).format(since=self._since(alert.raised_at, language, now)),
        ]

    def _since(self, moment: datetime, language: str, now: datetime) -> str:
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone)
        clock = f"{local:%H:%M}"
        if local.date() == today.date():
            return clock
        return f"{local.month}月{local.day}日 {clock}" if language == "zh-CN" else f"{local:%Y-%m-%d} {clock}"

    def _ending(self, say: Say, reference: str) -> list[str]:
        board = say(BOARD).format(url=self._board_url) if self._board_url else ""
        return [line for line in (board, f"({reference})" if reference else "") if line]


def plain(text: str, length_max: int = NAME_LENGTH_MAX) -> str:
    """Untrusted text as it may stand in a message: one line, no markup, mention or link, nothing turned round."""
    shown = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    short = " ".join(_ADDRESS_DOT.sub(". ", shown).split())
    short = short if len(short) <= length_max else f"{short[: length_max - 1]}…"
    return short.translate(_MARKUP)


_URGENCY = (Severity.URGENT, Severity.WARNING, Severity.INFO)


def _title(alert: KeptAlert, state: AlertState, say: Say, language: str) -> str:
    title = say(KINDS[alert.kind].title).format(what=_what(alert, language))
    return say(STATES[state]).format(title=title)


def _line(alert: KeptAlert, state: AlertState, say: Say, language: str) -> str:
    place = _place(alert)
    return f"· {_title(alert, state, say, language)}" + (f" ({place})" if place else "")


def _what(alert: KeptAlert, language: str) -> str:
    """The article in the reader's language, else in the other, else the subject's own name."""
    names = ("name_zh", "name_en") if language == "zh-CN" else ("name_en", "name_zh")
    found = (plain(str(alert.facts.get(name, ""))) for name in names)
    return next((name for name in found if name), plain(alert.subject))


def _place(alert: KeptAlert) -> str:
    zone = plain(alert.zone)
    if alert.kind in _NOT_TOLD:
        return zone
    return " · ".join(part for part in (zone, plain(alert.subject)) if part)


def _units(kind: AlertKind, facts: Mapping[str, str | int], say: Say) -> str:
    units, capacity = facts.get("units"), facts.get("capacity")
    if not isinstance(units, int) or kind not in _STOCK | _DISCREPANCIES:
        return ""
    if kind in _DISCREPANCIES:
        return say(COUNT).format(units=units)
    return say(LEFT_OF).format(units=units, capacity=capacity) if capacity else say(LEFT).format(units=units)


def _degrees(milli: int) -> str:
    """Thousandths of a degree, to a tenth."""
    tenths = round(abs(milli) * 10 / _MILLI)
    return f"{'−' if milli < 0 and tenths else ''}{tenths // 10}.{tenths % 10}"
