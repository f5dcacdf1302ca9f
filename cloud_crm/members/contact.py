"""Contact details at rest: sealed under a key of the member's own, found by keyed hashes of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cloud_bridge.personal import PersonalSeal, SealError
from loyalty.calendar import Birthday
from loyalty.identifiers import medium_id

PHONE_DIGITS_MIN = 5
PHONE_DIGITS_MAX = 15
"""ITU-T E.164."""
PHONE_END_DIGITS = 4
EMAIL_CHARS_MAX = 254
_FILLERS = re.compile(r"[\s().\-/]")
_CHINA = re.compile(r"86(1\d{10})")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


class ContactError(ValueError):
    """A detail that cannot be kept; ``field`` says which, ``problem`` why. Never shows the value."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Contact:
    """What is stored of somebody's contact details."""

    sealed: str = ""
    hint: str = ""
    phone_index: str | None = None
    phone_end_index: str | None = None


NO_CONTACT = Contact()


class ContactBook:
    """Seals contact details and computes the hashes they are found by. ``key`` is the tenant's medium key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._seal = PersonalSeal(key)

    def contact(self, member: str, *, phone: str = "", email: str = "") -> Contact:
        """What to store. Raises :class:`ContactError`."""
        details = {"phone": phone_digits(phone), "email": email_address(email)}
        digits = details["phone"]
        if not any(details.values()):
            return NO_CONTACT
        return Contact(
            sealed=self._seal.seal(member, {name: value for name, value in details.items() if value}),
            hint=_hint(digits),
            phone_index=self.phone_index(digits) if digits else None,
            phone_end_index=self.phone_end_index(digits) if digits else None,
        )

    def opened(self, member: str, sealed: str) -> Mapping[str, str]:
        """The details, for an operator's eyes; empty where nothing is kept. Raises :class:`SealError`."""
        return self._seal.open(member, sealed) if sealed else {}

    def is_sealed_for(self, member: str, sealed: str) -> bool:
        """Whether this tenant sealed something for this member."""
        try:
            self._seal.open(member, sealed)
        except SealError:
            return False
        return True

    def phone_index(self, digits: str) -> str:
        """The keyed hash of a whole number."""
        return medium_id("contact phone", digits.encode(), key=self._key)

    def phone_end_index(self, digits: str) -> str:
        """The keyed hash of a number's last four digits."""
        return medium_id("contact phone end", digits[-PHONE_END_DIGITS:].encode(), key=self._key)


def _hint(digits: str) -> str:
    """A number of which a passer-by learns nothing: ``138****5678``, as the stores write it."""
    return f"{digits[: -2 * PHONE_END_DIGITS]}****{digits[-PHONE_END_DIGITS:]}" if digits else ""


def phone_digits(phone: str) -> str:
    """A phone number as its digits, written the same however it was typed. Raises :class:`ContactError`."""
    typed = _FILLERS.sub("", unicodedata.normalize("NFKC", phone))
    digits = typed.removeprefix("+") if typed.startswith("+") else typed.removeprefix("00")
    if not digits:
        return ""
    if not (digits.isascii() and digits.isdigit() and PHONE_DIGITS_MIN <= len(digits) <= PHONE_DIGITS_MAX):
        raise ContactError("phone", "is no phone number", f"Write {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} digits")
    chinese = _CHINA.fullmatch(digits)
    return chinese[1] if chinese else digits


def email_address(email: str) -> str:
    """An e-mail address, trimmed. Raises :class:`ContactError`."""
    address = email.strip()
    if address and not (len(address) <= EMAIL_CHARS_MAX and address.isprintable() and _EMAIL.fullmatch(address)):
        raise ContactError("email", "is no e-mail address", "Write it like ann@example.com")
    return address


def month_day(birthday: str) -> str:
    """A birthday as ``MM-DD``; a date with a year loses it. Raises :class:`ContactError`."""
    text = birthday.strip()
    if not text:
        return ""
    parts = text.split("-")[-2:]
    try:
        month, day = (int(part) for part in parts)
        Birthday(month, day)
    except ValueError as error:
        raise ContactError("birthday", "is no day of the year", "Write month and day like 02-29") from error
    return f"{month:02d}-{day:02d}"


def birthday_of(text: str) -> Birthday | None:
    """A stored ``MM-DD``; ``None`` where none is kept."""
    return Birthday(int(text[:2]), int(text[3:])) if text else None
