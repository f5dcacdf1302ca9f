"""The card or phone that is shown next becomes a member's: on the kiosk, or as the replacement of a lost one."""

from __future__ import annotations

from collections.abc import Callable

from cloud_bridge.contract import MediumLinkedV1
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.shop import AWAITS_LINK
from edge_agent.journal import AwaitedLink, LocalMedium, Recorded, Transaction, Visit
from edge_agent.outcomes import CannotBeDone, MediumKind, MediumLinked, Outcome
from kiosk_ui.kiosk.form_screens import FormReason

Settle = Callable[[Transaction, str, str], int]
IsHere = Callable[[str, str], bool]
"""Whether a kiosk visit still goes on: ``(counter, session)``."""


class Linking:
    """Decides what is shown at a counter where somebody waits to link it.

    A visit can end on the screen a moment before its wait ends in the journal, and what is shown in that moment is the
    next person's: so a wait counts while its visit goes on, and no longer.
    """

    def __init__(self, settle: Settle, *, is_here: IsHere) -> None:
        self._settle = settle
        self._is_here = is_here

    def awaited(self, tx: Transaction, recorded: Recorded, counter: str) -> AwaitedLink | None:
        """Who waits at a counter, in a visit that goes on or because staff said so."""
        awaited = tx.awaited_link(counter, recorded.at)
        if awaited is None or (awaited.visit and not self._is_here(counter, awaited.visit)):
            return None
        return awaited

    def shown(self, tx: Transaction, recorded: Recorded, counter: str, medium: str) -> Outcome | None:
        """A card was shown: link it if somebody waits for one. ``None``: nobody does."""
        awaited = self.awaited(tx, recorded, counter)
        if awaited is None or awaited.technology != "card":
            return None
        return self.link(tx, recorded, awaited, LocalMedium(medium, awaited.member, "card"))

    def link(self, tx: Transaction, recorded: Recorded, awaited: AwaitedLink, medium: LocalMedium) -> Outcome:
        """Give a medium to the member who waits; somebody else's stays theirs, and their own is linked already."""
        owner = tx.member_of(medium.medium)
        if tx.member(awaited.member) is None or (owner is not None and owner.member != awaited.member):
            return CannotBeDone(awaited.counter, FormReason.MEDIUM_TAKEN)
        tx.end_link(awaited.counter)
        if owner is None:
            tx.record(
                MediumLinkedV1(
                    cause=recorded.event_id,
                    medium=medium.medium,
                    member=awaited.member,
                    technology=medium.technology,
                    public_key=medium.public_key,
                ),
                traceparent=recorded.traceparent,
            )
            tx.keep_medium(medium, recorded)
            tx.open_visit(Visit(awaited.counter, medium.medium, awaited.member, recorded.at))
            self._settle(tx, AWAITS_LINK, medium.medium)
        kind: MediumKind = "phone" if medium.technology == "phone" else "card"
        return MediumLinked(awaited.counter, standing_of(tx, awaited.member), kind, recorded.event_id)
