"""The staff board over HTTP: who acts is named, what is refused says why, and nothing hostile gets through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, Request

from kiosk_ui.design import Pages
from kiosk_ui.design.error_pages import error_pages
from kiosk_ui.gallery import BOARD, SampleFloor
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.live import LiveHub
from kiosk_ui.staff.board import ActResult, Board, BoardAct, CountAct
from kiosk_ui.staff.board_pages import Who, board_pages

FRIDGE = next(alert for alert in BOARD.alerts if alert.kind == "temperature").id
CHOCOLATE = next(alert for alert in BOARD.alerts if alert.kind == "missing").id
DONE = next(alert for alert in BOARD.alerts if alert.state == "resolved").id


@dataclass
class Desk(SampleFloor):
    """A floor that notes what was done, or does not know whether it was."""

    now: Board = BOARD
    done: list[tuple[str, BoardAct | CountAct]] = field(default_factory=list)
    is_unsure: bool = False

    async def act(self, alert_id: str, act: BoardAct) -> ActResult:
        self._note(alert_id, act)
        return await super().act(alert_id, act)

    async def count(self, slot: str, count: CountAct) -> ActResult:
        self._note(slot, count)
        return await super().count(slot, count)

    def _note(self, what: str, done: BoardAct | CountAct) -> None:
        if self.is_unsure:
            raise TouchError("not known to be recorded", retry_after_s=2)
        self.done.append((what, done))


@asynccontextmanager
async def board(desk: Desk, *, who: Who | None = None) -> AsyncIterator[httpx.AsyncClient]:
    app, pages = FastAPI(), Pages()
    error_pages(app, pages)
    options = {} if who is None else {"who": who}
    app.include_router(board_pages(pages, LiveHub(), desk, **options))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://store.test") as client:
        yield client


async def test_the_board_is_served_as_a_page_and_as_json_with_the_most_urgent_first() -> None:
    async with board(Desk()) as client:
        told = Board.model_validate((await client.get("/api/board")).json())
        assert [alert.kind for alert in told.alerts] == [
            "temperature", "stock_out", "device_offline", "missing", "low_stock", "overstock", "low_stock",
        ]  # fmt: skip
        page = (await client.get("/staff/board?lang=zh-CN")).text
        assert "员工看板" in page


async def test_an_act_is_done_under_the_name_that_was_written_on_one_line() -> None:
    desk = Desk()
    async with board(desk) as client:
        body = {"act": "snooze", "actor": "  李 \n 娜 ", "minutes": 15}
        answer = await client.post(f"/staff/board/alerts/{CHOCOLATE}", json=body)
        assert answer.status_code == 200
        assert ActResult.model_validate(answer.json()).is_done
    assert desk.done == [(CHOCOLATE, BoardAct(act="snooze", actor="李 娜", minutes=15))]


async def test_whoever_logged_in_acts_whatever_name_was_written() -> None:
    def logged_in(_: Request, written: str) -> str:
        return "Wang" if written != "nobody" else ""

    desk = Desk()
    async with board(desk, who=logged_in) as client:
        await client.post(f"/staff/board/alerts/{CHOCOLATE}", json={"act": "acknowledge", "actor": "Li"})
        await client.post("/staff/board/slots/A1/count", json={"units": 3, "actor": "Li"})
        assert 'data-login="Wang"' in (await client.get("/staff/board")).text
    assert [done.actor for _, done in desk.done] == ["Wang", "Wang"]


@pytest.mark.parametrize(
    ("alert", "act", "status", "reason"),
    [
        ("0" * 32, "acknowledge", 404, "gone"),
        (DONE, "acknowledge", 409, "already_resolved"),
        (FRIDGE, "resolve", 409, "still_so"),
    ],
)
async def test_a_refusal_says_its_place_its_reason_what_to_do_and_how_the_alert_stands(
    alert: str, act: str, status: int, reason: str
) -> None:
    async with board(Desk()) as client:
        answer = await client.post(f"/staff/board/alerts/{alert}", json={"act": act, "actor": "Li"})
        said = answer.json()
        assert (answer.status_code, said["reason"], said["place"]) == (status, reason, f"alert {alert}")
        assert said["problem"]
        assert said["remedy"]
        assert (said["alert"] or {"id": "0" * 32})["id"] == alert


async def test_a_slot_may_have_any_name_a_plan_can_have() -> None:
    desk = Desk()
    slot = BOARD.slots[0].model_copy(update={"slot": "冷柜 3/左 #1?"})
    desk.now = BOARD.model_copy(update={"slots": (slot,)})
    async with board(desk) as client:
        path = "/staff/board/slots/%E5%86%B7%E6%9F%9C%203%2F%E5%B7%A6%20%231%3F/count"
        assert (await client.post(path, json={"units": 7, "actor": "Li"})).status_code == 200
        answer = await client.post("/staff/board/slots/B9/count", json={"units": 7, "actor": "Li"})
        assert (answer.status_code, answer.json()["place"]) == (404, "slot B9")
    assert desk.now.slots[0].units == 7


async def test_what_nobody_knows_the_end_of_is_answered_503_with_when_to_try_again() -> None:
    async with board(Desk(is_unsure=True)) as client:
        for path, body in (
            (f"alerts/{FRIDGE}", {"act": "acknowledge", "actor": "Li"}),
            ("slots/A1/count", {"units": 1, "actor": "Li"}),
        ):
            answer = await client.post(f"/staff/board/{path}", json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.json()["remedy"] == "do it again"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"alerts/{FRIDGE}", b'{"act": "acknowledge"}'),
        (f"alerts/{FRIDGE}", b'{"act": "acknowledge", "actor": " \\n "}'),
        (f"alerts/{FRIDGE}", b'{"act": "delete", "actor": "Li"}'),
        (f"alerts/{FRIDGE}", b'{"act": "snooze", "actor": "Li", "minutes": 0}'),
        (f"alerts/{FRIDGE}", b'{"act": "snooze", "actor": "Li", "minutes": 1e99}'),
        (f"alerts/{FRIDGE}", b'{"act": "snooze", "actor": "Li", "price": 1}'),
        (f"alerts/{FRIDGE}", b'{"act": "snooze", "actor": "\\ud800"}'),
        (f"alerts/{FRIDGE}", b'{"act": "snooze", "actor": "' + b"x" * 81 + b'"}'),
        (f"alerts/{FRIDGE}", b"[]"),
        (f"alerts/{FRIDGE}", b"\xff"),
        (f"alerts/{FRIDGE}", b""),
        ("alerts/../../etc", b'{"act": "acknowledge", "actor": "Li"}'),
        ("alerts/" + "Z" * 32, b'{"act": "acknowledge", "actor": "Li"}'),
        ("slots/A1/count", b'{"units": -1, "actor": "Li"}'),
        ("slots/A1/count", b'{"units": 1.5, "actor": "Li"}'),
        ("slots/A1/count", b'{"units": NaN, "actor": "Li"}'),
        ("slots/A1/count", b'{"units": 100001, "actor": "Li"}'),
        ("slots/A1/count", b'{"units": 1}'),
        ("slots/" + "x" * 81 + "/count", b'{"units": 1, "actor": "Li"}'),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_done(path: str, body: bytes) -> None:
    desk = Desk()
    async with board(desk) as client:
        headers = {"content-type": "application/json"}
        answer = await client.post(f"/staff/board/{path}", content=body, headers=headers)
        assert 400 <= answer.status_code < 500
        assert answer.json()["remedy"]
    assert desk.done == []


async def test_another_sites_page_can_claim_nothing() -> None:
    desk = Desk()
    async with board(desk) as client:
        for path in (f"alerts/{FRIDGE}", "slots/A1/count"):
            answer = await client.post(f"/staff/board/{path}", json={}, headers={"origin": "http://evil.test"})
            assert answer.status_code == 403
    assert desk.done == []
