"""What hardware saw, in the vocabulary of hardware. What it *means* is decided in ``edge_agent``.

Observations know no clock and no member. A device's consumer resumes its ``observations()``
generator only after the observation is durably recorded: coming back from ``yield`` *is* the
receipt, so a driver may then move a file to ``done`` or answer a till.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from devices.card_channel import CardChannel
from devices.readings import SensorWord

CODE_LENGTH_MAX = 1_024
SALE_LINES_MAX = 2_000
TEXT_LENGTH_MAX = 200
AMOUNT_MINOR_MAX = 1_000_000_000_00


class CardUid:
    """A card's unique number. Personal: ``repr`` and ``str`` show four characters of it."""

    __slots__ = ("number",)

    def __init__(self, number: bytes) -> None:
        if not 4 <= len(number) <= 10:
            raise ValueError(f"a card UID has 4 to 10 bytes, not {len(number)}")
        self.number = number

    @classmethod
    def from_hex(cls, text: str) -> CardUid:
        """Read ``04A1…`` (separators ``:``, ``-`` and spaces allowed). Raises ``ValueError``."""
        try:
            return cls(bytes.fromhex(text.replace(":", "").replace("-", "")))
        except ValueError as error:
            raise ValueError(f"not a card UID (4 to 10 bytes in hexadecimal): {len(text)} characters") from error

    @property
    def is_random(self) -> bool:
        """A 4-byte UID starting with 08 is drawn anew at each tap (ISO 14443-3): it names no card."""
        return len(self.number) == 4 and self.number[0] == 0x08

    def __repr__(self) -> str:
        return f"CardUid({self.number.hex()[:4]}…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CardUid) and other.number == self.number

    def __hash__(self) -> int:
        return hash(self.number)


class Trust(StrEnum):
    """How hard a medium is to copy."""

    WEAK = "weak"
    """A number anybody can copy: a plain UID, a printed code."""
    DYNAMIC = "dynamic"
    """A message that changes at each use and is verified (SUN, rotating QR)."""
    AUTHENTICATED = "authenticated"
    """The card proved knowledge of a key to this reader."""


@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card entered the field. Told once per tap, on the UID, before anything else is read."""

    uid: CardUid
    technology: str
    trust: Trust = Trust.WEAK
    channel: CardChannel | None = field(default=None, compare=False, repr=False)
    """To the card while it lies there, for one that can prove itself; ``None`` for a plain number."""


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A bar code or QR code was read. ``text`` may be a member's secret: it stays out of logs."""

    text: str = field(repr=False)
    symbology: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.text) <= CODE_LENGTH_MAX:
            raise ValueError(f"a code has 1 to {CODE_LENGTH_MAX} characters, not {len(self.text)}")


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One receipt line. ``quantity`` is negative on returns; ``unit_minor`` in minor units."""

    sku: str
    name: str
    quantity: int
    unit_minor: int
    category: str = ""
    brand: str = ""


class SaleStatus(StrEnum):
    """What became of a sale that a till sent."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    """The same sale again: nothing was recorded twice, the till may stop sending it."""
    CONFLICT = "conflict"
    """Another sale under a receipt number already used: refused, nothing recorded."""


@dataclass(frozen=True, slots=True)
class SaleReceipt:
    """What became of a sale; ``points`` (signed) and ``balance`` only when a member is known."""

    sale_id: str
    status: SaleStatus
    points: int | None = None
    balance: int | None = None
    redeemed: int | None = None
    """Points the sale's quote redeemed; ``None`` without a quote."""
    refused: str = ""
    """Why the discount of the sale's quote could not be kept, empty where it was: the sale is recorded all the same."""


def _no_reply(_: SaleReceipt) -> None:
    """For sources that expect no answer, such as a watched folder."""


@dataclass(frozen=True, slots=True)
class SaleCompleted:
    """A till closed a receipt. A refund names the sale it gives back in ``refund_of``.

    ``total_minor`` is the sum of ``quantity × unit_minor`` over the lines as the till rounded it:
    ≥ 0 for a sale, ≤ 0 for a refund. ``sold_at`` is the till's own clock, with its UTC offset.
    ``reply`` is called once, after the sale is durable, before the generator is resumed.
    """

    sale_id: str
    till: str
    currency: str
    total_minor: int
    lines: tuple[SaleLine, ...]
    sold_at: datetime
    refund_of: str | None = None
    card: CardUid | None = None
    quote: str | None = None
    """The idempotency key of the quote that this sale confirms."""
    refund_store: str | None = None
    """The store of ``refund_of``, where that is another one."""
    reply: Callable[[SaleReceipt], None] = field(default=_no_reply, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.sold_at.tzinfo is None:
            raise ValueError("sold_at needs a UTC offset")
        if len(self.lines) > SALE_LINES_MAX:
            raise ValueError(f"a sale has at most {SALE_LINES_MAX} lines, not {len(self.lines)}")
        if self.refund_of is not None and self.total_minor > 0:
            raise ValueError("a refund gives money back: total_minor must be 0 or less")


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A finger on a kiosk: ``choice`` names the button, ``subject`` what it was about (a sale id)."""

    kiosk: str
    choice: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a form, as keys that the page has words for."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What became of a form. Refused with ``reason`` (a key), or because of ``problems`` in single fields."""

    is_accepted: bool
    reason: str = ""
    problems: tuple[FieldProblem, ...] = ()
    retry_after_s: int = 0
    """After wrong PINs: seconds until the next try."""
    reference: str = ""
    """The local transaction id of what was done: an event id."""


def _no_form_reply(_: FormAnswer) -> None:
    """For a form decided again after a restart: nobody waits."""


@dataclass(frozen=True, slots=True)
class FormFilled:
    """Somebody filled in a form at ``place`` (a kiosk, or ``staff``). ``fields`` are personal and stay out of logs.

    ``member`` is whom it is about: the member whose visit it is, never what the page claims. ``actor`` and ``role``
    are the member of staff. ``reply`` is called once, after all is durable.
    """

    place: str
    form: str
    fields: Mapping[str, str] = field(repr=False)
    member: str = ""
    subject: str = ""
    actor: str = ""
    role: str = ""
    reply: Callable[[FormAnswer], None] = field(default=_no_form_reply, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """One discount of a quote: the layer (``tier``, ``percent`` …), what gave it, and in money what it took off."""

    layer: str
    source: str
    name: str
    discount_minor: int
    price_minor: int
    percent: int = 0
    points: int = 0
    gift_sku: str = ""


@dataclass(frozen=True, slots=True)
class QuoteDeclined:
    """Something asked for that does not apply, and why (a key)."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What a basket costs, line by line, and what may be redeemed. ``refused`` is a key where nothing was priced.

    What the quote redeems is held for ``valid_s`` under its key. ``usable_points`` of ``balance`` can be used here now.
    """

    key: str
    full_minor: int = 0
    price_minor: int = 0
    line_prices: tuple[int, ...] = ()
    steps: tuple[QuoteStep, ...] = ()
    declined: tuple[QuoteDeclined, ...] = ()
    points: int = 0
    earns: int = 0
    """Points the sale will earn at this price."""
    is_member: bool = False
    balance: int | None = None
    usable_points: int | None = None
    valid_s: int = 0
    refused: str = ""


def _no_quote_reply(_: QuoteAnswer) -> None:
    """For nobody."""


@dataclass(frozen=True, slots=True)
class QuoteAsked:
    """A till asks which coupons and points apply to a basket. ``key`` is the idempotency key of the receipt.

    ``points`` and ``reward`` are what the member wants to redeem; ``codes`` are coupon codes shown at the till,
    the best of the member's own coupons apply by themselves. The same key asked again replaces what it held.
    ``on_sale_from`` says, line by line where it says anything, from which day on new goods are for everybody.
    """

    key: str
    till: str
    currency: str
    lines: tuple[SaleLine, ...]
    points: int = 0
    reward: str | None = None
    codes: tuple[str, ...] = field(default=(), repr=False)
    card: CardUid | None = None
    is_cancelled: bool = False
    """The receipt was abandoned: release what the key holds."""
    on_sale_from: tuple[date | None, ...] = ()
    reply: Callable[[QuoteAnswer], None] = field(default=_no_quote_reply, compare=False, repr=False)


class DeviceState(StrEnum):
    """Where a device stands. Shown with a reason and when it was last seen."""

    CONNECTING = "connecting"
    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    """A device that still works says how well: ``DEGRADED`` with a reason, or ``ONLINE`` again.

    ``key`` says the reason in one word (:class:`~devices.device.Trouble`) for pages that speak other languages.
    """

    state: DeviceState
    reason: str
    key: str = field(default="", compare=False)


Observation = (
    CardTapped | CodeScanned | SaleCompleted | QuoteAsked | ChoiceMade | FormFilled | SensorWord | ConditionChanged
)
