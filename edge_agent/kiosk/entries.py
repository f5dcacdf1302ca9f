"""What people write into forms, read strictly: a wrong field is named with its reason, and nothing is recorded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from devices.observations import FieldProblem
from edge_agent.decisions.people.surveys import are_answers
from kiosk_ui.kiosk.form_screens import FieldReason, Form, Purpose
from loyalty.calendar import Birthday
from loyalty.codes import read_code
from loyalty.pins import PIN_DIGITS_MAX, PIN_DIGITS_MIN, is_guessable

NAME_LENGTH_MAX = 80
_PHONE_LENGTH_MAX = 40
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,6})?")
_CHINESE_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{6,14}")
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
_VERSION = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
_CHINA = "+86"
_DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn text around: a name with them could be read as another one."""
_NEVER = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})

PINS = frozenset({"pin", "new", "old"})


class NotThis(ValueError):
    """Why one field is not accepted."""

    def __init__(self, reason: FieldReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entries:
    """What was written, in its one canonical form, or what is wrong with it. PINs are kept apart."""

    fields: Mapping[str, str] = field(repr=False)
    pins: Mapping[str, str] = field(repr=False)
    problems: tuple[FieldProblem, ...] = ()


def read_form(form: Form, written: Mapping[str, str], *, subject: str) -> Entries:
    """Read one form. A field that the form does not have is a problem, not something to be ignored."""
    rules, required = _FORMS[form]
    read: dict[str, str] = {}
    problems = [FieldProblem(name[:80], FieldReason.NOT_ALLOWED) for name in written if name not in rules]
    problems += [FieldProblem(name, FieldReason.MISSING) for name in required if not written.get(name, "").strip()]
    for name, rule in rules.items():
        text = written.get(name, "")
        if not text.strip():
            continue
        try:
            read[name] = rule(text)
        except NotThis as reason:
            problems.append(FieldProblem(name, reason.reason))
    if form is Form.SURVEY and "answers" in read and not are_answers(subject, read["answers"]):
        problems.append(FieldProblem("answers", FieldReason.UNKNOWN))
    fields = {name: text for name, text in read.items() if name not in PINS}
    return Entries(fields, {name: text for name, text in read.items() if name in PINS}, tuple(problems))


def read_name(text: str, *, length_max: int = NAME_LENGTH_MAX) -> str:
    """A name as people write theirs: any script, one line, something in it that can be read."""
    name = " ".join(unicodedata.normalize("NFC", _printable(text)).split())
    if len(name) > length_max:
        raise NotThis(FieldReason.TOO_LONG)
    if not any(unicodedata.category(character)[0] in "LN" for character in name):
        raise NotThis(FieldReason.NOT_A_NAME)
    return name


def read_phone(text: str) -> str:
    """A phone number in E.164. Without a country it is a Chinese mobile number; +86 has to be one too."""
    if len(text) > _PHONE_LENGTH_MAX:
        raise NotThis(FieldReason.TOO_LONG)
    number = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    number = "+" + number.removeprefix("00") if number.startswith("00") else number
    if _CHINESE_MOBILE.fullmatch(number):
        return _CHINA + number
    is_chinese = number.startswith(_CHINA)
    if not _INTERNATIONAL.fullmatch(number):
        raise NotThis(FieldReason.NOT_A_PHONE)
    if is_chinese and not _CHINESE_MOBILE.fullmatch(number.removeprefix(_CHINA)):
        raise NotThis(FieldReason.NOT_A_PHONE)
    return number


def read_birthday(text: str) -> str:
    """MM-DD, a day that some year has."""
    if not _MONTH_DAY.fullmatch(text):
        raise NotThis(FieldReason.NOT_A_DAY)
    try:
        Birthday(int(text[:2]), int(text[3:]))
    except ValueError as error:
        raise NotThis(FieldReason.NOT_A_DAY) from error
    return text


def read_given_pin(text: str) -> str:
    """A PIN that is given: whether it is the right one is found out later."""
    if not (text.isascii() and text.isdigit()):
        raise NotThis(FieldReason.NOT_DIGITS)
    if len(text) < PIN_DIGITS_MIN:
        raise NotThis(FieldReason.TOO_SHORT)
    if len(text) > PIN_DIGITS_MAX:
        raise NotThis(FieldReason.TOO_LONG)
    return text


def read_new_pin(text: str) -> str:
    """A PIN that is chosen."""
    pin = read_given_pin(text)
    if is_guessable(pin):
        raise NotThis(FieldReason.TOO_SIMPLE)
    return pin


def _read_language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise NotThis(FieldReason.UNKNOWN)
    return text


def _read_consent(text: str) -> str:
    if text not in {"yes", "no"}:
        raise NotThis(FieldReason.UNKNOWN)
    return text


def _read_version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise NotThis(FieldReason.UNKNOWN)
    return text


def _read_referrer(text: str) -> str:
    code = read_code(text)
    if not code or len(code) > 20:
        raise NotThis(FieldReason.UNKNOWN)
    return code


def _read_answers(text: str) -> str:
    return text


def _printable(text: str) -> str:
    if any(unicodedata.category(character) in _NEVER or character in _DIRECTIONS for character in text):
        raise NotThis(FieldReason.NOT_A_NAME)
    return text


_Rules = Mapping[str, Callable[[str], str]]

_ABOUT_ME: _Rules = {
    "name": read_name,
    "phone": read_phone,
    "birthday": read_birthday,
    "language": _read_language,
}
_CONSENTS: _Rules = {f"consent_{purpose}": _read_consent for purpose in Purpose}
_WORDS: _Rules = {"text_version": _read_version}

_FORMS: Mapping[Form, tuple[_Rules, tuple[str, ...]]] = {
    Form.REGISTER: (
        {**_ABOUT_ME, **_CONSENTS, **_WORDS, "pin": read_new_pin, "referrer": _read_referrer},
        ("name",),
    ),
    Form.DETAILS: (_ABOUT_ME, ()),
    Form.CONSENTS: ({**_CONSENTS, **_WORDS}, ("text_version",)),
    Form.REDEEM: ({"pin": read_given_pin}, ()),
    Form.PIN: ({"new": read_new_pin, "old": read_given_pin}, ("new",)),
    Form.UNLOCK: ({"pin": read_given_pin}, ("pin",)),
    Form.SURVEY: ({"answers": _read_answers}, ("answers",)),
}
"""Each form's fields with the rule that reads them, and those that must be there."""
