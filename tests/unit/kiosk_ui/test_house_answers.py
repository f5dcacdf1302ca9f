"""Headers and error pages."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI, HTTPException

from kiosk_ui.design import Pages, SecurityHeaders, assets
from kiosk_ui.design.assets import ASSETS_PATH
from kiosk_ui.design.error_pages import error_pages

PAGE = {"accept": "text/html", "accept-language": "zh-CN"}


def client() -> httpx.AsyncClient:
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    error_pages(app, Pages())
    app.mount(ASSETS_PATH, assets())

    @app.get("/busy")
    async def busy() -> None:
        raise HTTPException(503, "too many", headers={"retry-after": "5"})

    @app.post("/amount")
    async def amount(minor: Annotated[int, Body(embed=True)]) -> int:
        return minor

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the secret cause")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://store.test")


@pytest.mark.parametrize("path", ["/nowhere", "/busy", "/bug", "/assets/design/live.js", "/assets/design/no.css"])
async def test_every_answer_carries_the_strict_policy(path: str) -> None:
    async with client() as browser:
        headers = (await browser.get(path, headers=PAGE)).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nowhere", 404, "没有这个页面"), ("/busy", 503, "马上回来"), ("/bug", 500, "出了点问题")],
)
async def test_a_browser_gets_a_page_in_its_language_without_the_cause(path: str, status: int, words: str) -> None:
    async with client() as browser:
        answer = await browser.get(path, headers=PAGE)
    assert answer.status_code == status
    assert words in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_program_gets_json() -> None:
    async with client() as program:
        busy = await program.get("/busy")
        bug = await program.get("/bug")
    assert set(busy.json()) == set(bug.json()) == {"place", "problem", "remedy"}
    assert (busy.json()["problem"], busy.headers["retry-after"]) == ("too many", "5")
    assert (bug.status_code, bug.headers["content-type"]) == (500, "application/json")
    assert "secret" not in bug.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"minor": NaN}', "application/json"),
        (b'{"minor": 1e999}', "application/json"),
        (b'{"minor": "\\ud800"}', "application/json"),
        (b'{"\\ud800": 1}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"\xff\xfe", "text/plain"),
        (b"[" * 5_000, "application/json"),
        (b"{", "application/json"),
        (b"", ""),
    ],
)
async def test_a_body_that_no_answer_could_repeat_is_refused_with_place_and_remedy(content: bytes, kind: str) -> None:
    async with client() as program:
        answer = await program.post("/amount", content=content, headers={"content-type": kind})
    assert answer.status_code in {400, 422}
    assert all(answer.json()[part] for part in ("place", "problem", "remedy"))


async def test_assets_are_asked_for_again_after_an_upgrade() -> None:
    async with client() as browser:
        first = await browser.get("/assets/design/live.js")
        again = await browser.get("/assets/design/live.js", headers={"if-none-match": first.headers["etag"]})
    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/assets/design/../pages.py", "/assets/%2e%2e/live.py", "/assets/design/%00"])
async def test_nothing_beside_the_assets_is_served(path: str) -> None:
    async with client() as browser:
        assert (await browser.get(path)).status_code == 404
