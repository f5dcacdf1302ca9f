"""From what hardware saw to what is journalled. Card numbers and code texts end here: only keyed hashes go on."""

from __future__ import annotations

from cloud_bridge.contract import CardTappedV1, ChoiceMadeV1, CodeScannedV1, FormFilledV1, SaleCompletedV1, SaleLineV1
from cloud_bridge.payload import EventData
from cloud_bridge.personal import PersonalSeal
from devices.code_scanners.phone_code import PhoneLink, phone_code
from devices.observations import CardTapped, ChoiceMade, CodeScanned, FormFilled, SaleCompleted
from loyalty.identifiers import medium_id

_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_EAN_LENGTH = 13
_UPC_E_LENGTH = 8
_LINEAR = ("EAN", "UPC", "GTIN", "ITF")

SECRET_FIELDS = frozenset({"pin", "new", "old", "verifier"})
"""Of forms: what stays out of the journal, sealed or not."""

Translatable = CardTapped | CodeScanned | SaleCompleted | ChoiceMade | FormFilled


def translate(device: str, seen: Translatable, *, key: bytes) -> EventData:
    """The fact to record. ``key`` is the tenant's medium key. Raises ``pydantic.ValidationError`` on a driver's bug."""
    match seen:
        case CardTapped():
            return CardTappedV1(
                reader=device,
                medium=medium_id("card", seen.uid.number, key=key),
                technology=seen.technology,
                trust=seen.trust.value,
            )
        case CodeScanned():
            return _scanned(device, seen, key)
        case SaleCompleted():
            return _sold(seen, key)
        case ChoiceMade():
            return ChoiceMadeV1(kiosk=seen.kiosk, choice=seen.choice, subject=seen.subject)
        case FormFilled():
            return _filled(seen, key)


def _scanned(device: str, seen: CodeScanned, key: bytes) -> CodeScannedV1:
    sku = goods_number(seen.text, seen.symbology)
    if sku is not None:
        return CodeScannedV1(scanner=device, symbology=seen.symbology, sku=sku)
    phone = phone_code(seen.text)
    if phone is None:
        medium = medium_id("code", seen.text.encode(), key=key)
        return CodeScannedV1(scanner=device, symbology=seen.symbology, medium=medium)
    return CodeScannedV1(
        scanner=device,
        symbology=seen.symbology,
        medium=medium_id("phone", phone.key_id, key=key),
        phone_at=phone.at_s,
        phone_signature=phone.signature.hex(),
        phone_key=phone.public_key.hex() if isinstance(phone, PhoneLink) else None,
    )


def _filled(seen: FormFilled, key: bytes) -> FormFilledV1:
    kept = {name: text for name, text in seen.fields.items() if name not in SECRET_FIELDS}
    return FormFilledV1(
        place=seen.place,
        form=seen.form,
        member=seen.member or None,
        subject=seen.subject,
        sealed=PersonalSeal(key).seal(seen.member, kept) if kept else "",
        actor=seen.actor,
        role=seen.role,
    )


def _sold(seen: SaleCompleted, key: bytes) -> SaleCompletedV1:
    return SaleCompletedV1(
        sale=seen.sale_id,
        till=seen.till,
        currency=seen.currency,
        total_minor=seen.total_minor,
        sold_at=seen.sold_at.isoformat(),
        lines=tuple(
            SaleLineV1(
                sku=line.sku,
                name=line.name,
                qty=line.quantity,
                unit_minor=line.unit_minor,
                category=line.category,
                brand=line.brand,
            )
            for line in seen.lines
        ),
        refund_of=seen.refund_of,
        medium=medium_id("card", seen.card.number, key=key) if seen.card else None,
        quote=seen.quote,
        refund_store=seen.refund_store,
    )


def goods_number(text: str, symbology: str) -> str | None:
    """The article that a code names (GTIN-8/12/13/14 with its check digit), which may be kept in clear; else ``None``.

    One spelling, whoever read it: a UPC has the thirteen digits of the EAN that it is, since some scanners and decoders
    tell it so and others do not. A QR code is never taken for goods, whatever its digits.
    """
    if not symbology.upper().startswith(_LINEAR) and symbology.lower() != "unknown":
        return None
    if not (text.isascii() and text.isdigit()):
        return None
    digits = _upc_of_short(text) if symbology.lower() == "upce" and len(text) == _UPC_E_LENGTH else text
    if len(digits) not in _GTIN_LENGTHS or not check_digit_fits(digits):
        return None
    return digits if len(digits) == _UPC_E_LENGTH else digits.lstrip("0").rjust(_EAN_LENGTH, "0")


def _upc_of_short(text: str) -> str:
    """A UPC-E written out: the last digit before the check digit says where zeros were left out."""
    head, body, check = text[0], text[1:7], text[7]
    last = int(body[5])
    if last <= 2:
        middle = f"{body[:2]}{last}0000{body[2:5]}"
    elif last <= 4:
        middle = f"{body[:last]}00000{body[last:5]}"
    else:
        middle = f"{body[:5]}0000{last}"
    return f"{head}{middle}{check}"


def check_digit_fits(digits: str) -> bool:
    """GS1 General Specifications, section 7.9: weights 3 and 1 from the right, the sum a multiple of 10."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0
