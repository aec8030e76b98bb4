"""One client of the relay: its messages are handled one after the other, and what each means is answered.

A client that pipelines EVENTs is read on while they are stored. A client that does not read its answers is
not read either.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar, assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from nostr_usage.clock import Clock
from nostr_usage.embedded.authentication import Authentication
from nostr_usage.embedded.event_reader import EventReader, Page
from nostr_usage.embedded.outgoing import Outgoing, encode
from nostr_usage.embedded.policy import (
    RelayAccess,
    RelayLimits,
    event_refusal,
    filters_refusal,
    read_refusal,
    write_refusal,
)
from nostr_usage.embedded.publisher import Publisher, Submission
from nostr_usage.embedded.subscription import LiveEvent, Subscription
from nostr_usage.errors import EventError, FilterError, MessageError
from nostr_usage.nostr.event import Event, event_to_json, verify_event
from nostr_usage.nostr.message import (
    AuthMessage,
    ClientMessage,
    CloseMessage,
    CountMessage,
    EventMessage,
    MalformedClientMessage,
    NegClose,
    NegMessage,
    NegOpen,
    RelayAuth,
    RelayClosed,
    RelayCount,
    RelayEose,
    RelayNegError,
    RelayNotice,
    RelayOk,
    ReqMessage,
    SendableRelayMessage,
    parse_client_message,
)

# Other connections get their turn after so many messages, even if more have arrived.
_MESSAGES_A_TURN = 32
_Result = TypeVar("_Result")

_logger = logging.getLogger("nostr_usage.embedded")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayParts:
    """What all clients of one relay share."""

    limits: RelayLimits
    access: RelayAccess
    clock: Clock
    publisher: Publisher
    reader: EventReader
    reading_thread: Executor


class Client:
    """The relay's side of one connection."""

    def __init__(
        self, websocket: ServerConnection, *, parts: RelayParts, authentication: Authentication
    ) -> None:
        self._websocket = websocket
        self._outgoing = Outgoing(websocket)
        self._parts = parts
        self._authentication = authentication
        self._subscriptions: dict[str, Subscription] = {}
        self._unanswered = 0
        self._is_answered = asyncio.Event()

    async def run(self) -> None:
        """Serve the client until it goes."""
        try:
            if self._parts.access.asks_for_auth:
                await self._outgoing.send(encode(RelayAuth(challenge=self._authentication.challenge)))
            handled = 0
            while True:
                await self._handle(await self._websocket.recv())
                handled += 1
                if handled % _MESSAGES_A_TURN == 0:
                    await asyncio.sleep(0)
        except (ConnectionClosed, OSError):
            return

    def take(self, news: Sequence[LiveEvent]) -> None:
        """Pass on those of the new events that the client has subscribed to.

        A client that does not keep up is disconnected: whoever leaves events out must not seem to be sending
        them.
        """
        messages: list[bytes] = []
        held_bytes = 0
        for subscription in self._subscriptions.values():
            for new in news:
                messages += subscription.take(new)
            held_bytes += subscription.held_bytes
        if messages or held_bytes:
            unsent_bytes = self._outgoing.unsent_bytes + held_bytes + sum(map(len, messages))
            if unsent_bytes > self._parts.limits.unsent_bytes_max:
                self._outgoing.abort()
            else:
                self._outgoing.write(messages)

    def answer(self, messages: Sequence[bytes]) -> None:
        """Send the OKs of events that were submitted to the publisher."""
        self._unanswered -= len(messages)
        self._is_answered.set()
        self._outgoing.write(messages)

    def abort(self) -> None:
        """End the connection at once."""
        self._outgoing.abort()

    async def _handle(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            await self._outgoing.send(encode(RelayNotice(text="invalid: messages are text frames")))
            return
        try:
            message = parse_client_message(data, bytes_max=self._parts.limits.message_bytes_max)
        except MessageError as error:
            await self._outgoing.send(encode(RelayNotice(text=f"invalid: {error.message}")))
            return
        answer = await self._answer_to(message)
        if answer is not None:
            await self._outgoing.send(encode(answer))

    async def _answer_to(self, message: ClientMessage) -> SendableRelayMessage | None:
        match message:
            case EventMessage(event=event):
                return await self._publish(event)
            case ReqMessage():
                return await self._subscribe(message)
            case CountMessage():
                return await self._count(message)
            case CloseMessage(subscription_id=subscription_id):
                self._subscriptions.pop(subscription_id, None)
                return None
            case AuthMessage(event=event):
                return self._authenticate(event)
            case NegOpen(subscription_id=subscription_id) | NegMessage(subscription_id=subscription_id):
                return RelayNegError(subscription_id=subscription_id, text="unsupported: no reconciliation")
            case NegClose():
                return None
            case MalformedClientMessage():
                if message.verb == "REQ":
                    self._subscriptions.pop(message.about, None)
                return _answer_to_malformed(message)
            case _:
                assert_never(message)

    async def _publish(self, event: Event) -> RelayOk | None:
        """Submit an event; None if the publisher answers it."""
        limits, now = self._parts.limits, self._parts.clock.now()
        json = event_to_json(event)
        refusal = event_refusal(event, size_bytes=len(json), limits=limits, now=now) or write_refusal(
            event, access=self._parts.access, proved=self._authentication.proved
        )
        if refusal is not None:
            return RelayOk(event_id=event.id, accepted=False, text=refusal)
        try:
            verified = verify_event(event)
        except EventError as error:
            return RelayOk(event_id=event.id, accepted=False, text=f"invalid: {error.message}")
        await self._wait_for_answers(limits.unanswered_events_max - 1)
        self._unanswered += 1
        self._parts.publisher.submit(Submission(event=verified, json=json, sender=self))
        return None

    async def _subscribe(self, request: ReqMessage) -> RelayClosed | None:
        subscription_id = request.subscription_id
        self._subscriptions.pop(subscription_id, None)
        refusal = self._refusal(request)
        if refusal is None and len(self._subscriptions) >= self._parts.limits.subscriptions_max:
            refusal = f"rate-limited: {len(self._subscriptions)} subscriptions are open; close one"
        if refusal is not None:
            return RelayClosed(subscription_id=subscription_id, text=refusal)
        subscription = Subscription(subscription_id, request.filters)
        # From before the page is read, or an event that arrives meanwhile would be on neither.
        self._subscriptions[subscription_id] = subscription
        page = await self._read(lambda: self._parts.reader.page(request.filters))
        if not isinstance(page, Page):
            del self._subscriptions[subscription_id]
            return RelayClosed(subscription_id=subscription_id, text=page)
        eose = encode(RelayEose(subscription_id=subscription_id))
        # In one go: whatever is live from here on comes after what was held back.
        await self._outgoing.send(*subscription.messages(page.events), eose, *subscription.go_live(page))
        return None

    async def _count(self, request: CountMessage) -> RelayCount | RelayClosed:
        refusal = self._refusal(request)
        if refusal is None:
            counted = await self._read(lambda: self._parts.reader.count(request.filters))
            if isinstance(counted, int):
                return RelayCount(subscription_id=request.subscription_id, count=counted)
            refusal = counted
        return RelayClosed(subscription_id=request.subscription_id, text=refusal)

    def _authenticate(self, event: Event) -> RelayOk:
        if not self._parts.access.asks_for_auth:
            return RelayOk(event_id=event.id, accepted=False, text="invalid: there was no challenge")
        refusal = self._authentication.prove(event, now=self._parts.clock.now())
        return RelayOk(event_id=event.id, accepted=refusal is None, text=refusal or "")

    def _refusal(self, request: ReqMessage | CountMessage) -> str | None:
        return read_refusal(access=self._parts.access, proved=self._authentication.proved) or filters_refusal(
            request.filters, self._parts.limits
        )

    async def _read(self, read: Callable[[], _Result]) -> _Result | str:
        """What `read` gives, called in the reading thread; or the reason for a CLOSED."""
        # Whoever sends an event and then asks for it on the same connection finds it.
        await self._wait_for_answers(0)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._parts.reading_thread, _attempt, read)

    async def _wait_for_answers(self, unanswered_max: int) -> None:
        while self._unanswered > unanswered_max:
            self._is_answered.clear()
            await self._is_answered.wait()


def _attempt(read: Callable[[], _Result]) -> _Result | str:
    try:
        return read()
    except FilterError as error:
        return f"error: {error.message}"
    except sqlite3.Error as error:
        _logger.warning("a query failed: %s", error)
        return "error: the relay could not read its database; try again later"


def _answer_to_malformed(message: MalformedClientMessage) -> SendableRelayMessage:
    text = f"invalid: {message.reason}"
    if message.verb in {"EVENT", "AUTH"}:
        return RelayOk(event_id=message.about, accepted=False, text=text)
    if message.verb in {"REQ", "COUNT"}:
        return RelayClosed(subscription_id=message.about, text=text)
    return RelayNegError(subscription_id=message.about, text=text)
