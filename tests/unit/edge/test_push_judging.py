"""What a service's answer means: sent, to be tried again, or never to be taken."""

from __future__ import annotations

import io
import json

import pytest

from edge_agent.alerts.push_process import FAILED, REFUSED, SENT, Answer, Ear, Judgement, judge, serve


@pytest.mark.parametrize(
    ("url", "result", "judgement"),
    [
        ("wecombot://key", 0, Judgement(SENT)),
        ("wecombot://key", 93000, Judgement(REFUSED, "service_93000")),  # no such robot
        ("wecombot://key", 45009, Judgement(FAILED, "service_45009")),  # too many a minute
        ("dingtalk://token", 310000, Judgement(REFUSED, "service_310000")),  # the sign or the keyword is wrong
        ("dingtalk://token", 130101, Judgement(FAILED, "service_130101")),
        ("feishu://token", 19024, Judgement(REFUSED, "service_19024")),
        ("feishu://token", 11232, Judgement(FAILED, "service_11232")),
        ("ntfys://topic", 93000, Judgement(SENT)),  # a number in somebody else's JSON means nothing
    ],
)
def test_a_service_that_answers_200_to_everything_is_taken_at_its_word(
    url: str, result: int, judgement: Judgement
) -> None:
    assert judge(url, is_accepted=True, answers=[Answer(200, result=result)]) == judgement


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_what_the_client_did_wrong_is_not_tried_again(status: int) -> None:
    said = judge("ntfy://x", is_accepted=False, answers=[Answer(status)])
    assert said == Judgement(REFUSED, f"http_{status}")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again_when_the_service_says(status: int) -> None:
    said = judge("ntfy://x", is_accepted=False, answers=[Answer(status, retry_after_s=30)])
    assert said == Judgement(FAILED, f"http_{status}", 30)


def test_the_last_of_several_answers_counts() -> None:
    said = judge("ntfy://x", is_accepted=False, answers=[Answer(500), Answer(403)])
    assert said.verdict == REFUSED


@pytest.mark.parametrize(
    ("line", "judgement"),
    [
        ("Socket Exception: (550, b'5.1.1 No such mailbox')", Judgement(REFUSED, "smtp_550")),
        ("Socket Exception: (535, b'5.7.8 wrong password')", Judgement(REFUSED, "smtp_535")),
        ("Socket Exception: {'a@b.example': (452, b'full')}", Judgement(FAILED, "smtp_452")),
        ("SMTP recipient a@b.example was refused: 550 b'no'", Judgement(REFUSED, "smtp_550")),
        ("Socket Exception: [Errno 111] Connection refused", Judgement(FAILED, "unreachable")),
    ],
)
def test_a_mail_servers_code_says_whether_to_try_again(line: str, judgement: Judgement) -> None:
    assert judge("mailto://x", is_accepted=False, log=[line]) == judgement


def test_an_order_that_cannot_be_read_is_answered_and_the_next_is_served() -> None:
    answers = io.StringIO()
    serve(io.StringIO('not json\n{"url": "nosuch://x", "title": "t", "body": "b"}\n'), answers, Ear())
    first, second = map(json.loads, answers.getvalue().splitlines())
    assert (first["verdict"], first["reason"]) == (FAILED, "JSONDecodeError")
    assert (second["verdict"], second["reason"]) == (REFUSED, "bad_address")
