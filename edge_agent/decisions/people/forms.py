"""Which room decides which form, and how a form that was decided is known again."""

from __future__ import annotations

from cloud_bridge.contract import FormFilledV1
from cloud_bridge.personal import PersonalSeal
from devices.observations import FormAnswer, FormFilled
from edge_agent.decisions.people.filled import KEY, Filled, filled_of, refused
from edge_agent.decisions.people.redemptions import Redemptions
from edge_agent.decisions.people.registrations import Registrations, Settle
from edge_agent.decisions.people.staff_actions import StaffActions
from edge_agent.decisions.people.surveys import Surveys
from edge_agent.decisions.shop import Shop
from edge_agent.journal import Reader, Recorded, Transaction
from edge_agent.outcomes import FormDecided
from kiosk_ui.kiosk.form_screens import Form, FormReason

STAFF = "staff"
"""The place of forms that staff fill in."""


class Forms:
    """Decides forms for one store."""

    def __init__(
        self, shop: Shop, *, redemptions: Redemptions, surveys: Surveys, staff: StaffActions, settle: Settle
    ) -> None:
        self._shop = shop
        self._seal = PersonalSeal(shop.medium_key)
        self._registrations = Registrations(shop, self._seal, settle=settle)
        self._redemptions = redemptions
        self._surveys = surveys
        self._staff = staff

    def repeated(self, reader: Reader, seen: FormFilled) -> FormAnswer | None:
        """The answer to a form that was accepted before; ``None`` for a new one."""
        key = seen.fields.get(KEY)
        return reader.form_answer(key) if key else None

    def decide(self, tx: Transaction, recorded: Recorded, seen: FormFilled | None) -> FormDecided:
        """Decide one form and write down all that follows from it."""
        fact = recorded.data
        assert isinstance(fact, FormFilledV1)  # noqa: S101  the dispatcher matched it
        counter = self._shop.counters.of_kiosk(fact.place)
        filled = filled_of(recorded, seen, seal=self._seal, counter=counter)
        decided = self._staff.decide(tx, filled) if fact.place == STAFF else self._member_form(tx, filled)
        key = filled.fields.get(KEY)
        if key and decided.answer.is_accepted:
            tx.keep_form_answer(key, decided.answer, recorded)
        return decided

    def _member_form(self, tx: Transaction, filled: Filled) -> FormDecided:
        match filled.fact.form:
            case Form.REGISTER:
                return self._registrations.register(tx, filled)
            case Form.DETAILS:
                return self._registrations.details(tx, filled)
            case Form.CONSENTS:
                return self._registrations.consents(tx, filled)
            case Form.PIN:
                return self._registrations.pin(tx, filled)
            case Form.UNLOCK:
                return self._registrations.unlock(tx, filled)
            case Form.REDEEM:
                return self._redemptions.redeem(tx, filled)
            case Form.SURVEY:
                return self._surveys.answered(tx, filled)
            case _:
                return refused(tx, filled, FormReason.NOT_ALLOWED_HERE)
