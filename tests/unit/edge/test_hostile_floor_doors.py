"""The floor's doors over HTTP, on a running gateway: whatever is sent is answered, by whoever may, never with a 500."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

import httpx
import pytest

from tests.unit.edge.test_app_gateway import Shop, open_shop

FLOOR = '\n[floor]\nplanogram_file = "planogram.csv"\n'
PLANOGRAM = """slot,sku,name_zh,name_en,unit_weight_g,capacity,reorder_at,zone,scale,light
A1,tea,茶,Tea,100,10,2,drinks,door/a1,
B/1,bun,面包,Bun,,10,2,bakery,,
"""
ALERT = "0123456789abcdef" * 2
BOARD_ACT = f"/staff/board/alerts/{ALERT}"
COUNT = "/staff/board/slots/B/1/count"
LESSON = "/api/calibrations/A1"
BLINK = "/api/devices/door/blink"
POSTS = (BOARD_ACT, COUNT, *(f"{LESSON}/{step}" for step in ("begin", "go-on", "again", "keep", "end")), BLINK)
READS = (
    "/staff/board",
    "/staff/calibration",
    "/staff/status",
    "/api/board",
    "/api/calibrations",
    "/api/calibrations/A1/lesson",
    "/api/devices",
    "/api/status",
    "/live/staff.board",
    "/live/staff.calibration",
    "/live/status",
    "/metrics",
)
BODIES = (
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b"[" * 8_000,
    b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    b'{"units":NaN}',
    b'{"units":1e308,"actor":"x"}',
    b'{"units":' + b"9" * 5_000 + b',"actor":"x"}',
    b'{"units":-1,"actor":"x"}',
    b'{"units":true,"actor":"x"}',
    b'{"units":"3","actor":"\\ud800"}',
    b'{"units":3,"actor":"\\ud800"}',
    b'{"units":3,"actor":"\\u0000\\u202e"}',
    b'{"units":3,"actor":" \\n "}',
    b'{"act":"acknowledge","actor":"\\udc80"}',
    b'{"act":"acknowledge","actor":"' + b"x" * 81 + b'"}',
    b'{"act":"explode","actor":"x"}',
    b'{"act":"snooze","minutes":1e308,"actor":"x"}',
    b'{"act":"snooze","minutes":Infinity,"actor":"x"}',
    b'{"act":["acknowledge"],"actor":{}}',
    b'{"known_g":NaN}',
    b'{"known_g":1e400}',
    b'{"known_g":500,"units":3}',
    b'{"known_g":500,"actor":"\\ud800"}',
    b'{"units":5}',
    b'{"step":"\\ud800"}',
    b'{"step":"empty"}',
    b'{"step":"' + b"x" * 9_000 + b'"}',
    b'{"actor":"\\ud800"}',
    b'{"actor":"x","role":"manager","extra":1}',
)
PATHS = (
    "/staff/board/alerts/x",
    f"/staff/board/alerts/{'F' * 32}",
    f"/staff/board/alerts/{'9' * 3_000}",
    "/staff/board/slots//count",
    "/staff/board/slots/%00/count",
    "/staff/board/slots/%ff%fe/count",
    "/staff/board/slots/%ed%a0%80/count",
    "/staff/board/slots/..%2f..%2fetc/count",
    f"/staff/board/slots/{'a' * 81}/count",
    "/api/calibrations/none/begin",
    "/api/calibrations/%E2%80%AE/begin",
    "/api/calibrations/A1/lesson/lesson/begin",
    f"/api/calibrations/{'a/' * 200}/begin",
    "/api/devices/%00/blink",
    "/api/devices/none/blink",
    f"/api/devices/{'a' * 3_000}/blink",
)
JSON = {"content-type": "application/json"}


def floor_shop(folder: Path, free_port: Callable[[], int], *, gate: bool = False) -> Shop:
    (folder / "planogram.csv").write_text(PLANOGRAM, encoding="utf-8")
    shop = Shop(folder, free_port, extra=FLOOR)
    if gate:
        (folder / "manager").write_text("the manager's own")
        (folder / "manager").chmod(0o600)
        gates = '[web]\noperator_password_file = "secret"\nmanager_password_file = "manager"'
        shop.config.write_text(shop.config.read_text().replace("[web]", gates))
    return shop


@asynccontextmanager
async def doors(folder: Path, free_port: Callable[[], int], *, gate: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    shop = floor_shop(folder, free_port, gate=gate)
    async with open_shop(shop, folder):
        yield shop.web


async def test_no_body_and_no_name_is_answered_with_a_500(tmp_path: Path, free_port: Callable[[], int]) -> None:
    async with doors(tmp_path, free_port) as web:
        for path, body in (*product(POSTS, BODIES), *product(PATHS, BODIES[-1:])):
            answer = await web.post(path, content=body, headers=JSON)
            assert answer.status_code < 500, (path, body[:80], answer.text)
        for path in (*READS, *PATHS):
            if not path.startswith("/live/"):
                assert (await web.get(path, headers={"accept": "text/html"})).status_code < 500, path
                assert (await web.get(f"{path}?lang=%00&after=-1&x=%ff")).status_code < 500, path


async def test_what_is_longer_than_any_finger_writes_is_refused_unread(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 4_096

    async with doors(tmp_path, free_port) as web:
        for path in POSTS:
            assert (await web.post(path, content=b"x" * 100_000, headers=JSON)).status_code == 413
        for path in (BOARD_ACT, COUNT, f"{LESSON}/begin", f"{LESSON}/go-on", BLINK):
            assert (await web.post(path, content=endless(), headers=JSON)).status_code in {400, 413}


@pytest.mark.parametrize(
    "site", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_another_sites_page_opens_no_door(
    tmp_path: Path, free_port: Callable[[], int], site: dict[str, str]
) -> None:
    async with doors(tmp_path, free_port) as web:
        for path in POSTS:
            body = b'{"act":"resolve","units":3,"actor":"x"}'
            assert (await web.post(path, content=body, headers={**JSON, **site})).status_code == 403, path
        assert (await web.get("/api/board", headers=site)).headers.get("access-control-allow-origin") is None


async def test_with_a_gate_no_door_opens_without_a_password(tmp_path: Path, free_port: Callable[[], int]) -> None:
    async with doors(tmp_path, free_port, gate=True) as web:
        for path in READS:
            assert (await web.get(path)).status_code == 401, path
            assert (await web.get(path, auth=("x", "guessed"))).status_code == 401, path
        for path in POSTS:
            assert (await web.post(path, json={})).status_code == 401, path
        for path in ("/kiosk/../api/board", "/kiosk/%2e%2e/api/board", "/live/kiosk./../staff.board", "//api/board"):
            answer = await web.get(httpx.URL(str(web.base_url)).copy_with(raw_path=path.encode()))
            assert answer.status_code in {401, 404}, path
            assert "slots" not in answer.text


async def test_whoever_logged_in_is_who_counts_whatever_name_is_sent(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    async with doors(tmp_path, free_port, gate=True) as web:
        staff = ("Mei", "0123456789abcdef")
        assert (await web.post(COUNT, json={"units": 4, "actor": "Boss"}, auth=staff)).json()["is_done"] is True
        begun = await web.post("/api/calibrations/A1/begin", json={"units": 2, "actor": "Boss"}, auth=staff)
        assert begun.json()["actor"] == "Mei"
        nameless = await web.post(COUNT, json={"units": 4, "actor": "\u202e\u0000"}, auth=("\x00", "0123456789abcdef"))
        assert nameless.status_code == 422


async def test_a_flood_of_blinks_holds_up_nobody(tmp_path: Path, free_port: Callable[[], int]) -> None:
    async with doors(tmp_path, free_port) as web:
        answers = await asyncio.gather(*(web.post("/api/devices/door/blink", json={}) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {404}
        assert (await web.get("/healthz")).status_code == 200
