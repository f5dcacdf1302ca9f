"""QR codes as one SVG path: the browser draws it without being handed any markup."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kiosk_ui.kiosk.screen_values import ScreenValue

TEXT_LENGTH_MAX = 200
_PATH_LENGTH_MAX = 20_000


class Qr(ScreenValue):
    """The dark modules as the ``d`` of a path, in a square of ``size`` modules; the page leaves the quiet zone."""

    path: Annotated[str, Field(pattern=r"^[Mhvz0-9 -]+$", max_length=_PATH_LENGTH_MAX)]
    size: Annotated[int, Field(ge=21, le=177)]


def qr_of(text: str) -> Qr:
    """Encode ``text`` (1 to 200 characters) with medium error correction. Raises ``ValueError``."""
    if not 0 < len(text) <= TEXT_LENGTH_MAX:
        raise ValueError(f"a code shown here holds 1 to {TEXT_LENGTH_MAX} characters, not {len(text)}")
    import segno  # noqa: PLC0415 - with the first friend: most of a gateway's starts never draw a code

    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    return Qr(path="".join(_runs(rows)), size=len(rows))


def _runs(rows: list[bytes]) -> list[str]:
    """Each horizontal run of dark modules as one rectangle."""
    runs = []
    for y, row in enumerate(rows):
        x = 0
        for bright_ends in row.split(b"\x00"):
            if bright_ends:
                runs.append(f"M{x} {y}h{len(bright_ends)}v1h-{len(bright_ends)}z")
            x += len(bright_ends) + 1
    return runs
