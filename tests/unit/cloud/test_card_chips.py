"""Cards that prove themselves at head office: registered, told to each store under its own seal, and revoked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from cloud_bridge.card_keys import CardKeySeal
from cloud_bridge.personal import SealError
from cloud_bridge.replica import ReplicaMedium
from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings, ConfigError, load_settings
from cloud_crm.landing.loyalty import LoyaltyLanding
from cloud_crm.landing.store import CrmLandingStore, LandingEffects
from cloud_crm.members.chips import CardBook
from cloud_crm.members.tables import media
from devices.ntag424.keys import store_keys
from tests.unit.cloud.conftest import MEDIUM_KEY, client_of
from tests.unit.cloud.store_days import SECRET, FakeClock
from tests.unit.cloud.test_cloud_api import join, problem

MASTER = bytes(range(16))
UID = bytes.fromhex("04A1B2C3D4E5F6")
STRONG = {"technology": "ntag424", "number_hex": UID.hex()}
OTHER_SECRET = b"the other store's own secret"


@pytest.fixture
def settings(settings: CloudSettings, tmp_path: Path) -> CloudSettings:
    (tmp_path / "master.key").write_text(MASTER.hex() + "\n")
    file = tmp_path / "cloud.toml"
    file.write_text('card_master_key_file = "master.key"\n' + file.read_text(encoding="utf-8"), encoding="utf-8")
    return load_settings(file)


@pytest.fixture
def stores(cloud: Cloud, clock: FakeClock) -> CrmLandingStore:
    return CrmLandingStore(
        cloud.database,
        secrets={"store-1": SECRET, "store-2": OTHER_SECRET},
        clock=clock,
        watcher=cloud.news,
        effects=LandingEffects(LoyaltyLanding(), cards=CardBook(MEDIUM_KEY, MASTER)),
    )


@pytest.fixture
async def web(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(cloud) as client:
        yield client


def _told(stores: CrmLandingStore, store: str = "store-1") -> ReplicaMedium:
    step = stores.next_step(store, incarnation="a" * 32, epoch="", version=0)
    assert step is not None
    return step.media[-1]


async def test_each_store_is_told_the_cards_own_keys_under_its_own_seal(
    web: httpx.AsyncClient, stores: CrmLandingStore
) -> None:
    await web.post(f"/api/members/{await join(web)}/media", json=STRONG)
    for store, secret, foreign in (("store-1", SECRET, OTHER_SECRET), ("store-2", OTHER_SECRET, SECRET)):
        told = _told(stores, store)
        assert told.card_keys is not None
        assert CardKeySeal(secret).open(told.medium, told.card_keys) == store_keys(MASTER, UID)
        with pytest.raises(SealError):
            CardKeySeal(foreign).open(told.medium, told.card_keys)
        with pytest.raises(SealError):
            CardKeySeal(secret).open("0" * 32, told.card_keys)


async def test_no_key_and_no_number_lies_in_the_database_in_clear(
    web: httpx.AsyncClient, cloud: Cloud, stores: CrmLandingStore, tmp_path: Path
) -> None:
    await web.post(f"/api/members/{await join(web)}/media", json=STRONG)
    _told(stores)
    keys = store_keys(MASTER, UID)
    content = _content_of(tmp_path)
    for secret in (MASTER, UID, keys.message, keys.proof or b"?"):
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
            assert form not in content


async def test_a_revoked_card_is_nobodys_and_its_keys_go_with_it(
    web: httpx.AsyncClient, stores: CrmLandingStore
) -> None:
    member = await join(web)
    medium = (await web.post(f"/api/members/{member}/media", json=STRONG)).json()["medium"]
    await web.delete(f"/api/members/{member}/media/{medium}")
    assert (_told(stores).member, _told(stores).card_keys) == (None, None)


async def test_a_plain_card_becomes_one_that_proves_itself_and_does_not_fall_back(
    web: httpx.AsyncClient, stores: CrmLandingStore
) -> None:
    member = await join(web)
    plain = {"technology": "card", "number_hex": UID.hex()}
    await web.post(f"/api/members/{member}/media", json=plain)
    assert _told(stores).card_keys is None
    for body in (STRONG, plain, STRONG):
        assert (await web.post(f"/api/members/{member}/media", json=body)).status_code == 201
        assert _told(stores).card_keys is not None


@pytest.mark.parametrize("number", ["04A1B2C3", "04A1B2C3D4E5F60102", "08A1B2C3"])
async def test_a_number_that_no_such_card_has_is_refused(web: httpx.AsyncClient, number: str) -> None:
    body = {"technology": "ntag424", "number_hex": number}
    problem(await web.post(f"/api/members/{await join(web)}/media", json=body), 422)


async def test_a_card_whose_keys_cannot_be_derived_is_told_as_nobodys(
    web: httpx.AsyncClient, cloud: Cloud, stores: CrmLandingStore
) -> None:
    """A store that knew only its number would let every copy in."""
    await web.post(f"/api/members/{await join(web)}/media", json=STRONG)
    with cloud.database.write() as connection:
        foreign = CardBook(b"another medium key, 32 bytes long", MASTER)
        medium = connection.scalar(select(media.c.medium_id))
        connection.execute(media.update().values(chip=foreign.sealed_number(str(medium), UID)))
    assert (_told(stores).member, _told(stores).card_keys) == (None, None)


class TestWithoutAMasterKey:
    async def test_no_card_that_proves_itself_is_registered(self, settings: CloudSettings, clock: FakeClock) -> None:
        cloud = Cloud(settings.model_copy(update={"card_master_key_file": None}), clock=clock)
        try:
            async with client_of(cloud) as web:
                refused = problem(await web.post(f"/api/members/{await join(web)}/media", json=STRONG), 422)
            assert "card_master_key_file" in refused["remedy"]
        finally:
            cloud.close()

    async def test_head_office_does_not_start_where_members_hold_such_cards(
        self, web: httpx.AsyncClient, settings: CloudSettings, clock: FakeClock
    ) -> None:
        await web.post(f"/api/members/{await join(web)}/media", json=STRONG)
        with pytest.raises(ConfigError, match="card_master_key_file"):
            Cloud(settings.model_copy(update={"card_master_key_file": None}), clock=clock)


def _content_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("cloud.db*"))


@pytest.mark.parametrize("content", ["", "00" * 15, "zz" * 16, "00" * 17])
def test_a_master_key_file_that_holds_no_key_is_refused_without_showing_it(
    settings: CloudSettings, tmp_path: Path, content: str
) -> None:
    (tmp_path / "master.key").write_text(content)
    with pytest.raises(ConfigError) as caught:
        Cloud(settings)
    assert "card_master_key_file" in str(caught.value)
    assert not content or content not in str(caught.value)
