"""What the kiosk's page asks of whoever knows the members; declared here, beside its use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devices.observations import FormAnswer
from kiosk_ui.kiosk.form_screens import Form
from kiosk_ui.kiosk.screen_values import View


class VisitOver(Exception):
    """The visit that a page speaks of has ended, or never was: nothing was done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A finger asks for a view. ``visit`` is the token that the page was given."""

    view: View
    visit: str = field(repr=False)
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent. ``key`` makes two sendings the same form, beside the screen they came from."""

    form: Form
    visit: str = field(repr=False)
    subject: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: str = ""


class Desk(Protocol):
    """Serves members at kiosks."""

    async def ask(self, kiosk: str, asked: Asked) -> None:
        """Put what was asked for on the screen. Raises :class:`VisitOver`, :class:`kiosk_ui.kiosk.touch.TouchError`."""
        ...

    async def fill(self, kiosk: str, filled: Filled) -> FormAnswer:
        """Hand in a form. Raises :class:`VisitOver`, :class:`kiosk_ui.kiosk.touch.TouchError`."""
        ...
