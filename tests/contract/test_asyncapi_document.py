"""The published description of the wire is true, complete and enough to consume the stream from."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud_bridge import asyncapi, topics
from cloud_bridge.contract import EVENT_TYPES
from cloud_bridge.topics import Down, Lane, Up
from cloud_bridge.transport import BrokerSettings, mqtt_dial
from tests.brokers import Broker
from tests.unit.bridge.memory_outbox import MemoryOutbox, tap

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "asyncapi.json"


def test_the_committed_document_is_the_generated_one() -> None:
    assert COMMITTED.read_text() == asyncapi.text(), "run: python -m cloud_bridge.asyncapi > docs/asyncapi.json"


def test_every_topic_is_a_channel() -> None:
    addresses = {channel["address"] for channel in asyncapi.document()["channels"].values()}
    built = {topics.up("{gatewayId}".replace("{gatewayId}", "g"), name) for name in (*Lane, *Up)}
    built |= {topics.down("g", name) for name in Down}
    assert {address.replace("{gatewayId}", "g") for address in addresses} == built


def test_every_event_type_is_described_with_all_its_fields() -> None:
    document = asyncapi.document()
    described = {
        variant["properties"]["type"]["const"]: variant["properties"]["data"]["$ref"].rpartition("/")[2]
        for variant in document["components"]["schemas"]["Event"]["oneOf"]
        if "const" in variant["properties"]["type"]
    }
    assert described.keys() == EVENT_TYPES.keys()
    for name, schema in described.items():
        fields = document["components"]["schemas"][schema]["properties"].keys()
        assert set(fields) == set(EVENT_TYPES[name].model_fields)


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi.document()

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "$ref":
                    target: Any = document
                    for part in value.removeprefix("#/").split("/"):
                        target = target[part]
                else:
                    follow(value)
        elif isinstance(node, list):
            for item in node:
                follow(item)

    follow(document)


@pytest.mark.needs_mosquitto
async def test_anyone_can_consume_and_verify_the_stream_from_the_document_alone(mosquitto: Broker) -> None:
    """Standard library and paho only below this line; everything known comes from the document."""
    document = json.loads(COMMITTED.read_text())
    address = document["channels"]["up_ledger"]["address"].replace("{gatewayId}", "+")
    batches: list[list[dict[str, Any]]] = []
    subscribed, complete = threading.Event(), threading.Event()
    consumer = paho.Client(CallbackAPIVersion.VERSION2)
    consumer.on_connect = lambda client, *_: client.subscribe(address, qos=1)
    consumer.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        batches.append(json.loads(message.payload))
        if sum(map(len, batches)) == 30:
            complete.set()

    consumer.on_message = on_message
    consumer.connect(mosquitto.host, mosquitto.port)
    consumer.loop_start()
    assert subscribed.wait(10)
    await _send_thirty_events(mosquitto)
    assert complete.wait(10)
    consumer.disconnect()
    consumer.loop_stop()

    previous, sequence = "0" * 64, 0
    for event in (event for batch in batches for event in batch):
        claimed = event.pop("hash")
        canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(canonical.encode()).hexdigest() == claimed
        assert event["prevhash"] == previous
        assert event["sequence"] == sequence + 1
        previous, sequence = claimed, event["sequence"]


async def _send_thirty_events(broker: Broker) -> None:
    outbox = MemoryOutbox("store-1")
    for number in range(30):
        outbox.record(tap(number))
    async with mqtt_dial(BrokerSettings(port=broker.port), client_id="store-1")(None) as wire:
        for begin in (0, 10, 20):
            rows = await outbox.unsent(Lane.LEDGER, after=None, events_max=30, bytes_max=10**6)
            payload = b"[" + b",".join(row.body for row in rows[begin : begin + 10]) + b"]"
            await wire.publish(topics.up("store-1", Lane.LEDGER), payload)
