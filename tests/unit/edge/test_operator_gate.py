"""The operator's password guards all but the kiosk, its live channel, its files and health."""

from __future__ import annotations

import base64

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from edge_agent.web.operator_gate import OperatorGate

PASSWORD = "opén sesame"


async def _inside(_: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


@pytest.fixture
def browser() -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", _inside, methods=["GET", "POST"])])
    return TestClient(OperatorGate(app, password=PASSWORD.encode()))


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "path", ["/", "/kiosk/front", "/live/kiosk.front", "/assets/design/tokens.css", "/healthz", "/readyz"]
)
def test_people_in_the_shop_need_no_password(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/staff/status", "/api/status", "/api/ledger/digest", "/metrics", "/live/staff", "/kiosk", "/readyz/"]
)
def test_all_else_asks_for_it(browser: TestClient, path: str) -> None:
    refused = browser.get(path)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert browser.get(path, headers=basic("anyone", PASSWORD)).text == "inside"


@pytest.mark.parametrize(
    "header",
    [
        basic("anyone", "wrong")["authorization"],
        basic(PASSWORD, "")["authorization"],
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(PASSWORD.encode()).decode(),
        "Bearer " + base64.b64encode(f"a:{PASSWORD}".encode()).decode(),
        "Basic " + "A" * 10_000,
    ],
)
def test_a_wrong_or_broken_password_is_refused(browser: TestClient, header: str) -> None:
    assert browser.get("/api/status", headers={"authorization": header}).status_code == 401


@pytest.mark.parametrize(
    ("typed", "signed"),
    [
        ("Mei", "Mei"),
        ("  Mei \t Li\n", "Mei Li"),
        ("Mei\u202eil\x1b[31m\x00", "Mei il [31m"),
        ("小美" * 4_000, "小美" * 40),
        ("\u200b", ""),
    ],
)
def test_a_login_name_signs_with_one_short_line_that_can_be_read(typed: str, signed: str) -> None:
    async def named(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.operator.name)

    app = Starlette(routes=[Route("/api/who", named)])
    browser = TestClient(OperatorGate(app, password=PASSWORD.encode()))
    assert browser.get("/api/who", headers=basic(typed, PASSWORD)).text == signed
