"""Fingers on one kiosk's screen: they ask for views and fill in forms as the page does, over its own addresses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from kiosk_ui.kiosk.form_screens import Form
from kiosk_ui.kiosk.screen_values import View
from simulation.evidence.witness import Seen, Witness

SCREEN_TIMEOUT_S = 3.0
_RETRY_AFTER_S = 0.25
_ATTEMPTS_MAX = 4
_KEY_VISIT_LENGTH = 16


@dataclass(frozen=True, slots=True)
class FormReply:
    """What the kiosk answered to a form: taken or not, and why (keys)."""

    status_code: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_accepted(self) -> bool:
        """Whether the form was taken."""
        return bool(self.body.get("is_accepted"))

    @property
    def reason(self) -> str:
        """Why it was not, as a key; empty when it was."""
        return str(self.body.get("reason", ""))


class Fingers:
    """Touch the kiosk at ``url`` whose screens ``witness`` sees. What is touched belongs to the visit on the screen."""

    def __init__(self, url: str, witness: Witness, web: httpx.AsyncClient) -> None:
        self._url = url
        self._witness = witness
        self._web = web
        self._forms = 0

    @property
    def visit(self) -> str:
        """The token of the visit that the kiosk shows now; empty where it shows none."""
        seen = self._witness.latest
        return "" if seen is None else str(seen.view.get("visit", ""))

    async def ask(self, view: View, *, subject: str = "", screens: Collection[str]) -> Seen | None:
        """Touch what leads to ``view`` and wait for one of ``screens``; ``None`` when none came in time."""
        before = self._witness.count
        body = {"view": view.value, "visit": self.visit, "subject": subject}
        answer = await self._post("ask", body)
        if answer is None or not answer.is_success:
            return None
        return await self._witness.sees(screens, after=before, timeout_s=SCREEN_TIMEOUT_S)

    async def fill_in(self, form: Form, fields: Mapping[str, str], *, subject: str = "") -> FormReply:
        """Send a form, under a key of its own so that sending it again is safe; unanswered, its status is 0."""
        visit = self.visit
        self._forms += 1
        key = f"{visit[:_KEY_VISIT_LENGTH]}-{self._forms}"
        body = {"form": form.value, "visit": visit, "subject": subject, "fields": dict(fields), "key": key}
        answer = await self._post("form", body)
        if answer is None:
            return FormReply(0)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return FormReply(answer.status_code, answer.json() if is_json else {})

    async def _post(self, what: str, body: Mapping[str, Any]) -> httpx.Response | None:
        answer: httpx.Response | None = None
        for attempt in range(_ATTEMPTS_MAX):
            if attempt:
                await asyncio.sleep(_RETRY_AFTER_S)
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._web.post(f"{self._url}/{what}", json=body)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
        return answer
