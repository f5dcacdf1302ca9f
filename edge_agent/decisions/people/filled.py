"""A form as its decision sees it: what was written, who it is about, and what was proven of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud_bridge.contract import DecisionRefusedV1, FormFilledV1
from cloud_bridge.personal import PersonalSeal
from devices.observations import FormAnswer, FormFilled, Trust
from edge_agent.journal import MemberEntry, Reader, Recorded, Transaction
from edge_agent.outcomes import FormDecided
from kiosk_ui.kiosk.form_screens import FormReason
from loyalty.identifiers import MemberId
from loyalty.pins import locked_for_s

KEY = "key"
"""Of the fields: what makes two forms the same one."""
PROOF = "proof"
TRUST = "trust"
IS_NEW = "is_new"


@dataclass(frozen=True, slots=True)
class Filled:
    """One form under decision. ``verifier`` is there only while the person who chose the PIN waits."""

    recorded: Recorded
    fact: FormFilledV1
    fields: Mapping[str, str] = field(repr=False)
    counter: str
    verifier: str = field(default="", repr=False)

    @property
    def member(self) -> MemberId:
        """Whom it is about."""
        return MemberId(self.fact.member or "")

    @property
    def trust(self) -> Trust:
        """How hard to copy the medium was that they showed."""
        return Trust(self.fields.get(TRUST) or Trust.WEAK)

    @property
    def proof(self) -> str:
        """What came of the PIN: ``pin`` (right), ``wrong``, ``locked``, or empty: none was given."""
        return self.fields.get(PROOF, "")

    @property
    def is_strong(self) -> bool:
        """Whether nobody with a copied card could have sent it."""
        return self.trust is not Trust.WEAK or self.proof == "pin" or self.fields.get(IS_NEW) == "yes"

    def answered(self, reference: str = "") -> FormAnswer:
        """An acceptance. Its reference is the form's own event, unless another one stands for what was done."""
        return FormAnswer(is_accepted=True, reference=reference or self.recorded.event_id)


def filled_of(recorded: Recorded, seen: FormFilled | None, *, seal: PersonalSeal, counter: str) -> Filled:
    """Open a recorded form; of what is not recorded, ``seen`` has the PIN's verifier."""
    fact = recorded.data
    assert isinstance(fact, FormFilledV1)  # noqa: S101  the dispatcher matched it
    fields = seal.open(fact.member or "", fact.sealed) if fact.sealed else {}
    verifier = seen.fields.get("verifier", "") if seen is not None else ""
    return Filled(recorded, fact, fields, counter, verifier)


def refused(tx: Transaction, filled: Filled, reason: str, *, retry_after_s: int = 0) -> FormDecided:
    """Write down that nothing came of a form, and why."""
    known = tx.member(filled.member) if filled.member else None
    tx.record(
        DecisionRefusedV1(
            cause=filled.recorded.event_id, reason=reason, member=known.member if known is not None else None
        ),
        traceparent=filled.recorded.traceparent,
    )
    answer = FormAnswer(is_accepted=False, reason=reason, retry_after_s=retry_after_s)
    return FormDecided(filled.counter, filled.fact.place, filled.fact.form, answer)


def pin_refusal(tx: Transaction, filled: Filled) -> FormDecided | None:
    """The refusal that a wrong or locked PIN brings; ``None`` where none was given, or the right one."""
    if filled.proof not in {"wrong", "locked"}:
        return None
    tries = tx.pin_tries(filled.member)
    left_s = locked_for_s(tries.failures, tries.last, now=filled.recorded.at) if tries else 0
    return refused(tx, filled, FormReason.PIN_LOCKED if left_s else FormReason.WRONG_PIN, retry_after_s=left_s)


def has_pin(reader: Reader, entry: MemberEntry) -> bool:
    """Whether the member chose a PIN, here or anywhere."""
    here = reader.local_pin(entry.member)
    return bool(entry.pin if here is None else here)
