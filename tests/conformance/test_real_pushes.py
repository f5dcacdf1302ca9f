"""Messages to real receivers, through Apprise in its own process: the text that staff see, and every way to fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.alerts.messages import Message, Wordings
from edge_agent.alerts.sender import ChildSender, Fate, Verdict
from edge_agent.floor.findings import AlertKind
from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.staff.board import AlertState, Severity
from tests.conformance.real_push_ends import Mood, mail_server, ntfy_server

RAISED_AT = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
WORDINGS = Wordings(zone=ZoneInfo("Asia/Shanghai"), board_url="http://10.0.0.8:8401/staff/board")
SOLD_OUT = KeptAlert(
    id="3f2a91" + "0" * 26,
    kind=AlertKind.STOCK_OUT,
    subject="A1-3",
    severity=Severity.WARNING,
    state=AlertState.RAISED,
    raised_at=RAISED_AT,
    changed_at=RAISED_AT,
    zone="饮料",
    facts={
        "name_zh": "可口可乐 330ml",
        "name_en": "Coca-Cola 330 ml",
        "sku": "6901234567892",
        "units": 0,
        "capacity": 20,
        "zone": "饮料",
    },
)
CHINESE_TEXT = """位置：饮料 · A1-3
货号：6901234567892
剩余：0（满架 20）
自 14:05 起
请马上补货。
看板：http://10.0.0.8:8401/staff/board
(3f2a91)"""
ENGLISH_TEXT = """Place: 饮料 · A1-3
Article: 6901234567892
Left: 0 of 20
Since 14:05
Please refill now.
Board: http://10.0.0.8:8401/staff/board
(3f2a91)"""


def message(language: str, alert: KeptAlert = SOLD_OUT) -> Message:
    return WORDINGS.message(alert, AlertState.RAISED, language=language, now=RAISED_AT + timedelta(hours=1))


async def send(folder: Path, url: str, what: Message, *, sending_s_max: float = 40.0) -> Verdict:
    file = folder / "url"
    file.write_text(url + "\n", encoding="utf-8")
    return await ChildSender(sending_s_max=sending_s_max).send(file, what)


async def test_staff_read_a_sold_out_shelf_in_chinese_through_ntfy(tmp_path: Path) -> None:
    async with ntfy_server() as ntfy:
        assert await send(tmp_path, ntfy.url(), message("zh-CN")) == Verdict(Fate.SENT)
        (told,) = ntfy.messages
    assert told["topic"] == "floor"
    assert told["title"] == "缺货：可口可乐 330ml"
    assert told["message"] == CHINESE_TEXT


async def test_staff_read_a_sold_out_shelf_in_english_by_mail(tmp_path: Path, free_port: Callable[[], int]) -> None:
    async with mail_server(free_port) as mail:
        assert await send(tmp_path, mail.url(), message("en")) == Verdict(Fate.SENT)
        (letter,) = mail.letters
    assert letter["Subject"] == "Sold out: Coca-Cola 330 ml"
    assert letter["To"] == "floor@example.org"
    body = letter.get_body(("plain", "html"))
    assert body is not None
    assert body.get_content_type() == "text/plain"
    assert body.get_content().replace("\r\n", "\n").strip() == ENGLISH_TEXT


async def test_a_mail_carries_a_name_by_which_the_same_message_is_known_again(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    async with mail_server(free_port) as mail:
        await send(tmp_path, mail.url(), message("en"))
        await send(tmp_path, mail.url(), message("en"))
    assert [letter["X-Regulars-Message"] for letter in mail.letters] == [f"{SOLD_OUT.id}.raised.0"] * 2


@pytest.mark.parametrize(
    ("mood", "verdict"),
    [
        (Mood.REFUSES, Verdict(Fate.REFUSED, "http_403")),
        (Mood.IS_BUSY, Verdict(Fate.FAILED, "http_429", 120.0)),
        (Mood.IS_BROKEN, Verdict(Fate.FAILED, "http_500")),
        (Mood.DROPS, Verdict(Fate.FAILED, "unreachable")),
    ],
)
async def test_an_http_service_that_does_not_take_it_says_whether_to_try_again(
    tmp_path: Path, mood: Mood, verdict: Verdict
) -> None:
    async with ntfy_server() as ntfy:
        ntfy.mood = mood
        assert await send(tmp_path, ntfy.url(), message("zh-CN")) == verdict


@pytest.mark.parametrize(
    ("mood", "verdict"),
    [
        (Mood.REFUSES, Verdict(Fate.REFUSED, "smtp_550")),
        (Mood.IS_BUSY, Verdict(Fate.FAILED, "smtp_451")),
        (Mood.DROPS, Verdict(Fate.FAILED, "unreachable")),
    ],
)
async def test_a_mail_server_that_does_not_take_it_says_whether_to_try_again(
    tmp_path: Path, free_port: Callable[[], int], mood: Mood, verdict: Verdict
) -> None:
    async with mail_server(free_port) as mail:
        mail.mood = mood
        assert await send(tmp_path, mail.url(), message("en")) == verdict


async def test_nobody_at_the_address_is_tried_again(tmp_path: Path, free_port: Callable[[], int]) -> None:
    url = f"ntfy://127.0.0.1:{free_port()}/floor?mode=private"
    assert await send(tmp_path, url, message("zh-CN")) == Verdict(Fate.FAILED, "unreachable")


async def test_an_address_that_is_none_is_refused_without_being_repeated(tmp_path: Path) -> None:
    verdict = await send(tmp_path, "nosuchservice://secret-token", message("zh-CN"))
    assert verdict == Verdict(Fate.REFUSED, "bad_address")


async def test_a_service_that_never_answers_is_killed_at_the_time_limit(tmp_path: Path) -> None:
    async with ntfy_server() as ntfy:
        ntfy.mood = Mood.HANGS
        # Its own limits are longer than ours here, so that it is ours that ends it.
        verdict = await send(tmp_path, ntfy.url() + "&rto=60&cto=60", message("zh-CN"), sending_s_max=6.0)
        assert verdict == Verdict(Fate.FAILED, "timed_out")
        assert ntfy.connections == 1


async def test_hostile_names_arrive_as_text(tmp_path: Path, free_port: Callable[[], int]) -> None:
    nasty = "<b>@all</b>\r\nBcc: x@evil.example [click](http://evil.example) *bold* `x` \u202eabc"
    alert = KeptAlert(
        id=SOLD_OUT.id,
        kind=AlertKind.STOCK_OUT,
        subject="A1\n@everyone",
        severity=Severity.WARNING,
        state=AlertState.RAISED,
        raised_at=RAISED_AT,
        changed_at=RAISED_AT,
        zone="<script>",
        facts={"name_zh": nasty, "name_en": nasty, "sku": "a\x00b", "units": 0},
    )
    async with ntfy_server() as ntfy, mail_server(free_port) as mail:
        assert (await send(tmp_path, ntfy.url(), message("zh-CN", alert))).fate is Fate.SENT
        assert (await send(tmp_path, mail.url(), message("en", alert))).fate is Fate.SENT
        (told,), (letter,) = ntfy.messages, mail.letters
    assert told["title"].startswith("缺货：＜b＞＠all＜/b＞ Bcc： x＠evil. example ［click］(http：//evil")
    assert told["message"].splitlines()[0] == "位置：＜script＞ · A1 ＠everyone"
    assert letter["Bcc"] is None
    assert not set("@<>[]*`\u202e") & set(told["title"] + told["message"])
