"""The manual for people who connect tills is kept true: its examples run, its tables are complete."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from devices.observations import QuoteAnswer, QuoteStep, SaleCompleted, SaleReceipt, SaleStatus
from devices.tills import till_feed, till_folder
from devices.tills.csv_receipts import Receipt, receipts
from devices.tills.csv_rows import CsvSettings
from devices.tills.quote_message import BasketLineMessage, QuoteMessage, answer_json, parse_quote
from devices.tills.sale_message import SaleMessage, parse_sale, receipt_json

MANUAL = Path(__file__).resolve().parents[3] / "docs" / "tills.md"
SECRET = "0123456789abcdef0123456789abcdef"


def block(language: str, place: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)[place]


def test_every_setting_and_field_is_in_the_manual() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    models = (till_feed.TillFeedSettings, till_folder.TillFolderSettings, SaleMessage, BasketLineMessage, QuoteMessage)
    missing = [
        name
        for model in models
        for name in model.model_fields
        if f"`{name}`" not in manual and f'"{name}"' not in manual
    ]
    assert not missing


def test_the_example_sale_is_a_sale() -> None:
    sale = parse_sale(block("json").encode())
    assert (sale.sale_id, sale.total_minor) == ("R-20260131-0042", 2_400)


def test_the_example_answers_have_the_fields_that_answers_have() -> None:
    receipt = json.loads(block("json", 1))
    assert receipt.keys() == receipt_json(SaleReceipt("R", SaleStatus.RECORDED)).keys()
    answer = json.loads(block("json", 3))
    assert answer.keys() == answer_json(QuoteAnswer("k")).keys()
    assert answer["steps"][0].keys() == {field.name for field in fields(QuoteStep)}
    assert answer["price_minor"] == sum(answer["line_prices"]) == answer["steps"][-1]["price_minor"]
    assert answer["full_minor"] - answer["price_minor"] == sum(step["discount_minor"] for step in answer["steps"])


def test_the_example_basket_is_a_basket() -> None:
    asked = parse_quote(block("json", 2).encode())
    assert (asked.key, asked.points, asked.codes) == ("till-1-0042", 200, ("SPRING-7K2M",))
    assert sum(line.quantity * line.unit_minor for line in asked.lines) == json.loads(block("json", 3))["full_minor"]


def test_every_reason_why_a_quote_is_not_kept_is_in_the_manual() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    why = ("price_differs", "unknown_quote", "used", "other_member", "not_enough_rights", "coupon_gone", "frozen")
    assert all(f"`{reason}`" in manual for reason in (*why, "settled_by_head_office", "held_elsewhere", "reserved"))


def test_the_example_file_is_a_sale_and_its_refund() -> None:
    items = list(receipts(block("csv").splitlines(), settings=CsvSettings("GBP")))
    assert [item.refund_of for item in items if isinstance(item, Receipt)] == [None, "536365"]


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="openssl or curl is not installed")
async def test_the_shell_example_posts_a_sale_that_is_recorded(tmp_path: Path) -> None:
    secret_file = tmp_path / "till.secret"
    secret_file.write_text(SECRET + "\n")
    (tmp_path / "sale.json").write_text(block("json"))
    settings = till_feed.TillFeedSettings(secret_file=secret_file, port=0)
    async with asyncio.timeout(30), till_feed.TillFeed(settings) as feed:
        script = block("bash").replace("/etc/regulars/till.secret", str(secret_file))
        script = script.replace("http://192.168.1.20:8765/till/sales", feed.url)
        assert feed.url in script
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, env={**os.environ, "NO_PROXY": "*"}
        )
        seen = feed.observations()
        sale = await anext(seen)
        assert isinstance(sale, SaleCompleted)
        sale.reply(SaleReceipt(sale.sale_id, SaleStatus.RECORDED, points=24, balance=310))
        coming_back = asyncio.ensure_future(anext(seen))
        answer, _ = await shell.communicate()
        coming_back.cancel()
        await asyncio.wait({coming_back})
    assert json.loads(answer) == json.loads(block("json", 1))
