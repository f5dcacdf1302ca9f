"""The in-store bus over TLS on a real Mosquitto: an authority that is trusted, a wrong one, and one that is no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devices.device import DeviceFault
from devices.readings import Measure, SensorRead
from devices.sensors.mqtt_sensors import MqttSensorsSettings
from devices.store_bus import BusSettings, BusTls, StoreBus
from tests.brokers import MOSQUITTO_LOG, MosquittoBroker
from tests.conformance.bus_ear import Ear, say

pytestmark = pytest.mark.needs_mosquitto
NOW = datetime.now(UTC)
SCALE = {"dev_cla": "weight", "unit_of_meas": "g", "stat_t": "w", "uniq_id": "a1"}


class Authority:
    """Signs certificates; its own lies at ``file``."""

    def __init__(self, file: Path, name: str) -> None:
        self.file = file
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), critical=True)
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, folder: Path, address: str) -> None:
        """``server.crt`` and ``server.key`` of the broker at an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))])
        certificate = self._sign(name, key, names, critical=False)
        (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType, *, critical: bool
    ) -> x509.Certificate:
        signing = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=1))
            .add_extension(extension, critical=critical)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signing), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class SealedBroker(MosquittoBroker):
    """Mosquitto that speaks TLS only."""

    def command(self) -> list[str]:
        program, option, _ = super().command()
        config = self.folder / "sealed.conf"
        files = f"certfile {self.folder}/server.crt\nkeyfile {self.folder}/server.key\nuser {self.folder.owner()}"
        listener = f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false"
        config.write_text(f"{listener}\n{files}\n{MOSQUITTO_LOG}\n")
        return [program, option, str(config)]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca.pem", "the store's")


@pytest.fixture
def sealed(tmp_path: Path, authority: Authority, free_port: Callable[[], int]) -> Iterator[SealedBroker]:
    authority.issue(tmp_path, "127.0.0.1")
    with SealedBroker(free_port(), tmp_path) as broker:
        yield broker


def trusting(broker: SealedBroker, file: Path | None) -> BusSettings:
    return BusSettings(port=broker.port, tls=BusTls(ca_file=file))


async def test_a_sensor_is_heard_over_tls(sealed: SealedBroker, authority: Authority) -> None:
    settings = trusting(sealed, authority.file)
    async with Ear(MqttSensorsSettings(**settings.model_dump())) as ear:
        await say(settings, ("homeassistant/sensor/n/a1/config", orjson.dumps(SCALE)), ("w", b"5"), retain=True)
        await ear.until(lambda told: isinstance(told, SensorRead) and (told.measure, told.value) == (Measure.WEIGHT, 5))


@pytest.mark.parametrize("kind", ["another", "the system's", "none", "rubbish"])
async def test_a_broker_of_a_foreign_authority_is_told_nothing(
    sealed: SealedBroker, authority: Authority, tmp_path: Path, kind: str
) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"\x00-----BEGIN CERTIFICATE-----\n")
    file = {
        "another": Authority(tmp_path / "other.pem", "somebody else's").file,
        "the system's": None,
        "none": tmp_path / "gone.pem",
        "rubbish": rubbish,
    }[kind]
    with pytest.raises(DeviceFault) as caught:
        await StoreBus(trusting(sealed, file)).__aenter__()
    assert "ca_file" in caught.value.remedy


async def test_a_certificate_for_another_address_is_refused(
    sealed: SealedBroker, authority: Authority, tmp_path: Path
) -> None:
    sealed.kill()
    authority.issue(tmp_path, "10.9.8.7")
    sealed.start()
    with pytest.raises(DeviceFault, match="certificate") as caught:
        await StoreBus(trusting(sealed, authority.file)).__aenter__()
    assert "ca_file" in caught.value.remedy


async def test_a_broker_that_asks_for_tls_is_not_spoken_to_without(sealed: SealedBroker) -> None:
    with pytest.raises(DeviceFault):
        await StoreBus(BusSettings(port=sealed.port)).__aenter__()
