"""Forms on the kiosk, and what it says once they are accepted.

A form goes to ``POST /kiosk/{kiosk}/form`` with string ``fields``; what a person left out is not among them. The
answer names fields and reasons by the keys here; the screen that follows an accepted form arrives like any other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from kiosk_ui.kiosk.screen_values import AnyScreen, Key, MonthDay, Name, Points, ScreenValue, Subject, View

CONSENT_TEXT_VERSION = "2026-11"
"""Of the words in ``consent_texts.html``, in every language. New words need a new version."""

QUESTIONS_MAX = 10


class Form(StrEnum):
    """The forms, with their fields."""

    REGISTER = "register"
    """name, phone?, birthday? (MM-DD), language, consent_marketing (``yes``, ``no``), consent_profiling, text_version,
    pin?, referrer?"""
    DETAILS = "details"
    """Of name, phone, birthday and language those that changed."""
    CONSENTS = "consents"
    """consent_<purpose> (``yes``, ``no``) for each shown, text_version."""
    REDEEM = "redeem"
    """pin?; ``subject`` is the reward's key."""
    PIN = "pin"
    """new, old?"""
    UNLOCK = "unlock"
    """pin; ``subject`` is the view that was asked for."""
    SURVEY = "survey"
    """answers: one per question in their order, separated by commas, ``skipped`` where there is none; ``subject`` is
    the survey's key."""


class FormReason(StrEnum):
    """Why a form as a whole was not accepted, beside the refusals of rights and coupons."""

    CORRECT_FIELDS = "correct_fields"
    WRONG_PIN = "wrong_pin"
    PIN_LOCKED = "pin_locked"
    PIN_NEEDED = "pin_needed"
    NO_PIN = "no_pin"
    """A PIN is needed and none was ever chosen: at the counter."""
    MEDIUM_TAKEN = "medium_taken"
    """The card or phone is another member's."""
    MEMBER_KNOWN = "member_known"
    """Somebody with this phone number is a member already."""
    UNKNOWN_REFERRER = "unknown_referrer"
    OWN_REFERRER = "own_referrer"
    NO_SUCH_REWARD = "no_such_reward"
    NOT_FOR_THIS_MEMBER = "not_for_this_member"
    ALREADY_ANSWERED = "already_answered"
    HELD_ELSEWHERE = "held_elsewhere"
    CLOCK_UNSURE = "clock_unsure"
    """The gateway does not know the time, so it cannot judge a phone's code."""
    CODE_EXPIRED = "code_expired"
    CODE_USED = "code_used"
    CODE_FORGED = "code_forged"
    """A phone's code that its phone did not sign."""
    CARD_UNPROVEN = "card_unproven"
    """A card that should prove itself did not: a copy, or one that is broken."""
    CARD_AGAIN = "card_again"
    """A card that left before it had answered."""
    CARD_ELSEWHERE = "card_elsewhere"
    """A card that has to prove itself, at a reader that can only read numbers."""
    NOT_ALLOWED_HERE = "not_allowed_here"
    VISIT_OVER = "visit_over"
    BUSY = "busy"
    """Not done; the same again will do."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """Perhaps done: nobody knows yet. Doing it again is safe."""


class FieldReason(StrEnum):
    """What is wrong with one field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    NOT_A_NAME = "not_a_name"
    NOT_A_PHONE = "not_a_phone"
    NOT_A_DAY = "not_a_day"
    NOT_DIGITS = "not_digits"
    TOO_SIMPLE = "too_simple"
    """A PIN such as 111111 or 123456."""
    NOT_THE_SAME = "not_the_same"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_ALLOWED = "not_allowed"


class Purpose(StrEnum):
    """What a member may consent to."""

    MARKETING = "marketing"
    """News and offers by message."""
    PROFILING = "profiling"
    """Offers chosen by what they bought."""


class ConsentChoice(ScreenValue):
    """One purpose, and what the member said about it so far."""

    purpose: Purpose
    granted: bool = False


class RegisterForm(AnyScreen):
    """Become a member. ``medium`` is what was just shown and will be theirs; ``None``: nothing was."""

    screen: Literal["register"] = "register"
    medium: Literal["card", "phone"] | None = None
    purposes: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = tuple(Purpose)
    text_version: Key = CONSENT_TEXT_VERSION
    asks_referrer: bool = True
    online: bool = True


class Registered(AnyScreen):
    """Welcome. ``medium`` is linked now; ``None``: they may link one."""

    screen: Literal["registered"] = "registered"
    name: Name
    medium: Literal["card", "phone"] | None = None
    reference: Subject = ""


class DetailsForm(AnyScreen):
    """My details. ``contact`` has its middle digits hidden. A birthday can be set once, at the counter thereafter."""

    screen: Literal["details"] = "details"
    name: Name
    contact: Annotated[str, Field(max_length=80)] = ""
    birthday: MonthDay = ""
    can_set_birthday: bool = False
    has_pin: bool = False
    preferred: Annotated[str, Field(max_length=10)] = ""
    """The language kept with the member (BCP 47)."""


class ConsentsForm(AnyScreen):
    """What the member agreed to, to be changed at will."""

    screen: Literal["consents"] = "consents"
    name: Name
    consents: Annotated[tuple[ConsentChoice, ...], Field(max_length=len(Purpose))]
    text_version: Key = CONSENT_TEXT_VERSION


class Question(StrEnum):
    """The questions the kiosk has words for, each answered in its own way."""

    VISIT = "visit"
    """How was it today? Faces, 1 to 5."""
    RECOMMEND = "recommend"
    """Would you recommend us? 0 to 10."""
    BETTER = "better"
    """What should be better? One of choice, price, service, waiting, tidiness, nothing."""


class SurveyForm(AnyScreen):
    """A short survey, one question at a time. ``points`` are promised for it; 0: none."""

    screen: Literal["survey"] = "survey"
    name: Name
    survey: Key
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=QUESTIONS_MAX)] = tuple(Question)
    points: Points = 0


class Thanks(AnyScreen):
    """A form is kept. ``what`` is the form; ``points`` are on the way for it (pending), 0: none."""

    screen: Literal["thanks"] = "thanks"
    name: Name
    what: Form
    points: Points = 0
    reference: Subject = ""


class Link(AnyScreen):
    """Link a card or a phone. Without ``medium``: which? With it: the next one shown here becomes theirs."""

    screen: Literal["link"] = "link"
    name: Name
    medium: Literal["card", "phone"] | None = None


class Linked(AnyScreen):
    """The card or phone is theirs now."""

    screen: Literal["linked"] = "linked"
    name: Name
    medium: Literal["card", "phone"]
    reference: Subject = ""


class Pin(AnyScreen):
    """A PIN. ``enter`` sends form ``unlock`` for the ``wanted`` view, ``choose`` form ``pin`` (with the old one where
    ``needs_old``); ``locked`` waits ``retry_after_s``.
    """

    screen: Literal["pin"] = "pin"
    name: Name
    mode: Literal["enter", "choose", "locked"]
    wanted: View = View.HOME
    needs_old: bool = False
    retry_after_s: Points = 0
