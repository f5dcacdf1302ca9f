"""The containers' files fit together: what compose mounts exists, and the configuration inside is a good one."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from cloud_crm.config import load_settings

DOCKER = Path(__file__).resolve().parents[3] / "docker"
COMPOSE = sorted(DOCKER.glob("compose.*.yml"))


def services(compose: Path) -> dict[str, dict[str, object]]:
    return yaml.safe_load(compose.read_text())["services"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("compose", COMPOSE, ids=lambda path: path.name)
def test_every_dockerfile_and_mounted_file_is_there(compose: Path) -> None:
    for name, service in services(compose).items():
        build = service.get("build")
        if isinstance(build, dict):
            context = (DOCKER / str(build["context"])).resolve()
            assert (context / str(build["dockerfile"])).is_file(), name
        for volume in service.get("volumes", ()):  # type: ignore[attr-defined]
            source = str(volume).partition(":")[0]
            assert not source.startswith(".") or (DOCKER / source).is_file(), f"{name}: {source}"


@pytest.mark.parametrize("compose", COMPOSE, ids=lambda path: path.name)
def test_every_secret_and_volume_used_is_declared(compose: Path) -> None:
    whole = yaml.safe_load(compose.read_text())
    for name, service in services(compose).items():
        assert set(service.get("secrets", ())) <= set(whole.get("secrets", {})), name  # type: ignore[call-overload]
        named = {str(v).partition(":")[0] for v in service.get("volumes", ())}  # type: ignore[attr-defined]
        assert {v for v in named if not v.startswith((".", "/"))} <= set(whole.get("volumes", {})), name


def test_the_cloud_reads_only_secrets_that_compose_gives_it(tmp_path: Path) -> None:
    """Load docker/cloud/cloud.toml as the container would, with a folder in place of /run/secrets."""
    given = services(DOCKER / "compose.cloud.yml")["cloud"]["secrets"]
    text = (DOCKER / "cloud" / "cloud.toml").read_text()
    for secret in given:  # type: ignore[attr-defined]
        value = "postgresql+psycopg://regulars:word@database/regulars" if secret == "database_url" else "k" * 64
        (tmp_path / secret).write_text(value)
    config = tmp_path / "cloud.toml"
    config.write_text(text.replace("/run/secrets", str(tmp_path)))
    settings = load_settings(config)
    assert settings.web.port == 8402
    assert [gateway.id for gateway in settings.gateways] == ["harbour-1"]
    assert tomllib.loads(text)["database"]["url_file"] == "/run/secrets/database_url"


@pytest.mark.parametrize("dockerfile", sorted(DOCKER.glob("*/Dockerfile")), ids=lambda path: path.parent.name)
def test_the_images_copy_every_room_and_run_without_root(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    root = DOCKER.parent
    packages = {path.parent.name for path in root.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert [room for room in sorted(packages) if f"COPY {room} {room}" not in text] == []
    assert "USER regulars" in text


@pytest.mark.parametrize("compose", COMPOSE, ids=lambda path: path.name)
def test_docker_itself_accepts_the_file(compose: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    checked = subprocess.run(
        [docker, "compose", "-f", str(compose), "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
