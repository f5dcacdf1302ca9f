"""The staff's desk: finds members, explains every point of an account, and hands in what staff do, with who and why."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request

from cloud_bridge.contract import DecisionDeferredV1, DecisionRefusedV1
from cloud_bridge.topics import Lane
from devices.observations import FormAnswer, FormFilled, Observation
from edge_agent.decisions.customers import customer_of
from edge_agent.decisions.people.filled import KEY, has_pin
from edge_agent.decisions.people.forms import STAFF
from edge_agent.decisions.shop import Shop
from edge_agent.journal import AccountEntry, Journal, JournalError, MemberEntry, Reader, RewardTaken, StaffAct
from edge_agent.kiosk.pins import PinCheck
from edge_agent.tap_path import DecisionBugError
from edge_agent.web.operator_gate import OPERATOR, Operator
from edge_agent.web.staff_entries import read_act
from kiosk_ui.kiosk.form_screens import FormReason
from kiosk_ui.kiosk.touch import TouchError
from kiosk_ui.staff.members import (
    FOUND_MAX,
    POSTINGS_MAX,
    AccountLine,
    Act,
    Acted,
    Decision,
    FoundMember,
    FoundMembers,
    HeldCoupon,
    Medium,
    MemberAccount,
    PinState,
    Role,
    Sale,
)

LOOKED_AT_MAX = 1_000
"""Of the newest rows of the ledger, those searched for decisions that moved nothing."""
SALES_MAX = 30
_LABEL_LENGTH = 6

Handle = Callable[[str, Observation], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StaffTools:
    """What the desk works with."""

    shop: Shop
    pins: PinCheck
    handle: Handle
    online: Callable[[], bool]
    now: Callable[[], datetime]


class StaffDesk:
    """Serves the staff's member page."""

    def __init__(self, journal: Journal, tools: StaffTools) -> None:
        self._journal = journal
        self._tools = tools

    async def find(self, question: str) -> FoundMembers:
        """Whom a name, or the last digits of a phone number, fits."""
        found = await self._journal.read(lambda reader: self._find(reader, question))
        return FoundMembers(found=tuple(found[:FOUND_MAX]), is_more=len(found) > FOUND_MAX)

    async def account(self, member: str) -> MemberAccount | None:
        """Everything about one member; ``None``: this store knows no such member."""
        return await self._journal.read(lambda reader: self._account(reader, member))

    async def act(self, member: str, act: Act) -> Acted:
        """Do it, durably. Raises :class:`TouchError` when that is not known."""
        entries = read_act(act)
        if entries.problems:
            return Acted(is_accepted=False, reason=FormReason.CORRECT_FIELDS, problems=dict(entries.problems))
        answers: list[FormAnswer] = []
        form = FormFilled(
            place=STAFF,
            form=act.form.value,
            fields={**entries.fields, KEY: _key_of(member, act)},
            member=member,
            subject=act.subject,
            actor=entries.actor,
            role=act.role.value,
            reply=answers.append,
        )
        try:
            await self._tools.handle("staff", form)
        except (JournalError, DecisionBugError) as error:
            raise TouchError("not known to be recorded") from error
        answer = answers[0]
        return Acted(
            is_accepted=answer.is_accepted,
            reason=answer.reason,
            problems={problem.field: problem.problem for problem in answer.problems},
            retry_after_s=answer.retry_after_s,
            reference=answer.reference,
        )

    def _find(self, reader: Reader, question: str) -> list[FoundMember]:
        found = []
        for entry in reader.find_members(question, FOUND_MAX + 1):
            balance = reader.balance(entry.member)
            found.append(
                FoundMember(
                    member=entry.member,
                    name=entry.name,
                    contact=entry.contact,
                    tier=entry.tier or "",
                    balance=balance.points if balance else 0,
                )
            )
        return found

    def _account(self, reader: Reader, member: str) -> MemberAccount | None:
        entry, terms = reader.member(member), reader.terms()
        on = self._tools.shop.day(self._tools.now())
        usable = reader.usable(member, on=on)
        balance = reader.balance(member)
        if entry is None or terms is None or usable is None or balance is None or balance.as_of is None:
            return None
        customer = customer_of(reader, terms, entry, on=on)
        postings = reader.account_of(member, POSTINGS_MAX)
        return MemberAccount(
            member=entry.member,
            name=entry.name,
            contact=entry.contact,
            language=entry.language,
            joined_on=entry.joined_on,
            tier=customer.tier.id if customer.tier else "",
            member_type=customer.member_type or "",
            balance=balance.points,
            usable=usable.points,
            pending=usable.pending,
            owed=usable.owed,
            currency=terms.programme.currency,
            as_of=balance.as_of,
            online=self._tools.online(),
            is_frozen=usable.is_frozen,
            pin=PinState(is_set=has_pin(reader, entry), locked_s=self._tools.pins.locked_s(reader, entry.member)),
            media=tuple(
                Medium(
                    medium=one.medium,
                    technology="phone" if one.technology == "phone" else "card",
                    label=one.medium[-_LABEL_LENGTH:],
                    is_blocked=one.is_blocked,
                )
                for one in reader.media_known_of(member)
            ),
            coupons=_coupons(reader, entry),
            sales=_sales(reader, postings),
            lines=_lines(reader, postings, _Causes.of(reader, member)),
            decisions=_decisions(reader, member),
        )


def who_acts(request: Request, act: Act) -> Act:
    """The act of whoever logged in: under their name, and as a manager only with the manager's password.

    Where no password is asked for, on a machine nobody else can reach, the page's own word counts.
    """
    operator = getattr(request.state, OPERATOR, None)
    if not isinstance(operator, Operator):
        return act
    role = Role.MANAGER if operator.is_manager else Role.CLERK
    return act.model_copy(update={"actor": operator.name or act.actor, "role": role})


def who_is_there(request: Request, name: str) -> str:
    """The name of whoever logged in; the page's own word where no password is asked for, or no name was given."""
    operator = getattr(request.state, OPERATOR, None)
    return operator.name or name if isinstance(operator, Operator) else name


def _coupons(reader: Reader, entry: MemberEntry) -> tuple[HeldCoupon, ...]:
    terms = reader.terms()
    held = []
    for one in reader.coupons_of(entry.member):
        coupon = terms.coupon(one.coupon) if terms else None
        held.append(
            HeldCoupon(
                instance=one.instance,
                title=coupon.name if coupon else one.coupon,
                last_day=one.last_day,
                is_used=one.is_used,
                why=None if one.is_here else FormReason.HELD_ELSEWHERE,
            )
        )
    return tuple(held)


def _sales(reader: Reader, postings: list[AccountEntry]) -> tuple[Sale, ...]:
    """The receipts behind the postings that may still be given back here."""
    names = dict.fromkeys(posting.sale for posting in postings if posting.sale)
    sales = []
    for name in list(names)[:SALES_MAX]:
        sale = reader.sale(name)
        if sale is None or sale.refund_of is not None:
            continue
        left_minor = max(0, sale.total_minor - sale.refunded_minor)
        sales.append(
            Sale(sale=name, at=sale.at, total_minor=sale.total_minor, refundable_minor=left_minor, points=sale.points)
        )
    return tuple(sales)


@dataclass(frozen=True, slots=True)
class _Causes:
    """What stands behind postings, by the event that caused them: acts of staff, rewards with their vouchers."""

    acts: dict[str, StaffAct]
    rewards: dict[str, RewardTaken]

    @classmethod
    def of(cls, reader: Reader, member: str) -> _Causes:
        return cls(
            {act.event_id: act for act in reader.staff_acts_of(member)},
            {taken.event_id: taken for taken in reader.rewards_of(member)},
        )


def _lines(reader: Reader, postings: list[AccountEntry], causes: _Causes) -> tuple[AccountLine, ...]:
    """Each posting with its rule, the money it was counted from, and who caused it; a reward with its voucher."""
    lines = []
    for posting in postings:
        sale = reader.sale(posting.sale) if posting.sale else None
        act, taken = causes.acts.get(posting.cause), causes.rewards.get(posting.cause)
        lines.append(
            AccountLine(
                at=posting.at,
                rule=posting.rule,
                points=posting.points,
                is_pending=posting.is_pending,
                reference=posting.cause[-80:],
                sale=posting.sale or "",
                basis_minor=sale.total_minor if sale else None,
                actor=act.actor if act else "",
                key=taken.reward if taken else "",
                reason=act.reason if act else taken.voucher if taken else "",
            )
        )
    return tuple(lines)


def _decisions(reader: Reader, member: str) -> tuple[Decision, ...]:
    """Of the newest rows: what was decided about this member and moved nothing."""
    kinds = {DecisionRefusedV1.type: "refused", DecisionDeferredV1.type: "deferred"}
    media = set(reader.media_of(member))
    found = []
    for row in reader.tail(Lane.LEDGER, LOOKED_AT_MAX):
        event = orjson.loads(row.body)
        data, kind = event.get("data", {}), kinds.get(event.get("type"))
        if kind is None or (data.get("member") != member and data.get("medium") not in media):
            continue
        found.append(
            Decision.model_validate(
                {
                    "at": event["time"],
                    "kind": kind,
                    "reason": data.get("reason") or data.get("awaits") or "",
                    "sale": data.get("sale") or "",
                }
            )
        )
    return tuple(found[:POSTINGS_MAX])


def _key_of(member: str, act: Act) -> str:
    """One act is done once however often it is sent: the page draws a key for each; without one each sending counts."""
    key = act.fields.get(KEY) or secrets.token_hex(16)
    said = "\x00".join((STAFF, member, act.form.value, act.subject, key))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
