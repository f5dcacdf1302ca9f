"""Whether this incarnation may redeem: frozen at each start, thawed by the cloud's welcome or by a trusted witness.

A disk that was restored, copied or lost its newest writes looks like any other from inside. So a start redeems nothing
until the cloud has greeted it, unless a witness on other storage proves that no redemption is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from cloud_bridge.receipts import RightsStanding
from cloud_bridge.topics import Lane
from edge_agent.journal import REDEEM_FILL_MAX, Journal, JournalFull, RightsState, StandingWord, Transaction
from edge_agent.rights.attestor import Attestor
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.replies import Replies
from edge_agent.rights.witness import Verdict, judge

ACCOUNTS_AT_ONCE_MAX = 200
"""Accounts given back in one commit, so that no tap waits for more."""

log = structlog.get_logger(__name__)


class GatewayStanding:
    """Freezes and thaws this gateway, and gives back what it holds when the cloud no longer deals with it."""

    def __init__(
        self, journal: Journal, desk: RightsDesk, attestor: Attestor, *, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._journal = journal
        self._desk = desk
        self._attestor = attestor
        self._changed = changed
        self._replies = Replies(desk)

    async def begin(self, machine: str = "") -> None:
        """Before anything else of a start: judge the journal by its machine and its witness. It opened frozen.

        ``machine`` names the machine this is; empty where that cannot be told.
        """
        if await self._journal.write(lambda tx: _is_moved(tx, machine)):
            log.warning("rights", step="begin", verdict="the disk was in another machine")
            await self._journal.begin_incarnation("the disk was in another machine")
            return
        testimony = self._attestor.heard()
        state, known = await self._journal.read(lambda reader: (reader.rights_state(), reader.incarnations()))
        head = self._journal.heads().get(Lane.LEDGER)
        verdict = judge(
            testimony,
            gateway=state.gateway,
            incarnation=state.incarnation,
            known=known,
            head=head.sequence if head else 0,
        )
        log.info("rights", step="begin", verdict=verdict.value, standing=state.standing)
        if verdict is Verdict.ROLLED_BACK:
            await self._journal.begin_incarnation("the witness knows rows that are not here")
            return
        await self._journal.write(lambda tx: _begin(tx, state, verdict))
        try:
            await self._journal.write(self._replies.answer_due)
        except JournalFull as error:
            log.error("rights", problem=str(error))

    async def heard(self, said: RightsStanding) -> None:
        """The cloud answered a hello of this start. What it says of another incarnation is of no concern."""
        if said.incarnation != self._journal.incarnation:
            return
        word = StandingWord(said.standing)
        try:
            if word is StandingWord.WELCOME:
                await self._thaw(said)
            else:
                await self._withdraw(word, is_first=said.is_first)
        except JournalFull as error:
            log.error("rights", problem=str(error), standing=word.value)
        self._changed()

    async def confirm(self) -> None:
        """Tell the witness of what has been committed meanwhile; away from the writer, so that no tap waits for it."""
        head = self._journal.heads().get(Lane.LEDGER)
        if head is not None and self._attestor.is_waiting(self._journal.incarnation, head.sequence):
            await asyncio.to_thread(self._attestor.confirm, self._journal.incarnation, head.sequence)

    async def keep_witness(self) -> None:
        """Confirm after each commit that needs it, and see whether rights may leave. Never returns."""
        changed = self._journal.changed()
        while True:
            await changed.wait()
            await self.confirm()
            await self.look_again()

    async def look_again(self) -> None:
        """Stop offering what could not be taken, with the disk nearly full or the witness away; offer it again after.

        Only while the cloud's welcome stands: nothing else is thawed by this.
        """
        is_full = self._journal.fill() >= REDEEM_FILL_MAX
        if not (is_full or self._attestor.trouble):
            return
        state = await self._journal.read(lambda reader: reader.rights_state())
        if state.standing is StandingWord.WELCOME and state.is_frozen != is_full:
            await self._journal.write(self._rest_or_go_on)
            self._changed()

    async def freeze(self, why: str) -> None:
        """Redeem nothing until the next welcome, and give nothing back."""
        state = await self._journal.read(lambda reader: reader.rights_state())
        if state.is_frozen and state.standing is not StandingWord.WELCOME:
            return
        log.warning("rights", step="frozen", why=why)
        await self._journal.write(_doubt)
        self._changed()

    async def _thaw(self, said: RightsStanding) -> None:
        state = await self._journal.read(lambda reader: reader.rights_state())
        if (state.standing, state.is_first, state.is_frozen) == (StandingWord.WELCOME, said.is_first, False):
            return
        await self._journal.write(lambda tx: self._welcome(tx, said))
        log.info("rights", step="welcome", is_first=said.is_first)

    async def _withdraw(self, word: StandingWord, *, is_first: bool) -> None:
        """Freeze, give everything back, and where another life of this gateway took over, begin anew."""
        state, held = await self._journal.read(lambda reader: (reader.rights_state(), reader.accounts_held(1)))
        if word is StandingWord.REVOKED and state.standing is word and state.is_frozen and not held:
            return
        log.warning("rights", step=word.value, incarnation=state.incarnation)
        await self._journal.write(lambda tx: _freeze(tx, word, is_first=is_first))
        while await self._journal.write(self._give_some_back):
            continue
        if word is StandingWord.SUPERSEDED:
            await self._journal.begin_incarnation("superseded")

    def _welcome(self, tx: Transaction, said: RightsStanding) -> None:
        if tx.lease() != said.incarnation:
            return
        is_frozen = not self._attestor.at_rest(tx)
        tx.keep_standing(StandingWord.WELCOME, is_first=said.is_first, is_frozen=is_frozen)
        self._replies.answer_due(tx)

    def _rest_or_go_on(self, tx: Transaction) -> None:
        state = tx.rights_state()
        if state.standing is StandingWord.WELCOME:
            # Attested like a redemption: one that waits in the same commit must not be forgotten by the witness.
            tx.keep_standing(state.standing, is_first=state.is_first, is_frozen=not self._attestor(tx))

    def _give_some_back(self, tx: Transaction) -> int:
        """Returns how much was given back."""
        accounts = tx.accounts_held(ACCOUNTS_AT_ONCE_MAX)
        return sum(self._desk.give_back(tx, member, unit, tx.wallet(member, unit).rights) for member, unit in accounts)


def _begin(tx: Transaction, state: RightsState, verdict: Verdict) -> None:
    """Thaw only along an unbroken row of trusted starts: what was not proven once must hear the cloud."""
    if state.standing is not StandingWord.WELCOME:
        return
    is_trusted = verdict is Verdict.TRUSTED
    tx.keep_standing(state.standing if is_trusted else None, is_first=state.is_first, is_frozen=not is_trusted)


def _doubt(tx: Transaction) -> None:
    """What the cloud said before counts no more; revoked stays revoked."""
    state = tx.rights_state()
    word = None if state.standing is StandingWord.WELCOME else state.standing
    tx.keep_standing(word, is_first=state.is_first, is_frozen=True)


def _is_moved(tx: Transaction, machine: str) -> bool:
    """Whether this disk lived in another machine before: there it may go on, as the original of this copy."""
    known = tx.machine()
    if machine and machine != known:
        tx.keep_machine(machine)
    return bool(machine and known and machine != known)


def _freeze(tx: Transaction, word: StandingWord, *, is_first: bool) -> None:
    tx.end_reservations()
    tx.keep_standing(word, is_first=is_first, is_frozen=True)
