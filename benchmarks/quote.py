"""How long a till waits for a price, and for the sale that confirms it, with the cloud out of reach.

A real till feed, journal and decisions in a process of their own, thousands of members with points, coupons and a
whole programme; the till signs, posts and waits. Beside it, turn by turn in the same run: the same HTTP server
doing nothing but making 4 KiB durable.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import logging
import multiprocessing
import os
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, time
from typing import Any

import orjson
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cloud_bridge.receipts import RightsStanding
from cloud_bridge.replica import (
    STEP_ROWS_MAX,
    ReplicaCoupon,
    ReplicaMedium,
    ReplicaMember,
    ReplicaProgramme,
    ReplicaRight,
    ReplicaStep,
)
from devices.observations import CardUid, QuoteAsked, SaleCompleted, SaleLine
from devices.tills.listener import QuietServer, listen
from devices.tills.signature import HEADER, sign
from devices.tills.till_feed import QUOTE_PATH, SALES_PATH, TillFeed, TillFeedSettings
from devices.virtual.till import quote_body, sale_body
from edge_agent.cards import CardDesk, CardSecrets
from edge_agent.clock import system_clock
from edge_agent.counters import Counters
from edge_agent.decisions import Decisions, Shop
from edge_agent.journal import POINTS, Journal, JournalSettings
from edge_agent.members import Replica
from edge_agent.outcomes import Outcome
from edge_agent.rights.attestor import Attestor
from edge_agent.rights.desk import RightsDesk
from edge_agent.rights.standing import GatewayStanding
from edge_agent.tap_path import Station, TapPath
from loyalty.identifiers import StoreId, medium_id
from simulation.evidence.figures import percentile

describe = (
    "POST /till/quote and the sale that confirms it, cloud down: p50 and p99 beside a bare HTTP server with fsync"
)

P99_MS_MAX = 20.0
MEMBERS = 5_000
WARM_UP = 50
_POINTS = 1_000
_KEY = b"m" * 32
_SECRET = b"a secret that only this benchmark uses"
_PROGRAMME = Path(__file__).resolve().parents[1] / "docs" / "programme.example.toml"
_START_S_MAX = 120.0


def run(argv: list[str]) -> dict[str, Any]:
    """Measure; see ``--help`` of this benchmark for its options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quote", description=describe)
    parser.add_argument("--baskets", type=int, default=1_000, help="how many baskets to price and pay")
    parser.add_argument("--dir", default=None, help="folder on the disk to measure (default: a temporary one)")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=asked.dir, prefix="regulars-bench-") as folder:
        figures = _measure(Path(folder), asked.baskets)
    targets = [
        {"figure": f"{name}_ms.p99", "max": P99_MS_MAX, "value": value, "met": value <= P99_MS_MAX}
        for name in ("quote", "sale")
        if (value := figures[f"{name}_ms"]["p99"])
    ]
    return {"members": MEMBERS, "baskets": asked.baskets, **figures, "targets": targets}


def _measure(folder: Path, baskets: int) -> dict[str, Any]:
    """Start the store, then be its till."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    store = multiprocessing.get_context("spawn").Process(target=_store, args=(folder, theirs), daemon=True)
    store.start()
    try:
        if not ours.poll(_START_S_MAX):
            raise RuntimeError("the store did not start")
        feed_port, bare_port = ours.recv()
        return _be_a_till(feed_port, bare_port, baskets)
    finally:
        ours.send("stop")
        store.join(10)
        store.terminate()


def _be_a_till(feed_port: int, bare_port: int, baskets: int) -> dict[str, Any]:
    feed = http.client.HTTPConnection("127.0.0.1", feed_port, timeout=30)
    bare = http.client.HTTPConnection("127.0.0.1", bare_port, timeout=30)
    waits: dict[str, list[float]] = {"quote": [], "sale": [], "bare": []}
    redeemed = 0
    for number in range(WARM_UP + baskets):
        basket = _basket(number)
        quoted, quote_ms = _post(feed, QUOTE_PATH, quote_body(basket))
        paid, sale_ms = _post(feed, SALES_PATH, sale_body(_sale(basket, quoted)))
        _, bare_ms = _post(bare, "/", quote_body(basket))
        if quoted["refused"] or paid["refused"]:
            raise RuntimeError(f"basket {number} was refused: {quoted['refused'] or paid['refused']}")
        if number >= WARM_UP:
            redeemed += paid["redeemed"] > 0
            for name, waited_ms in (("quote", quote_ms), ("sale", sale_ms), ("bare", bare_ms)):
                waits[name].append(waited_ms)
    return {
        **{f"{name}_ms": _spread(samples) for name, samples in waits.items() if name != "bare"},
        "bare_http_and_fsync_ms": _spread(waits["bare"]),
        "baskets_that_redeemed": redeemed,
    }


def _basket(number: int) -> QuoteAsked:
    """Six lines, a member's card, 100 points; each basket another member's."""
    lines = tuple(
        SaleLine(f"sku-{line}", "Something to buy", 1 + line % 2, 1_290 + 100 * line, "coffee" if line == 2 else "")
        for line in range(6)
    )
    return QuoteAsked(f"key-{number}", "till-1", "CNY", lines, points=100, card=_card(number % MEMBERS))


def _sale(basket: QuoteAsked, quoted: dict[str, Any]) -> SaleCompleted:
    off = quoted["full_minor"] - quoted["price_minor"]
    lines = (*basket.lines, SaleLine("DISCOUNT", "Member discounts", 1, -off))
    return SaleCompleted(
        f"sale-{basket.key}",
        "till-1",
        "CNY",
        quoted["price_minor"],
        lines,
        datetime.now(UTC),
        quote=basket.key,
    )


def _post(connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[dict[str, Any], float]:
    signature = sign(body, _SECRET, at_s=int(time()))
    began = perf_counter()
    connection.request("POST", path, body, {HEADER: signature, "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    waited_ms = (perf_counter() - began) * 1e3
    if response.status not in {200, 201}:
        raise RuntimeError(f"{path}: {response.status} {answer.decode()[:500]}")
    return orjson.loads(answer), waited_ms


def _spread(samples_ms: Sequence[float]) -> dict[str, float]:
    figures = {"p50": percentile(samples_ms, 0.5), "p99": percentile(samples_ms, 0.99), "max": max(samples_ms)}
    return {name: round(value, 3) for name, value in figures.items()}


# ── the store, in a process of its own ────────────────────────────────────────────────────────────


def _store(folder: Path, parent: Connection) -> None:
    # Standard output is for figures alone.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(_serve(folder, parent))


async def _serve(folder: Path, parent: Connection) -> None:
    secret_file = folder / "till.secret"
    secret_file.write_bytes(_SECRET)
    journal = Journal.open(JournalSettings(folder / "journal.db", "bench", b"s" * 32), clock=system_clock())
    desk, attestor = RightsDesk(), Attestor(None, "bench")
    decisions = Decisions(
        Shop(StoreId("harbour"), Counters(()), _KEY, timezone="Asia/Shanghai", pin_above_points=_POINTS), desk
    )
    standing = GatewayStanding(journal, desk, attestor)
    await standing.begin()
    await standing.heard(RightsStanding(incarnation=journal.incarnation, standing="welcome", is_first=True))
    replica = Replica(journal, decisions, desk=desk)
    for step in _steps(journal.incarnation):
        await replica.apply(step)
    cards = CardDesk(journal, CardSecrets(_KEY, b"s" * 32))
    path = TapPath(journal, decisions, _shown, medium_key=_KEY, cards=cards, passing=_passed)
    bare, bare_port = _bare_server(folder / "floor")
    serving = asyncio.create_task(bare)
    async with TillFeed(TillFeedSettings(secret_file=secret_file, port=0)) as feed:
        parent.send((int(feed.url.split(":")[2].split("/")[0]), bare_port))
        walking = asyncio.create_task(_walk(feed, path))
        await asyncio.to_thread(parent.recv)
        walking.cancel()
        serving.cancel()
        await asyncio.wait({walking, serving})
    await journal.close()


async def _walk(feed: TillFeed, path: TapPath) -> None:
    async for seen in feed.observations():
        if isinstance(seen, QuoteAsked | SaleCompleted):
            await path.walk("till-feed", seen)


def _shown(outcome: Outcome) -> None:
    """No kiosk stands here."""


def _passed(_: Station, __: str) -> None:
    """Nobody follows a trace here."""


def _bare_server(path: Path) -> tuple[Any, int]:
    """The limit: the same server and the same disk, and nothing else."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)

    def durable() -> None:
        os.pwrite(file, b"x" * 4_096, 0)
        os.fsync(file)

    async def answer(request: Request) -> JSONResponse:
        await request.body()
        await asyncio.to_thread(durable)
        return JSONResponse({"refused": "", "redeemed": 0})

    listener = listen("127.0.0.1", 0)
    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    server = QuietServer(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none", http="h11"))
    return server.serve(sockets=[listener]), listener.getsockname()[1]


def _steps(incarnation: str) -> Iterator[ReplicaStep]:
    """The cloud's word on all members: a name, a card, points leased here, and a coupon leased here."""
    table = tomllib.loads(_PROGRAMME.read_text(encoding="utf-8"))
    # Nobody in this store is of the one member type that may redeem.
    del table["member_types"], table["coupons"]
    table["rewards"] = [reward for reward in table["rewards"] if "coupon" not in reward]
    table["earning"]["referral"].pop("referred_coupon", None)
    table["coupons"] = [{"id": "tenth", "name": "10 % off", "kind": "percent", "percent": 10}]
    programme = ReplicaProgramme(**table["programme"], version=1, terms=orjson.loads(orjson.dumps(table)))
    rows_max = STEP_ROWS_MAX // 2
    for version, first in enumerate(range(0, MEMBERS, rows_max)):
        numbers = range(first, min(first + rows_max, MEMBERS))
        yield ReplicaStep(
            epoch="bench",
            from_version=version,
            to_version=version + 1,
            latest_version=version + 1,
            as_of="2026-06-02T09:00:00.000Z",
            incarnation=incarnation,
            programme=programme if version == 0 else None,
            members=tuple(_member(number) for number in numbers),
            media=tuple(
                ReplicaMedium(medium=medium_id("card", _card(n).number, key=_KEY), member=f"m-{n}", version=1)
                for n in numbers
            ),
            rights=tuple(right for number in numbers for right in _rights(number, incarnation)),
            coupons=tuple(
                ReplicaCoupon(instance=f"{n:032x}", coupon="tenth", member=f"m-{n}", version=1) for n in numbers
            ),
        )


def _member(number: int) -> ReplicaMember:
    return ReplicaMember(
        member=f"m-{number}", name=f"Member {number}", balance=_POINTS, qualifying=number * 100, version=1
    )


def _rights(number: int, incarnation: str) -> Iterator[ReplicaRight]:
    for currency, granted in ((POINTS, _POINTS), (f"coupon/{number:032x}", 1)):
        yield ReplicaRight(member=f"m-{number}", currency=currency, incarnation=incarnation, granted=granted, version=1)


def _card(number: int) -> CardUid:
    return CardUid(b"\x04" + number.to_bytes(6, "big"))
