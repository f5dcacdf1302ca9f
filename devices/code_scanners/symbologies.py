"""One spelling for the kinds of code, whoever read them: scanners (AIM identifiers), zxing, zbar."""

from __future__ import annotations

UNKNOWN = "unknown"
"""A scanner without AIM identifiers says what it read, not what kind of code it was."""

AIM_ID_LENGTH = 3

_AIM_LETTERS = {
    "A": "code39",
    "C": "code128",
    "E": "ean13",
    "F": "codabar",
    "G": "code93",
    "I": "itf",
    "L": "pdf417",
    "M": "msi",
    "Q": "qr",
    "U": "maxicode",
    "d": "datamatrix",
    "e": "databar",
    "z": "aztec",
}
_AIM_EXCEPTIONS = {"]C1": "gs1_128", "]E4": "ean8"}

_SPELLINGS = {
    "qrcode": "qr",
    "qrcodemodel1": "qr",
    "qrcodemodel2": "qr",
    "microqrcode": "micro_qr",
    "rmqrcode": "rmqr",
    "sqcode": "sqcode",
    "i25": "itf",
    "azteccode": "aztec",
    "databarexp": "databar",
    "databarexpstk": "databar",
    "databarltd": "databar",
    "databaromni": "databar",
    "databarstk": "databar",
    "databarstkomni": "databar",
}


def of_aim_id(text: str) -> str | None:
    """The symbology a scanned line's AIM identifier (ISO/IEC 15424, such as ``]Q1``) names; ``None`` without one."""
    head = text[:AIM_ID_LENGTH]
    if len(head) < AIM_ID_LENGTH or head[0] != "]" or not (head[2].isascii() and head[2].isalnum()):
        return None
    return _AIM_EXCEPTIONS.get(head) or _AIM_LETTERS.get(head[1])


def of_decoder(name: str) -> str:
    """The symbology a decoding library calls ``name`` (``QRCode``, ``EAN-13``, ``DataMatrix`` …)."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return _SPELLINGS.get(plain, plain or UNKNOWN)
