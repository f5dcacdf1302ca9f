"""What is out at a store, on its page and as JSON: who may look and act, what is refused, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cloud_bridge.receipts import Hello
from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings, WebSettings
from cloud_crm.members import records
from tests.unit.cloud.store_days import StoreDay

CAP = "\n[rights]\nloss_cap_points = 100\n"
PAGE = "/stores/store-1/rights"
API = "/api/gateways/store-1/rights"


@pytest.fixture
def settings(settings: CloudSettings, tmp_path: Path, request: pytest.FixtureRequest) -> CloudSettings:
    changes: dict[str, object] = {"rights": settings.rights.model_copy(update={"loss_cap_points": 100})}
    if getattr(request, "param", False):
        (tmp_path / "password").write_text("correct horse\n")
        changes["web"] = WebSettings(host="0.0.0.0", operator_password_file=tmp_path / "password")
    return settings.model_copy(update=changes)


locked = pytest.mark.parametrize("settings", [True], indirect=True)


@pytest.fixture
def day(cloud: Cloud) -> StoreDay:
    """The store greeted, and Alma earned 150 there, which it holds."""
    day = StoreDay()
    landing = cloud._store
    landing.greet("store-1", Hello(incarnation=day.incarnation, boot="one"))
    day.earn("alma", "r-1", 150)
    landing.land([day.batch()])
    return day


async def test_the_page_and_the_json_say_what_is_out(web: httpx.AsyncClient, day: StoreDay) -> None:
    assert day
    told = (await web.get(API)).json()
    assert (told["standing"], told["points_held"], told["points_in_suspense"]) == ("greeted", 150, 0)
    page = (await web.get(f"{PAGE}?lang=en")).text
    assert ("May let members redeem" in page, ">150<" in page) == (True, True)
    assert (
        "可使用" in (await web.get(f"{PAGE}?lang=zh-CN")).text or "积分" in (await web.get(f"{PAGE}?lang=zh-CN")).text
    )


async def test_a_store_is_given_up_written_off_and_let_back_in_on_its_page(
    web: httpx.AsyncClient, day: StoreDay
) -> None:
    assert day
    for act, form in (
        ("revoke", {"reason": "stolen"}),
        ("write-off", {"reason": "gone for good", "member": ""}),
        ("reinstate", {"reason": "found again"}),
    ):
        answer = await web.post(f"{PAGE}/{act}", data=form)
        assert answer.status_code == 303, answer.text
    told = (await web.get(API)).json()
    assert (told["points_in_suspense"], told["points_written_off"], told["losses"]["written_off"]) == (50, 100, 100)
    assert [(act["action"], act["actor"], act["reason"]) for act in told["actions"]] == [
        ("reinstate", "this machine", "found again"),
        ("write_off", "this machine", "gone for good"),
        ("revoke", "this machine", "stolen"),
    ]
    page = (await web.get(f"{PAGE}?lang=en")).text
    assert all(reason in page for reason in ("stolen", "gone for good", "found again"))


async def test_a_part_is_written_off_once_per_key(web: httpx.AsyncClient, day: StoreDay) -> None:
    assert day
    await web.post(f"{API}/revoke", json={"reason": "stolen"})
    asked = {"reason": "receipts compared", "member": "alma", "points": 30, "key": "one"}
    for _ in range(3):
        answer = await web.post(f"{API}/write-off", json=asked)
        assert answer.status_code == 200, answer.text
    assert (await web.get(API)).json()["points_written_off"] == 30
    assert (await web.post(f"{API}/write-off", json=asked | {"key": "two"})).status_code == 200
    assert (await web.get(API)).json()["points_written_off"] == 60


async def test_goodwill_is_given_once_per_key_and_kept_with_who_and_why(web: httpx.AsyncClient, cloud: Cloud) -> None:
    member = (await web.post("/api/members", json={"name": "Alma"})).json()["member"]
    asked = {"reason": "sorry", "points": 40, "key": "one"}
    for _ in range(2):
        answer = await web.post(f"/api/members/{member}/goodwill", json=asked)
        assert answer.json() == {"points": 40, "left": 0}
    assert (await web.get(f"/api/members/{member}")).json()["balance"] == 40
    with cloud.database.read() as connection:
        kept = [(act.action, act.subject, act.reason, act.actor) for act in records.acts_on(connection, member)]
    assert kept == [("goodwill", "40", "sorry", "this machine")]
    beyond = await web.post(f"/api/members/{member}/goodwill", json=asked | {"key": "two", "points": 61})
    assert beyond.status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{API}/revoke", {}, 422),
        (f"{API}/revoke", {"reason": "   "}, 422),
        (f"{API}/revoke", {"reason": "a\x00b"}, 422),
        (f"{API}/revoke", {"reason": "x" * 201}, 422),
        (f"{API}/revoke", {"reason": "fine", "force": True}, 422),
        (f"{API}/reinstate", {"reason": "it is not revoked"}, 409),
        ("/api/gateways/nowhere/rights/revoke", {"reason": "fine"}, 404),
        (f"{API}/write-off", {"reason": "fine", "member": "../etc"}, 422),
        (f"{API}/write-off", {"reason": "fine", "member": "alma", "points": 0}, 422),
        (f"{API}/write-off", {"reason": "fine", "member": "alma", "points": 10**18}, 422),
        (f"{API}/write-off", {"reason": "fine", "points": 5, "key": "k"}, 422),
        (f"{API}/write-off", {"reason": "fine", "member": "alma", "points": 5}, 422),
        (f"{API}/write-off", {"reason": "fine", "member": "alma"}, 409),
        ("/api/gateways/nowhere/rights/write-off", {"reason": "fine"}, 404),
        ("/api/members/nobody/goodwill", {"reason": "fine", "points": 1, "key": "k"}, 404),
        ("/api/members/nobody/goodwill", {"reason": "fine", "points": 1}, 422),
        ("/api/members/nobody/goodwill", {"reason": "fine", "points": -1, "key": "k"}, 422),
        ("/api/members/nobody/goodwill", {"reason": "fine", "points": "many", "key": "k"}, 422),
        ("/api/members/nobody/goodwill", [1], 422),
    ],
)
async def test_hostile_requests_are_refused_with_place_and_remedy_and_change_nothing(
    web: httpx.AsyncClient, day: StoreDay, path: str, body: object, status: int
) -> None:
    assert day
    before = (await web.get(API)).json()
    answer = await web.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert all(answer.json()[key] for key in ("place", "problem", "remedy"))
    assert (await web.get(API)).json() == before


async def test_a_form_that_cannot_be_done_shows_the_page_with_the_reason(web: httpx.AsyncClient, day: StoreDay) -> None:
    assert day
    for act, form, status in (
        ("revoke", {"reason": ""}, 422),
        ("reinstate", {"reason": "it is not revoked"}, 409),
        ("write-off", {"reason": "fine", "member": "../etc"}, 422),
        ("write-off", {"reason": "fine", "member": "alma"}, 409),
    ):
        answer = await web.post(f"{PAGE}/{act}", data=form)
        assert (answer.status_code, 'role="alert"' in answer.text) == (status, True), act
    assert (await web.get("/stores/nowhere/rights")).status_code == 404
    assert (await web.post(f"{PAGE}/revoke", json={"reason": "no form"})).status_code == 415


@locked
async def test_only_operators_see_and_do_any_of_it(web: httpx.AsyncClient, day: StoreDay) -> None:
    assert day
    why = {"reason": "fine"}
    paths = (
        *((act, f"{API}/{act}") for act in ("revoke", "reinstate", "write-off")),
        *((act, f"{PAGE}/{act}") for act in ("revoke", "reinstate", "write-off")),
        ("goodwill", "/api/members/alma/goodwill"),
        ("settle", "/api/disputes/settle"),
        ("two-people", "/api/members/alma/two-people"),
    )
    for act, path in paths:
        assert (await web.post(path, json=why)).status_code == 401, act
        wrong = await web.post(path, json=why, auth=("lin", "wrong horse"))
        assert wrong.status_code == 401, act
    for path in (API, PAGE, "/api/members/alma/rights", "/api/disputes", "/disputes"):
        assert (await web.get(path)).status_code == 401, path
    known = await web.post(f"{API}/revoke", json=why, auth=("lin", "correct horse"))
    assert known.json()["actions"][0]["actor"] == "lin"


async def test_another_sites_page_cannot_make_an_operators_browser_act(web: httpx.AsyncClient, day: StoreDay) -> None:
    assert day
    for path in (f"{PAGE}/revoke", f"{API}/revoke", "/disputes/settle", "/api/disputes/settle"):
        answer = await web.post(path, data={"reason": "fine"}, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code == 403, path
    assert (await web.get(API)).json()["standing"] == "greeted"


async def test_a_members_points_are_lent_where_the_member_is_at_home(web: httpx.AsyncClient, cloud: Cloud) -> None:
    """One home: the member's own. Moving it moves what is lent next."""
    member = (await web.post("/api/members", json={"name": "Alma", "home": "store-2"})).json()["member"]
    landing = cloud._store
    landing.greet("store-1", Hello(incarnation="a" * 32, boot="one"))
    landing.greet("store-2", Hello(incarnation="b" * 32, boot="one"))

    async def adjust(key: str) -> dict[str, int]:
        body = {"points": 100, "reason": "moved house", "key": key}
        assert (await web.post(f"/api/members/{member}/adjust", json=body)).status_code == 204
        places = (await web.get(f"/api/members/{member}/rights")).json()["places"]
        return {place["gateway"]: place["held"] for place in places}

    assert await adjust("one") == {"store-2": 100}
    await web.patch(f"/api/members/{member}", json={"home": "store-1"})
    assert await adjust("two") == {"store-1": 100, "store-2": 100}
