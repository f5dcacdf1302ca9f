"""Word of a running demo, its configuration files and its ports."""

from __future__ import annotations

import os
import socket
import stat
import tomllib
from pathlib import Path

from cloud_crm.config import load_settings
from edge_agent.config import EdgeSettings
from simulation.files.chain import ChainFolder, ChainPorts
from simulation.files.programme import demo_programme
from simulation.files.store import StorePlan, StorePorts, toml_text
from simulation.processes.ports import choose
from simulation.processes.running import RunningDemo, announced, find_running

_PID_OF_NOBODY = 2**22 + 1
PORTS = ChainPorts(cloud=8402, broker=8405, stores=(StorePorts(kiosk=8401, till=8404, cable=8406),))


def test_word_is_left_while_the_demo_runs_and_taken_back_after(tmp_path: Path) -> None:
    demo = RunningDemo(os.getpid(), "http://127.0.0.1:1", "/somewhere")
    with announced(tmp_path / "run", demo) as path:
        assert find_running(tmp_path / "run") == demo
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_running(tmp_path / "run") is None


def test_word_of_a_dead_demo_is_not_believed_and_removed(tmp_path: Path) -> None:
    (tmp_path / f"demo-{_PID_OF_NOBODY}.json").write_text(
        f'{{"pid": {_PID_OF_NOBODY}, "control_url": "http://127.0.0.1:1", "data_dir": "/x"}}', encoding="utf-8"
    )
    (tmp_path / "demo-1.json").write_text("not json", encoding="utf-8")
    assert find_running(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_replaced_by_a_free_one_and_none_is_given_twice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        chosen = choose([number, 0, 0])
    assert number not in chosen
    assert len(set(chosen)) == 3


def test_the_configuration_of_the_demo_passes_the_checks_of_both_programs(tmp_path: Path) -> None:
    folder = ChainFolder(tmp_path)
    folder.write(PORTS, demo_programme("CNY"))
    (store,) = folder.stores
    edge = EdgeSettings.load(store.edge_toml)
    assert edge.broker.port == 8406
    assert [counter.kiosk for counter in edge.counters] == ["kiosk-1", "kiosk-2"]
    assert load_settings(folder.cloud_toml).broker.port == 8405
    assert stat.S_IMODE((tmp_path / "secrets" / "demo-store-till.key").stat().st_mode) == 0o600


def test_secrets_that_are_there_are_kept(tmp_path: Path) -> None:
    folder = ChainFolder(tmp_path)
    folder.write(PORTS, demo_programme("CNY"))
    before = folder.medium_key, folder.stores[0].till_key
    folder.write(PORTS, demo_programme("GBP"))
    assert (folder.medium_key, folder.stores[0].till_key) == before


def test_stores_of_a_chain_have_folders_and_secrets_of_their_own_and_one_medium_key(tmp_path: Path) -> None:
    plans = tuple(StorePlan(f"store-{number}", f"Store {number}", counters=number) for number in (1, 2, 3))
    folder = ChainFolder(tmp_path, plans)
    folder.write(ChainPorts.free(stores=3), demo_programme("CNY"))
    edges = [EdgeSettings.load(store.edge_toml) for store in folder.stores]
    assert [edge.gateway.id for edge in edges] == ["store-1", "store-2", "store-3"]
    assert [len(edge.counters) for edge in edges] == [1, 2, 3]
    assert len({edge.gateway.medium_key_file for edge in edges}) == 1
    assert len({store.till_key for store in folder.stores}) == 3
    ports = [port for edge in edges for port in (edge.web.port, edge.broker.port)]
    assert len(set(ports)) == 6
    assert [gateway.id for gateway in load_settings(folder.cloud_toml).gateways] == [plan.gateway_id for plan in plans]


def test_what_is_written_as_toml_is_read_back_the_same() -> None:
    table = {
        "text": 'a "quoted" 掌柜 \\ line\nbreak',
        "whole": 3,
        "yes": True,
        "list": ["a", "b"],
        "section": {"key": 1, "inner": {"deep": 2}},
        "many": [{"name": "one"}, {"name": "two"}],
    }
    assert tomllib.loads(toml_text(table)) == table
