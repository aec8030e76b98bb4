"""What a relay says over HTTP: its information document (NIP-11), and the time on its clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, parse_headers
from io import BytesIO
from urllib.parse import urlsplit

from nostr_usage.clock import Clock
from nostr_usage.errors import NostrError, RelayError, RelayTimeoutError
from nostr_usage.nostr.information import RelayInformation, information_from_json
from nostr_usage.relays.dialing import is_secure, open_socket, tls_context
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.urls import host_and_port, normalise_relay_url

HEADER_BYTES_MAX = 16 * 1024
DOCUMENT_BYTES_MAX = 64 * 1024


async def fetch_information(url: str, *, policy: ConnectionPolicy) -> RelayInformation:
    """The relay's information document: hints, never promises. Redirects are not followed.

    Raises:
        RelayUrlError: if `url` is none.
        RelayError: if the relay has no such document, or cannot be reached.
    """
    response = await _get(normalise_relay_url(url), policy)
    if response.status != 200:
        raise RelayError(url, f"no information document (HTTP status {response.status})")
    try:
        return information_from_json(response.body)
    except NostrError as error:
        raise RelayError(url, str(error)) from error


async def clock_difference_s(url: str, *, policy: ConnectionPolicy, clock: Clock) -> int | None:
    """How far the relay's clock is ahead of ours, seconds; None if it does not tell or cannot be reached.

    Relays refuse events from the future, so an operator whose clock is wrong publishes nothing.
    """
    try:
        response = await _get(normalise_relay_url(url), policy)
        return int(parsedate_to_datetime(response.date).timestamp()) - clock.now()
    except (RelayError, ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Response:
    status: int
    date: str
    body: bytes


async def _get(url: str, policy: ConnectionPolicy) -> _Response:
    if policy.proxy is not None:
        raise RelayError(url, "HTTP is not asked for through a proxy")
    try:
        async with asyncio.timeout(policy.connect_timeout_s):
            reader, writer = await asyncio.open_connection(
                sock=await open_socket(url, policy),
                limit=HEADER_BYTES_MAX,
                ssl=tls_context() if is_secure(url) else None,
                server_hostname=host_and_port(url)[0] if is_secure(url) else None,
            )
            try:
                writer.write(_request(url))
                await writer.drain()
                return await _read_response(reader)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise RelayTimeoutError(url, f"no HTTP answer within {policy.connect_timeout_s:g} s") from None
    except (OSError, EOFError, ValueError, HTTPException, asyncio.LimitOverrunError) as error:
        raise RelayError(url, f"no HTTP answer: {error or type(error).__name__}") from error


def _request(url: str) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return (
        f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/nostr+json\r\n"
        "Accept-Encoding: identity\r\nUser-Agent: nostr-usage\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


async def _read_response(reader: asyncio.StreamReader) -> _Response:
    """One answer, cut off at `DOCUMENT_BYTES_MAX`, which leaves a document that does not parse."""
    status_line, _, lines = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
    version, status, *_ = status_line.decode("latin-1").split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"{version[:20]!r} is no version of HTTP/1")
    headers = parse_headers(BytesIO(lines))
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    elif "Content-Length" in headers:
        body = await reader.readexactly(min(int(headers["Content-Length"]), DOCUMENT_BYTES_MAX))
    else:
        body = await _read_to_end(reader)
    return _Response(status=int(status), date=headers.get("Date", ""), body=body)


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < DOCUMENT_BYTES_MAX and (part := await reader.read(DOCUMENT_BYTES_MAX - len(body))):
        body += part
    return bytes(body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < DOCUMENT_BYTES_MAX:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if size <= 0:
            break
        body += await reader.readexactly(min(size, DOCUMENT_BYTES_MAX - len(body)))
        if len(body) < DOCUMENT_BYTES_MAX:
            await reader.readexactly(2)
    return bytes(body)
