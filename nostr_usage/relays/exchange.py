"""What is under way on a connection: requests that collect events, publications that collect answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Prefix, Verdict
from nostr_usage.nostr.session import PublishAnswered, SubscriptionClosed
from nostr_usage.relays.scores import RelayScore

TAG_OVERHEAD_BYTES = 100
"""What a tag takes in memory beyond its text."""


class _Exchange:
    """Something that one caller waits for; `wait` gives a future that the next change resolves."""

    def __init__(self) -> None:
        self._change: asyncio.Future[None] | None = None

    def wait(self) -> asyncio.Future[None]:
        """Resolved by the next change."""
        if self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_future()
        return self._change

    def wake(self) -> None:
        """Something has changed."""
        if self._change is not None and not self._change.done():
            self._change.set_result(None)


class Request(_Exchange):
    """The events of one subscription, each copy once, up to a limit.

    Attributes:
        closed: how the relay ended it, if it did.
        is_done: whether nothing more is wanted: EOSE, CLOSED, or more events than were asked for.
        collected_bytes: about how much memory the events collected take.
    """

    def __init__(self, *, limit: int, bytes_max: int, is_live: bool = False) -> None:
        super().__init__()
        self.closed: SubscriptionClosed | None = None
        self.is_done = False
        self.collected_bytes = 0
        self._limit = limit
        self._bytes_max = bytes_max
        self._is_live = is_live
        self._events: list[Event] = []
        self._copies: set[tuple[str, str]] = set()

    def add(self, event: Event, *, frame_bytes: int, score: RelayScore) -> None:
        """One more event, from a frame of so many bytes, counted in `score`."""
        if self.is_done:
            return
        size = frame_bytes + TAG_OVERHEAD_BYTES * len(event.tags)
        if self.collected_bytes + size > self._bytes_max:
            self.finish()  # a cut answer, which a reader must cope with anyway
            return
        if len(self._events) >= self._limit:
            score.unasked += 1
            self.finish()
            return
        if not self._is_live:
            # A copy with another signature is another copy: the first one may be the corrupt one.
            copy = (event.id, event.sig)
            if copy in self._copies:
                score.duplicate += 1
                return
            self._copies.add(copy)
        self._events.append(event)
        self.collected_bytes += size
        if self._is_live:
            self.wake()

    def end_of_stored_events(self) -> None:
        """Only a live subscription goes on after it."""
        if not self._is_live:
            self.finish()

    def close(self, closed: SubscriptionClosed) -> None:
        """The relay ended the subscription; after EOSE that is its way to tidy up, and no refusal."""
        if not self.is_done:
            self.closed = closed
            self.finish()

    def finish(self) -> None:
        """Nothing more is wanted."""
        self.is_done = True
        self.wake()

    @property
    def has_events(self) -> bool:
        """Whether `take` would give any."""
        return bool(self._events)

    def take(self) -> tuple[Event, ...]:
        """The events collected since the last call."""
        events = tuple(self._events)
        self._events.clear()
        self.collected_bytes = 0
        return events


class Publication(_Exchange):
    """Events sent and the answers to them.

    Attributes:
        answers: by event id.
        is_stopped: whether to send no more for now: the relay asks for authentication, or to slow down.
    """

    def __init__(self, *, unanswered_max: int) -> None:
        super().__init__()
        self.answers: dict[str, PublishAnswered] = {}
        self.unanswered: set[str] = set()
        self.is_stopped = False
        self._unanswered_max = unanswered_max

    @property
    def is_full(self) -> bool:
        """Whether to wait for an answer before sending more."""
        return len(self.unanswered) >= self._unanswered_max

    @property
    def needs_authentication(self) -> bool:
        """Whether the relay refused something until somebody authenticates."""
        return any(answer.verdict is Verdict.AUTHENTICATE for answer in self.answers.values())

    def add(self, answer: PublishAnswered) -> None:
        """One more answer, if it is to one of these events."""
        if answer.event_id not in self.unanswered:
            return
        self.answers[answer.event_id] = answer
        self.unanswered.discard(answer.event_id)
        self.is_stopped = self.is_stopped or is_stopping(answer)
        self.wake()

    def resume(self) -> None:
        """Forget the refusals that only wanted authentication, which has happened."""
        self.is_stopped = False
        self.answers = {
            event_id: answer
            for event_id, answer in self.answers.items()
            if answer.verdict is not Verdict.AUTHENTICATE
        }


def is_stopping(answer: PublishAnswered) -> bool:
    """Whether the answer to one event asks for a pause before any other."""
    return answer.verdict is Verdict.AUTHENTICATE or answer.reason.prefix is Prefix.RATE_LIMITED


def events_wanted(filters: Sequence[Filter], *, events_max: int) -> int:
    """How many events may answer `filters`: their limits together, where all have one."""
    limits = [wanted.limit for wanted in filters]
    return min(events_max, sum(limit if limit is not None else events_max for limit in limits))
