"""The touch screen as a device: fingers become observations, choices and forms, recorded like a card's tap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Self

from devices.observations import ChoiceMade, FormAnswer, FormFilled

PENDING_MAX = 8
ANSWER_TIMEOUT_S = 3.0


class Choice(StrEnum):
    """The buttons a kiosk has."""

    CLAIM = "claim"
    """Yes, that purchase was mine."""
    DECLINE = "decline"
    """No, it was not."""
    DONE = "done"
    """I am finished."""


class TouchError(Exception):
    """A touch that is not (or not yet) recorded; the page tries again. ``retry_after_s`` says when."""

    def __init__(self, reason: str, *, retry_after_s: int = 1) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, eq=False)
class _Press:
    seen: ChoiceMade | FormFilled
    recorded: asyncio.Future[bool]

    def settle(self, *, recorded: bool) -> None:
        if not self.recorded.done():
            self.recorded.set_result(recorded)


class Touch:
    """The device behind one kiosk's buttons.

    :meth:`press` returns when the consumer of :meth:`observations` came back for more, that is, when
    the choice is durable.
    """

    def __init__(self, kiosk: str, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.kiosk = kiosk
        self._answer_timeout_s = answer_timeout_s
        self._presses: asyncio.Queue[_Press] = asyncio.Queue(PENDING_MAX)
        self._open = False

    def __repr__(self) -> str:
        return f"<Touch {self.kiosk}: {'open' if self._open else 'closed'}, {self._presses.qsize()} waiting>"

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        while not self._presses.empty():
            self._presses.get_nowait().settle(recorded=False)

    async def observations(self) -> AsyncIterator[ChoiceMade | FormFilled]:
        """Each press and each form, once."""
        while True:
            press = await self._presses.get()
            recorded = False
            try:
                yield press.seen
                recorded = True
            finally:
                press.settle(recorded=recorded)

    async def press(self, choice: Choice, *, subject: str = "") -> None:
        """Hand a choice over and wait until it is recorded.

        Raises :class:`TouchError` when it is not, or when that is not known in time. Pressing again
        is safe: a purchase is credited once however often it is claimed.
        """
        await self._hand_over(ChoiceMade(self.kiosk, choice.value, subject))

    async def fill(self, form: FormFilled) -> FormAnswer:
        """Hand a form over and wait for its answer.

        Raises :class:`TouchError` when it was not recorded, or when that is not known in time. Sending it again is
        safe: forms of one key are done once.
        """
        answers: list[FormAnswer] = []
        await self._hand_over(replace(form, reply=answers.append))
        if not answers:
            raise TouchError("recorded, but not decided yet")
        return answers[0]

    async def _hand_over(self, seen: ChoiceMade | FormFilled) -> None:
        if not self._open:
            raise TouchError("the gateway does not take touches now")
        recorded: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._presses.put_nowait(_Press(seen, recorded))
        except asyncio.QueueFull as error:
            raise TouchError(f"{PENDING_MAX} touches wait already") from error
        try:
            async with asyncio.timeout(self._answer_timeout_s):
                was_recorded = await recorded
        except TimeoutError as error:
            raise TouchError("not recorded in time; it may still be") from error
        if not was_recorded:
            raise TouchError("the gateway stopped before it was recorded")
