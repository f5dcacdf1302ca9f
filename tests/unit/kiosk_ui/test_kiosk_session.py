"""A kiosk's visit: it ends by itself, and a broken reader is what it falls back to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

import pytest

from kiosk_ui.kiosk.screens import (
    SCREEN,
    Attract,
    Claimable,
    Earned,
    Goodbye,
    Greeting,
    Link,
    ReaderFault,
    RegisterForm,
    Screen,
    UnknownCard,
    kiosk_channel,
)
from kiosk_ui.kiosk.session import IdleTimes, KioskSession
from kiosk_ui.live import LiveHub

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
GREETING = Greeting(name="王小明", balance=120, as_of=NOON, online=True, language="zh-CN")
QUESTION = GREETING.model_copy(update={"claimable": Claimable(sale="r-1", total_minor=100, currency="CNY")})
EARNED = Earned(name="王小明", points=5, balance=125, as_of=NOON, total_minor=500, currency="CNY")


@dataclass
class Call:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeTimers:
    now: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Call:
        self.calls.append(Call(self.now + delay, callback))
        return self.calls[-1]

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for call in [call for call in self.calls if call.at <= self.now and not call.cancelled]:
            self.calls.remove(call)
            call.callback()


def session() -> tuple[KioskSession, FakeTimers]:
    timers = FakeTimers()
    return KioskSession("front", LiveHub(run="run"), timers=timers), timers


def shown(kiosk: KioskSession) -> Screen:
    return kiosk.screen


@pytest.mark.parametrize(
    ("screen", "stays_s"),
    [
        (GREETING, IdleTimes().greeting_s),
        (QUESTION, IdleTimes().question_s),
        (EARNED, IdleTimes().earned_s),
        (UnknownCard(), IdleTimes().unknown_card_s),
        (Goodbye(), IdleTimes().goodbye_s),
    ],
)
def test_a_screen_gives_way_to_the_invitation_when_its_time_is_over(screen: Screen, stays_s: float) -> None:
    kiosk, timers = session()
    kiosk.show(screen)
    timers.pass_time(stays_s - 0.01)
    assert shown(kiosk) == screen
    timers.pass_time(0.01)
    assert shown(kiosk) == Attract()


def test_a_new_screen_gets_its_own_full_time() -> None:
    kiosk, timers = session()
    kiosk.show(GREETING)
    timers.pass_time(IdleTimes().greeting_s - 1)
    kiosk.show(EARNED)
    timers.pass_time(IdleTimes().earned_s - 1)
    assert shown(kiosk) == EARNED


def test_done_says_goodbye_by_name_and_in_the_members_language() -> None:
    kiosk, timers = session()
    kiosk.show(GREETING)
    kiosk.finish()
    assert shown(kiosk) == Goodbye(name="王小明", language="zh-CN")
    timers.pass_time(IdleTimes().goodbye_s)
    assert shown(kiosk) == Attract()


def test_done_between_visits_does_nothing() -> None:
    kiosk, _ = session()
    kiosk.finish()
    assert shown(kiosk) == Attract()


def test_done_after_an_unknown_card_says_goodbye() -> None:
    kiosk, _ = session()
    kiosk.show(UnknownCard())
    kiosk.finish()
    assert shown(kiosk) == Goodbye()


def test_a_failing_reader_waits_for_the_visit_to_end_and_then_shows() -> None:
    kiosk, timers = session()
    kiosk.show(GREETING)
    kiosk.reader_failed("reader")
    assert shown(kiosk) == GREETING
    timers.pass_time(IdleTimes().greeting_s)
    assert shown(kiosk) == ReaderFault(device="reader")
    kiosk.reader_mended("reader")
    assert shown(kiosk) == Attract()


def test_a_second_failing_reader_shows_when_the_first_is_mended() -> None:
    kiosk, _ = session()
    kiosk.reader_failed("one")
    kiosk.reader_failed("two")
    kiosk.reader_mended("one")
    assert shown(kiosk) == ReaderFault(device="two")


def test_mending_a_reader_that_never_failed_leaves_the_visit_alone() -> None:
    kiosk, _ = session()
    kiosk.show(GREETING)
    kiosk.reader_mended("reader")
    assert shown(kiosk) == GREETING


def test_a_closed_session_changes_nothing_later() -> None:
    kiosk, timers = session()
    kiosk.show(GREETING)
    kiosk.close()
    timers.pass_time(1_000)
    assert shown(kiosk) == GREETING


async def test_an_event_loop_serves_as_timers() -> None:
    hub = LiveHub()
    turned_back = asyncio.Event()

    class Listening(KioskSession):
        def rest(self) -> None:
            super().rest()
            turned_back.set()

    kiosk = Listening("front", hub, timers=asyncio.get_running_loop(), idle=IdleTimes(goodbye_s=0.001))
    kiosk.show(Goodbye())
    async with asyncio.timeout(5):
        await turned_back.wait()
    assert shown(kiosk) == Attract()


def test_every_screen_survives_the_wire() -> None:
    for screen in (Attract(), GREETING, QUESTION, EARNED, UnknownCard(), ReaderFault(device="r"), Goodbye()):
        assert SCREEN.validate_json(screen.model_dump_json()) == screen


def test_every_screen_has_its_time() -> None:
    screens = {screen.model_fields["screen"].default for screen in get_args(get_args(Screen)[0])}
    assert screens | {"menu", "question"} == set(IdleTimes().by_screen())


def test_a_touch_gives_a_form_its_whole_time_again() -> None:
    kiosk, timers = session()
    form = RegisterForm()
    kiosk.show(form)
    timers.pass_time(IdleTimes().form_s - 1)
    kiosk.touched()
    timers.pass_time(IdleTimes().form_s - 1)
    assert shown(kiosk) == form
    timers.pass_time(1)
    assert shown(kiosk) == Attract()


def test_a_touch_between_visits_changes_nothing() -> None:
    kiosk, timers = session()
    kiosk.touched()
    timers.pass_time(1_000)
    assert shown(kiosk) == Attract()


def test_leaving_any_screen_of_a_member_says_goodbye_by_name() -> None:
    kiosk, _ = session()
    kiosk.show(Link(name="王小明", language="zh-CN", visit="v"))
    kiosk.finish()
    assert shown(kiosk) == Goodbye(name="王小明", language="zh-CN")


def test_a_kiosk_says_where_its_page_listens() -> None:
    assert kiosk_channel("front") == "kiosk.front"
