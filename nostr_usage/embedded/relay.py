"""The server: accepts connections, gives each a client, and hands new events to all of them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from nostr_usage.clock import Clock, SystemClock
from nostr_usage.embedded.authentication import Authentication
from nostr_usage.embedded.client import Client, RelayParts
from nostr_usage.embedded.event_reader import EventReader
from nostr_usage.embedded.event_store import EventStore
from nostr_usage.embedded.information import information_document
from nostr_usage.embedded.policy import RelayAccess, RelayLimits
from nostr_usage.embedded.publisher import Publisher
from nostr_usage.embedded.subscription import LiveEvent

_INFORMATION = "application/nostr+json"
_CLOSE_TIMEOUT_S = 2.0
# What may wait in the socket's buffer before answers wait too.
_WRITE_BYTES_HIGH = 256 * 1024

_logger = logging.getLogger("nostr_usage.embedded")
# A library says nothing unless it is asked to.
_logger.addHandler(logging.NullHandler())


class EmbeddedRelay:
    """A small strict relay, on loopback unless told otherwise: `async with EmbeddedRelay(path) as relay`.

    What it answers with OK true has reached the disk. Events that it holds can be read at once, by anyone
    whom `access` allows.

    Args:
        path: its database, made if it is missing and used by one relay at a time; None is a temporary one
            that ends with the relay.
        host: the address to listen on.
        port: 0 is any free one.
        limits: what it accepts.
        access: who may read and write.
        clock: tells how old an event is.
        entropy: gives that many unpredictable bytes, for challenges.
        public_urls: further URLs under which clients reach it; NIP-42 answers must name one.

    Raises:
        HomeError: on entering, if the database cannot be used.
        OSError: on entering, if the address cannot be listened on.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: RelayLimits | None = None,
        access: RelayAccess | None = None,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
        public_urls: Sequence[str] = (),
    ) -> None:
        self._path = path
        self._host = host
        self._port = port
        self._limits = limits or RelayLimits()
        self._access = access or RelayAccess()
        self._clock = clock or SystemClock()
        self._entropy = entropy
        self._public_urls = tuple(public_urls)
        self._clients: set[Client] = set()
        self._closing: list[Callable[[], None]] = []
        self._url = ""
        self._server: Server | None = None
        self._parts: RelayParts | None = None
        self._publishing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where clients connect, as ws://host:port/; once entered."""
        assert self._url, "the relay was not entered"
        return self._url

    async def __aenter__(self) -> Self:
        try:
            self._open()
            self._server = await self._listen()
            port = next(iter(self._server.sockets)).getsockname()[1]
            host = f"[{self._host}]" if ":" in self._host else self._host
            self._url = f"ws://{host}:{port}/"
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None, "the relay was not entered"
        self._server.close()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._server.wait_closed()
        except TimeoutError:
            # Clients that do not read would keep their farewell waiting.
            for client in self._clients:
                client.abort()
            await self._server.wait_closed()
        await self._close()

    async def serve_forever(self) -> None:
        """Serve until cancelled; once entered."""
        assert self._server is not None, "the relay was not entered"
        await self._server.serve_forever()

    def _open(self) -> None:
        path = self._path
        if path is None:
            directory = TemporaryDirectory(prefix="nostr-usage-relay-")
            self._closing.append(directory.cleanup)
            path = Path(directory.name) / "relay.db"
        store = EventStore(path, durable=self._path is not None)
        self._closing.append(store.close)
        reader = EventReader(path, limits=self._limits)
        self._closing.append(reader.close)
        reading_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="relay-read")
        self._closing.append(reading_thread.shutdown)
        publisher = Publisher(store, self._announce)
        self._publishing = asyncio.create_task(publisher.run())
        self._parts = RelayParts(
            limits=self._limits,
            access=self._access,
            clock=self._clock,
            publisher=publisher,
            reader=reader,
            reading_thread=reading_thread,
        )

    async def _listen(self) -> Server:
        return await serve(
            self._serve_client,
            self._host,
            self._port,
            compression=None,  # `Outgoing` writes frames itself; on a local link it would cost, not save
            process_request=self._answer_http,
            max_size=self._limits.message_bytes_max,
            write_limit=_WRITE_BYTES_HIGH,
            close_timeout=_CLOSE_TIMEOUT_S,
            server_header=None,
            logger=_logger,
        )

    async def _close(self) -> None:
        if self._parts is not None and self._publishing is not None:
            self._parts.publisher.finish()
            await self._publishing
        while self._closing:
            self._closing.pop()()

    async def _serve_client(self, websocket: ServerConnection) -> None:
        assert self._parts is not None
        authentication = Authentication(urls=(self.url, *self._public_urls), entropy=self._entropy)
        client = Client(websocket, parts=self._parts, authentication=authentication)
        self._clients.add(client)
        try:
            await client.run()
        finally:
            self._clients.discard(client)

    def _announce(self, news: Sequence[LiveEvent]) -> None:
        for client in tuple(self._clients):
            client.take(news)

    def _answer_http(self, websocket: ServerConnection, request: Request) -> Response | None:
        """NIP-11, or a refusal; None where a client wants a websocket."""
        if _INFORMATION in request.headers.get("Accept", "") and "Upgrade" not in request.headers:
            response = websocket.respond(HTTPStatus.OK, "")
            response.body = information_document(limits=self._limits, access=self._access)
            del response.headers["Content-Type"]
            del response.headers["Content-Length"]
            response.headers["Content-Type"] = _INFORMATION
            response.headers["Content-Length"] = str(len(response.body))
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response
        if len(self._clients) >= self._limits.connections_max:
            return websocket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
        return None
