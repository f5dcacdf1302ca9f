"""The signature of a gap statement: only the gateway that kept the journal may declare rows lost."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cloud_bridge.topics import Lane


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows ``first`` to ``last`` of one lane of one incarnation, gone for ``reason``.

    ``last_hash`` is the hash of row ``last``: the next row's ``prevhash``.
    """

    gateway_id: str
    incarnation: str
    lane: Lane
    first: int
    last: int
    last_hash: str
    reason: str


def sign_gap(gap: Gap, *, secret: bytes) -> str:
    """HMAC-SHA256 (hexadecimal) over the statement's fields joined by ``/``."""
    fields = (gap.gateway_id, gap.incarnation, gap.lane.value, str(gap.first), str(gap.last), gap.last_hash, gap.reason)
    return hmac.new(secret, "/".join(fields).encode(), hashlib.sha256).hexdigest()


def gap_is_signed(gap: Gap, signature: str, *, secret: bytes) -> bool:
    """Whether ``signature`` is this gateway's, compared in constant time."""
    return hmac.compare_digest(sign_gap(gap, secret=secret), signature)
