"""One kiosk's visits: what is on the screen, and when it goes back to inviting the next person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from kiosk_ui.kiosk.screens import (
    CONNECTION_EVENT,
    SCREEN_EVENT,
    Attract,
    Connection,
    Goodbye,
    Greeting,
    ReaderFault,
    Screen,
    kiosk_channel,
)
from kiosk_ui.live import LiveHub

_IDLE_S_MAX = 600.0

_STANDING = ("attract", "reader_fault")
_TIMES = {
    "greeting_s": "greeting",
    "menu_s": "menu",
    "question_s": "question",
    "earned_s": "earned",
    "unknown_card_s": "unknown_card",
    "reading_s": "points receipt coupons rewards refer help",
    "form_s": "register details consents survey redeem link pin",
    "voucher_s": "redeemed",
    "done_s": "registered thanks linked",
    "problem_s": "problem",
    "goodbye_s": "goodbye",
}
"""Which time counts for which screens."""


class IdleTimes(BaseModel):
    """How long each screen stays when nothing happens. The page is told the same times.

    A person needs about a second per four words; a question with money in it gets longer, typing longest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting_s: float = Field(15.0, gt=0, le=_IDLE_S_MAX, description="a member's greeting")
    menu_s: float = Field(30.0, gt=0, le=_IDLE_S_MAX, description="a greeting with things to choose from")
    question_s: float = Field(30.0, gt=0, le=_IDLE_S_MAX, description="a greeting that asks about a purchase")
    earned_s: float = Field(12.0, gt=0, le=_IDLE_S_MAX, description="points earned or taken back")
    unknown_card_s: float = Field(15.0, gt=0, le=_IDLE_S_MAX, description="a card nobody has linked yet")
    reading_s: float = Field(45.0, gt=0, le=_IDLE_S_MAX, description="a member's points, coupons, rewards, help")
    form_s: float = Field(90.0, gt=0, le=_IDLE_S_MAX, description="a form, since the last touch")
    voucher_s: float = Field(60.0, gt=0, le=_IDLE_S_MAX, description="the voucher of a reward")
    done_s: float = Field(15.0, gt=0, le=_IDLE_S_MAX, description="the word that a form is kept")
    problem_s: float = Field(20.0, gt=0, le=_IDLE_S_MAX, description="what cannot be done now, and why")
    goodbye_s: float = Field(4.0, gt=0, le=_IDLE_S_MAX, description="the farewell")

    def of(self, screen: Screen) -> float | None:
        """Seconds until ``screen`` gives way; ``None``: it stays until something happens."""
        kind: str = screen.screen
        if isinstance(screen, Greeting) and screen.claimable is not None:
            kind = "question"
        elif isinstance(screen, Greeting) and screen.menu:
            kind = "menu"
        return self.by_screen()[kind]

    def by_screen(self) -> dict[str, float | None]:
        """The seconds of each screen by its name, and of a greeting with a ``question`` or a ``menu``."""
        times: dict[str, float | None] = dict.fromkeys(_STANDING)
        times |= {screen: getattr(self, field) for field, screens in _TIMES.items() for screen in screens.split()}
        return times


class Timer(Protocol):
    """A call that may still be called off."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """Calls something later. An ``asyncio`` event loop is one."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class KioskSession:
    """Shows screens on one kiosk and ends each visit by itself.

    A reader's fault is a standing condition, not a visit: it is what the kiosk falls back to in place
    of the invitation until :meth:`reader_mended`. ``left`` is told whenever a visit ended; ``invitation`` is what the
    kiosk rests on.
    """

    def __init__(
        self,
        kiosk: str,
        hub: LiveHub,
        *,
        timers: Timers,
        idle: IdleTimes | None = None,
        invitation: Attract | None = None,
    ) -> None:
        self.kiosk = kiosk
        self.idle = idle or IdleTimes()
        self.left: Callable[[], None] = _nobody_listens
        self._invitation = invitation or Attract()
        self._hub = hub
        self._timers = timers
        self._timer: Timer | None = None
        self._faults: dict[str, ReaderFault] = {}
        self.screen: Screen = self._invitation
        self.show(self.screen)

    def show(self, screen: Screen) -> None:
        """Put a screen up now and give it its time."""
        self.screen = screen
        self._hub.publish(SCREEN_EVENT, screen, channel=kiosk_channel(self.kiosk))
        self.touched()
        if isinstance(screen, Attract | ReaderFault | Goodbye):
            self.left()

    def touched(self) -> None:
        """Somebody is still there: the time of the screen begins anew."""
        self._cancel()
        stays_s = self.idle.of(self.screen)
        if stays_s is not None:
            self._timer = self._timers.call_later(stays_s, self.rest)

    def finish(self) -> None:
        """The person is done: say goodbye, by name where it is known. Does nothing between visits."""
        if not isinstance(self.screen, Attract | ReaderFault):
            self.show(Goodbye(name=self.screen.name, language=self.screen.language))

    def rest(self) -> None:
        """Nobody is here: invite the next person, or say that a reader does not work."""
        self.show(next(iter(self._faults.values()), self._invitation))

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


def _nobody_listens() -> None:
    """Until somebody wants to know."""
