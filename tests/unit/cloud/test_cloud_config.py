"""cloud.toml: a wrong one is refused with the file, the key and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from cloud_crm.assembly import Cloud
from cloud_crm.config import CloudSettings, ConfigError, load_settings, read_secret
from cloud_crm.programme.document import document_of_rate
from loyalty.programme import Programme
from tests.unit.cloud.conftest import CLOUD_TOML


def load(tmp_path: Path, text: str) -> CloudSettings:
    (tmp_path / "cloud.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path / "cloud.toml")


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, CLOUD_TOML)
    assert settings.medium_key_file == tmp_path / "medium.key"
    assert settings.database.url == f"sqlite:///{tmp_path}/cloud.db"
    assert settings.gateways[1].secret_file == tmp_path / "store.secret"


def test_the_database_is_beside_the_file_also_when_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert load(tmp_path, "medium_key_file = 'k'").database.url == f"sqlite:///{tmp_path}/cloud.db"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "medium_key_file"),
        ("medium_key_file = 'k'\nmedium_kay_file = 'k'", "medium_kay_file"),
        ("medium_key_file = 'k'\n[web]\nport = 'eighty'", "web.port"),
        ("medium_key_file = 'k'\n[web]\nhost = '0.0.0.0'", "web.host"),
        ("medium_key_file = 'k'\n[[gateways]]\nid = 'Nope!'\nstore_name = 'x'\nsecret_file = 's'", "gateways.0.id"),
        (CLOUD_TOML.replace("store-2", "store-1"), "gateways.1.id"),
        (CLOUD_TOML.replace('currency = "GBP"', 'currency = "pounds"'), "programme.currency"),
        (CLOUD_TOML.replace("points = 1", "points = 'one'"), "programme.points"),
        ("medium_key_file = [", "the file"),
        ("medium_key_file = 'k'\n[database]\nurl_file = 'absent'", "database.url_file"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key_and_a_remedy(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(tmp_path, text)
    assert refusal.value.key == key
    assert refusal.value.remedy
    assert str(tmp_path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_absent_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "absent.toml")
    (tmp_path / "cloud.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings(tmp_path / "cloud.toml")


def test_a_secret_is_read_without_its_line_break_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"0123456789abcdef\n")
    assert read_secret(path, "medium_key_file") == b"0123456789abcdef"
    path.write_bytes(b"hunter2")
    with pytest.raises(ConfigError) as refusal:
        read_secret(path, "medium_key_file")
    assert "hunter2" not in str(refusal.value)


def test_the_database_url_may_come_from_a_secret_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg://user:hunter2@db/regulars\n")
    settings = load(tmp_path, "medium_key_file = 'k'\n[database]\nurl_file = 'url'")
    assert settings.database.url == "postgresql+psycopg://user:hunter2@db/regulars"


def test_an_unreadable_secret_stops_the_start_with_its_setting(settings: CloudSettings, tmp_path: Path) -> None:
    (tmp_path / "store.secret").unlink()
    with pytest.raises(ConfigError, match=r"gateways\.0\.secret_file"):
        Cloud(settings)


def test_every_setting_is_described() -> None:
    def undescribed(section: type[BaseModel]) -> list[str]:
        return [f"{section.__name__}.{name}" for name, field in section.model_fields.items() if not field.description]

    sections = [CloudSettings]
    for section in sections:
        for field in section.model_fields.values():
            kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
            sections += [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel) and k not in sections]
    assert len(sections) >= 4
    assert [name for section in sections for name in undescribed(section)] == []


def test_a_changed_programme_in_the_file_takes_effect_at_the_next_start(settings: CloudSettings) -> None:
    def start(settings: CloudSettings) -> str:
        cloud = Cloud(settings)
        try:
            return cloud.programme.in_force().name
        finally:
            cloud.close()

    def named(name: str) -> CloudSettings:
        return settings.model_copy(update={"programme": Programme(name, "GBP")})

    assert start(named("Spring")) == "Spring"
    cloud = Cloud(named("Spring"))
    cloud.programme.put(document_of_rate(Programme("By hand", "GBP")), operator="Ann")
    cloud.close()
    assert start(named("Spring")) == "By hand"
    assert start(named("Summer")) == "Summer"
