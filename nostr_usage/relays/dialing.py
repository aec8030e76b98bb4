"""Reaching a relay: resolve its name, refuse addresses of this network unless they are allowed, connect.

The socket goes to an address that was checked, so a name that resolves differently a moment later leads
nowhere else. Redirects are not followed, for the same reason.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from functools import cache

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from nostr_usage.errors import RelayError, RelayTimeoutError
from nostr_usage.nostr.reason import printable
from nostr_usage.relays.policy import MESSAGE_BYTES_MAX, ConnectionPolicy
from nostr_usage.relays.urls import host_and_port, is_local_address

ADDRESSES_MAX = 4
CLOSE_TIMEOUT_S = 2.0
"""For a farewell as a whole; the websocket's own closing handshake gets half of it."""

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


async def open_websocket(url: str, policy: ConnectionPolicy) -> ClientConnection:
    """A websocket to the relay at a normalised URL.

    Raises:
        RelayError: if there is no way to it, or it answers with something else.
        RelayTimeoutError: if that takes longer than `policy.connect_timeout_s`.
    """
    try:
        async with asyncio.timeout(policy.connect_timeout_s):
            connected = None if policy.proxy else await open_socket(url, policy)
            if connected is None:
                _check_literal_address(url, policy)
            return await _Connect(
                url,
                sock=connected,
                proxy=policy.proxy,
                compression=None if _is_loopback(url) else "deflate",
                max_size=MESSAGE_BYTES_MAX,
                open_timeout=None,
                close_timeout=CLOSE_TIMEOUT_S / 2,
                user_agent_header="nostr-usage",
                ssl=tls_context() if is_secure(url) else None,
            )
    except TimeoutError:
        raise RelayTimeoutError(url, f"no connection within {policy.connect_timeout_s:g} s") from None
    except InvalidStatus as error:
        status = error.response.status_code
        raise RelayError(url, f"it answers with HTTP status {status} instead of a websocket") from error
    except (OSError, EOFError, ValueError, WebSocketException) as error:
        raise RelayError(url, f"no websocket: {printable(str(error)) or type(error).__name__}") from error


async def open_socket(url: str, policy: ConnectionPolicy) -> socket.socket:
    """A socket connected to the host of a normalised URL, before TLS; the caller sets the deadline.

    Raises:
        RelayError: if the name does not resolve, leads to a local address that is not allowed, or nobody
            listens there.
    """
    return await _connect_to_any(url, await _addresses(url, policy))


@cache
def tls_context() -> ssl.SSLContext:
    """The context of every TLS connection: loading the authorities takes tens of milliseconds."""
    return ssl.create_default_context()


def is_secure(url: str) -> bool:
    """Whether a normalised URL asks for TLS."""
    return url.startswith("wss:")


class _Connect(connect):
    """`connect` that does not follow redirects: they could lead anywhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def _addresses(url: str, policy: ConnectionPolicy) -> list[Address]:
    host, port = host_and_port(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RelayError(url, f"cannot resolve {host}: {error}", advice="Check the name.") from error
    if not policy.may_be_local(url) and any(is_local_address(str(address[0])) for *_, address in found):
        raise _local_error(url)
    return [(family, address) for family, _, _, _, address in found[:ADDRESSES_MAX]]


async def _connect_to_any(url: str, addresses: list[Address]) -> socket.socket:
    """The first address that answers; the others are not tried."""
    reason = "its name has no address"
    for family, address in addresses:
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            connected.setblocking(False)  # noqa: FBT003 (the socket module has no other name for it)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(connected, address)
        except OSError as error:
            connected.close()
            reason = error.strerror or str(error)
        except BaseException:
            connected.close()
            raise
        else:
            return connected
    raise RelayError(url, f"cannot connect: {reason}", advice="Check that the relay is running.")


def _check_literal_address(url: str, policy: ConnectionPolicy) -> None:
    """A proxy resolves names itself; an address in the URL can be checked here."""
    try:
        is_local = is_local_address(host_and_port(url)[0])
    except ValueError:
        return
    if is_local and not policy.may_be_local(url):
        raise _local_error(url)


def _is_loopback(url: str) -> bool:
    host = host_and_port(url)[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _local_error(url: str) -> RelayError:
    return RelayError(
        url,
        f"{host_and_port(url)[0]} is in this machine or network",
        advice="If that is meant, repeat the command with --allow-local.",
    )
