"""The listener for tills, spoken to over real HTTP by the virtual till."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.device import DeviceFault
from devices.observations import CardUid, SaleCompleted, SaleLine, SaleReceipt, SaleStatus
from devices.tills.message_fields import MessageRejected
from devices.tills.sale_message import SaleMessage, parse_sale
from devices.tills.signature import HEADER, is_signed, sign
from devices.tills.till_feed import DRIVER, TillFeed, TillFeedSettings
from devices.virtual.till import VirtualTill, sale_body

SECRET = b"the secret of one till, long enough"
NOW_S = 1_767_225_600
SOLD_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
MILK = SaleLine("4006381333931", "Milk 1 l", 2, 129)
WAIT_S = 10.0


class Gateway:
    """Consumes a feed as the gateway does: records each sale, replies, then comes back for the next."""

    def __init__(self, feed: TillFeed) -> None:
        self.recorded: dict[str, SaleCompleted] = {}
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.taken = asyncio.Event()
        self._feed = feed

    async def run(self) -> None:
        async for seen in self._feed.observations():
            assert isinstance(seen, SaleCompleted)
            self.taken.set()
            await self.may_commit.wait()
            known = self.recorded.setdefault(seen.sale_id, seen)
            status = (
                SaleStatus.CONFLICT
                if known != seen
                else SaleStatus.DUPLICATE
                if known is not seen
                else SaleStatus.RECORDED
            )
            seen.reply(SaleReceipt(seen.sale_id, status, points=2, balance=40))


@asynccontextmanager
async def opened(tmp_path: Path, **changes: object) -> AsyncIterator[tuple[TillFeed, VirtualTill]]:
    secret_file = tmp_path / "till.secret"
    secret_file.write_bytes(SECRET + b"\n")
    settings = TillFeedSettings.model_validate({"secret_file": secret_file, "port": 0, **changes})
    async with (
        TillFeed(settings) as feed,
        VirtualTill(feed.url, name="till-1", secret=SECRET, now_s=lambda: NOW_S) as till,
    ):
        yield feed, till


@asynccontextmanager
async def running(tmp_path: Path, **changes: object) -> AsyncIterator[tuple[Gateway, VirtualTill]]:
    async with opened(tmp_path, **changes) as (feed, till):
        gateway = Gateway(feed)
        task = asyncio.create_task(gateway.run())
        try:
            async with asyncio.timeout(WAIT_S):
                yield gateway, till
        finally:
            task.cancel()
            await asyncio.wait({task})


async def waiting_for_receipts(feed: TillFeed, count: int) -> None:
    for _ in range(100_000):
        if f"waiting={count}" in repr(feed):
            return
        await asyncio.sleep(0)
    pytest.fail(f"{feed!r} never had {count} tills waiting")


async def test_a_sale_is_answered_with_its_points(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, till):
        card = CardUid.from_hex("04A1B2C3")
        answer = await till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT, card=card)
        assert answer.status_code == 201
        assert answer.body == {
            "sale_id": "R-1",
            "status": "recorded",
            "points": 2,
            "balance": 40,
            "redeemed": None,
            "refused": "",
        }
        assert gateway.recorded["R-1"] == SaleCompleted("R-1", "till-1", "CNY", 258, (MILK,), SOLD_AT, card=card)


async def test_the_same_sale_again_is_a_duplicate_and_another_under_its_number_a_conflict(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, till):
        answers = [await till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT) for _ in range(2)]
        answers.append(await till.sell("R-1", [MILK, MILK], currency="CNY", sold_at=SOLD_AT))
        assert [(answer.status_code, answer.body["status"]) for answer in answers] == [
            (201, "recorded"),
            (200, "duplicate"),
            (409, "conflict"),
        ]
        assert all(answer.settled for answer in answers)
        assert len(gateway.recorded) == 1


async def test_a_refund_names_the_sale_it_gives_back(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, till):
        back = SaleLine(MILK.sku, MILK.name, -1, MILK.unit_minor)
        answer = await till.refund("R-2", [back], original="R-1", currency="CNY", sold_at=SOLD_AT)
        assert answer.status_code == 201
        assert (gateway.recorded["R-2"].refund_of, gateway.recorded["R-2"].total_minor) == ("R-1", -129)


async def test_the_till_is_answered_only_once_the_sale_is_durable(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, till):
        gateway.may_commit.clear()
        posting = asyncio.create_task(till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT))
        await gateway.taken.wait()
        assert not posting.done()
        gateway.may_commit.set()
        assert (await posting).status_code == 201


async def test_a_gateway_that_stops_before_it_is_durable_lets_the_till_try_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as (feed, till):
        seen = feed.observations()
        posting = asyncio.create_task(till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT))
        await anext(seen)
        await seen.aclose()
        answer = await posting
        assert (answer.status_code, answer.retry_after_s, answer.settled) == (503, 2, False)


async def test_closing_the_feed_lets_every_waiting_till_try_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as (feed, till):
        seen = feed.observations()
        posting = [asyncio.create_task(till.sell(f"R-{n}", [MILK], currency="CNY", sold_at=SOLD_AT)) for n in range(3)]
        await anext(seen)
        async with asyncio.timeout(WAIT_S):
            await waiting_for_receipts(feed, 3)
        await feed.__aexit__(None, None, None)
        assert {(await post).status_code for post in posting} == {503}
        with pytest.raises(DeviceFault):
            _ = feed.url


async def test_a_sale_that_takes_too_long_is_tried_again(tmp_path: Path) -> None:
    async with opened(tmp_path, answer_timeout_s=0.05) as (_, till):
        answer = await till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT)
        assert answer.status_code == 503
        assert answer.body["problems"][0]["problem"] == "it is not durable yet"


async def test_no_more_than_64_sales_wait(tmp_path: Path) -> None:
    async with opened(tmp_path) as (feed, till):
        posts = [asyncio.create_task(till.sell(f"R-{n}", [MILK], currency="CNY", sold_at=SOLD_AT)) for n in range(70)]
        done, _ = await asyncio.wait(posts, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        assert {post.result().status_code for post in done} == {503}
        assert "waiting=64" in repr(feed)
        for post in posts:
            post.cancel()
        await asyncio.wait(posts)


@pytest.mark.parametrize("signature", ["", "t=1", "t=1,v1=" + "0" * 64, "v1=,t=", "t=1,v1=" + "٣" * 64])
async def test_a_wrong_signature_is_refused_and_records_nothing(tmp_path: Path, signature: str) -> None:
    async with running(tmp_path) as (gateway, till):
        body = sale_body(SaleCompleted("R-1", "till-1", "CNY", 258, (MILK,), SOLD_AT))
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(till._url, content=body, headers=[(HEADER.encode(), signature.encode())])
            unsigned = await client.post(till._url, content=body)
        assert answer.status_code == unsigned.status_code == 401
        assert answer.json()["problems"][0]["place"] == HEADER
        assert gateway.recorded == {}


async def test_a_body_changed_on_the_way_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, till):
        body = sale_body(SaleCompleted("R-1", "till-1", "CNY", 258, (MILK,), SOLD_AT))
        answer = await till.post(body.replace(b"R-1", b"R-2"), signature=sign(body, SECRET, at_s=NOW_S))
        assert answer.status_code == 401


async def test_a_body_too_large_is_refused_whether_declared_or_streamed(tmp_path: Path) -> None:
    async with running(tmp_path, body_bytes_max=1_024) as (_, till):

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 100

        async with httpx.AsyncClient(trust_env=False) as client:
            streamed = await client.post(till._url, content=chunks())
        assert (await till.post(b"x" * 5_000)).status_code == streamed.status_code == 413


async def test_a_body_that_never_ends_is_given_up(tmp_path: Path) -> None:
    async with running(tmp_path, body_timeout_s=0.05) as (_, till):
        url = httpx.URL(till._url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"POST /till/sales HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert b"408" in await reader.readline()
        writer.close()


def changed(**changes: object) -> bytes:
    message = json.loads(sale_body(SaleCompleted("R-1", "till-1", "CNY", 258, (MILK,), SOLD_AT)))
    message.update(changes)
    return json.dumps({key: value for key, value in message.items() if value != "GONE"}).encode()


LINE = {"sku": "a", "name": "b", "quantity": 2, "unit_minor": 129}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 50_000, "body"),
        (b'{"sale_id":' + b"9" * 5_000 + b"}", "body"),
        (changed(total_minor=257), "body"),
        (changed(total_minor=1e300), "total_minor"),
        (changed(total_minor=10**40, lines=[]), "total_minor"),
        (changed(total_minor="258"), "total_minor"),
        (changed(total_minor=True), "total_minor"),
        (changed(till="GONE"), "till"),
        (changed(colour="red"), "colour"),
        (changed(sale_id=""), "sale_id"),
        (changed(sale_id="R\u00001"), "sale_id"),
        (changed(sale_id=" R-1"), "sale_id"),
        (changed(sale_id="x" * 81), "sale_id"),
        (changed(sale_id="\ud800"), "body"),
        (changed(currency="cny"), "currency"),
        (changed(sold_at="2026-02-30T10:00:00Z"), "sold_at"),
        (changed(sold_at="2026-02-20T10:00:00"), "sold_at"),
        (changed(sold_at="0001-01-01T00:00:00+14:00"), "sold_at"),
        (changed(sold_at="٢٠٢٦-٠٢-٢٠T١٠:٠٠:٠٠Z"), "sold_at"),
        (changed(sold_at=1_767_225_600), "sold_at"),
        (changed(card_uid="xyz"), "card_uid"),
        (changed(card_uid="04"), "card_uid"),
        (changed(refund_of="R-0"), "body"),
        (changed(refund_of="R-1", lines=[{**LINE, "quantity": -2}], total_minor=-258), "body"),
        (changed(lines=[{**LINE, "quantity": 2.5}]), "lines.0.quantity"),
        (changed(lines=[LINE, {**LINE, "sku": "x" * 100}]), "lines.1.sku"),
        (changed(lines=[LINE] * 2_001), "lines"),
    ],
)
async def test_what_is_no_sale_is_refused_with_place_problem_and_remedy(
    tmp_path: Path, body: bytes, place: str
) -> None:
    async with running(tmp_path) as (gateway, till):
        answer = await till.post(body)
        assert answer.status_code == 422
        problems = answer.body["problems"]
        assert place in [problem["place"] for problem in problems]
        assert all(problem["problem"] and problem["remedy"] for problem in problems)
        assert gateway.recorded == {}


async def test_a_total_that_is_wrong_says_the_difference(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, till):
        answer = await till.post(changed(total_minor=250))
        assert "a difference of -8" in answer.body["problems"][0]["problem"]


async def test_a_message_wrong_everywhere_names_at_most_twenty_places(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, till):
        answer = await till.post(changed(lines=[{}] * 1_000))
        assert len(answer.body["problems"]) == 20


async def test_other_paths_and_methods_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, till), httpx.AsyncClient(trust_env=False) as client:
        for answer, status in (
            (await client.get(till._url), 405),
            (await client.post(till._url + "/x"), 404),
        ):
            assert answer.status_code == status
            assert "POST" in answer.json()["problems"][0]["remedy"]


async def test_a_port_in_use_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    async with opened(tmp_path) as (feed, _):
        port = int(feed.url.split(":")[2].split("/")[0])
        settings = TillFeedSettings(secret_file=tmp_path / "till.secret", port=port)
        with pytest.raises(DeviceFault, match=f"127.0.0.1:{port}") as fault:
            await TillFeed(settings).__aenter__()
        assert "free port" in fault.value.remedy


async def test_the_port_is_free_again_after_closing(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = free_port()
    for _ in range(2):
        async with opened(tmp_path, port=port):
            pass


@pytest.mark.parametrize("content", [None, b"", b"short"])
async def test_a_missing_or_short_secret_is_a_fault_naming_the_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceFault, match=str(path)):
        await TillFeed(DRIVER.configure({"secret_file": str(path)})).__aenter__()


def test_the_signature_is_the_documented_hmac() -> None:
    digest = hmac.new(SECRET, b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert sign(b'{"a":1}', SECRET, at_s=1_700_000_000) == f"t=1700000000,v1={digest}"
    assert is_signed(f"t=1700000000,v1={digest}", b'{"a":1}', SECRET)
    assert not is_signed(f"t=1700000001,v1={digest}", b'{"a":1}', SECRET)
    assert not is_signed(f"t=1700000000,v1={digest}", b'{"a":1}', SECRET + b"x")
    assert not is_signed(None, b"", SECRET)


async def test_an_answer_does_not_wait_for_the_tills_acknowledgement(tmp_path: Path) -> None:
    async with opened(tmp_path, answer_timeout_s=0.05) as (feed, till):
        await till.sell("R-1", [MILK], currency="CNY", sold_at=SOLD_AT)
        assert feed._server is not None
        (listener,) = feed._server.servers[0].sockets
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.tuples(st.sampled_from(sorted(SaleMessage.model_fields)), JSON).map(lambda pair: changed(**{pair[0]: pair[1]}))
)
def test_whatever_is_posted_is_a_sale_or_refused_with_remedies(body: bytes) -> None:
    try:
        sale = parse_sale(body)
    except MessageRejected as rejected:
        assert rejected.problems
        assert all(problem.place and problem.problem and problem.remedy for problem in rejected.problems)
    else:
        assert sale.total_minor == sum(line.quantity * line.unit_minor for line in sale.lines)
