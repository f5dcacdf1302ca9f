"""Whatever is sent to any address, in whatever shape: never a 500, and refusals in the one shape."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cloud_crm.app import cloud_app
from cloud_crm.assembly import Cloud

TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=5),
    st.sampled_from(
        ["store-1", "store-2", "alma", "0" * 32, "04a1", "-1", "9" * 40, "\x00", "%00", "../../etc", "NaN", "1e999"]
    ),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "name", "language", "technology", "number_hex", "number", "media", "member", "currency", "points", "per_minor",
        "reason", "key", "event", "gateway", "codes", "members", "act", "coupon", "kind", "birthday", "phone",
        "consents",
    ]
)  # fmt: skip
BODIES = st.one_of(
    VALUES,
    st.dictionaries(FIELDS, VALUES, max_size=5),
    st.lists(st.dictionaries(FIELDS, VALUES, max_size=4), max_size=3),
    st.fixed_dictionaries({"name": TEXTS, "currency": st.sampled_from(["CNY", "cny", ""]), "points": VALUES}),
    st.fixed_dictionaries(
        {"reason": st.just("tried")},
        optional=dict.fromkeys(("points", "key", "member", "event", "codes", "members", "gateway"), VALUES),
    ),
)


PAGES = [
    ("GET", "/"),
    ("GET", "/stores/{gateway}"),
    ("POST", "/stores/{gateway}/release"),
    ("GET", "/members"),
    ("POST", "/members"),
    ("GET", "/members/{member}"),
    ("POST", "/members/{member}/acts"),
    ("POST", "/members/{member}/coupons/{medium}/withdraw"),
    ("POST", "/members/{member}/media/{medium}/block"),
    ("GET", "/coupons"),
    ("POST", "/coupons/{coupon}/codes"),
    ("GET", "/programme"),
    ("GET", "/disputes"),
    ("POST", "/disputes/settle"),
    ("POST", "/disputes/members/{member}"),
    ("GET", "/stores/{gateway}/rights"),
    ("POST", "/stores/{gateway}/rights/revoke"),
    ("POST", "/stores/{gateway}/rights/reinstate"),
    ("POST", "/stores/{gateway}/rights/write-off"),
    ("GET", "/stores/{gateway}/floor"),
    ("GET", "/missing"),
    ("GET", "/phone"),
    ("POST", "/phone/drawing"),
    ("POST", "/members/{member}/media"),
    ("POST", "/members/{member}/media/{medium}/unlink"),
    ("GET", "/assets/{name}/{file}"),
]


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of the API, as the app itself describes it, and the pages."""
    described = app.openapi()["paths"].items()
    found = [(method.upper(), path) for path, methods in described for method in methods]
    assert len(found) > 12
    return [*found, *PAGES]


def path_of(template: str, values: list[str]) -> str:
    """The path with its parameters filled by hostile text."""
    parts = iter(values)
    filled = [next(parts, "x") if part.startswith("{") else part for part in template.split("/")]
    quoted = [httpx.QueryParams({"": part.encode("utf-8", "replace").decode()}) for part in filled]
    return "/".join(str(part).removeprefix("=") for part in quoted)


@pytest.fixture
def app(cloud: Cloud) -> FastAPI:
    return cloud_app(cloud)


@seed(20_260_501)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_is_answered_with_a_failure_of_ours(data: st.DataObject, app: FastAPI) -> None:
    method, template = data.draw(st.sampled_from(operations(app)))
    path = path_of(template, data.draw(st.lists(TEXTS.filter(bool), min_size=2, max_size=2)))
    query = data.draw(
        st.dictionaries(
            st.sampled_from(["member", "limit", "after", "gateway", "search", "store", "sku", "state"]),
            TEXTS,
            max_size=3,
        )
    )
    params = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    content, kind = data.draw(request_bodies())
    answer = asyncio.run(send(app, method, path, params, content, kind))
    assert answer.status_code < 500 or (answer.status_code, path) == (503, "/readyz"), answer.text
    if answer.status_code >= 400 and path.startswith("/api/") and method != "HEAD":
        assert set(answer.json()) == {"place", "problem", "remedy"}


@st.composite
def request_bodies(draw: st.DrawFn) -> tuple[bytes, str]:
    """JSON, a form, or plain noise."""
    shape = draw(st.sampled_from(["json", "form", "noise"]))
    if shape == "json":
        return json.dumps(draw(BODIES)).encode(), "application/json"
    if shape == "form":
        fields = draw(st.dictionaries(FIELDS, TEXTS, max_size=4))
        encoded = {key: value.encode("utf-8", "replace").decode() for key, value in fields.items()}
        return str(httpx.QueryParams(encoded)).encode(), "application/x-www-form-urlencoded"
    return draw(st.binary(max_size=60)), draw(st.sampled_from(["application/json", "text/plain", ""]))


async def send(
    app: FastAPI, method: str, path: str, params: dict[str, str], content: bytes, kind: str
) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as web:
        headers = {"content-type": kind} if kind else {}
        return await web.request(method, path, params=params, content=content, headers=headers)


async def test_deeply_nested_json_is_refused(web: httpx.AsyncClient) -> None:
    for depth in (900, 50_000):
        content = b"[" * depth + b"]" * depth
        answer = await web.post("/api/members/import", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize("key", ["name", "currency", "\ud800"])
async def test_a_programme_of_lone_surrogates_is_refused_by_its_key(web: httpx.AsyncClient, key: str) -> None:
    terms = {"name": "Points", "currency": "CNY", key: "\ud800\ud800\ud800"}
    headers = {"content-type": "application/json"}
    answer = await web.put("/api/programme", content=json.dumps(terms), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["place"].startswith("body.")


def take_away(cloud: Cloud, folder: Path) -> None:
    """The database file is gone, and something that is none stands in its place."""
    cloud.database.close()
    for leftover in folder.glob("cloud.db*"):
        leftover.unlink()
    (folder / "cloud.db").mkdir()


async def test_a_database_that_is_away_is_a_503_with_a_remedy(
    cloud: Cloud, web: httpx.AsyncClient, tmp_path: Path
) -> None:
    take_away(cloud, tmp_path)
    answer = await web.get("/api/gateways")
    assert answer.status_code == 503
    assert answer.json()["remedy"]
    assert (await web.get("/readyz")).json()["database"] is False
    assert (await web.get("/metrics")).status_code == 200
