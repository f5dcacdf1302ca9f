"""The endpoint that draws phones' codes draws nothing else, and is open without the operators' password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cloud_crm.assembly import Cloud
from cloud_crm.config import load_settings
from cloud_crm.phones.pages import CODE_BYTES_MAX
from devices.code_scanners.phone_code import PhoneKey
from tests.unit.cloud.conftest import CLOUD_TOML, client_of
from tests.unit.cloud.store_days import FakeClock

KEY = PhoneKey.draw()
AT_S = 1_800_000_000


@pytest.mark.parametrize("text", [KEY.code(AT_S), KEY.link(AT_S)])
async def test_a_code_of_a_phone_is_drawn_with_the_servers_time(web: httpx.AsyncClient, text: str) -> None:
    answer = await web.post("/phone/drawing", content=text)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.text.startswith("<svg")
    assert answer.headers["x-now"] == str(int(FakeClock()().timestamp()))
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("https://example.com/pay", 422),
        (KEY.code(AT_S)[:-1], 422),
        (KEY.code(AT_S) + "\n", 422),
        ("RG1." + "é" * 59, 422),
        ("x" * (CODE_BYTES_MAX + 1), 413),
        ("x" * 1_000_000, 413),
    ],
)
async def test_nothing_else_is_drawn(web: httpx.AsyncClient, text: str, status: int) -> None:
    assert (await web.post("/phone/drawing", content=text.encode())).status_code == status


@pytest.fixture
async def guarded(tmp_path: Path, cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    cloud.close()
    (tmp_path / "password").write_bytes(b"correct horse battery")
    web = '[web]\noperator_password_file = "password"\n'
    (tmp_path / "cloud.toml").write_text(CLOUD_TOML.replace("[database]", f"{web}[database]"), encoding="utf-8")
    again = Cloud(load_settings(tmp_path / "cloud.toml"))
    async with client_of(again) as client:
        yield client
    again.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/phone", 200),
        ("/assets/cloud/phone.js", 200),
        ("/", 401),
        ("/members", 401),
        ("/phone/", 401),
        ("/assets", 401),
        ("/assets/../members", 401),
    ],
)
async def test_members_need_no_password_for_their_phone_and_nothing_else_is_open(
    guarded: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await guarded.get(path)).status_code == status


async def test_another_site_cannot_have_codes_drawn(web: httpx.AsyncClient) -> None:
    headers = {"origin": "https://elsewhere.example"}
    assert (await web.post("/phone/drawing", content=KEY.code(AT_S), headers=headers)).status_code == 403
