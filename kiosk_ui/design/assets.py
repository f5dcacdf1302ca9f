"""Style sheets, scripts and pictures: files of our own, served from this machine, never from elsewhere."""

from __future__ import annotations

from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Mount, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASSETS_PATH = "/assets"
_KIOSK_UI = Path(__file__).parent.parent


class _Revalidated(StaticFiles):
    """Browsers keep the files but ask each time, so an upgraded gateway never runs yesterday's scripts."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response


def assets(**folders: Path) -> Router:
    """All static files as one application, to be mounted on ``ASSETS_PATH``.

    ``folders`` become ``/assets/<name>/…`` beside ``design``, ``kiosk`` and ``staff``; templates name a
    file with ``asset("design/tokens.css")``.
    """
    shelves = {
        "design": _KIOSK_UI / "design/assets",
        "kiosk": _KIOSK_UI / "kiosk/assets",
        "staff": _KIOSK_UI / "staff/assets",
        **folders,
    }
    return Router(
        routes=[Mount(f"/{name}", _Revalidated(directory=folder), name=name) for name, folder in shelves.items()]
    )
