"""One websocket to one relay: any number of requests and publications share it, each with a deadline.

A task reads frames and hands each to the sans-I/O `RelaySession`; whoever asked waits for a future. No relay
can make a caller wait for ever, hold more than was asked for, or receive a connection that goes elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError, RelayRefusedError, RelayTimeoutError
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Verdict, printable
from nostr_usage.nostr.session import (
    AuthAnswered,
    AuthChallenged,
    EoseReceived,
    EventReceived,
    NoticeReceived,
    PublishAnswered,
    RelaySession,
    SessionEvent,
    SubscriptionClosed,
    Violation,
    ViolationSort,
)
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.dialing import CLOSE_TIMEOUT_S, open_websocket
from nostr_usage.relays.exchange import Publication, Request, events_wanted
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.scores import RelayScore
from nostr_usage.relays.urls import normalise_relay_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The answers to events that were sent, by event id; `error` says why some are missing."""

    answers: Mapping[str, PublishAnswered]
    error: RelayError | None


class RelayConnection:
    """A connection to one relay, as a context manager: connected inside, closed after.

    After a timeout, or when the relay hangs up, it is lost: everything waiting on it raises, and so does
    everything asked of it later.

    Args:
        url: of the relay; kept as given in `url`, for whoever keeps accounts by it.
        policy: its limits.
        clock: for the answer to an authentication challenge.
        signer: who authenticates when the relay demands it; None to stay anonymous.
        score: where to count what the relay sends; a new one if None.

    Raises:
        RelayUrlError: if `url` is no relay URL.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: ConnectionPolicy,
        clock: Clock,
        signer: Signer | None = None,
        score: RelayScore | None = None,
    ) -> None:
        self.url = url
        self.score = score if score is not None else RelayScore()
        self.is_authenticated = False
        self._target = normalise_relay_url(url)
        self._policy = policy
        self._clock = clock
        self._session = RelaySession(self._target, signer=signer)
        self._slots = asyncio.Semaphore(policy.requests_max)
        self._subscription_ids = map(str, count(1))
        self._requests: dict[str, Request] = {}
        self._publications: list[Publication] = []
        self._auth: asyncio.Future[bool] | None = None
        self._error: RelayError | None = None
        self._lost = asyncio.Event()
        self._notice = ""
        self._useful_at = 0.0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._socket = await open_websocket(self._target, self._policy)
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fail(RelayError(self.url, "the connection is closed"))
        assert self._socket is not None, "entered before left"
        assert self._reader is not None
        self._reader.cancel()
        await asyncio.wait({self._reader})
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()  # it does not even read our farewell

    @property
    def is_lost(self) -> bool:
        """Whether nothing more can be asked of it."""
        return self._error is not None

    async def wait_lost(self) -> None:
        """Return once nothing more can be asked of it."""
        await self._lost.wait()

    async def fetch(self, *filters: Filter) -> tuple[Event, ...]:
        """The stored events that match any of `filters`, in the relay's order.

        Each has the right id and was checked against the filters; its signature was not checked, and copies
        with different signatures are all there. Of more events than the limits allow, the rest is dropped.

        Raises:
            RelayRefusedError: if the relay refuses to be read, which is not the same as having nothing.
            RelayTimeoutError: if it falls silent.
            RelayError: if the connection is lost.
        """
        async with self._slots:
            request = await self._ask(filters)
            if self._needs_authentication(request) and await self._authenticate():
                request = await self._ask(filters)
        if request.closed is not None:
            raise self._refusal(request.closed)
        return request.take()

    async def subscribe(self, *filters: Filter) -> AsyncGenerator[Event]:
        """The stored events that match any of `filters`, then new ones as they come, until the caller stops.

        Close the generator (`contextlib.aclosing`) to end the subscription.

        Raises:
            RelayRefusedError: when the relay ends the subscription.
            RelayError: when the connection is lost, or the caller is too slow for it.
        """
        subscription_id = next(self._subscription_ids)
        request = Request(
            limit=self._policy.events_max, bytes_max=self._policy.collected_bytes_max, is_live=True
        )
        try:
            await self._open(subscription_id, request, filters)
            while not request.is_done:
                await self._next_event(request)
                for event in request.take():
                    yield event
        finally:
            await self._forget(subscription_id)
        if request.closed is not None:
            raise self._refusal(request.closed)
        raise RelayError(self.url, "events came faster than they were taken")

    async def publish(self, event: Event) -> PublishAnswered:
        """The relay's answer to `event`. Accepted is not stored: read it back.

        Raises:
            RelayTimeoutError: if it does not answer.
            RelayError: if the connection is lost.
        """
        published = await self.publish_all((event,))
        if published.error is not None:
            raise published.error
        return published.answers[event.id]

    async def publish_all(self, events: Sequence[Event]) -> Published:
        """Send `events` in their order, up to `policy.unacknowledged_max` unanswered at a time.

        When the relay asks to slow down, or is lost, the rest is not sent; what has no answer in the result
        has to be sent again. Nothing is raised for a relay.
        """
        publication = Publication(unanswered_max=self._policy.unacknowledged_max)
        error: RelayError | None = None
        try:
            await self._send_all(events, publication)
            if publication.needs_authentication and await self._authenticate():
                publication.resume()
                await self._send_all(
                    [event for event in events if event.id not in publication.answers], publication
                )
        except RelayError as lost:
            error = lost
        finally:
            self._publications = [known for known in self._publications if known is not publication]
        return Published(answers=publication.answers, error=error)

    async def _ask(self, filters: tuple[Filter, ...]) -> Request:
        subscription_id = next(self._subscription_ids)
        request = Request(
            limit=events_wanted(filters, events_max=self._policy.events_max),
            bytes_max=self._policy.request_bytes_max,
        )
        try:
            await self._open(subscription_id, request, filters)
            while not request.is_done:
                await self._answered(request.wait())
        finally:
            await self._forget(subscription_id)
        return request

    async def _open(self, subscription_id: str, request: Request, filters: tuple[Filter, ...]) -> None:
        self._requests[subscription_id] = request
        await self._send(self._session.request(subscription_id, filters))

    async def _forget(self, subscription_id: str) -> None:
        del self._requests[subscription_id]
        frame = self._session.close(subscription_id)
        if frame is not None and not self.is_lost:
            with contextlib.suppress(RelayError):
                await self._send(frame)

    async def _send_all(self, events: Sequence[Event], publication: Publication) -> None:
        self._publications.append(publication)
        begun_at = asyncio.get_running_loop().time()
        for event in events:
            while publication.is_full:
                await self._answered(publication.wait(), begun_at=begun_at)
            if publication.is_stopped:
                break
            publication.unanswered.add(event.id)
            await self._send(self._session.publish(event))
        while publication.unanswered:
            await self._answered(publication.wait(), begun_at=begun_at)

    def _needs_authentication(self, request: Request) -> bool:
        return request.closed is not None and request.closed.verdict is Verdict.AUTHENTICATE

    async def _authenticate(self) -> bool:
        """Whether the relay now knows who we are; asked once for each of its challenges."""
        if self._auth is None:
            frame = self._session.authenticate(self._clock.now())
            if frame is None:
                return False
            self._auth = asyncio.get_running_loop().create_future()
            await self._send(frame)
        auth = self._auth
        await self._answered(auth)
        return auth.result()

    async def _next_event(self, request: Request) -> None:
        """Wait without a deadline: a live subscription may be silent for days."""
        if not request.has_events and not request.is_done:
            self._check()
            await request.wait()
        self._check()

    async def _answered(self, change: asyncio.Future[Any], *, begun_at: float | None = None) -> None:
        """Wait for `change`, as long as the relay says something useful now and then.

        `begun_at` is when the whole exchange began, on the loop's clock; None is now.
        """
        loop = asyncio.get_running_loop()
        waits_since = loop.time()
        ends_at = (waits_since if begun_at is None else begun_at) + self._policy.request_timeout_s
        while not change.done():
            self._check()
            silent_at = max(waits_since, self._useful_at) + self._policy.silence_timeout_s
            left_s = min(silent_at, ends_at) - loop.time()
            if left_s <= 0:
                self._fail(RelayTimeoutError(self.url, f"no answer{self._what_it_said()}"))
            else:
                await asyncio.wait({change}, timeout=left_s)
        self._check()

    async def _send(self, frame: str) -> None:
        self._check()
        assert self._socket is not None, "asked before it was entered"
        try:
            async with asyncio.timeout(self._policy.silence_timeout_s):
                await self._socket.send(frame)
        except ConnectionClosed as error:
            self._fail(self._hung_up(error))
        except TimeoutError:
            self._fail(RelayTimeoutError(self.url, "it does not read what is sent to it"))
        self._check()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                frame = await socket.recv(decode=False)
                self._receive(self._session.receive(frame), frame_bytes=len(frame))
        except ConnectionClosed as error:
            self._fail(self._hung_up(error))
        finally:
            self._fail(RelayError(self.url, "the connection is closed"))

    def _receive(self, message: SessionEvent, *, frame_bytes: int) -> None:
        match message:
            case EventReceived(subscription_id=subscription_id, event=event):
                self.score.received += 1
                if request := self._requests.get(subscription_id):
                    request.add(event, frame_bytes=frame_bytes, score=self.score)
                    self._keep_within_bounds(request)
            case EoseReceived(subscription_id=subscription_id):
                if request := self._requests.get(subscription_id):
                    request.end_of_stored_events()
            case SubscriptionClosed(subscription_id=subscription_id):
                if request := self._requests.get(subscription_id):
                    request.close(message)
            case PublishAnswered():
                for publication in self._publications:
                    publication.add(message)
            case AuthChallenged():
                if self._auth is not None and self._auth.done():
                    self._auth = None
            case AuthAnswered(is_accepted=is_accepted):
                self.is_authenticated = self.is_authenticated or is_accepted
                if self._auth is not None and not self._auth.done():
                    self._auth.set_result(is_accepted)
            case _:
                self._receive_idle(message)
                return
        self._useful_at = asyncio.get_running_loop().time()

    def _keep_within_bounds(self, request: Request) -> None:
        """Cut an answer where all answers together take too much memory."""
        if request.collected_bytes <= self._policy.collected_bytes_max // self._policy.requests_max:
            return
        collected = sum(known.collected_bytes for known in self._requests.values())
        if collected > self._policy.collected_bytes_max:
            request.finish()

    def _receive_idle(self, message: SessionEvent) -> None:
        """What nobody waits for, so it does not count as an answer."""
        match message:
            case NoticeReceived(text=text):
                self._notice = text
            case Violation(sort=ViolationSort.FOREIGN):
                self.score.received += 1
                self.score.foreign += 1
            case Violation(sort=ViolationSort.UNASKED):
                self.score.unasked += 1
            case Violation():
                self.score.malformed += 1
            case _:
                pass

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _fail(self, error: RelayError) -> None:
        """The connection is lost: whoever waits is woken and finds out why."""
        if self._error is not None:
            return
        self._error = error
        self._lost.set()
        for exchange in (*self._requests.values(), *self._publications):
            exchange.wake()
        if self._auth is not None and not self._auth.done():
            self._auth.set_result(False)

    def _hung_up(self, error: ConnectionClosed) -> RelayError:
        return RelayError(self.url, f"connection lost ({printable(str(error))}){self._what_it_said()}")

    def _what_it_said(self) -> str:
        return f"; its last notice: {self._notice}" if self._notice else ""

    def _refusal(self, closed: SubscriptionClosed) -> RelayRefusedError:
        return RelayRefusedError(self.url, str(closed.reason) or "closed without a reason")
