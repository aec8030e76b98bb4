"""What a relay says over HTTP: its document, and its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import RelayError, RelayTimeoutError, RelayUrlError
from nostr_usage.relays.information import (
    DOCUMENT_BYTES_MAX,
    HEADER_BYTES_MAX,
    clock_difference_s,
    fetch_information,
)
from nostr_usage.relays.policy import ConnectionPolicy
from tests.http_server import http_server
from tests.scripted_relay import ScriptedRelay

LOCAL = ConnectionPolicy(allow_local=True, connect_timeout_s=5)
# The moment in the Date header below.
AT = 1_784_894_400
DATE = b"Date: Fri, 24 Jul 2026 12:00:00 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\n"

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(data: bytes) -> Answer:
    """A server that reads a request and writes `data`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert b"Accept: application/nostr+json\r\n" in request
        writer.write(data)

    return answer


async def test_a_relay_describes_itself(scripted_relay: ScriptedRelay) -> None:
    """The document comes from the URL of the websocket."""
    scripted_relay.information = b'{"name":"honest","limitation":{"max_limit":500}}'
    information = await fetch_information(scripted_relay.url, policy=LOCAL)
    assert ("honest", 500) == (information.name, information.limitation.limit_max)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b'Content-Length: 14\r\n\r\n{"name":"abc"}',
        OK + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"nam\r\n9;x=1\r\ne":"abc"}\r\n0\r\n\r\n',
        OK + b'\r\n{"name":"abc"}',
    ],
    ids=["length", "chunks", "to the end"],
)
async def test_every_way_to_send_a_body_is_read(answer: bytes) -> None:
    """HTTP/1.1 knows three."""
    async with http_server(answering(answer)) as url:
        assert "abc" == (await fetch_information(url, policy=LOCAL)).name


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"\r\n\r\n",
        OK,
        OK + b"x" * (HEADER_BYTES_MAX + 1) + b"\r\n\r\n",
        OK + b"\r\nnot json",
        OK + b"\r\n[]",
        OK + b"Content-Length: 10\r\n\r\nshort",
        OK + b"Content-Length: many\r\n\r\n{}",
        OK + b"Content-Length: -1\r\n\r\n{}",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"x" * 65_535 + b"\r\nff\r\n" + b"x" * 255,
        OK + b"\r\n" + b'{"name":"' + b"x" * DOCUMENT_BYTES_MAX + b'"}',
    ],
    ids=range(15),
)
async def test_what_is_no_document_is_an_error(answer: bytes) -> None:
    """Errors, redirects, other protocols, broken and endless bodies."""
    async with http_server(answering(answer)) as url:
        with pytest.raises(RelayError):
            await fetch_information(url, policy=LOCAL)


async def test_an_http_server_that_says_nothing_has_a_deadline() -> None:
    """Silence is given up."""

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            pass

    policy = ConnectionPolicy(allow_local=True, connect_timeout_s=0.05)
    async with http_server(wait) as url:
        with pytest.raises(RelayTimeoutError):
            await fetch_information(url, policy=policy)
        assert await clock_difference_s(url, policy=policy, clock=ManualClock(AT)) is None


@pytest.mark.parametrize(("ours", "difference"), [(AT, 0), (AT - 90, 90), (AT + 3_600, -3_600)])
async def test_the_relays_clock_is_compared_with_ours(ours: int, difference: int) -> None:
    """Positive where the relay is ahead; an error page tells the time as well."""
    async with http_server(answering(b"HTTP/1.1 404 Not Found\r\n" + DATE + b"\r\n")) as url:
        assert difference == await clock_difference_s(url, policy=LOCAL, clock=ManualClock(ours))


@pytest.mark.parametrize("date", [b"", b"Date: soon\r\n", b"Date: Fri, 99 Jul 2026 12:00:00 GMT\r\n"])
async def test_without_a_date_nothing_is_known(date: bytes) -> None:
    """A missing or malformed Date is None, not zero."""
    async with http_server(answering(OK + date + b"\r\n{}")) as url:
        assert await clock_difference_s(url, policy=LOCAL, clock=ManualClock(AT)) is None


async def test_http_obeys_the_policy() -> None:
    """No local address without permission, no way around a proxy, no URL that is none."""
    with pytest.raises(RelayError, match="this machine or network"):
        await fetch_information("ws://127.0.0.1:1", policy=ConnectionPolicy())
    with pytest.raises(RelayError, match="proxy"):
        await fetch_information(
            "ws://127.0.0.1:1", policy=ConnectionPolicy(allow_local=True, proxy="http://127.0.0.1:1")
        )
    with pytest.raises(RelayUrlError):
        await fetch_information("http://127.0.0.1:1", policy=LOCAL)
    assert (
        await clock_difference_s("ws://127.0.0.1:1", policy=ConnectionPolicy(), clock=ManualClock(AT)) is None
    )
