"""What members do by themselves at a kiosk: join, and take a reward."""

from __future__ import annotations

from typing import Any

from kiosk_ui.kiosk.form_screens import CONSENT_TEXT_VERSION, Form
from kiosk_ui.kiosk.screen_values import View
from simulation.day.turns import Join
from simulation.hands import Hands


async def join(hands: Hands, person: Join) -> bool:
    """Become a member with the card that the kiosk has just not known; whether the kiosk took the form."""
    if await hands.fingers.ask(View.REGISTER, screens={"register"}) is None:
        return False
    fields = {
        "name": person.name,
        "phone": person.phone,
        "language": person.language,
        "consent_marketing": "yes",
        "consent_profiling": "no",
        "text_version": CONSENT_TEXT_VERSION,
        "pin": person.pin,
    }
    reply = await hands.fingers.fill_in(Form.REGISTER, fields)
    hands.tally.joined += reply.is_accepted
    return reply.is_accepted


async def take_reward(hands: Hands, *, pin: str) -> str | None:
    """Take the first reward that can be taken now; its key, or ``None`` where there was none or it was refused."""
    offered = await hands.fingers.ask(View.REWARDS, screens={"rewards", "problem"})
    cards: list[dict[str, Any]] = [] if offered is None else offered.view.get("rewards", [])
    reward = next((str(card["reward"]) for card in cards if card.get("why") is None), None)
    if reward is None or await hands.fingers.ask(View.REWARD, subject=reward, screens={"redeem"}) is None:
        return None
    if not (await hands.fingers.fill_in(Form.REDEEM, {"pin": pin}, subject=reward)).is_accepted:
        return None
    hands.tally.rewards += 1
    return reward
