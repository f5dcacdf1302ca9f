"""What staff read: in their language, with all they need, and nothing that a hostile name could do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.alerts.kinds import DEFAULTS
from edge_agent.alerts.messages import KINDS, LOCALES, SAID, Wordings, plain
from edge_agent.floor.findings import AlertKind
from edge_agent.journal.floor.alerts import KeptAlert
from kiosk_ui.staff.board import AlertState, Severity

AT = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
WORDINGS = Wordings(zone=ZoneInfo("Asia/Shanghai"))


def alert(kind: AlertKind = AlertKind.STOCK_OUT, **facts: str | int) -> KeptAlert:
    return KeptAlert("3f2a91" + "0" * 26, kind, "A1", Severity.WARNING, AlertState.RAISED, AT, AT, "drinks", facts)


def text(kept: KeptAlert, language: str = "en", state: AlertState = AlertState.RAISED) -> str:
    message = WORDINGS.message(kept, state, language=language, now=AT)
    return f"{message.title}\n{message.body}"


def test_every_kind_of_alert_has_words_and_a_place_in_the_table() -> None:
    assert set(KINDS) == set(AlertKind) == set(DEFAULTS)


def test_everything_that_is_said_is_said_in_chinese_with_the_same_places() -> None:
    with (LOCALES / "zh_CN.po").open("rb") as source:
        catalogue = read_po(source, locale="zh_CN")
    for said in SAID:
        entry = catalogue.get(said)
        assert entry is not None, said
        assert entry.string, said
        assert sorted(_places(said)) == sorted(_places(str(entry.string))), said
    assert {entry.id for entry in catalogue if entry.id} == set(SAID)


def _places(sentence: str) -> list[str]:
    return [part.partition("}")[0] for part in sentence.split("{")[1:]]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("state", [s for s in AlertState if s is not AlertState.SNOOZED])
@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_can_be_told_in_every_state_and_language(kind: AlertKind, state: AlertState, language: str) -> None:
    said = text(alert(kind, units=2, capacity=9, milli=8_250, reason="no answer", name_en="Tea"), language, state)
    assert "{" not in said
    assert said.endswith("(3f2a91)")


def test_an_escalation_says_that_nobody_came() -> None:
    kept = alert(name_zh="茶", name_en="Tea")
    assert text(kept, "zh-CN", AlertState.ESCALATED).startswith("还没有人处理。缺货：茶\n")
    assert text(kept, "en", AlertState.RESOLVED).splitlines()[0] == "Done. Sold out: Tea"


def test_what_is_over_asks_for_nothing() -> None:
    assert "Please" not in text(alert(), state=AlertState.RESOLVED)


@pytest.mark.parametrize(("milli", "shown"), [(8_250, "8.2"), (-18_040, "−18.0"), (-40, "0.0"), (31_960, "32.0")])
def test_a_temperature_is_told_to_a_tenth(milli: int, shown: str) -> None:
    assert f"Measured: {shown} °C" in text(alert(AlertKind.TEMPERATURE, milli=milli))


def test_what_began_yesterday_says_which_day() -> None:
    tomorrow = AT + timedelta(days=1)
    english = WORDINGS.message(alert(), AlertState.RAISED, language="en", now=tomorrow)
    chinese = WORDINGS.message(alert(), AlertState.RAISED, language="zh-CN", now=tomorrow)
    assert "Since 2026-11-18 12:00" in english.body
    assert "自 11月18日 12:00 起" in chinese.body


def test_no_message_tells_whose_card_was_copied_or_who_is_on_it() -> None:
    copied = replace(alert(AlertKind.CARD_COPIED, reason="counter"), subject="f" * 32, claimed_by="Li Wei")
    for state in (AlertState.RAISED, AlertState.ACKNOWLEDGED):
        assert "ffff" not in text(copied, state=state)
        assert "Li Wei" not in text(copied, state=state)


def test_the_article_is_named_in_the_other_language_rather_than_not_at_all() -> None:
    assert text(alert(name_zh="乌龙茶")).startswith("Sold out: 乌龙茶")
    assert text(alert()).startswith("Sold out: A1")


def test_many_at_once_are_one_message_with_a_line_each() -> None:
    told = [(replace(alert(name_en=f"Tea {n}"), subject=f"A{n}"), AlertState.RAISED) for n in range(25)]
    message = WORDINGS.digest(told, language="en")
    assert message.title == "25 alerts"
    lines = message.body.splitlines()
    assert lines[0] == "· Sold out: Tea 0 (drinks · A0)"
    assert (len(lines), lines[-1]) == (21, "… and 5 more")


def test_a_digest_is_as_urgent_as_the_most_urgent_of_it() -> None:
    told = [(alert(), AlertState.RAISED), (replace(alert(), severity=Severity.URGENT), AlertState.RAISED)]
    assert WORDINGS.digest(told, language="zh-CN").severity is Severity.URGENT


@given(st.text(max_size=300))
def test_no_text_from_outside_breaks_a_line_or_marks_anything_up(hostile: str) -> None:
    shown = plain(hostile)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= 80
    assert not set("@<>&[]*_`#~\\|{}$:\u202e\u200b\x00") & set(shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("Sale at evil.com/pay now", "Sale at evil. com/pay now"),
        ("www.evil.example", "www. evil. example"),
        ("https://evil.cn?a=1", "https：//evil. cn?a=1"),
        ("付款.中国/茶", "付款. 中国/茶"),
        ("evil。com", "evil. com"),
        ("evil.xn--fiqs8s", "evil. xn--fiqs8s"),
        ("pay@evil.com", "pay＠evil. com"),
        ("@all @everyone <!channel>", "＠all ＠everyone ＜!channel＞"),
        ("Cola 1.5L", "Cola 1.5L"),
        ("bus/shelf-1.a1", "bus/shelf-1.a1"),
        ("茶。", "茶。"),
    ],
)
def test_a_name_is_no_link_and_no_mention_on_a_phone(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


@given(
    st.dictionaries(st.sampled_from(["name_zh", "name_en", "sku", "reason", "units", "milli"]), st.text(max_size=99))
)
def test_a_message_has_as_many_lines_whatever_its_facts_say(facts: dict[str, str]) -> None:
    kept = alert(AlertKind.DEVICE_OFFLINE, **facts)
    assert len(text(kept).splitlines()) <= 7


def test_a_name_that_looks_like_one_of_our_places_stays_text() -> None:
    assert text(alert(name_en="{title} %s {0}")).splitlines()[0] == "Sold out: ｛title｝ %s ｛0｝"
