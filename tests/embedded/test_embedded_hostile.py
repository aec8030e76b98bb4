"""Clients that break the rules: each is answered or cut off, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayLimits
from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.signer import Signer
from tests.raw_client import PATIENCE_S, connected
from tests.signed_events import NOW, signed

MALFORMED: list[dict[str, object]] = [
    {"kind": 1.0},
    {"kind": True},
    {"kind": 70_000},
    {"created_at": float(NOW)},
    {"created_at": -1},
    {"tags": [[]]},
    {"tags": [["t", None]]},
    {"tags": "x"},
    {"content": None},
    {"sig": "0"},
    {"sig": "0" * 130},
    {"pubkey": "0" * 63},
]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "invalid: message is not valid JSON"),
        ("nonsense", "invalid: message is not valid JSON"),
        ("{}", "invalid: message is not an array with a verb"),
        ("[]", "invalid: message is not an array with a verb"),
        ("[1]", "invalid: message does not start with a verb"),
        ('["FOO"]', "invalid: unknown message 'FOO'"),
        ('["' + "F" * 1_000 + '"]', f"invalid: unknown message '{'F' * 40}'"),
        ('["EVENT"]', "invalid: EVENT with 1 items"),
        ('["EVENT",{}]', "invalid: pubkey is not 64 lowercase hex digits"),
        ('["EVENT",null]', "invalid: event is not an object"),
        ('["EVENT",{"id":"xyz"}]', "invalid: pubkey is not 64 lowercase hex digits"),
        ('["REQ","s"]', "invalid: REQ with 2 items"),
        ('["REQ","",{}]', "invalid: subscription id is not a string of 1 to 64 characters"),
        ('["REQ","' + "s" * 65 + '",{}]', "invalid: subscription id is not a string of 1 to 64 characters"),
        ('["REQ",7,{}]', "invalid: subscription id is not a string of 1 to 64 characters"),
        ('["CLOSE"]', "invalid: CLOSE with 1 items"),
        ('["REQ","s",NaN]', "invalid: message is not valid JSON"),
        ('["REQ","s",{"since":Infinity}]', "invalid: message is not valid JSON"),
        ("[" * 60_000 + "]" * 60_000, "invalid: message is not valid JSON"),
        ('["REQ","s",' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "]", "invalid: message is not valid JSON"),
        ('["REQ","s",{"kinds":["\ud800"]}]'.encode("utf-8", "replace"), "invalid: messages are text frames"),
        (b"\x00\xff", "invalid: messages are text frames"),
    ],
)
async def test_messages_that_are_none_get_a_notice(
    embedded_relay: EmbeddedRelay, text: str | bytes, answer: str
) -> None:
    """The connection goes on; what is wrong is said."""
    async with connected(embedded_relay.url) as client:
        await client.send_text(text)
        assert ["NOTICE", answer] == await client.receive()
        assert await client.is_quiet()


async def test_escaped_surrogates_are_no_json(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """A lone surrogate has no UTF-8, so no id."""
    fields = json.dumps(event_to_object(signed(signer))).replace('"content": ""', '"content": "\\ud800"')
    async with connected(embedded_relay.url) as client:
        await client.send_text(f'["EVENT",{fields}]')
        assert ["NOTICE", "invalid: message is not valid JSON"] == await client.receive()


@pytest.mark.parametrize("change", MALFORMED, ids=str)
async def test_malformed_events_are_invalid(
    embedded_relay: EmbeddedRelay, signer: Signer, change: dict[str, object]
) -> None:
    """Every field has its type; the answer names the id that was sent."""
    fields = event_to_object(signed(signer)) | change
    async with connected(embedded_relay.url) as client:
        answer = await client.ask("EVENT", fields)
    assert ["OK", fields["id"], False] == answer[:3]
    assert answer[3].startswith("invalid: ")


async def close_code_after(url: str, message: str | Iterable[str]) -> int | None:
    """The code with which the relay ends a connection on which it was sent `message`, whole or in pieces."""
    async with connect(url, compression=None, proxy=None) as websocket:
        with suppress(ConnectionClosed):
            await websocket.send(message)
            async with asyncio.timeout(PATIENCE_S):
                await websocket.recv()
        return websocket.close_code


async def test_a_message_that_is_too_large_ends_the_connection(embedded_relay: EmbeddedRelay) -> None:
    """Code 1009 for that client, whether it sends one frame or many; others go on."""
    async with connected(embedded_relay.url) as other:
        assert 1009 == await close_code_after(embedded_relay.url, '["' + "x" * 131_072 + '"]')
        assert 1009 == await close_code_after(embedded_relay.url, ["x" * 1_000] * 200)
        assert await other.is_quiet()


async def test_bytes_that_are_no_websocket_are_hung_up_on(embedded_relay: EmbeddedRelay) -> None:
    """Noise in place of HTTP, and a client that leaves amid the handshake."""
    host, port = "127.0.0.1", int(embedded_relay.url.rstrip("/").rpartition(":")[2])
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00" * 100, b"GET / HTTP/1.1\r\nHost"):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(noise)
        writer.close()
        await writer.wait_closed()
    async with connected(embedded_relay.url) as client:
        assert await client.is_quiet()


async def test_a_flood_of_requests_is_answered_in_order(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """A thousand requests on one connection while another is served."""
    async with connected(embedded_relay.url) as flood, connected(embedded_relay.url) as other:
        await other.publish(signed(signer))
        for number in range(1_000):
            await flood.send("REQ", f"s{number % 150}", {"kinds": [1]})
        assert 1 == len(await other.query({"kinds": [1]}))
        ends = 0
        while ends < 1_000:
            ends += (await flood.receive())[0] == "EOSE"


async def stuck_socket(url: str, *messages: str) -> socket.socket:
    """A websocket client that sends messages and never reads: a bare socket with small buffers."""
    host, port = "127.0.0.1", int(url.rstrip("/").rpartition(":")[2])
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.settimeout(0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    await loop.sock_connect(client, (host, port))
    lines = (
        "GET / HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    )
    await loop.sock_sendall(client, "\r\n".join(lines).encode())
    assert (await loop.sock_recv(client, 1_000)).startswith(b"HTTP/1.1 101")
    for message in messages:
        data = message.encode()
        assert len(data) < 126
        # A mask of zeros leaves the payload as it is.
        await loop.sock_sendall(client, bytes((0x81, 0x80 | len(data), 0, 0, 0, 0)) + data)
    return client


async def everything_from(client: socket.socket) -> bytes:
    """What the kernel still has for a client, up to the end of its connection."""
    received = b""
    with client, suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_S):
            while data := await asyncio.get_running_loop().sock_recv(client, 1_000_000):
                received += data
    return received


async def test_a_client_that_does_not_read_blocks_nobody(clock: ManualClock, signer: Signer) -> None:
    """It asks for far more than its buffers hold; others are served meanwhile, and so is their writing."""
    async with EmbeddedRelay(None, clock=clock) as relay, connected(relay.url) as client:
        for number in range(100):
            await client.publish(signed(signer, created_at=NOW - number, content="x" * 20_000))
        requests = [f'["REQ","{number}",{{"kinds":[1]}}]' for number in range(50)]
        stuck = await stuck_socket(relay.url, *requests)
        assert 100 == len(await client.query({"kinds": [1]}))
        assert (True, "") == await client.publish(signed(signer, content="late"))
        stuck.close()


async def test_a_subscriber_that_does_not_keep_up_is_cut_off(clock: ManualClock, signer: Signer) -> None:
    """Live events for it are bounded; the writer and another subscriber notice nothing."""
    limits = RelayLimits(unsent_bytes_max=100_000)
    async with (
        EmbeddedRelay(None, clock=clock, limits=limits) as relay,
        connected(relay.url) as writer,
        connected(relay.url) as reader,
    ):
        await reader.subscribe("s", {"kinds": [1]})
        stuck = await stuck_socket(relay.url, '["REQ","s",{"kinds":[1]}]', '["COUNT","c",{"kinds":[1]}]')
        # What its kernel buffers take comes on top of the bound.
        for number in range(400):
            await writer.publish(signed(signer, created_at=NOW - number, content="x" * 20_000))
            assert NOW - number == (await reader.receive())[2]["created_at"]
        assert len(await everything_from(stuck)) < 400 * 20_000


async def test_a_client_that_does_not_read_does_not_keep_the_relay_from_ending(
    clock: ManualClock, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a short wait it is cut off; whoever reads is told properly."""
    monkeypatch.setattr("nostr_usage.embedded.relay._CLOSE_TIMEOUT_S", 0.1)
    relay = EmbeddedRelay(None, clock=clock)
    await relay.__aenter__()
    async with connected(relay.url) as client:
        for number in range(100):
            await client.publish(signed(signer, created_at=NOW - number, content="x" * 20_000))
        stuck = await stuck_socket(relay.url, *(f'["REQ","{number}",{{}}]' for number in range(50)))
        assert 100 == len(await client.query({"kinds": [1]}))
        async with asyncio.timeout(PATIENCE_S / 2):
            await relay.__aexit__(None, None, None)
        with pytest.raises(ConnectionClosed):
            await client.receive()
        assert 1001 == client.websocket.close_code
        assert len(await everything_from(stuck)) < 50 * 100 * 20_000


async def test_a_client_that_leaves_amid_a_stream_is_forgotten(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """Its events are kept or not, but its connection is gone and the next client is served."""
    for _ in range(5):
        async with connected(embedded_relay.url) as client:
            for number in range(50):
                await client.send("EVENT", event_to_object(signed(signer, created_at=NOW - number)))
            client.websocket.transport.abort()
    async with connected(embedded_relay.url) as client:
        assert await client.is_quiet()
