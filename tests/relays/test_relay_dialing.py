"""Reaching a relay: where a URL may lead, and what answers there."""

from __future__ import annotations

import asyncio

import pytest

from nostr_usage.errors import RelayError, RelayTimeoutError, RelayUrlError
from nostr_usage.relays.policy import ConnectionPolicy
from tests.connections import connection
from tests.http_server import http_server


async def test_nobody_listening_is_an_error() -> None:
    """A closed port raises at once, naming the relay."""
    with pytest.raises(RelayError, match=r"^ws://127\.0\.0\.1:1/: cannot connect"):
        async with connection("ws://127.0.0.1:1"):
            pass


async def test_something_else_than_a_relay_is_an_error() -> None:
    """A port that answers with a redirect is not followed."""

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n")

    async with http_server(redirect) as url:
        with pytest.raises(RelayError, match="301"):
            async with connection(url):
                pass


async def test_a_relay_that_does_not_shake_hands_has_a_deadline() -> None:
    """A port that accepts and says nothing is given up, and its socket closed."""

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    policy = ConnectionPolicy(allow_local=True, connect_timeout_s=0.05)
    async with http_server(wait) as url:
        with pytest.raises(RelayTimeoutError):
            async with connection(url, policy=policy):
                pass


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "ws://localhost:9", "ws://[::1]:9", "ws://10.0.0.1:9"])
async def test_local_addresses_need_permission(url: str) -> None:
    """A URL that somebody else wrote does not lead into this network, by address or by name."""
    with pytest.raises(RelayError, match="this machine or network"):
        async with connection(url, policy=ConnectionPolicy()):
            pass


async def test_a_proxy_does_not_lift_that_rule() -> None:
    """An address is checked even where a proxy would connect."""
    policy = ConnectionPolicy(proxy="http://127.0.0.1:1")
    with pytest.raises(RelayError, match="this machine or network"):
        async with connection("ws://127.0.0.1:9", policy=policy):
            pass
    with pytest.raises(RelayError, match="no websocket"):
        async with connection("ws://relay.invalid", policy=policy):
            pass


async def test_a_name_that_does_not_resolve_is_an_error() -> None:
    """The message names the host."""
    with pytest.raises(RelayError, match=r"relay\.invalid"):
        async with connection("ws://relay.invalid"):
            pass


def test_what_is_no_url_is_refused_at_once() -> None:
    """Before anything is connected."""
    with pytest.raises(RelayUrlError):
        connection("https://relay.example")
