"""The one MQTT client: what it says when a broker is away, refuses, or cannot be trusted."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud_bridge.transport import (
    Backoff,
    BrokerRefused,
    BrokerSettings,
    BrokerUnreachable,
    Inbound,
    TlsSettings,
    mqtt_dial,
)
from tests.brokers import MOSQUITTO_LOG, MosquittoBroker


class GuardedMosquitto(MosquittoBroker):
    """Asks for a login, and speaks TLS when the folder holds a certificate."""

    def command(self) -> list[str]:
        passwords = self.folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "store-1", "right"], check=True)
        passwords.chmod(0o644)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            MOSQUITTO_LOG,
        ]
        if (self.folder / "server.pem").exists():
            lines += [f"certfile {self.folder}/server.pem", f"keyfile {self.folder}/server.key"]
        config = self.folder / "guarded.conf"
        config.write_text("\n".join(["user root", *lines, ""]))
        return [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(config)]


@contextmanager
def guarded(folder: Path, port: int) -> Iterator[GuardedMosquitto]:
    with GuardedMosquitto(port, folder) as broker:
        yield broker


def settings(folder: Path, port: int, *, password: str, tls: TlsSettings | None = None) -> BrokerSettings:
    secret = folder / "broker-password"
    secret.write_text(password + "\n")
    return BrokerSettings(host="localhost", port=port, username="store-1", password_file=secret, tls=tls)


def sign_for_localhost(tmp_path: Path) -> None:
    """A certificate that vouches for itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(tmp_path / "server.key"), "-out", str(tmp_path / "server.pem")],
        check=True, capture_output=True,
    )  # fmt: skip


async def echo(settings: BrokerSettings) -> Inbound:
    """Say something and hear it."""
    async with asyncio.timeout(10), mqtt_dial(settings, client_id="store-1")(None) as wire:
        await wire.subscribe("regulars/v1/store-1/up/+")
        await wire.publish("regulars/v1/store-1/up/hello", b"hello")
        return await anext(wire.messages())


@pytest.mark.needs_mosquitto
async def test_a_password_from_a_file_opens_the_door(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with guarded(tmp_path, free_port()) as broker:
        heard = await echo(settings(tmp_path, broker.port, password="right"))
    assert heard == Inbound("regulars/v1/store-1/up/hello", b"hello", retained=False)


@pytest.mark.needs_mosquitto
async def test_a_wrong_password_is_a_refusal_with_a_long_wait(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with guarded(tmp_path, free_port()) as broker, pytest.raises(BrokerRefused) as refused:
        await echo(settings(tmp_path, broker.port, password="wrong"))
    assert f"localhost:{broker.port} refuses the login" in str(refused.value)
    assert refused.value.retry_after_s == 30.0
    assert "wrong" not in str(refused.value)


async def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    lost = BrokerSettings(username="x", password_file=tmp_path / "lost")
    with pytest.raises(BrokerRefused, match="lost: No such file"):
        await echo(lost)


async def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(BrokerRefused, match="cannot use the broker's key files"):
        await echo(BrokerSettings(tls=TlsSettings(ca_file=tmp_path / "ca.pem")))


async def test_a_broker_that_is_away_is_named(free_port: Callable[[], int]) -> None:
    port = free_port()
    with pytest.raises(BrokerUnreachable, match=f"127.0.0.1:{port} cannot be reached"):
        await echo(BrokerSettings(port=port))


@pytest.mark.needs_mosquitto
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed (apt-get install openssl)")
async def test_tls_is_spoken_only_with_a_broker_that_is_trusted(tmp_path: Path, free_port: Callable[[], int]) -> None:
    sign_for_localhost(tmp_path)
    with guarded(tmp_path, free_port()) as broker:
        trusting = TlsSettings(ca_file=tmp_path / "server.pem")
        assert (await echo(settings(tmp_path, broker.port, password="right", tls=trusting))).payload == b"hello"
        with pytest.raises(BrokerUnreachable, match=r"(?i)certificate verify failed"):
            await echo(settings(tmp_path, broker.port, password="right", tls=TlsSettings()))


def test_waits_double_up_to_a_maximum_and_begin_small_again() -> None:
    backoff = Backoff(first_s=1.0, wait_s_max=8.0, rng=random.Random(3))
    waits = [backoff.next_s() for _ in range(6)]
    for wait_s, ceiling_s in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert ceiling_s / 2 <= wait_s <= ceiling_s
    backoff.reset()
    assert backoff.next_s() <= 1.0
