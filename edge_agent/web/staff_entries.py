"""What staff write, read strictly: reasons in words, points and amounts as whole numbers within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.decisions.people.filled import KEY
from edge_agent.decisions.people.staff_actions import REASON
from edge_agent.kiosk.entries import NotThis, read_name
from kiosk_ui.kiosk.form_screens import FieldReason
from kiosk_ui.staff.members import REASON_LENGTH_MAX, Act, StaffForm

ADJUST_POINTS_MAX = 100_000
"""The most points one correction may give or take."""
AMOUNT_MINOR_MAX = 1_000_000_000_00
_POINTS = re.compile(r"[+-]?[0-9]{1,9}")
_AMOUNT = re.compile(r"[0-9]{1,14}")

_FIELDS: Mapping[StaffForm, tuple[str, ...]] = {
    StaffForm.REFUND: ("amount",),
    StaffForm.ADJUST: ("points",),
    StaffForm.BLOCK: (),
    StaffForm.REPLACE: ("counter",),
    StaffForm.RESET_PIN: (),
}
"""The fields of each act beside its reason."""


@dataclass(frozen=True, slots=True)
class ActEntries:
    """What was written, or by field what is wrong with it."""

    actor: str
    fields: Mapping[str, str] = field(repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)


def read_act(act: Act) -> ActEntries:
    """Read one act of the staff."""
    wanted = (REASON, *_FIELDS[act.form])
    problems = {name: FieldReason.NOT_ALLOWED.value for name in act.fields if name not in {*wanted, KEY}}
    fields: dict[str, str] = {}
    actor = _read("actor", act.actor, problems)
    for name in wanted:
        text = act.fields.get(name, "").strip()
        if not text:
            problems[name] = FieldReason.MISSING.value
        else:
            fields[name] = _read(name, text, problems)
    return ActEntries(actor, fields, problems)


def _read(name: str, text: str, problems: dict[str, str]) -> str:
    match name:
        case "amount":
            fits = bool(_AMOUNT.fullmatch(text)) and 0 < int(text) <= AMOUNT_MINOR_MAX
        case "points":
            fits = bool(_POINTS.fullmatch(text)) and 0 < abs(int(text)) <= ADJUST_POINTS_MAX
        case "actor":
            return _words(name, text, problems, length_max=80)
        case _:
            return _words(name, text, problems, length_max=REASON_LENGTH_MAX)
    if not fits:
        problems[name] = FieldReason.WRONG.value
    return text


def _words(name: str, text: str, problems: dict[str, str], *, length_max: int) -> str:
    try:
        return read_name(text, length_max=length_max)
    except NotThis as refused:
        problems[name] = refused.reason.value
        return ""
