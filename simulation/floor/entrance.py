"""The front door: a contact, a light beam behind it and a motion sensor above it, as people come and go.

Pure: time in seconds is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

DOOR_S = 1.6
"""A door that closes by itself."""
BEAM_AFTER_S = 0.5
BEAM_S = 0.4
MOTION_S = 6.0
"""How long the motion sensor goes on telling of somebody who has passed."""
_PASSAGES_MAX = 50


@dataclass(frozen=True, slots=True)
class EntranceState:
    """What the three sensors see at one moment."""

    door: bool
    beam: bool
    motion: bool


class Entrance:
    """``pass_through`` lets somebody in or out; ``is_held_open`` is a delivery, or a brick."""

    def __init__(self) -> None:
        self.is_held_open = False
        self._passages: list[float] = []

    def pass_through(self, now_s: float) -> None:
        """Somebody opens the door and walks through."""
        recent = [began_s for began_s in self._passages if now_s - began_s < MOTION_S]
        self._passages = [*recent, now_s][-_PASSAGES_MAX:]

    def at(self, now_s: float) -> EntranceState:
        """What the sensors see then."""
        ages_s = [now_s - began_s for began_s in self._passages if now_s >= began_s]
        return EntranceState(
            door=self.is_held_open or any(age_s < DOOR_S for age_s in ages_s),
            beam=any(BEAM_AFTER_S <= age_s < BEAM_AFTER_S + BEAM_S for age_s in ages_s),
            motion=any(age_s < MOTION_S for age_s in ages_s),
        )
