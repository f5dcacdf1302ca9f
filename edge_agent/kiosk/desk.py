"""The kiosk's desk: answers what a finger asks for, and hands in what somebody wrote.

Whoever asks is the member of the visit whose token they hold, never whom a page names. What is asked for is read from
the journal and shown; what is handed in walks the stations like a tap.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from devices.observations import FormAnswer, FormFilled
from edge_agent.decisions.people.filled import IS_NEW, KEY, PROOF, TRUST, has_pin
from edge_agent.decisions.people.redemptions import SESSION, reward_of
from edge_agent.decisions.shop import Shop
from edge_agent.journal import AwaitedLink, Journal, JournalError, Reader, Transaction
from edge_agent.kiosk.entries import Entries, read_form
from edge_agent.kiosk.pins import PinCheck
from edge_agent.kiosk.views import Sight, Views, problem
from edge_agent.kiosk.visits import KioskVisit, KioskVisits
from edge_agent.rights.desk import RightsDesk
from kiosk_ui.kiosk.desk import Asked, Filled, VisitOver
from kiosk_ui.kiosk.screens import (
    Form,
    FormReason,
    Help,
    Link,
    Pin,
    Redeem,
    RegisterForm,
    Screen,
    View,
)
from kiosk_ui.kiosk.session import KioskSession
from kiosk_ui.kiosk.touch import Touch, TouchError

LINK_WINDOW = timedelta(seconds=90)
"""How long the counter waits for the card or phone; the screen that asks for it stays as long."""
_GUARDED = frozenset({View.DETAILS, View.LINK, View.LINK_CARD, View.LINK_PHONE})
"""What a copied card must not open: through these somebody else could become the member."""
_MEMBER_ID_BYTES = 16

log = structlog.get_logger("kiosk")


@dataclass(frozen=True, slots=True)
class KioskPlace:
    """One kiosk: its screen and its touches."""

    session: KioskSession
    touch: Touch


@dataclass(frozen=True, slots=True)
class KioskTools:
    """What the desk works with."""

    shop: Shop
    views: Views
    pins: PinCheck
    rights: RightsDesk
    now: Callable[[], datetime]


class KioskDesk:
    """Serves the kiosks of one store."""

    def __init__(
        self, journal: Journal, places: Mapping[str, KioskPlace], visits: KioskVisits, tools: KioskTools
    ) -> None:
        self._journal = journal
        self._places = places
        self._visits = visits
        self._shop, self._views, self._pins = tools.shop, tools.views, tools.pins
        self._rights, self._now = tools.rights, tools.now
        self._endings: set[asyncio.Task[None]] = set()
        visits.ended = self._ended
        for kiosk, place in places.items():
            place.session.left = partial(visits.end, kiosk)

    # ── asks ──────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, kiosk: str, asked: Asked) -> None:
        """Put what was asked for on the kiosk's screen. Raises :class:`VisitOver` and :class:`TouchError`."""
        session = self._places[kiosk].session
        visit = self._visits.find(kiosk, asked.visit)
        if visit is None:
            self._ask_as_nobody(kiosk, asked)
            return
        if asked.view is View.STAY:
            session.touched()
            return
        await self._undo(visit)
        try:
            screen = await self._screen(visit, asked)
        except JournalError as error:
            raise TouchError("the journal does not answer") from error
        if self._visits.at(kiosk) is not visit:  # It ended while the journal was read.
            raise VisitOver
        visit.question += 1
        session.show(screen)

    def _ask_as_nobody(self, kiosk: str, asked: Asked) -> None:
        """Joining and help are open to whoever stands at a kiosk that shows nobody's visit."""
        session = self._places[kiosk].session
        if asked.visit or session.screen.visit or self._visits.at(kiosk) is not None:
            raise VisitOver
        match asked.view:
            case View.STAY:
                session.touched()
            case View.HELP:
                session.show(Help(online=self._views.online()))
            case View.HOME:
                session.rest()
            case View.REGISTER:
                visit = self._visits.begin(kiosk, self._shop.counters.of_kiosk(kiosk))
                session.show(self._register_form(visit))
            case _:
                raise VisitOver

    async def _screen(self, visit: KioskVisit, asked: Asked) -> Screen:
        view, subject = asked.view, asked.subject
        if view is View.REGISTER and visit.member is None:
            return self._register_form(visit)
        if visit.member is None and view is View.HELP:
            return Help(visit=visit.token, online=self._views.online())
        if visit.member is None:
            raise VisitOver
        if view in {View.REWARD, View.LINK_CARD, View.LINK_PHONE}:
            visit.holds_points, visit.awaits_link = view is View.REWARD, view is not View.REWARD
            return await self._journal.write(lambda tx: self._doing(tx, visit, view, subject))
        return await self._journal.read(lambda reader: self._looking(reader, visit, view, subject))

    def _looking(self, reader: Reader, visit: KioskVisit, view: View, subject: str) -> Screen:
        sight = self._views.see(reader, visit)
        if sight is None:
            return problem(visit, FormReason.BUSY)
        if (guard := self._guard(sight, view)) is not None:
            return guard
        match view:
            case View.HELP:
                return Help(**sight.heading(), online=self._views.online())
            case View.PIN:
                return self._choose_pin(sight)
            case View.LINK:
                return Link(**sight.heading())
            case _:
                found = self._views.screen(sight, view, subject)
                return found or problem(visit, FormReason.NOT_ALLOWED_HERE, entry=sight.entry)

    def _doing(self, tx: Transaction, visit: KioskVisit, view: View, subject: str) -> Screen:
        """Views that hold something for the visit until it ends or looks elsewhere."""
        sight = self._views.see(tx, visit)
        if sight is None:
            return problem(visit, FormReason.BUSY)
        if (guard := self._guard(sight, view)) is not None:
            return guard
        if view is View.REWARD:
            return self._confirm(tx, sight, subject)
        kind = "card" if view is View.LINK_CARD else "phone"
        tx.await_link(AwaitedLink(visit.counter, sight.entry.member, kind, self._now() + LINK_WINDOW, visit.session))
        return Link(**sight.heading(), medium="card" if view is View.LINK_CARD else "phone")

    def _confirm(self, tx: Transaction, sight: Sight, subject: str) -> Screen:
        """One reward to be confirmed: its points are held for this visit from here on."""
        visit, entry = sight.visit, sight.entry
        reward = reward_of(sight.terms, subject)
        if reward is None:
            return problem(visit, FormReason.NO_SUCH_REWARD, entry=entry, back=View.REWARDS)
        card = sight.card(reward)
        refusal = card.why or self._rights.reserve(tx, entry.member, visit.session, reward.points)
        if refusal is not None:
            return problem(visit, refusal, entry=entry, back=View.REWARDS)
        needs_pin = not visit.is_strong and reward.points > self._shop.pin_above_points
        if needs_pin and not has_pin(tx, entry):
            return problem(visit, FormReason.NO_PIN, entry=entry, back=View.REWARDS)
        balance_after = sight.balance - reward.points
        return Redeem(**sight.purse(), reward=card, balance_after=balance_after, needs_pin=needs_pin)

    def _guard(self, sight: Sight, view: View) -> Screen | None:
        if view not in _GUARDED or sight.visit.is_strong:
            return None
        if not has_pin(sight.reader, sight.entry):
            return problem(sight.visit, FormReason.NO_PIN, entry=sight.entry)
        wait_s = self._pins.locked_s(sight.reader, sight.entry.member)
        return Pin(**sight.heading(), mode="locked" if wait_s else "enter", wanted=view, retry_after_s=wait_s)

    def _choose_pin(self, sight: Sight) -> Screen:
        entry = sight.entry
        if has_pin(sight.reader, entry):
            wait_s = self._pins.locked_s(sight.reader, entry.member)
            if wait_s:
                return Pin(**sight.heading(), mode="locked", wanted=View.PIN, retry_after_s=wait_s)
            return Pin(**sight.heading(), mode="choose", needs_old=True)
        if sight.visit.is_strong or sight.reader.may_choose_pin(entry.member, self._now()):
            return Pin(**sight.heading(), mode="choose")
        return problem(sight.visit, FormReason.NO_PIN, entry=entry)

    def _register_form(self, visit: KioskVisit) -> RegisterForm:
        return RegisterForm(visit=visit.token, medium=visit.kind, online=self._views.online())

    # ── forms ─────────────────────────────────────────────────────────────────────────────────────

    async def fill(self, kiosk: str, filled: Filled) -> FormAnswer:
        """Hand in a form and wait for its answer. Raises :class:`VisitOver` and :class:`TouchError`."""
        visit = self._visits.find(kiosk, filled.visit)
        if visit is None or (visit.member is None) != (filled.form is Form.REGISTER):
            raise VisitOver
        self._places[kiosk].session.touched()
        entries = read_form(filled.form, filled.fields, subject=filled.subject)
        if entries.problems:
            return FormAnswer(is_accepted=False, reason=FormReason.CORRECT_FIELDS, problems=entries.problems)
        try:
            form = await self._form(visit, filled, entries)
        except JournalError as error:
            raise TouchError("the journal does not answer") from error
        answer = await self._places[kiosk].touch.fill(form)
        if filled.form is Form.UNLOCK and answer.is_accepted:
            await self._unlocked(visit, filled)
        return answer

    async def _form(self, visit: KioskVisit, filled: Filled, entries: Entries) -> FormFilled:
        """The form as it is recorded: what was written, and what this desk knows of who wrote it."""
        known = {TRUST: visit.trust.value, KEY: _key_of(visit, filled), SESSION: visit.session}
        if visit.is_new:
            known[IS_NEW] = "yes"
        if filled.form is Form.REGISTER and visit.kind == "card":
            known |= {"medium": visit.medium}
        given = entries.pins.get("old") if filled.form is Form.PIN else entries.pins.get("pin")
        chosen = entries.pins.get("new") if filled.form is Form.PIN else None
        if filled.form is Form.REGISTER:
            given, chosen = None, given
        if given and visit.member is not None:
            known[PROOF] = await self._pins.judge(visit.member, given)
        elif visit.is_proven:
            known[PROOF] = "pin"
        if chosen:
            known["verifier"] = await self._pins.verifier(chosen)
        return FormFilled(
            place=visit.kiosk,
            form=filled.form.value,
            fields={**entries.fields, **known},
            member=visit.member or secrets.token_hex(_MEMBER_ID_BYTES),
            subject=filled.subject,
        )

    async def _unlocked(self, visit: KioskVisit, filled: Filled) -> None:
        visit.is_proven = True
        wanted = View(filled.subject) if filled.subject in set(View) else View.HOME
        await self.ask(visit.kiosk, Asked(wanted, visit.token))

    # ── endings ───────────────────────────────────────────────────────────────────────────────────

    def _ended(self, visit: KioskVisit) -> None:
        """Nobody stands there any more: what was held for them is free again."""
        if not (visit.holds_points or visit.awaits_link):
            return
        ending = asyncio.get_running_loop().create_task(self._undo(visit), name=f"end of a visit at {visit.kiosk}")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def settled(self) -> None:
        """Returns when all that ended visits held is free again."""
        if self._endings:
            await asyncio.wait(self._endings)

    async def _undo(self, visit: KioskVisit) -> None:
        if not (visit.holds_points or visit.awaits_link):
            return
        holds, awaits = visit.holds_points, visit.awaits_link
        visit.holds_points = visit.awaits_link = False
        try:
            await self._journal.write(lambda tx: self._release(tx, visit, holds=holds, awaits=awaits))
        except JournalError as error:
            # Reservations end with the next start, and a link waits no longer than its window.
            log.warning("show", problem="what a visit held is not released yet", why=error.problem)

    def _release(self, tx: Transaction, visit: KioskVisit, *, holds: bool, awaits: bool) -> None:
        if holds and visit.member is not None:
            self._rights.release(tx, visit.member, visit.session)
        if awaits:
            waiting = tx.awaited_link(visit.counter, self._now())
            if waiting is not None and waiting.visit == visit.session:
                tx.end_link(visit.counter)


def _key_of(visit: KioskVisit, filled: Filled) -> str:
    """What makes two forms the same: the visit, the screen they came from, and what the page says."""
    said = "\x00".join((visit.token, str(visit.question), filled.form.value, filled.subject, filled.key))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
