"""A relay for tests that is honest unless its script says otherwise.

    async with ScriptedRelay() as relay:
        relay.hold(event)
        relay.on(ReqMessage, honestly_but(lambda answers: answers[1:]))    # withholds the newest event
        relay.on(EventMessage, refuse("rate-limited: slow down"), times=1)   # then honest again

A behaviour is an async function of a `Turn`: one message of one client, with the honest answer at hand; ready
ones are in `relay_behaviours`. Rules are tried in the order in which they were given; a message that none of
them takes is answered honestly. Frames are messages, texts or bytes, so a behaviour can also send what is no
message at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self, assert_never

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from nostr_usage.errors import EventError, MessageError
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.nostr.filter import Filter, matches
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
    RelayCount,
    RelayEose,
    RelayEvent,
    RelayNegError,
    RelayNotice,
    RelayOk,
    ReqMessage,
    SendableRelayMessage,
    encode_message,
    parse_client_message,
)
from nostr_usage.nostr.tags import first_tag_value

# A script that a test got wrong must fail the test, not hang it.
PATIENCE_S = 20.0
CHALLENGE = "scripted-challenge"

Frame = SendableRelayMessage | str | bytes
Answers = list[SendableRelayMessage]
Behaviour = Callable[["Turn"], Awaitable[None]]


class Visit:
    """One client's connection.

    Attributes:
        number: 0 for the first client that connected.
        subscriptions: those that are open.
        proved: the keys that were proved (NIP-42).
    """

    def __init__(self, number: int, websocket: ServerConnection) -> None:
        self.number = number
        self.subscriptions: dict[str, tuple[Filter, ...]] = {}
        self.proved: set[str] = set()
        self._websocket = websocket

    async def send(self, *frames: Frame) -> None:
        """Send frames; nothing to a client that has gone."""
        try:
            for frame in frames:
                await self._websocket.send(frame if isinstance(frame, str | bytes) else encode_message(frame))
        except ConnectionClosed:
            return

    async def send_raw(self, data: bytes) -> None:
        """Write bytes to the socket as they are: frames that break the websocket protocol."""
        self._websocket.transport.write(data)
        await asyncio.sleep(0)

    @property
    def is_gone(self) -> bool:
        """Whether the client has left, so that nobody reads what is sent."""
        return self._websocket.transport.is_closing()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection in order."""
        await self._websocket.close(code, reason)

    def drop(self) -> None:
        """Cut the connection without a word."""
        self._websocket.transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of one client; None in `message` is the connection itself."""

    relay: ScriptedRelay
    visit: Visit
    message: ClientMessage | None

    def honest(self) -> Answers:
        """What an honest relay answers, after it did what it was asked to do."""
        return [] if self.message is None else self.relay.honest_answers(self.message, self.visit)

    async def send(self, *frames: Frame) -> None:
        """Answer with these frames."""
        await self.visit.send(*frames)


@dataclass(slots=True, kw_only=True)
class _Rule:
    message_type: type[ClientMessage] | None
    behaviour: Behaviour
    times_left: int | None
    visit: int | None

    def takes(self, message: ClientMessage | None, visit: Visit) -> bool:
        fits = message is None if self.message_type is None else isinstance(message, self.message_type)
        return fits and self.times_left != 0 and self.visit in {None, visit.number}


class ScriptedRelay:
    """A relay in memory, on loopback.

    Attributes:
        events: what it holds, by id; change it at will.
        received: every message, in order, over all connections.
        visits: the connections, in order.
        information: the NIP-11 document as bytes, None for no answer.

    Args:
        compression: `deflate` to offer it, as relays on the internet do.
    """

    def __init__(self, *, compression: str | None = None) -> None:
        self._compression = compression
        self.events: dict[str, Event] = {}
        self.received: list[ClientMessage] = []
        self.visits: list[Visit] = []
        self.information: bytes | None = b'{"name":"scripted"}'
        self._rules: list[_Rule] = []
        self._mistakes: list[Exception] = []
        self._news = asyncio.Condition()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where it listens, as ws://127.0.0.1:port/."""
        assert self._server is not None, "the relay was not entered"
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/"

    def hold(self, *events: Event) -> None:
        """Have these events from the start, whatever they are."""
        self.events |= {event.id: event for event in events}

    def on(
        self,
        message_type: type[ClientMessage],
        behaviour: Behaviour,
        *,
        times: int | None = None,
        visit: int | None = None,
    ) -> None:
        """Answer messages of a type like this: the first `times`, or all; of one connection, or of all."""
        rule = _Rule(message_type=message_type, behaviour=behaviour, times_left=times, visit=visit)
        self._rules.append(rule)

    def on_connect(self, behaviour: Behaviour, *, times: int | None = None) -> None:
        """Do this when a client connects."""
        self._rules.append(_Rule(message_type=None, behaviour=behaviour, times_left=times, visit=None))

    def forget_rules(self) -> None:
        """Be honest from now on."""
        self._rules.clear()

    def received_of(self, message_type: type[ClientMessage]) -> list[ClientMessage]:
        """The messages of one type received so far."""
        return [message for message in self.received if isinstance(message, message_type)]

    async def until_received(self, message_type: type[ClientMessage], count: int = 1) -> None:
        """Wait until so many messages of a type have arrived."""
        await self.until(lambda: len(self.received_of(message_type)) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a message or a connection may bring about."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(condition)

    async def announce(self, event: Event) -> None:
        """Send an event to every subscription that asks for it, whether it is held or not."""
        for visit in self.visits:
            for subscription_id, filters in tuple(visit.subscriptions.items()):
                if any(matches(wanted, event) for wanted in filters):
                    await visit.send(RelayEvent(subscription_id=subscription_id, event=event))

    def drop_all(self) -> None:
        """Cut every connection."""
        for visit in self.visits:
            visit.drop()

    def honest_answers(self, message: ClientMessage, visit: Visit) -> Answers:
        """Obey a message, and what to answer."""
        match message:
            case EventMessage(event=event):
                return [_honest_ok(event, self.events)]
            case ReqMessage(subscription_id=subscription_id, filters=filters):
                visit.subscriptions[subscription_id] = filters
                found = [
                    RelayEvent(subscription_id=subscription_id, event=event) for event in self._find(filters)
                ]
                return [*found, RelayEose(subscription_id=subscription_id)]
            case CountMessage(subscription_id=subscription_id, filters=filters):
                unlimited = tuple(_without_limit(wanted) for wanted in filters)
                return [RelayCount(subscription_id=subscription_id, count=len(self._find(unlimited)))]
            case CloseMessage(subscription_id=subscription_id):
                visit.subscriptions.pop(subscription_id, None)
                return []
            case AuthMessage(event=event):
                return [_honest_auth(event, visit)]
            case NegOpen(subscription_id=about) | NegMessage(subscription_id=about):
                return [RelayNegError(subscription_id=about, text="unsupported: no reconciliation here")]
            case NegClose():
                return []
            case MalformedClientMessage():
                return [RelayNotice(text=f"invalid: {message.reason}")]
            case _:
                assert_never(message)

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._receive,
            "127.0.0.1",
            0,
            compression=self._compression,
            process_request=self._answer_http,
            close_timeout=1,
            ping_interval=None,
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        # Clients may be as stuck as the script makes them; the server must still end.
        self.drop_all()
        self._server.close()
        await self._server.wait_closed()
        if self._mistakes and exc_type is None:
            # Or a script that fails would pass for a relay that hangs up.
            raise self._mistakes[0]

    def _find(self, filters: Iterable[Filter]) -> list[Event]:
        found: dict[str, Event] = {}
        for wanted in filters:
            ordered = sorted(
                (event for event in self.events.values() if matches(wanted, event)), key=_newest_first
            )
            found |= {event.id: event for event in ordered[: wanted.limit]}
        return sorted(found.values(), key=_newest_first)

    async def _receive(self, websocket: ServerConnection) -> None:
        visit = Visit(len(self.visits), websocket)
        self.visits.append(visit)
        await self._take(None, visit)
        try:
            async for data in websocket:
                try:
                    message = parse_client_message(data)
                except MessageError as error:
                    await visit.send(RelayNotice(text=f"invalid: {error.message}"))
                else:
                    await self._take(message, visit)
        except ConnectionClosed:
            return
        finally:
            visit.subscriptions.clear()

    async def _take(self, message: ClientMessage | None, visit: Visit) -> None:
        async with self._news:
            if message is not None:
                self.received.append(message)
            self._news.notify_all()
        turn = Turn(relay=self, visit=visit, message=message)
        rule = next((rule for rule in self._rules if rule.takes(message, visit)), None)
        if rule is None:
            await honestly(turn)
            return
        if rule.times_left is not None:
            rule.times_left -= 1
        try:
            await rule.behaviour(turn)
        except Exception as error:
            self._mistakes.append(error)
            raise

    def _answer_http(self, websocket: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers or self.information is None:
            return None
        response = websocket.respond(HTTPStatus.OK, "")
        response.body = self.information
        del response.headers["Content-Length"], response.headers["Content-Type"]
        response.headers["Content-Length"] = str(len(self.information))
        response.headers["Content-Type"] = "application/nostr+json"
        return response


async def honestly(turn: Turn) -> None:
    """Answer as an honest relay does; a new event goes to the open subscriptions too."""
    known = set(turn.relay.events)
    await turn.send(*turn.honest())
    if isinstance(turn.message, EventMessage) and turn.message.event.id in turn.relay.events.keys() - known:
        await turn.relay.announce(turn.message.event)


def _honest_ok(event: Event, held: dict[str, Event]) -> RelayOk:
    try:
        verified = verify_event(event)
    except EventError as error:
        return RelayOk(event_id=event.id, accepted=False, text=f"invalid: {error.message}")
    if event.id in held:
        return RelayOk(event_id=event.id, accepted=True, text="duplicate: already have this event")
    held[event.id] = verified
    return RelayOk(event_id=event.id, accepted=True)


def _honest_auth(event: Event, visit: Visit) -> RelayOk:
    if first_tag_value(event.tags, "challenge") != CHALLENGE:
        return RelayOk(event_id=event.id, accepted=False, text="invalid: wrong challenge")
    visit.proved.add(event.pubkey)
    return RelayOk(event_id=event.id, accepted=True)


def _newest_first(event: Event) -> tuple[int, str]:
    return (-event.created_at, event.id)


def _without_limit(wanted: Filter) -> Filter:
    return Filter(
        ids=wanted.ids,
        authors=wanted.authors,
        kinds=wanted.kinds,
        tags=wanted.tags,
        since=wanted.since,
        until=wanted.until,
    )
