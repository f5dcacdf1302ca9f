"""Which incarnation of a gateway the cloud deals with: at most one, and never one it has left behind."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.rights.movements import Incarnation, Refusal


@dataclass(frozen=True, slots=True)
class Standing:
    """How the cloud stands with one gateway.

    ``current`` may hold leases. ``retired`` held them once; what they still tell settles suspense. While ``revoked``,
    no incarnation is current, not even a new one: whoever holds a stolen gateway could otherwise begin one at will.
    """

    current: Incarnation | None = None
    retired: frozenset[Incarnation] = frozenset()
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Greeting:
    """The standing afterwards; where ``refusal`` is set, the gateway freezes and gives back what it holds."""

    standing: Standing
    refusal: Refusal | None = None


def greet(standing: Standing, incarnation: Incarnation) -> Greeting:
    """A gateway says who it is.

    A new incarnation replaces the current one; where the answer's ``current`` differs from before, the caller
    withdraws the gateway's leases (:func:`loyalty.rights.account.withdraw`) in the same transaction. Whoever greets
    while revoked is retired at once: what it tells meanwhile settles suspense, so it can never become current.
    """
    if standing.revoked:
        return Greeting(Standing(None, standing.retired | {incarnation}, revoked=True), Refusal.REVOKED)
    if incarnation == standing.current:
        return Greeting(standing)
    if incarnation in standing.retired:
        return Greeting(standing, Refusal.SUPERSEDED)
    return Greeting(Standing(incarnation, _retire(standing)))


def revoke(standing: Standing) -> Standing:
    """The operator gives a gateway up. The caller withdraws its leases in the same transaction."""
    return Standing(None, _retire(standing), revoked=True)


def reinstate(standing: Standing) -> Standing:
    """The operator lets the gateway back in: told that it is superseded, it begins anew and is greeted."""
    return Standing(standing.current, standing.retired)


def _retire(standing: Standing) -> frozenset[Incarnation]:
    return standing.retired if standing.current is None else standing.retired | {standing.current}
