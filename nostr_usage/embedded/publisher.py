"""From a checked event to its OK: one commit for all that wait, so that many cost one flush of the disk.

Statements run on the event loop: each takes microseconds, and a thread would wait for Python's lock at every
one of them. The commit, which waits for the disk, runs in a thread, and meanwhile the next batch gathers.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from nostr_usage.embedded.database import is_ephemeral
from nostr_usage.embedded.event_store import EventStore, Outcome
from nostr_usage.embedded.outgoing import encode
from nostr_usage.embedded.subscription import LiveEvent
from nostr_usage.errors import EventError
from nostr_usage.nostr.event import VerifiedEvent
from nostr_usage.nostr.message import RelayOk

BATCH_EVENTS_MAX = 1_000
# Other connections get their turn after so many events: about a millisecond.
_EVENTS_A_TURN = 64
_FAILED = Outcome(is_accepted=False, reason="error: the relay could not store this event; try again later")
_PASSED_ON = Outcome(is_accepted=True)

_logger = logging.getLogger("nostr_usage.embedded")


class Sender(Protocol):
    """Whoever sent an event and waits for the answer."""

    def answer(self, messages: Sequence[bytes]) -> None:
        """Take the OKs, one for each event submitted, in any order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An event that may be stored: its signature and the relay's policy were checked."""

    event: VerifiedEvent
    json: bytes
    sender: Sender


class Publisher:
    """Stores what is submitted, answers, and hands new events to `announce`, in this order."""

    def __init__(self, store: EventStore, announce: Callable[[Sequence[LiveEvent]], None]) -> None:
        self._store = store
        self._announce = announce
        self._submitted: deque[Submission] = deque()
        self._is_wanted = asyncio.Event()
        self._is_closing = False
        self._committer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="relay-commit")

    def submit(self, submission: Submission) -> None:
        """Queue an event; its sender bounds how many."""
        self._submitted.append(submission)
        self._is_wanted.set()

    async def run(self) -> None:
        """Store batch after batch, until `finish`; then what is still queued."""
        while self._submitted or not self._is_closing:
            if not self._submitted:
                self._is_wanted.clear()
                await self._is_wanted.wait()
                continue
            batch = [self._submitted.popleft() for _ in range(min(len(self._submitted), BATCH_EVENTS_MAX))]
            self._deliver(batch, await self._store_batch(batch))
        self._committer.shutdown()

    def finish(self) -> None:
        """Let `run` end."""
        self._is_closing = True
        self._is_wanted.set()

    async def _store_batch(self, batch: Sequence[Submission]) -> list[Outcome]:
        try:
            self._store.begin()
            outcomes: list[Outcome] = []
            for submission in batch:
                outcomes.append(self._outcome(submission))
                if len(outcomes) % _EVENTS_A_TURN == 0:
                    await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(self._committer, self._store.commit)
        except (sqlite3.Error, EventError) as error:
            _logger.warning("a batch of %d events was not stored: %s", len(batch), error)
            self._store.rollback()
            return [_FAILED] * len(batch)
        return outcomes

    def _outcome(self, submission: Submission) -> Outcome:
        if is_ephemeral(submission.event.kind):
            return _PASSED_ON
        return self._store.save(submission.event, submission.json)

    def _deliver(self, batch: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        answers: dict[Sender, list[bytes]] = {}
        news: list[LiveEvent] = []
        for submission, outcome in zip(batch, outcomes, strict=True):
            event = submission.event
            ok = RelayOk(event_id=event.id, accepted=outcome.is_accepted, text=outcome.reason)
            answers.setdefault(submission.sender, []).append(encode(ok))
            if outcome.arrival is not None or outcome is _PASSED_ON:
                news.append(LiveEvent(event=event, json=submission.json, arrival=outcome.arrival))
        for sender, messages in answers.items():
            sender.answer(messages)
        if news:
            self._announce(news)
