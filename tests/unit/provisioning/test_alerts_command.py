"""``regulars alerts``, and ``[alerts]`` under ``regulars config check``: key and remedy are named, never the secret."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge_agent.alerts.addresses import check_address
from edge_agent.alerts.engine import Alerts
from edge_agent.app import JOURNAL_FILE
from edge_agent.clock import system_clock
from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.journal import Journal, JournalSettings
from provisioning.cli import app
from provisioning.store_folder import StoreAnswers, write_folder
from tests.conformance.real_push_ends import Mood, NtfyServer, ntfy_server
from tests.unit.edge.alerts_bench import empty

runner = CliRunner()
DOCS = Path(__file__).resolve().parents[3] / "docs"
ANSWERS = StoreAnswers("store-1", "店", "en", "UTC", "CNY", "127.0.0.1", 1883, "regulars", ("/bin/true",))
ALERTS = """
[[alerts.destinations]]
name = "phones"
url_file = "secrets/phones.url"
[[alerts.routes]]
destinations = ["phones"]
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose alerts go to phones."""
    folder = tmp_path / "store"
    write_folder(folder, ANSWERS)
    with (folder / "edge.toml").open("a", encoding="utf-8") as config:
        config.write(ALERTS)
    address(folder, "ntfys://floor-of-the-shop")
    return folder


@pytest.fixture
async def ntfy() -> AsyncIterator[NtfyServer]:
    async with ntfy_server() as server:
        yield server


def address(store: Path, url: str) -> None:
    file = store / "secrets" / "phones.url"
    file.write_text(url + "\n", encoding="utf-8")
    file.chmod(0o600)


def said(result: Result) -> str:
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def ask(store: Path, *arguments: str) -> Result:
    return runner.invoke(app, ["alerts", *arguments, "--config", str(store / "edge.toml")])


def check(store: Path) -> Result:
    return runner.invoke(app, ["config", "check", str(store / "edge.toml")])


async def test_a_test_message_arrives(store: Path, ntfy: NtfyServer) -> None:
    address(store, ntfy.url())
    result = await asyncio.to_thread(ask, store, "test", "phones")
    assert result.exit_code == 0, result.output
    assert "phones took the message" in said(result)
    assert ntfy.messages[0]["title"] == "测试消息"


async def test_a_test_message_that_is_refused_says_why(store: Path, ntfy: NtfyServer) -> None:
    address(store, ntfy.url("secret-topic"))
    ntfy.mood = Mood.REFUSES
    result = await asyncio.to_thread(ask, store, "test", "phones")
    assert result.exit_code == 1
    assert "phones did not take the message: http_403." in said(result)
    assert "secret-topic" not in result.output


def test_a_destination_that_is_not_there_names_those_that_are(store: Path) -> None:
    result = ask(store, "test", "telephones")
    assert result.exit_code == 1
    assert "Known [[alerts.destinations]]: phones." in said(result)


async def test_open_alerts_are_listed_with_what_became_of_their_messages(store: Path) -> None:
    settings, clock = EdgeSettings.load(store / "edge.toml"), system_clock()
    journal = Journal.open(JournalSettings(store / "data" / JOURNAL_FILE, "store-1", b"x" * 32), clock=clock)
    alerts, now = Alerts(settings.alerts), clock.now()
    alerts.find(now, [empty("A1\x1b[31m")])
    await journal.write(alerts.tick(now + timedelta(seconds=2)).write)
    await journal.close()
    listed = said(ask(store, "list"))
    assert "1 open" in listed
    assert "A1 ［31m" in listed
    (shown,) = json.loads(ask(store, "list", "--json").output)
    assert (shown["kind"], shown["state"]) == ("stock_out", "raised")


async def test_a_store_in_which_all_is_well_says_so(store: Path) -> None:
    journal = Journal.open(JournalSettings(store / "data" / JOURNAL_FILE, "store-1", b"x" * 32), clock=system_clock())
    await journal.close()
    assert "Nobody is called for anything." in said(ask(store, "list"))


def test_a_whole_configuration_passes(store: Path) -> None:
    assert check(store).exit_code == 0, check(store).output


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("hunter2-is-the-token", "holds no address"),
        ("nosuchservice://hunter2", "names the service 'nosuchservice', which Apprise does not know"),
        ("wecombot://", "holds an address of 'wecombot' that lacks something"),
        ("", "is empty"),
        ("ntfy://a\nntfy://hunter2", "holds 2 lines"),
    ],
)
def test_an_address_that_is_none_is_named_and_not_shown(store: Path, url: str, problem: str) -> None:
    address(store, url)
    result = check(store)
    assert result.exit_code == 3
    assert "alerts.destinations.phones.url_file" in said(result)
    assert problem in said(result)
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ('[[alerts.destinations]]\nname = "phones"\nurl_file = "x"', "two destinations are called 'phones'"),
        ('[[alerts.routes]]\ndestinations = ["phone"]', "a route names the destination 'phone'"),
        (
            '[[alerts.shifts]]\nname = "day"\nrole = "cook"\nfrom = 08:00:00\nto = 22:00:00',
            "the shift 'day' has the role 'cook'",
        ),
        ('[[alerts.quiet_hours]]\nfrom = "25:00"\nto = 07:00:00', "alerts.quiet_hours[1].from"),
        ('[[alerts.quiet_hours]]\ndays = ["someday"]\nfrom = 22:00:00\nto = 07:00:00', "alerts.quiet_hours[1].days"),
        ("[alerts.kinds.low_stok]\nraise_after_s = 3", "alerts.kinds.low_stok"),
        ("[alerts.kinds.low_stock]\nraise_after = 3", "unknown key. Did you mean 'raise_after_s'?"),
        ('[[alerts.routes]]\ndestinations = ["phones"]\nkinds = ["fire"]', "alerts.routes[2].kinds"),
    ],
)
def test_a_plan_that_does_not_fit_together_says_where(store: Path, added: str, problem: str) -> None:
    with (store / "edge.toml").open("a", encoding="utf-8") as config:
        config.write(f"\n{added}\n")
    with pytest.raises(ConfigError) as refused:
        EdgeSettings.load(store / "edge.toml")
    assert problem in str(refused.value)


def test_a_destination_that_hears_nothing_is_doubted(store: Path) -> None:
    config = store / "edge.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('\n[[alerts.routes]]\ndestinations = ["phones"]', ""), encoding="utf-8")
    assert "'phones' is named by no shift and no route" in said(check(store))


def test_the_example_in_the_template_is_a_plan_that_works(store: Path) -> None:
    config = store / "edge.toml"
    text = config.read_text(encoding="utf-8").replace(ALERTS, "")
    head, _, example = text.partition("#[alerts]")
    lines = f"#[alerts]{example}".splitlines()
    uncommented = [line.removeprefix("#") if not line.startswith("# ") else line for line in lines]
    config.write_text(head + "\n".join(uncommented), encoding="utf-8")
    for name in ("floor-phones", "manager"):
        (store / "secrets" / f"{name}.url").write_text("ntfys://topic", encoding="utf-8")
    password = store / "bus" / "secrets" / "gateway.password"
    password.parent.mkdir(parents=True)
    password.write_text("a-password-of-the-bus", encoding="utf-8")
    alerts = EdgeSettings.load(config).alerts
    assert [shift.name for shift in alerts.shifts] == ["day", "office"]
    assert alerts.doubts() == ()


@pytest.mark.parametrize("page", ["stock-and-alerts.md", "stock-and-alerts.zh-CN.md"])
def test_every_address_in_the_docs_is_one_that_can_be_sent_to(page: str, tmp_path: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    addresses = [
        word for line in text.splitlines() if line.startswith("|") for word in re.findall(r"`(\w+://[^`]+)`", line)
    ]
    services = []
    for address in addresses:
        file = tmp_path / "address.url"
        file.write_text(
            address.replace("BOT_TOKEN", f"123456789:{'A' * 35}").replace("CHAT_ID", "42"), encoding="utf-8"
        )
        file.chmod(0o600)
        services.append(check_address(file))
    assert set(services) == {"wecombot", "dingtalk", "feishu", "tgram", "ntfys", "mailtos"}
