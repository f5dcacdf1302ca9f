"""A gateway says hello: who it is decides whether it may redeem."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection

from cloud_bridge.receipts import Hello, RightsStanding
from cloud_crm.rights import standings
from loyalty.rights import standing as rules
from loyalty.rights.movements import Incarnation, Refusal

_Word = Literal["welcome", "superseded", "revoked"]
_STANDINGS: dict[Refusal | None, _Word] = {
    None: "welcome",
    Refusal.SUPERSEDED: "superseded",
    Refusal.REVOKED: "revoked",
}


def greet(connection: Connection, gateway_id: str, hello: Hello, *, at: str) -> RightsStanding:
    """The answer. Where another incarnation is current afterwards, what the gateway held is in suspense from now on."""
    incarnation = Incarnation(hello.incarnation)
    before = standings.read(connection, gateway_id)
    answer = rules.greet(before, incarnation)
    if answer.standing != before:
        before = standings.alone(connection, gateway_id)
        answer = rules.greet(before, incarnation)
        if answer.standing.current != before.current:
            standings.withdraw(connection, gateway_id)
        standings.keep(connection, gateway_id, answer.standing, at=at)
    return RightsStanding(
        incarnation=hello.incarnation,
        standing=_STANDINGS[answer.refusal],
        is_first=not answer.standing.retired - {incarnation},
        boot=hello.boot,
    )
