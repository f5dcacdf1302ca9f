"""Touches: recorded before they are answered, never more than a few waiting."""

from __future__ import annotations

import asyncio

import pytest

from devices.observations import ChoiceMade
from kiosk_ui.kiosk.touch import PENDING_MAX, Choice, Touch, TouchError


async def test_a_press_is_answered_only_when_the_choice_is_recorded() -> None:
    async with Touch("front") as touch:
        observations = touch.observations()
        press = asyncio.ensure_future(touch.press(Choice.CLAIM, subject="r-1"))
        assert await anext(observations) == ChoiceMade("front", "claim", "r-1")
        await asyncio.sleep(0)
        assert not press.done()
        coming_back = asyncio.ensure_future(anext(observations))
        async with asyncio.timeout(5):
            await press
        coming_back.cancel()


async def test_a_press_whose_recording_fails_is_not_confirmed() -> None:
    async with Touch("front") as touch:
        observations = touch.observations()
        press = asyncio.ensure_future(touch.press(Choice.DONE))
        await anext(observations)
        await observations.aclose()  # type: ignore[attr-defined]
        with pytest.raises(TouchError, match="stopped"):
            await press


async def test_a_press_nobody_takes_is_given_up_in_time() -> None:
    async with Touch("front", answer_timeout_s=0.001) as touch:
        with pytest.raises(TouchError, match="in time"):
            await touch.press(Choice.DONE)


async def test_a_press_before_the_gateway_listens_is_refused() -> None:
    with pytest.raises(TouchError, match="does not take"):
        await Touch("front").press(Choice.DONE)


async def test_no_more_than_a_few_presses_wait() -> None:
    async with Touch("front") as touch:
        waiting = [asyncio.ensure_future(touch.press(Choice.DONE)) for _ in range(PENDING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(TouchError, match="wait already"):
            await touch.press(Choice.DONE)
        assert repr(touch) == f"<Touch front: open, {PENDING_MAX} waiting>"
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, TouchError) for result in results)
