"""Who may use the head office: passwords, origins, sizes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings, WebSettings
from cloud_crm.operators import BODY_BYTES_MAX
from tests.unit.cloud.conftest import client_of

NAME = {"name": "Alma"}


@pytest.fixture
def settings(settings: CloudSettings, tmp_path: Path, request: pytest.FixtureRequest) -> CloudSettings:
    if "password" not in request.keywords and not getattr(request, "param", False):
        return settings
    (tmp_path / "password").write_text("correct horse\n")
    return settings.model_copy(
        update={"web": WebSettings(host="0.0.0.0", operator_password_file=tmp_path / "password")}
    )


locked = pytest.mark.parametrize("settings", [True], indirect=True)


@locked
async def test_without_the_password_only_the_health_checks_answer(web: httpx.AsyncClient) -> None:
    for path in (
        "/",
        "/api/gateways",
        "/members",
        "/metrics",
        "/live/fleet",
        "/openapi.json",
    ):
        answer = await web.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert "content-security-policy" in answer.headers
    assert (await web.get("/healthz")).status_code == 200
    assert (await web.get("/readyz")).status_code == 503


@locked
async def test_with_the_password_the_operators_name_is_known(web: httpx.AsyncClient) -> None:
    assert (await web.get("/api/gateways", auth=("lin", "correct horse"))).status_code == 200
    for user, password in (("lin", "wrong horse"), ("lin", ""), ("correct horse", "lin")):
        assert (await web.get("/api/gateways", auth=(user, password))).status_code == 401


@locked
@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic bGlu", "Bearer x", "Basic " + "A" * 5000])
async def test_a_strange_authorization_header_is_simply_not_a_password(web: httpx.AsyncClient, header: str) -> None:
    assert (await web.get("/", headers={"authorization": header})).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"origin": "http://[::"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"},
    ],
)
async def test_a_form_sent_by_another_site_changes_nothing(web: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await web.post("/members", data=NAME, headers=headers)).status_code == 403
    assert (await web.post("/api/members", json=NAME, headers=headers)).status_code == 403
    assert "Alma" not in (await web.get("/members")).text


async def test_a_form_of_our_own_page_works(web: httpx.AsyncClient) -> None:
    headers = {"origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"}
    assert (await web.post("/members", data=NAME, headers=headers)).status_code == 303
    assert "Alma" in (await web.get("/members")).text


async def test_a_foreign_name_pointed_at_this_machine_is_refused(web: httpx.AsyncClient) -> None:
    for host in ("evil.example", "evil.example:8080", "", "[::"):
        assert (await web.get("/api/gateways", headers={"host": host})).status_code == 403
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert (await web.get("/api/gateways", headers={"host": host})).status_code == 200


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(cloud: Cloud) -> None:
    async def endless() -> object:
        for _ in range(BODY_BYTES_MAX // 65_536 + 2):
            yield b" " * 65_536

    async with client_of(cloud) as web:
        declared = await web.post("/api/members", content=b" " * (BODY_BYTES_MAX + 1))
        streamed = await web.post("/api/members", content=endless())
    assert (declared.status_code, streamed.status_code) == (413, 413)
