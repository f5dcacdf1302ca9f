"""The whole programme file: read, refused by key, kept, and sent to every store."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cloud_bridge.replica import STEP_BYTES_MAX
from cloud_crm.assembly import Cloud
from cloud_crm.config import ConfigError, load_settings
from cloud_crm.database import Database
from cloud_crm.landing.store import CrmLandingStore
from cloud_crm.programme import repository as programmes
from cloud_crm.programme.configured import configured_programme
from cloud_crm.programme.document import document_from_toml
from loyalty.terms.document import terms_from_mapping
from tests.unit.cloud.conftest import CLOUD_TOML, client_of
from tests.unit.cloud.test_replica_feed import join, steps

EXAMPLE = Path(__file__).parents[3] / "docs" / "programme.example.toml"
RATE = {"name": "P", "currency": "CNY"}


async def put(web: httpx.AsyncClient, text: str, kind: str = "application/toml") -> httpx.Response:
    return await web.put("/api/programme", content=text.encode(), headers={"content-type": kind})


async def test_a_programme_file_may_be_sent_as_toml_and_comes_back_whole(web: httpx.AsyncClient) -> None:
    answer = await put(web, EXAMPLE.read_text())
    assert answer.status_code == 200, answer.text
    document = (await web.get("/api/programme")).json()["document"]
    assert terms_from_mapping(document) == document_from_toml(EXAMPLE.read_text()).terms
    assert document["earning"]["multipliers"][0]["starts"] == "2026-03-01"


async def test_the_same_file_as_json_is_the_same_programme(web: httpx.AsyncClient) -> None:
    document = (await put(web, EXAMPLE.read_text())).json()["document"]
    assert (await web.put("/api/programme", json=document)).json()["document"] == document


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ('[programme]\nname = "P"\ncurrency = "Euro"\n', "body.programme.currency", "Write an ISO 4217 code"),
        ('[programme]\nname = "P"\ncurrency = "CNY"\n[[rewards]]\nid = "a"\n', "body.rewards[0].name", "Write it:"),
        ('[programme]\nname = "P"\ncurrency = "CNY"\n[lots]\nexpiry = "soon"\n', "body.lots.expiry", "Write one of"),
        ('[programme]\nname = "P"\ncurrency = "CNY"\n[points]\n', "body.points", "Remove it; known keys are"),
        ("[programme", "body.toml", "Mend the TOML"),
        ("", "body.programme", "Write it:"),
    ],
)
async def test_a_mistake_is_named_by_key_value_and_remedy(
    web: httpx.AsyncClient, text: str, place: str, remedy: str
) -> None:
    before = (await web.get("/api/programme")).json()
    answer = await put(web, text)
    assert answer.status_code == 422, answer.text
    assert answer.json()["place"] == place
    assert answer.json()["remedy"].startswith(remedy)
    assert (await web.get("/api/programme")).json() == before


async def test_what_would_lose_money_is_answered_as_a_warning(web: httpx.AsyncClient) -> None:
    generous = {"programme": RATE, "redeeming": {"points": 1, "value_minor": 100}}
    answer = (await web.put("/api/programme", json=generous)).json()
    assert "redeeming.points" in [warning["key"] for warning in answer["warnings"]]
    assert all(warning["says"] and warning["remedy"] for warning in answer["warnings"])


async def test_who_set_a_programme_is_kept(web: httpx.AsyncClient) -> None:
    assert (await web.put("/api/programme", json={"programme": RATE})).json()["set_by"] == "this machine"


@pytest.mark.parametrize(("kind", "status"), [("text/plain", 415), ("application/json; charset=utf-8", 200)])
async def test_only_json_and_toml_are_taken(web: httpx.AsyncClient, kind: str, status: int) -> None:
    text = '{"programme": {"name": "P", "currency": "CNY"}}'
    assert (await put(web, text, kind)).status_code == status


async def test_a_file_that_is_not_utf8_is_refused_by_its_byte(web: httpx.AsyncClient) -> None:
    answer = await web.put("/api/programme", content=b"ab\xff", headers={"content-type": "application/toml"})
    assert (answer.status_code, answer.json()["place"]) == (422, "body byte 2")


def test_the_whole_file_reaches_the_stores_in_a_step_that_fits(database: Database, landing: CrmLandingStore) -> None:
    document = document_from_toml(EXAMPLE.read_text())
    join(database, 1_000, name="掌" * 80)
    with database.write() as connection:
        programmes.put(connection, document, source="file", at="2026-05-01T09:00:00.000Z")
    found = steps(landing)
    assert [terms_from_mapping(s.programme.terms or {}) for s in found if s.programme] == [document.terms]
    assert max(len(step.model_dump_json().encode()) for step in found) <= STEP_BYTES_MAX


async def test_cloud_toml_may_name_the_file(tmp_path: Path, cloud: Cloud) -> None:
    cloud.close()
    text = CLOUD_TOML.partition("[programme]")[0]
    (tmp_path / "cloud.toml").write_text(f'programme_file = "programme.toml"\n{text}', encoding="utf-8")
    (tmp_path / "programme.toml").write_bytes(EXAMPLE.read_bytes())
    again = Cloud(load_settings(tmp_path / "cloud.toml"))
    async with client_of(again) as web:
        assert (await web.get("/api/programme")).json()["name"] == "Harbour Regulars"
    again.close()


def test_a_file_and_a_section_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(f'programme_file = "programme.toml"\n{CLOUD_TOML}', encoding="utf-8")
    with pytest.raises(ConfigError, match="beside programme_file"):
        load_settings(tmp_path / "cloud.toml")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), (b"\xff", "not UTF-8"), (b"[programme]\nname = 7\n", r"programme\.(name|currency)")],
)
def test_a_programme_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: bytes | None, says: str) -> None:
    text = CLOUD_TOML.partition("[programme]")[0]
    (tmp_path / "cloud.toml").write_text(f'programme_file = "programme.toml"\n{text}', encoding="utf-8")
    if content is not None:
        (tmp_path / "programme.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        configured_programme(load_settings(tmp_path / "cloud.toml"))
