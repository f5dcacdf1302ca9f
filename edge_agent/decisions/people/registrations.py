"""Somebody becomes a member at the kiosk, or changes what the store knows about them. Works without the cloud."""

from __future__ import annotations

from collections.abc import Callable

from cloud_bridge.contract import ConsentV1, MediumLinkedV1, MemberChangedV1, MemberRegisteredV1, PinChangedV1
from cloud_bridge.personal import PersonalSeal
from edge_agent.decisions.committing import standing_of
from edge_agent.decisions.people.filled import Filled, has_pin, pin_refusal, refused
from edge_agent.decisions.shop import AWAITS_LINK, Shop
from edge_agent.journal import LocalDetails, LocalMedium, Transaction, Visit
from edge_agent.outcomes import FormDecided, Joined, Kept, MediumKind
from kiosk_ui.kiosk.form_screens import FormReason
from loyalty.identifiers import medium_id

PERSONAL = ("name", "phone", "birthday")
"""Fields that are sealed on their way to the cloud."""
CONSENT_PREFIX = "consent_"
PHONE_INDEX = "phone-number"
"""Name space of the keyed hash by which one phone number is known again."""
_HIDDEN_FROM, _HIDDEN_TO = -8, -4

Settle = Callable[[Transaction, str, str], int]


class Registrations:
    """Decides ``register``, ``details``, ``consents`` and ``pin``."""

    def __init__(self, shop: Shop, seal: PersonalSeal, *, settle: Settle) -> None:
        self._shop = shop
        self._seal = seal
        self._settle = settle

    def register(self, tx: Transaction, filled: Filled) -> FormDecided:
        """Somebody becomes a member under the id that was drawn for them, with the medium they just showed."""
        fields, recorded, member = filled.fields, filled.recorded, filled.member
        medium = fields.get("medium", "")
        if medium and tx.member_of(medium) is not None:
            return refused(tx, filled, FormReason.MEDIUM_TAKEN)
        index = self._phone_index(fields.get("phone", ""))
        if index and tx.is_registered_here(index):
            return refused(tx, filled, FormReason.MEMBER_KNOWN)
        joined_on = self._shop.day(recorded.at)
        tx.record(
            MemberRegisteredV1(
                cause=recorded.event_id,
                member=member,
                personal=self._seal.seal(member, {key: fields[key] for key in PERSONAL if fields.get(key)}),
                language=fields.get("language", ""),
                joined_on=joined_on.isoformat(),
                referrer=fields.get("referrer", ""),
                consents=consents_of(filled),
            ),
            traceparent=recorded.traceparent,
        )
        details = self._details(filled)
        tx.keep_registered(member, details, recorded, joined_on=joined_on)
        kind = self._link(tx, filled, medium)
        if filled.verifier:
            self._keep_pin(tx, filled)
        return _done(filled, Joined(standing_of(tx, member), kind))

    def details(self, tx: Transaction, filled: Filled) -> FormDecided:
        """A member changes name, phone number, birthday or language."""
        if (refusal := pin_refusal(tx, filled)) is not None:
            return refusal
        entry = tx.member(filled.member)
        if entry is None or not filled.is_strong:
            return refused(tx, filled, FormReason.NOT_ALLOWED_HERE)
        if filled.fields.get("birthday") and entry.birthday:
            return refused(tx, filled, FormReason.NOT_ALLOWED_HERE)
        fields, recorded = filled.fields, filled.recorded
        personal = {key: fields[key] for key in PERSONAL if key in fields}
        tx.record(
            MemberChangedV1(
                cause=recorded.event_id,
                member=filled.member,
                personal=self._seal.seal(filled.member, personal) if personal else None,
                language=fields.get("language"),
            ),
            traceparent=recorded.traceparent,
        )
        tx.keep_details(filled.member, self._details(filled), recorded)
        return self._kept(tx, filled)

    def consents(self, tx: Transaction, filled: Filled) -> FormDecided:
        """A member agrees or no longer does. A copied card may take consent away, so nothing more is asked."""
        recorded = filled.recorded
        tx.record(
            MemberChangedV1(cause=recorded.event_id, member=filled.member, consents=consents_of(filled)),
            traceparent=recorded.traceparent,
        )
        tx.keep_details(filled.member, LocalDetails(consents=_agreed(filled)), recorded)
        return self._kept(tx, filled)

    def pin(self, tx: Transaction, filled: Filled) -> FormDecided:
        """A member chooses a PIN: with the old one, or right after joining, or when staff allowed it."""
        if (refusal := pin_refusal(tx, filled)) is not None:
            return refusal
        entry = tx.member(filled.member)
        if entry is None:
            return refused(tx, filled, FormReason.VISIT_OVER)
        if has_pin(tx, entry):
            allowed = filled.proof == "pin"
        else:
            allowed = filled.is_strong or tx.may_choose_pin(filled.member, filled.recorded.at)
        if not allowed:
            return refused(tx, filled, FormReason.WRONG_PIN if has_pin(tx, entry) else FormReason.NO_PIN)
        if not filled.verifier:  # Decided again after a restart: nobody waits, and what they typed is gone.
            return refused(tx, filled, FormReason.BUSY)
        self._keep_pin(tx, filled)
        return self._kept(tx, filled)

    def unlock(self, tx: Transaction, filled: Filled) -> FormDecided:
        """A member gives their PIN to see more."""
        refusal = pin_refusal(tx, filled)
        if refusal is not None:
            return refusal
        if filled.proof != "pin":
            return refused(tx, filled, FormReason.NO_PIN)
        return FormDecided(filled.counter, filled.fact.place, filled.fact.form, filled.answered())

    def _link(self, tx: Transaction, filled: Filled, medium: str) -> MediumKind | None:
        if not medium:
            return None
        recorded = filled.recorded
        tx.record(
            MediumLinkedV1(cause=recorded.event_id, medium=medium, member=filled.member, technology="card"),
            traceparent=recorded.traceparent,
        )
        tx.keep_medium(LocalMedium(medium, filled.member, "card"), recorded)
        tx.open_visit(Visit(filled.counter, medium, filled.member, recorded.at))
        self._settle(tx, AWAITS_LINK, medium)
        return "card"

    def _keep_pin(self, tx: Transaction, filled: Filled) -> None:
        sealed = self._seal.seal(filled.member, {"verifier": filled.verifier})
        tx.record(
            PinChangedV1(cause=filled.recorded.event_id, member=filled.member, sealed=sealed),
            traceparent=filled.recorded.traceparent,
        )
        tx.keep_pin(filled.member, sealed, filled.recorded)
        tx.end_pin_choice(filled.member)
        tx.forget_wrong_pins(filled.member)

    def _details(self, filled: Filled) -> LocalDetails:
        fields = filled.fields
        phone = fields.get("phone", "")
        return LocalDetails(
            name=fields.get("name"),
            language=fields.get("language"),
            birthday=fields.get("birthday"),
            contact=hint_of(phone) if phone else None,
            phone_index=self._phone_index(phone),
            consents=_agreed(filled),
        )

    def _phone_index(self, phone: str) -> str | None:
        return medium_id(PHONE_INDEX, phone.encode(), key=self._shop.medium_key) if phone else None

    def _kept(self, tx: Transaction, filled: Filled) -> FormDecided:
        return _done(filled, Kept(standing_of(tx, filled.member)))


def consents_of(filled: Filled) -> tuple[ConsentV1, ...]:
    """Each purpose that was asked about, with the answer and the version of the words."""
    version = filled.fields.get("text_version", "")
    return tuple(
        ConsentV1(purpose=purpose, granted=granted, text_version=version)
        for purpose, granted in sorted(_agreed(filled).items())
    )


def hint_of(phone: str) -> str:
    """A phone number of which a passer-by learns nothing: ``+86 138****5678`` without its middle."""
    return phone[:_HIDDEN_FROM] + "****" + phone[_HIDDEN_TO:]


def _agreed(filled: Filled) -> dict[str, bool]:
    return {
        key.removeprefix(CONSENT_PREFIX): value == "yes"
        for key, value in filled.fields.items()
        if key.startswith(CONSENT_PREFIX)
    }


def _done(filled: Filled, done: Joined | Kept) -> FormDecided:
    return FormDecided(filled.counter, filled.fact.place, filled.fact.form, filled.answered(), done)
