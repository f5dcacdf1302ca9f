"""One full example of every event type, as this version writes it. Adding a field means adding it here."""

from __future__ import annotations

from cloud_bridge.contract import (
    CardTappedV1,
    ChoiceMadeV1,
    CodeScannedV1,
    DecisionDeferredV1,
    DecisionRefusedV1,
    DeviceChangedV1,
    EventData,
    JournalGapV1,
    PointsPostedV1,
    PostingV1,
    SaleCompletedV1,
    SaleLineV1,
    ScreenShownV1,
)
from cloud_bridge.envelope import Position, Sealed, seal
from cloud_bridge.gaps import Gap, sign_gap
from cloud_bridge.topics import Lane

SECRET = b"the golden gateway's secret....."
INCARNATION = "0123456789abcdef0123456789abcdef"
_MEDIUM = "00112233445566778899aabbccddeeff"
_CAUSE = f"{INCARNATION}/ledger/1"


def _gap() -> JournalGapV1:
    gap = Gap("store-1", INCARNATION, Lane.LEDGER, 2, 5, "ab" * 32, "corrupt")
    return JournalGapV1(first=2, last=5, last_hash="ab" * 32, reason="corrupt", signature=sign_gap(gap, secret=SECRET))


def examples() -> list[EventData]:
    """Text holds what canonical forms trip over: quotes, backslash, controls, Chinese, an astral character."""
    lines = (
        SaleLineV1(sku="85123A", name='Tea "light"\\ holder\n\u007f\u2028 上海 🍵', qty=2, unit_minor=255),
        SaleLineV1(sku="POST", name="", qty=-1, unit_minor=1800),
    )
    posting = PostingV1(id="0f" * 16, debit="programme:issued", credit="member:m-7:available", points=15)
    return [
        CardTappedV1(reader="front-reader", medium=_MEDIUM, technology="iso14443a", trust="weak"),
        CodeScannedV1(scanner="till-scanner", symbology="EAN13", sku="6901234567892"),
        SaleCompletedV1(
            sale="536365",
            till="till-1",
            currency="GBP",
            total_minor=-1290,
            sold_at="2010-12-01T08:26:00+00:00",
            lines=lines,
            refund_of="536364",
            medium=_MEDIUM,
        ),
        ChoiceMadeV1(kiosk="front", choice="claim", subject="536365"),
        PointsPostedV1(cause=_CAUSE, member="m-7", rule="spend", sale="536365", postings=(posting,)),
        DecisionRefusedV1(cause=_CAUSE, reason="below_minimum", member="m-7", sale="536365"),
        DecisionDeferredV1(cause=_CAUSE, awaits="link", medium=_MEDIUM, sale="536365"),
        DeviceChangedV1(device="front-reader", driver="pn532", state="offline", reason="the port was unplugged"),
        ScreenShownV1(kiosk="front", screen="greeting", latency_us=8_700),
        _gap(),
    ]


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
