"""Sends messages through Apprise, in a process of its own: ``python -m edge_agent.alerts.push_process``.

Apprise blocks and takes memory that a gateway should not hold for ever, so it lives only while there is something to
send. It reads one JSON object a line (``url title body severity reference``) and answers each with one
(``verdict reason retry_after_s``). Nothing of a URL is ever written anywhere.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

import apprise
import requests

LINE_LENGTH_MAX = 64 * 1024
ANSWER_BYTES_MAX = 64 * 1024
RETRY_AFTER_S_MAX = 3_600

SENT, FAILED, REFUSED = "sent", "failed", "refused"
"""What became of a message: it may be tried again after ``failed``, and never after ``refused``."""

_TYPES = {
    "info": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "urgent": apprise.NotifyType.FAILURE,
}
_HTTP_OK, _HTTP_CLIENT, _HTTP_SERVER = 200, 400, 500
_HTTP_AGAIN = frozenset({408, 409, 425, 429})
_SMTP_PERMANENT = 500
_SMTP_CODE = re.compile(r"(?:\(|refused: )(\d{3})(?:, b|\s)")
_RESULT_CODES = ("errcode", "code", "StatusCode")
_RESULTS_AGAIN = frozenset({-1, 11232, 45009, 130101, 410100})
"""Busy, and too many messages a minute, in the words of WeCom, DingTalk and Feishu."""
_ANSWERS_IN_JSON = frozenset({"dingtalk", "feishu", "lark", "wecombot"})
"""Services that answer 200 to everything, and say in JSON whether they meant it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP service answered: its status, its Retry-After in seconds, and the code in its JSON, if any."""

    status: int
    retry_after_s: int | None = None
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a message, and why: a key such as ``http_404``, ``smtp_550``, ``unreachable``."""

    verdict: str
    reason: str = ""
    retry_after_s: int | None = None


class Ear(logging.Handler):
    """Hears what services answer, which Apprise keeps to itself: what HTTP says, and of mail what it logs."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.answers: list[Answer] = []
        self.log: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line in memory; lines name addresses, so they are never written anywhere."""
        self.log.append(record.getMessage())

    def forget(self) -> None:
        """The next message begins."""
        self.answers.clear()
        self.log.clear()

    def listen(self) -> None:
        """From now on, in this process."""
        logger = logging.getLogger("apprise")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self)
        answers = self.answers

        class HeardSession(requests.Session):
            def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
                response = super().send(request, **kwargs)
                answers.append(_answer(response))
                return response

        # requests makes a session for every call, of whatever its module names so.
        requests.sessions.Session = HeardSession  # type: ignore[misc]


def judge(url: str, *, is_accepted: bool, answers: Iterable[Answer] = (), log: Iterable[str] = ()) -> Judgement:
    """What Apprise's yes or no means, by what the service answered."""
    last = next(reversed(tuple(answers)), None)
    schema = url.partition(":")[0].lower()
    if last is not None and schema in _ANSWERS_IN_JSON and last.status == _HTTP_OK and last.result:
        verdict = FAILED if last.result in _RESULTS_AGAIN else REFUSED
        return Judgement(verdict, f"service_{last.result}")
    if is_accepted:
        return Judgement(SENT)
    if last is not None and last.status >= _HTTP_CLIENT:
        is_final = last.status < _HTTP_SERVER and last.status not in _HTTP_AGAIN
        return Judgement(REFUSED if is_final else FAILED, f"http_{last.status}", last.retry_after_s)
    codes = [int(found.group(1)) for line in log for found in _SMTP_CODE.finditer(line)]
    if codes:
        return Judgement(REFUSED if codes[-1] >= _SMTP_PERMANENT else FAILED, f"smtp_{codes[-1]}")
    return Judgement(FAILED, "unreachable")


def send(order: dict[str, Any], ear: Ear) -> Judgement:
    """Send one message; an address that is none is refused."""
    asset = apprise.AppriseAsset(app_id="Regulars", app_desc="Regulars", async_mode=False, storage_mode="memory")
    url = str(order["url"])
    ear.forget()
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        return Judgement(REFUSED, "bad_address")
    if isinstance(headers := getattr(service, "headers", None), dict) and schema_of(url).startswith("mailto"):
        headers["X-Regulars-Message"] = str(order.get("reference", ""))
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    is_accepted = sender.notify(
        title=str(order["title"]),
        body=str(order["body"]),
        notify_type=_TYPES.get(str(order.get("severity")), apprise.NotifyType.INFO),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return judge(url, is_accepted=bool(is_accepted), answers=ear.answers, log=ear.log)


def schema_of(url: str) -> str:
    """The service an Apprise URL names: ``ntfys``, ``mailtos``, ``dingtalk``."""
    return url.partition(":")[0].strip().lower()


def serve(orders: IO[str], answers: IO[str], ear: Ear) -> None:
    """Answer every order until there is none."""
    while line := orders.readline(LINE_LENGTH_MAX):
        try:
            judgement = send(json.loads(line), ear)
        except Exception as error:  # noqa: BLE001 - a plugin that breaks on one message must not keep the others
            judgement = Judgement(FAILED, type(error).__name__)
        told = {
            "verdict": judgement.verdict,
            "reason": judgement.reason[:80],
            "retry_after_s": judgement.retry_after_s,
        }
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _answer(response: requests.Response) -> Answer:
    after = response.headers.get("Retry-After", "")
    retry_after_s = min(int(after), RETRY_AFTER_S_MAX) if after.isdecimal() and len(after) < len("1000000") else None
    return Answer(response.status_code, retry_after_s, _result(response))


def _result(response: requests.Response) -> int | None:
    if response.status_code != _HTTP_OK or len(response.content) > ANSWER_BYTES_MAX:
        return None
    try:
        said = response.json()
    except ValueError:
        return None
    codes = [said.get(key) for key in _RESULT_CODES] if isinstance(said, dict) else []
    return next((code for code in codes if isinstance(code, int)), None)


if __name__ == "__main__":
    own = Ear()
    own.listen()
    serve(sys.stdin, sys.stdout, own)
