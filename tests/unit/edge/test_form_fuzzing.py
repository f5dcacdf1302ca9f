"""Forms from somebody who wishes the store ill: the answer is always clear, and nobody else's points move."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from devices.observations import Trust
from edge_agent.kiosk.entries import read_form
from kiosk_ui.kiosk.screens import FieldReason, Form, View
from tests.unit.edge.kiosk_bench import KioskBench, kiosk_bench
from tests.unit.edge.store_bench import BEN_CARD, NOBODYS_CARD

NAMES = (
    "name", "phone", "birthday", "language", "consent_marketing", "consent_profiling", "text_version", "pin",
    "referrer", "new", "old", "answers", "member", "trust", "proof", "key", "session", "verifier", "is_new",
    "medium", "reason", "amount", "points", "role", "actor",
)  # fmt: skip
TEXTS = (
    "", " ", "anna", "yes", "no", "13800138000", "02-29", "00-00", "99-99", "147258", "pin", "authenticated", "-1",
    "1e9", "\x00", "\u202e", "é" * 80, "x" * 400, "<b>", "💳", "５５５５５５", "5,10,price", "null",
    "0" * 400, "\u0301", "visit-1",
)  # fmt: skip
REASONS = {reason.value for reason in FieldReason}


def _fields(chance: random.Random) -> dict[str, str]:
    return {chance.choice(NAMES): chance.choice(TEXTS) for _ in range(chance.randrange(6))}


@pytest.mark.parametrize("seed", range(5))
def test_every_wrong_field_has_a_reason_that_the_page_has_words_for(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(500):
        form = chance.choice(list(Form))
        read = read_form(form, _fields(chance), subject=chance.choice(TEXTS))
        assert all(problem.problem in REASONS for problem in read.problems)
        assert not set(read.fields) & {"pin", "new", "old", "member", "trust", "proof", "key", "verifier", "is_new"}
        assert read.problems or all(text.isprintable() for text in read.fields.values())


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_ben_sends_annas_account_stays_as_it_is_and_nothing_breaks(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with kiosk_bench(tmp_path) as store:
        stale = (await store.tap(BEN_CARD, Trust.AUTHENTICATED))["visit"]
        for _ in range(40):
            await _something(store, chance, stale)
            assert store.gateway.kiosks["front"].screen.name in {None, "Ben", *TEXTS}
        assert (await store.balance("anna"), await store.free("anna")) == (480, 300)
        undecided = await store.journal.read(lambda reader: reader.counts().undecided)
        assert undecided == 0
        ledger = await store.events()
        assert not any(event.get("member") == "anna" for event in ledger)


async def _something(store: KioskBench, chance: random.Random, stale: str) -> None:
    visit = chance.choice((store.screen.visit, store.screen.visit, stale, "", "\u00e9", "x" * 64))
    subject = chance.choice(("", "tea", "mug", "five-off", "visit-1", "anna", "x" * 200))
    body: dict[str, Any] = {"visit": visit, "subject": subject}
    match chance.randrange(4):
        case 0:
            await store.tap(chance.choice((BEN_CARD, NOBODYS_CARD)), chance.choice(list(Trust)))
        case 1:
            answer = await store.web.post("/kiosk/front/ask", json=body | {"view": chance.choice(list(View)).value})
            assert answer.status_code in {204, 409}
        case _:
            sent = body | {"form": chance.choice(list(Form)).value, "fields": _fields(chance)}
            answer = await store.web.post("/kiosk/front/form", json=sent)
            assert answer.status_code in {200, 409}
            if not answer.json()["is_accepted"]:
                assert answer.json()["reason"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b'{"form":"redeem"}', b'{"form":"explode","visit":"","fields":{}}',
        b'{"form":"redeem","visit":"","fields":{"pin":5}}', b'{"form":"redeem","visit":"","fields":[]}',
        b'{"form":"redeem","visit":"","fields":{},"member":"anna"}', b'{"form":"redeem","visit":1e999,"fields":{}}',
        json.dumps({"form": "redeem", "visit": "", "fields": {str(n): "x" for n in range(21)}}).encode(),
        json.dumps({"form": "redeem", "visit": "", "fields": {"pin": "x" * 401}}).encode(),
    ],
)  # fmt: skip
async def test_what_is_no_form_at_all_is_refused_with_place_and_remedy(tmp_path: Path, body: bytes) -> None:
    async with kiosk_bench(tmp_path, stocked=False) as store:
        answer = await store.web.post("/kiosk/front/form", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert {"place", "problem", "remedy"} <= set(answer.json())


async def test_another_sites_page_cannot_send_forms_or_ask(tmp_path: Path) -> None:
    async with kiosk_bench(tmp_path) as store:
        await store.tap(BEN_CARD)
        headers = {"origin": "http://evil.example"}
        for path in ("ask", "form"):
            assert (await store.web.post(f"/kiosk/front/{path}", json={}, headers=headers)).status_code in {403, 422}
        body = {"view": "points", "visit": store.screen.visit}
        assert (await store.web.post("/kiosk/front/ask", json=body, headers=headers)).status_code == 403
