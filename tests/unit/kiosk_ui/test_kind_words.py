"""Every reason the gateway can give has words on the kiosk, in every language, and none of them says "failed"."""

from __future__ import annotations

import hashlib
import re

import pytest

from kiosk_ui.design.languages import LANGUAGES, Language
from kiosk_ui.design.pages import Pages
from kiosk_ui.kiosk.screens import CONSENT_TEXT_VERSION, FieldReason, FormReason, Purpose, qr_of
from loyalty.checkout.coupons import Why
from loyalty.ledger import Rule
from loyalty.rights.movements import Refusal

CONSENT_TEXTS = {"2026-11": "be543186acb77433"}


def said(language: Language, template: str) -> dict[str, str]:
    html = Pages().fragment(template, language=language)
    return dict(re.findall(r'<data value="([\w.]+)">([^<]+)</data>', html))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_sentence_and_a_piece_of_advice(language: Language) -> None:
    words = said(language, "kiosk/words.html")
    for key in (*Refusal, *Why, *FormReason):
        assert words[f"problem.{key}"]
        assert words[f"advice.{key}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_and_every_fault_of_a_field_has_a_word(language: Language) -> None:
    words = said(language, "kiosk/words.html")
    assert {f"rule.{rule}" for rule in Rule} | {f"because.{rule}" for rule in Rule} <= set(words)
    assert {f"field.{reason}" for reason in FieldReason} <= set(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_staff_read_why_for_every_rule(language: Language) -> None:
    words = said(language, "staff/why.html")
    assert {f"why.{rule}" for rule in Rule} <= set(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_never_called_a_failure(language: Language) -> None:
    words = said(language, "kiosk/words.html")
    assert not [text for text in words.values() if re.search(r"\bfail|\berror|失败|错误", text, re.IGNORECASE)]


def test_new_words_of_consent_have_a_new_version() -> None:
    texts = [
        Pages().fragment(f"kiosk/consents/{purpose}.html", language=language)
        for language in LANGUAGES
        for purpose in Purpose
    ]
    assert CONSENT_TEXTS[CONSENT_TEXT_VERSION] == hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def test_a_code_to_scan_is_drawn_as_one_path() -> None:
    qr = qr_of("H4KP-2QWM")
    dark = {
        (int(x) + step, int(y))
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", qr.path)
        for step in range(int(run))
    }
    assert {(0, 0), (6, 6), (qr.size - 1, 0), (0, qr.size - 1)} <= dark
    assert (7, 7) not in dark


@pytest.mark.parametrize("text", ["", "x" * 201])
def test_a_code_without_text_or_with_too_much_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        qr_of(text)
