"""Sends the messages that wait in the journal: each destination by itself, so that a dead one delays nobody else.

A message is marked as begun before it is handed over and settled after. A gateway that is killed in between sends it
once more, as nobody can know whether it went; killed in between again, it gives it up as ``interrupted``.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from edge_agent.alerts.messages import Message, Wordings
from edge_agent.alerts.sender import Fate, Verdict
from edge_agent.alerts.steps import pushed
from edge_agent.config.alert_settings import AlertSettings, DestinationSettings
from edge_agent.floor.bell import Bell, Listener
from edge_agent.journal import Journal, JournalError, Reader, Transaction
from edge_agent.journal.floor.alerts import KeptAlert, KeptPush, PushKey, PushOutcome

ALONE_MAX = 3
"""More messages than this to one destination at one time go as one, with a line for each."""
AT_ONCE_MAX = 50
WELL_AT_ONCE_MAX = 3
"""Processes that send at the same time, and beside them :data:`AILING_AT_ONCE_MAX` for destinations in trouble."""
AILING_AT_ONCE_MAX = 1
PAUSE_S, PAUSE_S_MAX = 5.0, 900.0
LOOK_AGAIN_S = 60.0
"""How long at most is waited without looking: clocks are set, and files are mended."""
BEGUN_MAX = 2

_log = structlog.get_logger("commit")


class Sender(Protocol):
    """Hands a message to a service."""

    async def send(self, url_file: Path, message: Message) -> Verdict:
        """Send it, within a time limit of its own; what services and files do is told, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class PusherTools:
    """What a pusher works with.

    ``current`` is an alert with the newest facts, where it is still in memory; ``held`` is what a destination should
    be told although the journal takes nothing.
    """

    journal: Journal
    sender: Sender
    wordings: Wordings
    now: Callable[[], datetime]
    current: Callable[[str], KeptAlert | None]
    chance: random.Random
    held: Callable[[str], KeptAlert | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Waiting:
    push: KeptPush
    alert: KeptAlert | None


class Pusher:
    """One task for each destination. What became of messages is counted in ``outcomes``, by destination and outcome."""

    def __init__(self, settings: AlertSettings, tools: PusherTools, queued: Bell) -> None:
        self._settings = settings
        self._tools = tools
        self._queued = queued
        self._well = asyncio.Semaphore(WELL_AT_ONCE_MAX)
        self._ailing = asyncio.Semaphore(AILING_AT_ONCE_MAX)
        self._in_trouble: set[str] = set()
        self._unmarked: dict[PushKey, Verdict] = {}
        self._call_again: dict[str, datetime] = {}
        self.outcomes: Counter[tuple[str, PushOutcome]] = Counter()

    async def run(self) -> None:
        """Until cancelled."""
        await self.drop_unknown()
        async with asyncio.TaskGroup() as group:
            for destination in self._settings.destinations:
                group.create_task(self._serve(destination, self._queued.listener()), name=f"push {destination.name}")
            group.create_task(asyncio.Event().wait())

    async def drop_unknown(self) -> None:
        """Messages to destinations that are not configured any more will never be sent: say so."""
        known = {destination.name for destination in self._settings.destinations}
        gone = await self._tools.journal.read(lambda reader: reader.push_destinations() - known)
        for name in gone:
            while due := await self._due(name, all_of_them=True):
                await self._settle(due, Verdict(Fate.REFUSED, "no_destination"))

    async def deliver(self, destination: DestinationSettings) -> int:
        """Send what is due to a destination now; returns how many messages were looked at."""
        await self._call_out(destination)
        due = await self._due(destination.name)
        sendable = [one for one in due if one.push.key not in self._unmarked]
        for one in due:
            if (verdict := self._unmarked.get(one.push.key)) is not None:
                await self._settle([one], verdict)
        for verdict, given_up in self._given_up(sendable).items():
            await self._settle(given_up, verdict)
            sendable = [one for one in sendable if one not in given_up]
        if len(sendable) > ALONE_MAX:
            await self._send(destination, sendable)
        else:
            for one in sendable:
                await self._send(destination, [one])
        return len(due)

    async def _serve(self, destination: DestinationSettings, queued: Listener) -> None:
        while True:
            try:
                if await self.deliver(destination):
                    continue
                wait_s = await self._idle_s(destination.name)
            except JournalError as error:
                _log.warning("commit", problem=f"messages to {destination.name} wait: {error}")
                wait_s = LOOK_AGAIN_S
            # Not wait_for, which forgets that it was cancelled when it is called at that very moment.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await queued.wait()

    async def _call_out(self, destination: DestinationSettings) -> None:
        """Say that the journal takes nothing, without the journal: whoever has heard is known to this process only.

        Once it takes rows again the message waits there, and is settled as what became of it here.
        """
        alert, now = self._tools.held(destination.name), self._tools.now()
        if alert is None:
            self._call_again.pop(destination.name, None)
            return
        key = PushKey(alert.id, alert.state, 0, destination.name)
        if key in self._unmarked or now < self._call_again.get(destination.name, now):
            return
        message = self._tools.wordings.message(alert, alert.state, language=destination.language, now=now)
        async with self._ailing if destination.name in self._in_trouble else self._well:
            verdict = await self._tools.sender.send(destination.url_file, message)
        if verdict.fate is Fate.FAILED:
            _log.warning("commit", step="push", destination=destination.name, problem=verdict.reason)
            self._call_again[destination.name] = self._tools.now() + timedelta(seconds=LOOK_AGAIN_S)
        else:
            self._unmarked[key] = verdict

    async def _idle_s(self, name: str) -> float:
        following = await self._tools.journal.read(lambda reader: reader.next_push(name))
        if following is None:
            return LOOK_AGAIN_S
        return min(LOOK_AGAIN_S, max(0.05, (following - self._tools.now()).total_seconds()))

    async def _due(self, name: str, *, all_of_them: bool = False) -> list[_Waiting]:
        at = datetime.max.replace(tzinfo=self._tools.now().tzinfo) if all_of_them else self._tools.now()

        def look(reader: Reader) -> list[_Waiting]:
            due = reader.pushes_due(name, at, AT_ONCE_MAX)
            return [_Waiting(push, reader.kept_alert(push.key.alert)) for push in due]

        return await self._tools.journal.read(look)

    def _given_up(self, due: Collection[_Waiting]) -> dict[Verdict, list[_Waiting]]:
        """Those that are not sent any more, by reason."""
        oldest = self._tools.now() - timedelta(minutes=self._settings.push_age_minutes_max)
        found: dict[Verdict, list[_Waiting]] = {}
        for one in due:
            reason = ""
            if one.push.begun >= BEGUN_MAX:
                reason = "interrupted"
            elif one.push.attempts and one.push.queued_at < oldest:
                reason = "too_old"
            elif one.alert is None:
                reason = "gone"
            if reason:
                found.setdefault(Verdict(Fate.REFUSED, reason), []).append(one)
        return found

    async def _send(self, destination: DestinationSettings, waiting: list[_Waiting]) -> None:
        async with self._ailing if destination.name in self._in_trouble else self._well:
            # Withdrawn while it waited for its turn: nobody needs to come any more.
            begun = await self._tools.journal.write(lambda tx: [one for one in waiting if tx.begin_push(one.push.key)])
            if not begun:
                return
            message = self._message(destination, begun)
            verdict = await self._tools.sender.send(destination.url_file, message)
        if verdict.fate is Fate.SENT:
            self._in_trouble.discard(destination.name)
        else:
            self._in_trouble.add(destination.name)
            _log.warning("commit", step="push", destination=destination.name, problem=verdict.reason)
        # Until it is marked it must not go again, however long the journal refuses to take that.
        self._unmarked.update((one.push.key, verdict) for one in begun)
        await self._settle(begun, verdict)

    def _message(self, destination: DestinationSettings, waiting: list[_Waiting]) -> Message:
        told = [
            (self._tools.current(one.alert.id) or one.alert, one.push.key.state)
            for one in waiting
            if one.alert is not None
        ]
        if len(told) > 1:
            return self._tools.wordings.digest(told, language=destination.language)
        alert, state = told[0]
        return self._tools.wordings.message(alert, state, language=destination.language, now=self._tools.now())

    async def _settle(self, waiting: list[_Waiting], verdict: Verdict) -> None:
        """Write what became of messages; those that may be tried again wait for their next turn."""
        again = self._tools.now() + self._pause(max(one.push.attempts for one in waiting), verdict)
        outcome = PushOutcome.SENT if verdict.fate is Fate.SENT else PushOutcome.FAILED

        def write(tx: Transaction) -> None:
            for one in waiting:
                key, attempts = one.push.key, one.push.attempts + 1
                if verdict.fate is Fate.FAILED:
                    tx.put_off_push(key, until=again, reason=verdict.reason)
                else:
                    tx.settle_push(key, outcome, verdict.reason)
                    tx.record(pushed(one.push, outcome, attempts))

        await self._tools.journal.write(write)
        for one in waiting:
            self._unmarked.pop(one.push.key, None)
            if verdict.fate is not Fate.FAILED:
                self.outcomes[one.push.key.destination, outcome] += 1

    def _pause(self, attempts: int, verdict: Verdict) -> timedelta:
        """Longer each time, and never the same for two; at least what the service asks for."""
        pause_s = min(PAUSE_S_MAX, PAUSE_S * 2.0 ** min(attempts, 16)) * self._tools.chance.uniform(0.5, 1.5)
        return timedelta(seconds=max(pause_s, verdict.retry_after_s or 0.0))
