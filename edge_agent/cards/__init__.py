"""Cards that prove themselves, before anything is recorded: the stretch between Sense and Record.

A card whose keys head office sent down is *strong*: its number alone identifies nobody. Held to a reader it answers a
challenge (``authenticated``); read as a link, it shows a message that no earlier reading had (``dynamic``). Whatever
else claims to be it is refused, recorded as such, and reported. All other cards stay as they are, ``weak``, and pay
nothing for it.
"""

from edge_agent.cards.desk import CardDesk, CardSecrets
from edge_agent.cards.reporting import card_finding
from edge_agent.cards.secret_keys import card_secrets
from edge_agent.cards.verdicts import Accepted, Refused, Undecided, Verdict

__all__ = [
    "Accepted",
    "CardDesk",
    "CardSecrets",
    "Refused",
    "Undecided",
    "Verdict",
    "card_finding",
    "card_secrets",
]
