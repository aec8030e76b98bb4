"""Reaching a relay: where a URL may lead, and what answers there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from nostr_usage.errors import RelayError, RelayTimeoutError, RelayUrlError
from nostr_usage.relays.dialing import open_socket
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.wiring import connection_policy
from tests.connections import ALL, connection
from tests.http_server import http_server
from tests.scripted_relay import ScriptedRelay

HERE = "ws://127.0.0.1:7447/"
PUBLIC_NAME = "wss://relay.example/"
PUBLIC = "93.184.215.14"
PRIVATE = "192.168.1.1"


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


PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")


async def test_no_proxy_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, scripted_relay: ScriptedRelay
) -> None:
    """Whatever the environment says, the way is direct; control: the same proxy, asked for, is in between."""
    for name in PROXY_VARIABLES:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with connection(scripted_relay) as relay:
        assert () == await relay.fetch(ALL)
    policy = ConnectionPolicy(allow_local=True, proxy="http://127.0.0.1:1")
    with pytest.raises(RelayError, match="no websocket"):
        async with connection(scripted_relay, policy=policy):
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


class _Network:
    """Answers of a resolver, one after the other, and the addresses that somebody connects to; in vain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self._answers = iter(answers)
        self.connected: list[str] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self._resolve)
        monkeypatch.setattr(loop, "sock_connect", self._connect)

    async def _resolve(
        self, host: str, port: int, **_named: object
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
        """What a literal address is, or the next answer for any name."""
        address = host if host[0].isdigit() else next(self._answers)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def _connect(self, _socket: socket.socket, address: tuple[str, int]) -> None:
        self.connected.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")


async def test_a_local_relay_in_the_set_opens_the_way_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a relay on this machine, a public name that leads into this network is refused."""
    network = _Network(monkeypatch, PRIVATE)
    policy = connection_policy((HERE, PUBLIC_NAME))
    with pytest.raises(RelayError, match="this machine or network"):
        await open_socket(PUBLIC_NAME, policy)
    assert [] == network.connected
    with pytest.raises(RelayError, match="cannot connect"):
        await open_socket(HERE, policy)
    assert ["127.0.0.1"] == network.connected


@pytest.mark.parametrize(
    "policy",
    [connection_policy((HERE, PUBLIC_NAME), allow_local=True), ConnectionPolicy(allow_local=True)],
    ids=["asked for", "one permission for all relays of a set"],
)
async def test_that_is_noticed_where_all_are_allowed(
    monkeypatch: pytest.MonkeyPatch, policy: ConnectionPolicy
) -> None:
    """Control: with permission, or with one permission for a whole set, the address is connected to."""
    network = _Network(monkeypatch, PRIVATE)
    with pytest.raises(RelayError, match="cannot connect"):
        await open_socket(PUBLIC_NAME, policy)
    assert [PRIVATE] == network.connected


async def _open_by_name(url: str, _policy: ConnectionPolicy) -> object:
    """A control: check the name, and have it resolved once more to connect."""
    loop = asyncio.get_running_loop()
    await loop.getaddrinfo("relay.example", 443, type=socket.SOCK_STREAM)
    (*_, address), *_ = await loop.getaddrinfo("relay.example", 443, type=socket.SOCK_STREAM)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connected:
        connected.setblocking(False)  # noqa: FBT003 (the socket module has no other name for it)
        try:
            await loop.sock_connect(connected, address)
        except OSError as error:
            raise RelayError(url, "cannot connect") from error


@pytest.mark.parametrize(
    ("dial", "connected"),
    [(open_socket, PUBLIC), (_open_by_name, PRIVATE)],
    ids=["ours", "a control that resolves twice"],
)
async def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
    dial: Callable[[str, ConnectionPolicy], Awaitable[object]],
    connected: str,
) -> None:
    """A name that is public when it is checked and private a moment later leads nowhere else."""
    network = _Network(monkeypatch, PUBLIC, PRIVATE)
    with pytest.raises(RelayError, match="cannot connect"):
        await dial(PUBLIC_NAME, connection_policy((PUBLIC_NAME,)))
    assert [connected] == network.connected


async def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name with several addresses leads nowhere if one of them is of this network."""

    async def resolve(_host: str, port: int, **_named: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in (PUBLIC, PRIVATE)]

    network = _Network(monkeypatch)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(RelayError, match="this machine or network"):
        await open_socket(PUBLIC_NAME, ConnectionPolicy())
    assert [] == network.connected
