"""One kiosk's visits: what is on the screen, and when it goes back to inviting the next person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, assert_never

from pydantic import BaseModel, ConfigDict, Field

from kiosk_ui.kiosk.screens import (
    CONNECTION_EVENT,
    SCREEN_EVENT,
    Attract,
    Connection,
    Earned,
    Goodbye,
    Greeting,
    ReaderFault,
    Screen,
    UnknownCard,
    kiosk_channel,
)
from kiosk_ui.live import LiveHub

_IDLE_S_MAX = 600.0


class IdleTimes(BaseModel):
    """How long each screen stays when nothing happens. The page is told the same times.

    A person needs about a second per four words; a question with money in it gets longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting_s: float = Field(15.0, gt=0, le=_IDLE_S_MAX, description="a member's greeting")
    question_s: float = Field(30.0, gt=0, le=_IDLE_S_MAX, description="a greeting that asks about a purchase")
    earned_s: float = Field(12.0, gt=0, le=_IDLE_S_MAX, description="points earned or taken back")
    unknown_card_s: float = Field(15.0, gt=0, le=_IDLE_S_MAX, description="a card nobody has linked yet")
    goodbye_s: float = Field(4.0, gt=0, le=_IDLE_S_MAX, description="the farewell")

    def of(self, screen: Screen) -> float | None:
        """Seconds until ``screen`` gives way; ``None``: it stays until something happens."""
        match screen:
            case Greeting(claimable=None):
                return self.greeting_s
            case Greeting():
                return self.question_s
            case Earned():
                return self.earned_s
            case UnknownCard():
                return self.unknown_card_s
            case Goodbye():
                return self.goodbye_s
            case Attract() | ReaderFault():
                return None
            case _:
                assert_never(screen)


class Timer(Protocol):
    """A call that may still be called off."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """Calls something later. An ``asyncio`` event loop is one."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class KioskSession:
    """Shows screens on one kiosk and ends each visit by itself.

    A reader's fault is a standing condition, not a visit: it is what the kiosk falls back to in place
    of the invitation until :meth:`reader_mended`.
    """

    def __init__(self, kiosk: str, hub: LiveHub, *, timers: Timers, idle: IdleTimes | None = None) -> None:
        self.kiosk = kiosk
        self.idle = idle or IdleTimes()
        self._hub = hub
        self._timers = timers
        self._timer: Timer | None = None
        self._faults: dict[str, ReaderFault] = {}
        self.screen: Screen = Attract()
        self.show(self.screen)

    def show(self, screen: Screen) -> None:
        """Put a screen up now and give it its time."""
        self._cancel()
        self.screen = screen
        self._hub.publish(SCREEN_EVENT, screen, channel=kiosk_channel(self.kiosk))
        stays_s = self.idle.of(screen)
        if stays_s is not None:
            self._timer = self._timers.call_later(stays_s, self.rest)

    def finish(self) -> None:
        """The person is done: say goodbye, by name where it is known. Does nothing between visits."""
        match self.screen:
            case Greeting() | Earned() | Goodbye():
                self.show(Goodbye(name=self.screen.name, language=self.screen.language))
            case UnknownCard():
                self.show(Goodbye())
            case Attract() | ReaderFault():
                pass
            case _:
                assert_never(self.screen)

    def rest(self) -> None:
        """Nobody is here: invite the next person, or say that a reader does not work."""
        self.show(next(iter(self._faults.values()), Attract()))

    def reader_failed(self, device: str) -> None:
        """A reader of this counter stopped reading. Waits for the visit under way to end."""
        self._faults[device] = ReaderFault(device=device)
        if isinstance(self.screen, Attract):
            self.rest()

    def reader_mended(self, device: str) -> None:
        """The reader reads again."""
        if self._faults.pop(device, None) is not None and isinstance(self.screen, ReaderFault):
            self.rest()

    def connection(self, *, online: bool) -> None:
        """Show or take away the calm notice that the store is offline."""
        self._hub.publish(CONNECTION_EVENT, Connection(online=online), channel=kiosk_channel(self.kiosk))

    def close(self) -> None:
        """Call off what was to happen later."""
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
