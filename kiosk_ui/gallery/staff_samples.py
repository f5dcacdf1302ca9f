"""A store's status and members, good and bad, to look at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from devices.observations import DeviceState
from kiosk_ui.staff.members import (
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
    Sale,
)
from kiosk_ui.staff.status import DeviceView, LaneView, LinkState, LinkView, ReplicaView, StoreStatus

STORE = "和平路店 Heping Road"
_NOON = datetime(2026, 3, 5, 14, 5, tzinfo=UTC)

STATUS = StoreStatus(
    gateway="gw-heping-01",
    store_name=STORE,
    software="0.1.0",
    incarnation="5f0c9a3e7d2b41c88a6e0f1b2c3d4e5f",
    durability="full",
    link=LinkView(state=LinkState.ONLINE, since=_NOON, detail="mqtts://broker.example:8883"),
    devices=[
        DeviceView(name="counter-1 card reader", driver="pn532", state=DeviceState.ONLINE, last_seen=_NOON),
        DeviceView(
            name="counter-1 scanner",
            driver="serial_scanner",
            state=DeviceState.DEGRADED,
            reason="3 of the last 10 codes were cut short: check the cable",
            last_seen=_NOON,
        ),
        DeviceView(name="till feed", driver="till_feed", state=DeviceState.CONNECTING),
    ],
    lanes={
        "ledger": LaneView(recorded=18_204, acked=18_190, queued=14, dropped=0, oldest_unsent_age_s=42),
        "telemetry": LaneView(
            recorded=96_410, acked=95_800, queued=600, dropped=10,
            dropped_by_reason={"telemetry_full": 10}, oldest_unsent_age_s=15,
        ),
    },
    replica=ReplicaView(version=412, members=50_000, as_of=_NOON),
    undecided=0,
)  # fmt: skip

ALARMING = STATUS.model_copy(
    update={
        "link": LinkView(state=LinkState.OFFLINE, since=_NOON, detail="connection refused; trying again in 8 s"),
        "devices": [
            STATUS.devices[0].model_copy(
                update={
                    "state": DeviceState.OFFLINE,
                    "reason": "/dev/ttyUSB0: no such device",
                    "key": "gone",
                    "rung": "reopen",
                    "failures": 3,
                }
            ),
            *STATUS.devices[1:],
        ],
        "undecided": 3,
        "quarantined": "Ledger event 18,195 arrived with two different contents.",
    }
)


LINES = (
    AccountLine(
        at=_NOON, rule="spend", points=86, sale="R-20260305-0117", basis_minor=8650, reference="a1b2c3d4/ledger/18204"
    ),
    AccountLine(at=_NOON, rule="tier_bonus", points=17, percent=120, sale="R-20260305-0117", is_pending=True),
    AccountLine(
        at=_NOON - timedelta(days=2), rule="redemption", points=-300, key="tea-set", reference="a1b2c3d4/ledger/18011"
    ),
    AccountLine(
        at=_NOON - timedelta(days=3),
        rule="refund",
        points=-12,
        sale="R-20260302-0033",
        basis_minor=-1200,
        is_here=False,
    ),
    AccountLine(
        at=_NOON - timedelta(days=9), rule="adjustment", points=50, actor="李娜", reason="till was down, receipt shown"
    ),
    AccountLine(at=_NOON - timedelta(days=30), rule="birthday", points=100, key="birthday"),
)

MEMBER = MemberAccount(
    member="m-7f3a", name="王小明", contact="138****0017", language="zh-CN", joined_on=date(2024, 5, 1), tier="Gold",
    member_type="regular", balance=480, usable=120, pending=86, owed=0, currency="CNY", as_of=_NOON, online=False,
    pin=PinState(is_set=True, locked_s=240),
    media=(
        Medium(medium="0f" * 16, technology="card", label="…0f0f"),
        Medium(medium="1e" * 16, technology="phone", label="…1e1e"),
        Medium(medium="2d" * 16, technology="card", label="…2d2d", is_blocked=True),
    ),
    coupons=(
        HeldCoupon(instance="c1", title="Birthday cake", last_day=date(2026, 3, 31)),
        HeldCoupon(instance="c2", title="10% off tea", last_day=date(2026, 3, 31), why="held_elsewhere"),
    ),
    sales=(
        Sale(sale="R-20260305-0117", at=_NOON, total_minor=8650, refundable_minor=8650, points=103),
        Sale(sale="R-20260302-0033", at=_NOON - timedelta(days=3), total_minor=4200, refundable_minor=3000, points=30),
    ),
    lines=LINES,
    decisions=(Decision(at=_NOON, kind="deferred", reason="sale", sale="R-20260301-0009"),),
)  # fmt: skip

LONG_MEMBER = MEMBER.model_copy(
    update={
        "member": "m-long",
        "name": "Maria-Magdalena von Hohenzollern-Sigmaringen <b onclick=alert(1)>",
        "balance": -1_234_567,
        "usable": 0,
        "owed": 1_234_567,
        "is_frozen": True,
        "lines": LINES * 30,
    }
)
_MEMBERS = {each.member: each for each in (MEMBER, LONG_MEMBER)}


class SampleDesk:
    """Knows two members and does nothing."""

    async def find(self, question: str) -> FoundMembers:
        """Everybody, whatever was asked, but nobody for ``nobody``."""
        if question == "nobody":
            return FoundMembers()
        found = (
            FoundMember(member=each.member, name=each.name, contact=each.contact, tier=each.tier, balance=each.balance)
            for each in _MEMBERS.values()
        )
        return FoundMembers(found=tuple(found), is_more=True)

    async def account(self, member: str) -> MemberAccount | None:
        """One of the two."""
        return _MEMBERS.get(member)

    async def act(self, member: str, act: Act) -> Acted:
        """Refuse a reason that is too short, accept anything else."""
        if len(act.fields.get("reason", "")) < len("why"):
            return Acted(is_accepted=False, problems={"reason": "too_short"})
        return Acted(is_accepted=True, reference=f"{member}/{act.form}")
