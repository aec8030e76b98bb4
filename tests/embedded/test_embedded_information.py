"""NIP-11: what the embedded relay says of itself over HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import InvalidStatus

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayAccess, RelayLimits
from nostr_usage.nostr.information import information_from_json
from tests.raw_client import PATIENCE_S, connected


async def http_get(url: str, *headers: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of a plain GET."""
    host, port = url.removeprefix("ws://").rstrip("/").split(":")
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = ["GET / HTTP/1.1", f"Host: {host}:{port}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    status, *fields = head.decode().split("\r\n")
    return status, dict(field.split(": ", 1) for field in fields), body


async def test_the_document_describes_the_relay(clock: ManualClock) -> None:
    """Name, software and the limits that are set."""
    limits = RelayLimits(events_per_filter_max=77, subscriptions_max=3)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay:
        status, headers, body = await http_get(relay.url, "Accept: application/nostr+json")
    document = json.loads(body)
    assert status.startswith("HTTP/1.1 200")
    assert "application/nostr+json" == headers["Content-Type"]
    assert "*" == headers["Access-Control-Allow-Origin"]
    assert "nostr-usage" == document["software"]
    assert {1, 9, 11, 42, 45} <= set(document["supported_nips"])
    assert (77, 3) == (document["limitation"]["max_limit"], document["limitation"]["max_subscriptions"])
    assert document["limitation"]["auth_required"] is False
    assert document["limitation"]["restricted_writes"] is False


async def test_our_own_reader_understands_it(embedded_relay: EmbeddedRelay) -> None:
    """What the document says survives the parser that the relay client uses."""
    _, _, body = await http_get(embedded_relay.url, "Accept: application/nostr+json")
    information = information_from_json(body)
    assert 500 == information.limitation.limit_max
    assert (94_608_000, 900) == (
        information.limitation.created_at_age_max_s,
        information.limitation.created_at_ahead_max_s,
    )


async def test_access_shows_in_the_document(clock: ManualClock) -> None:
    """A relay that asks for keys says so beforehand."""
    access = RelayAccess(auth_to_read=True, auth_to_write=True, members=frozenset({"0" * 64}))
    async with EmbeddedRelay(None, clock=clock, access=access) as relay:
        _, _, body = await http_get(relay.url, "Accept: application/nostr+json")
    limitation = json.loads(body)["limitation"]
    assert (True, True) == (limitation["auth_required"], limitation["restricted_writes"])


async def test_other_http_requests_are_told_to_upgrade(embedded_relay: EmbeddedRelay) -> None:
    """A browser gets an answer, not a connection that hangs."""
    status, _, _ = await http_get(embedded_relay.url, "Accept: text/html")
    assert status.startswith("HTTP/1.1 426")


async def test_connections_are_bounded(clock: ManualClock) -> None:
    """One more than allowed is turned away, until one leaves."""
    limits = RelayLimits(connections_max=1)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        assert await client.is_quiet()
        with pytest.raises(InvalidStatus, match="503"):
            async with connected(relay.url):
                pass
        status, _, _ = await http_get(relay.url, "Accept: application/nostr+json")
        assert status.startswith("HTTP/1.1 200")
