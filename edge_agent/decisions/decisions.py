"""Which room decides which kind of fact."""

from __future__ import annotations

from cloud_bridge.contract import CardTappedV1, ChoiceMadeV1, CodeScannedV1, FormFilledV1, SaleCompletedV1
from devices.observations import FormAnswer, FormFilled, QuoteAnswer, QuoteAsked, SaleCompleted, SaleReceipt, SaleStatus
from edge_agent.decisions import receipts
from edge_agent.decisions.activities import Activities
from edge_agent.decisions.committing import Committing
from edge_agent.decisions.earning import Earning
from edge_agent.decisions.people.forms import Forms
from edge_agent.decisions.people.linking import IsHere, Linking
from edge_agent.decisions.people.phone_codes import KnowsTime, PhoneCodes
from edge_agent.decisions.people.redemptions import Redemptions
from edge_agent.decisions.people.staff_actions import StaffActions
from edge_agent.decisions.people.surveys import Surveys
from edge_agent.decisions.quoting.confirmations import Confirmations
from edge_agent.decisions.quoting.quotes import IsProven, Quotes
from edge_agent.decisions.refunds import Refunds
from edge_agent.decisions.reversing import Reversing
from edge_agent.decisions.sales import Sales
from edge_agent.decisions.shop import AWAITS_SALE, SETTLE_MAX, Shop
from edge_agent.decisions.visits import Visits
from edge_agent.journal import Reader, Recorded, Transaction
from edge_agent.outcomes import NothingToShow, Outcome
from edge_agent.rights.desk import RightsDesk
from edge_agent.translate import Translatable


class Decisions:
    """Decides facts for one store.

    ``knows_time`` tells whether its clock can judge how old a phone's code is, ``is_proven`` whether the member at a
    counter gave their PIN at its kiosk, ``is_here`` whether a kiosk visit still goes on.
    """

    def __init__(
        self,
        shop: Shop,
        rights: RightsDesk | None = None,
        *,
        knows_time: KnowsTime = lambda: True,
        is_proven: IsProven = lambda _counter, _member: False,
        is_here: IsHere = lambda _counter, _session: True,
    ) -> None:
        rights = rights or RightsDesk()
        committing = Committing(shop, rights)
        reversing = Reversing(shop, committing, rights)
        linking = Linking(self.settle, is_here=is_here)
        self._shop = shop
        activities = Activities(committing)
        self._visits = Visits(shop, linking, PhoneCodes(linking, knows_time=knows_time), activities)
        self._forms = Forms(
            shop,
            redemptions=Redemptions(shop, rights),
            surveys=Surveys(shop, activities),
            staff=StaffActions(shop, rights, decide=self.decide),
            settle=self.settle,
        )
        self._sales = Sales(
            shop, committing, Earning(shop, committing, reversing), Confirmations(shop, committing, rights)
        )
        self._refunds = Refunds(shop, committing, reversing)
        self._quotes = Quotes(shop, rights, is_proven=is_proven)

    def decide(self, tx: Transaction, recorded: Recorded, seen: Translatable | None = None) -> Outcome:
        """Decide one recorded fact and write down all that follows from it.

        ``seen`` is what the fact was translated from, while somebody waits for its answer; what must not be
        journalled (a PIN) is only there.
        """
        match recorded.data:
            case CardTappedV1() as card:
                return self._visits.tapped(tx, recorded, card)
            case CodeScannedV1(medium=str()) as code:
                return self._visits.scanned(tx, recorded, code)
            case SaleCompletedV1() as sale if sale.refund_of is None and sale.total_minor >= 0:
                outcome = self._sales.sold(tx, recorded, sale)
                self.settle(tx, AWAITS_SALE, sale.sale)
                return outcome
            case SaleCompletedV1() as refund:
                return self._refunds.gave_back(tx, recorded, refund)
            case ChoiceMadeV1(choice="claim") as choice:
                return self._sales.claimed(tx, recorded, choice)
            case ChoiceMadeV1(choice="done") as choice:
                return self._visits.left(tx, recorded, choice)
            case FormFilledV1():
                return self._forms.decide(tx, recorded, seen if isinstance(seen, FormFilled) else None)
            case _:
                return NothingToShow()

    def counter_of(self, device: str) -> str:
        """At which counter a reader or scanner stands."""
        return self._shop.counters.of_device(device)

    def form_repeated(self, reader: Reader, seen: FormFilled) -> FormAnswer | None:
        """The answer to a form that was accepted before; ``None`` for a new one."""
        return self._forms.repeated(reader, seen)

    def repeated(self, reader: Reader, seen: SaleCompleted) -> SaleReceipt | None:
        """The answer to a sale whose number is taken; ``None`` for a new one."""
        return receipts.repeated(reader, seen, medium_key=self._shop.medium_key)

    def receipt(self, reader: Reader, sale_id: str) -> SaleReceipt:
        """What a till is told of a receipt that has just been decided."""
        return receipts.receipt_of(reader, sale_id, SaleStatus.RECORDED)

    def quote(self, tx: Transaction, asked: QuoteAsked) -> QuoteAnswer:
        """Price a basket, and hold what it redeems."""
        return self._quotes.answer(tx, asked)

    def settle(self, tx: Transaction, awaits: str, key: str) -> int:
        """Decide what waited for ``key`` to arrive; returns how many facts were decided."""
        waiting = tx.deferred_for(awaits, key)[:SETTLE_MAX]
        for fact in waiting:
            tx.settle_deferred(fact.event_id)
            self.decide(tx, fact)
        return len(waiting)
