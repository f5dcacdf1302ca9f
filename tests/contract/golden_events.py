"""Full examples of every event type, as this version writes them. Adding a field means adding it here.

An example is pinned under the name of its type. Where fields were added to a type, a further example with a name of
its own fills them, and the first file stays as it was: rows that were written then are still on their way somewhere.
"""

from __future__ import annotations

from cloud_bridge.contract import (
    CardTappedV1,
    ChoiceMadeV1,
    CodeScannedV1,
    ConsentV1,
    CouponIssuedV1,
    CouponUsedV1,
    DecisionDeferredV1,
    DecisionRefusedV1,
    DeviceChangedV1,
    FormFilledV1,
    JournalGapV1,
    MediumBlockedV1,
    MediumLinkedV1,
    MemberChangedV1,
    MemberRegisteredV1,
    PinChangedV1,
    PointsPostedV1,
    PostingV1,
    RewardTakenV1,
    RightsMovedV1,
    SaleCompletedV1,
    SaleLineV1,
    ScreenShownV1,
    StaffActedV1,
    SurveyAnsweredV1,
)
from cloud_bridge.envelope import Position, Sealed, seal
from cloud_bridge.floor_contract import (
    AlertChangedV1,
    AlertPushedV1,
    CardRefusedV1,
    ClimateMeasuredV1,
    ContactChangedV1,
    ScaleCalibratedV1,
    StockChangedV1,
    StockDiscrepancyV1,
)
from cloud_bridge.gaps import Gap, sign_gap
from cloud_bridge.payload import EventData
from cloud_bridge.personal import PersonalSeal
from cloud_bridge.topics import Lane

SECRET = b"the golden gateway's secret....."
MEDIUM_KEY = b"the golden tenant's medium key.."
NONCE = bytes(range(12))
INCARNATION = "0123456789abcdef0123456789abcdef"
MEMBER = "m-7"
EARLIER = frozenset({"regulars.sale.completed.v1"})
"""Pinned by an earlier version and written differently since: a receipt's lines name category and brand now."""

_MEDIUM = "00112233445566778899aabbccddeeff"
_REDEMPTION = "1e" * 16
_COUPON = "2d" * 16
_PUBLIC_KEY = "3c" * 32
_FINDING = "4f" * 16
_CAUSE = f"{INCARNATION}/ledger/1"


def details(**said: str) -> str:
    """Personal details, sealed as ever with the same nonce."""
    return PersonalSeal(MEDIUM_KEY, nonce=lambda _: NONCE).seal(MEMBER, said)


def pinned() -> dict[str, EventData]:
    """Every example by the name of its file.

    Text holds what canonical forms trip over: quotes, backslash, controls, Chinese, an astral character.
    """
    first = [*_facts(), *_decisions(), *_people(), *_equipment(), *_floor()]
    return {data.type: data for data in first} | _added()


def examples() -> list[EventData]:
    """Every example."""
    return list(pinned().values())


def _facts() -> list[EventData]:
    return [
        CardTappedV1(reader="front-reader", medium=_MEDIUM, technology="iso14443a", trust="weak"),
        CodeScannedV1(scanner="till-scanner", symbology="EAN13", sku="6901234567892"),
        ChoiceMadeV1(kiosk="front", choice="claim", subject="536365"),
        FormFilledV1(
            place="staff",
            form="adjust",
            member=MEMBER,
            subject="536365",
            sealed=details(points="-20", reason="Goods were damaged"),
            actor="Lin",
            role="manager",
        ),
    ]


def _decisions() -> list[EventData]:
    posting = PostingV1(id="0f" * 16, debit="programme:issued", credit="member:m-7:available", points=15)
    return [
        PointsPostedV1(cause=_CAUSE, member=MEMBER, rule="spend", sale="536365", postings=(posting,)),
        RightsMovedV1(
            movement="4b" * 16,
            kind="restored",
            member=MEMBER,
            currency=f"coupon/{_COUPON}",
            lease=INCARNATION,
            points=1,
            original="5a" * 16,
        ),
        CouponIssuedV1(
            cause=_CAUSE,
            instance=_COUPON,
            coupon="free-coffee",
            member=MEMBER,
            lease=INCARNATION,
            last_day="2026-12-31",
        ),
        CouponUsedV1(
            cause=_CAUSE, instance=_COUPON, coupon="free-coffee", member=MEMBER, sale="536365", discount_minor=350
        ),
        RewardTakenV1(cause=_CAUSE, redemption=_REDEMPTION, member=MEMBER, reward="mug", points=400, voucher="K7M2QX"),
        DecisionRefusedV1(cause=_CAUSE, reason="below_minimum", member=MEMBER, sale="536365"),
        DecisionDeferredV1(cause=_CAUSE, awaits="link", medium=_MEDIUM, sale="536365"),
    ]


def _people() -> list[EventData]:
    agreed = ConsentV1(purpose="marketing", granted=True, text_version="2026-01")
    return [
        MemberRegisteredV1(
            cause=_CAUSE,
            member=MEMBER,
            personal=details(name='Lin "上海" 🍵', phone="+8613800005678", birthday="02-29"),
            language="zh-CN",
            joined_on="2026-01-01",
            referrer="K7M2QX4P",
            consents=(agreed,),
        ),
        MemberChangedV1(
            cause=_CAUSE,
            member=MEMBER,
            personal=details(name="Lin"),
            language="en",
            consents=(agreed.model_copy(update={"granted": False}),),
        ),
        MediumLinkedV1(cause=_CAUSE, medium=_MEDIUM, member=MEMBER, technology="phone", public_key=_PUBLIC_KEY),
        MediumBlockedV1(cause=_CAUSE, medium=_MEDIUM, member=MEMBER, reason="lost on the tram"),
        PinChangedV1(cause=_CAUSE, member=MEMBER, sealed=details(verifier="scrypt$c2FsdA==$a2V5")),
        SurveyAnsweredV1(cause=_CAUSE, member=MEMBER, survey="visit-1", answers=("5", "9", "service")),
        StaffActedV1(
            cause=_CAUSE,
            action="adjust",
            actor="Lin",
            role="manager",
            reason="Goods were damaged",
            member=MEMBER,
            subject="536365",
        ),
    ]


def _equipment() -> list[EventData]:
    gap = Gap("store-1", INCARNATION, Lane.LEDGER, 2, 5, "ab" * 32, "corrupt")
    signature = sign_gap(gap, secret=SECRET)
    return [
        DeviceChangedV1(device="front-reader", driver="pn532", state="offline", reason="the port was unplugged"),
        ScreenShownV1(kiosk="front", screen="greeting", latency_us=8_700),
        JournalGapV1(first=2, last=5, last_hash="ab" * 32, reason="corrupt", signature=signature),
    ]


def _floor() -> list[EventData]:
    return [
        CardRefusedV1(reader="front-reader", medium=_MEDIUM, reason="replayed", counter=61, seen=64),
        StockChangedV1(
            slot="A-1",
            sku="2000000000015",
            units=3,
            delta=-2,
            capacity=18,
            confidence=96,
            cause="taken",
            name_zh="茉莉花茶",
            name_en="Jasmine tea",
        ),
        StockDiscrepancyV1(discrepancy=_FINDING, sku="2000000000015", kind="missing", units=2, slot="A-1"),
        AlertChangedV1(
            alert=_FINDING,
            kind="low_stock",
            subject="A-1",
            state="snoozed",
            severity="warning",
            zone="shelves",
            sku="2000000000015",
            units=3,
            reason="3 left, refill at 4",
            until="2026-01-01T08:30:00.000Z",
            escalation=1,
            actor="Lin",
            role="clerk",
        ),
        AlertPushedV1(alert=_FINDING, state="raised", destination="clerks", outcome="sent", attempts=2),
        ScaleCalibratedV1(scale="bus/shelf-a1", zero_counts=-81_234, counts_per_kg=420_113, known_g=500, actor="Lin"),
        ContactChangedV1(sensor="bus/front-door", measure="door", is_on=True),
        ClimateMeasuredV1(
            sensor="bus/fridge", measure="temperature", lowest=3_900, mean=4_210, highest=5_050, samples=90, seconds=900
        ),
    ]


def _added() -> dict[str, EventData]:
    """What types that were pinned before can say since, beside what their first example says."""
    lines = (
        SaleLineV1(
            sku="85123A",
            name='Tea "light"\\ holder\n\u007f\u2028 上海 🍵',
            qty=2,
            unit_minor=255,
            category="home",
            brand="harbour",
        ),
        SaleLineV1(sku="POST", name="", qty=-1, unit_minor=1800),
    )
    restored = PostingV1(
        id="6e" * 16,
        debit="programme:redeemed",
        credit="member:m-7:available",
        points=120,
        rule="restore",
        lease=INCARNATION,
        original=_REDEMPTION,
    )
    return {
        "regulars.reward.taken.v1.coupon": RewardTakenV1(
            cause=_CAUSE,
            redemption=_REDEMPTION,
            member=MEMBER,
            reward="spring",
            points=400,
            voucher="K7M2QX",
            coupon="spring-20",
        ),
        "regulars.sale.completed.v1.quoted": SaleCompletedV1(
            sale="536365",
            till="till-1",
            currency="GBP",
            total_minor=-1290,
            sold_at="2010-12-01T08:26:00+00:00",
            lines=lines,
            refund_of="536364",
            medium=_MEDIUM,
            quote="till-1-0042",
            refund_store="hill",
        ),
        "regulars.code.scanned.v1.phone": CodeScannedV1(
            scanner="till-scanner",
            symbology="QR",
            medium=_MEDIUM,
            phone_at=1_767_225_600,
            phone_signature="7d" * 64,
            phone_key=_PUBLIC_KEY,
        ),
        "regulars.points.posted.v1.leased": PointsPostedV1(
            cause=_CAUSE, member=MEMBER, rule="restore", sale="536366", postings=(restored,)
        ),
    }


def sealed(data: EventData) -> Sealed:
    """The example in a fixed place of a fixed journal."""
    position = Position(
        gateway_id="store-1",
        incarnation=INCARNATION,
        lane=data.lane.value,
        sequence=2,
        prevhash="cd" * 32,
        hlc="001767225600000-00007",
        time="2026-01-01T00:00:00.000Z",
        timequality="synchronised",
        traceparent="00-" + "1f" * 16 + "-" + "2e" * 8 + "-01",
    )
    return seal(data.type, data.model_dump(mode="json", exclude_none=True), position)
