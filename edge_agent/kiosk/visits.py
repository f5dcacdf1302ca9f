"""Who stands at a kiosk now. In memory only: a restart ends every visit, and the member shows their card again.

Whoever holds a visit's token acts for its member and for nobody else; the token is drawn anew for each visit and is
only ever on the screen of that kiosk.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.observations import Trust
from edge_agent.outcomes import MediumKind
from loyalty.identifiers import MemberId

VISIT_S_MAX = 900.0
"""However busy the fingers: after this long the member shows their card again."""
_TOKEN_BYTES = 24


@dataclass(slots=True)
class KioskVisit:
    """One visit. ``medium`` is what was shown; while nobody's, it can become the visitor's by joining.

    ``is_proven``: the PIN was given. ``is_new``: they joined in this visit. ``holds_points`` and ``awaits_link`` say
    what has to be undone when the visit ends. ``question`` changes with each screen that asks for a form.
    """

    token: str = field(repr=False)
    kiosk: str
    counter: str
    began_s: float
    member: MemberId | None = None
    medium: str = field(default="", repr=False)
    kind: MediumKind | None = None
    trust: Trust = Trust.WEAK
    is_proven: bool = False
    is_new: bool = False
    holds_points: bool = False
    awaits_link: bool = False
    question: int = 0

    @property
    def is_strong(self) -> bool:
        """Whether a copied card alone could not have got here."""
        return self.trust is not Trust.WEAK or self.is_proven or self.is_new

    @property
    def session(self) -> str:
        """The name under which the visit reserves points: not its token, which stays out of the journal."""
        return f"kiosk/{self.kiosk}/{_name_of(self.token)}"


def _name_of(token: str) -> str:
    """A name for a token that does not give it away."""
    return hmac.new(b"regulars kiosk session", token.encode(), "sha256").hexdigest()[:16]


Ended = Callable[[KioskVisit], None]


class KioskVisits:
    """At most one visit at each kiosk. ``ended`` is told of each that is over; it must not wait."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        ended: Ended = lambda _: None,
        draw: Callable[[], str] = lambda: secrets.token_urlsafe(_TOKEN_BYTES),
    ) -> None:
        self._monotonic = monotonic
        self._draw = draw
        self.ended = ended
        self._visits: dict[str, KioskVisit] = {}

    def begin(self, kiosk: str, counter: str) -> KioskVisit:
        """Somebody new is here; whoever stood here before does not any more."""
        self.end(kiosk)
        visit = KioskVisit(self._draw(), kiosk, counter, self._monotonic())
        self._visits[kiosk] = visit
        return visit

    def at(self, kiosk: str) -> KioskVisit | None:
        """The visit at a kiosk."""
        return self._visits.get(kiosk)

    def find(self, kiosk: str, token: str) -> KioskVisit | None:
        """The visit whose token this is, at this kiosk and while it lasts."""
        visit = self._visits.get(kiosk)
        if visit is None or not hmac.compare_digest(visit.token.encode(), token.encode("utf-8", "replace")):
            return None
        if self._monotonic() - visit.began_s > VISIT_S_MAX:
            self.end(kiosk)
            return None
        return visit

    def end(self, kiosk: str) -> None:
        """Nobody stands at the kiosk."""
        visit = self._visits.pop(kiosk, None)
        if visit is not None:
            self.ended(visit)
