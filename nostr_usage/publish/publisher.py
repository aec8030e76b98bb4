"""Delivers to one relay at a time: send what is due, settle the answers, read back, confirm."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import TypeVar

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError, RelayRefusedError, RelayTimeoutError
from nostr_usage.nostr.event import event_from_json, event_to_json
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.signer import Signer
from nostr_usage.publish.answers import ATTEMPTS_MAX, SortedAnswers, given_up, sort_answers
from nostr_usage.publish.outcome import RelayOutcome, Tally
from nostr_usage.relays.backoff import PUBLISHING, SLOWING_DOWN
from nostr_usage.relays.condition import RelayCondition, condition_of
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.store import DueEvent, OutboxState, Store, Transaction

SENT_AT_ONCE_MAX = 2_000
READ_BACK_IDS_MAX = 250
READ_BACK_AT_ONCE_MAX = 4_000
UNREADABLE_PAUSE_S = 600
NOT_SERVED = "accepted, but not served when read back"

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with how many deliveries are done, and how many there are."""


class Publisher:
    """Delivers to one relay at a time, on connections that stay open between deliveries."""

    def __init__(
        self, store: Store, *, policy: ConnectionPolicy, clock: Clock, random: Random, signer: Signer | None
    ) -> None:
        self.touched: set[int] = set()
        self._store = store
        self._policy = policy
        self._clock = clock
        self._random = random
        self._stack = AsyncExitStack()
        self._writing = RelayPool(policy=policy, clock=clock, random=random, signer=signer)
        # Whoever authenticates may be shown more than the public: read back as nobody.
        anonymous = RelayPool(policy=policy, clock=clock, random=random)
        self._reading = anonymous if signer else self._writing
        self._readable_at: dict[str, int] = {}
        self._writable_at: dict[str, int] = {}
        self._slowed_down: Counter[str] = Counter()
        self._on_progress: Progress | None = None
        self._done = self._total = 0

    async def __aenter__(self) -> Publisher:
        await self._stack.enter_async_context(self._writing)
        if self._reading is not self._writing:
            await self._stack.enter_async_context(self._reading)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def count_progress(self, relays: Sequence[str], on_progress: Progress | None) -> None:
        """Report progress over all that waits for `relays` now."""
        with self._store.read() as reader:
            numbers = {relay.relay_no for relay in reader.relays() if relay.url in relays}
            open_states = {OutboxState.PENDING, OutboxState.ACCEPTED}
            self._total = sum(
                row.count
                for row in reader.outbox_counts()
                if row.relay_no in numbers and row.state in open_states
            )
        self._on_progress = on_progress

    def count_unpublished(self, quorum: int) -> int:
        """How many events are confirmed by fewer than `quorum` relays, touched or not."""
        with self._store.read() as reader:
            return reader.outbox_unpublished(quorum)

    def count_published(self, quorum: int) -> int:
        """How many of the events touched are confirmed by at least `quorum` relays."""
        with self._store.read() as reader:
            return sum(
                sum(row.state is OutboxState.CONFIRMED for row in reader.outbox_of(event_no)) >= quorum
                for event_no in self.touched
            )

    async def deliver(self, url: str) -> RelayOutcome:
        """Send what is due to one relay, then read back what it accepted."""
        relay_no = await self._write(lambda transaction: transaction.add_relay(url))
        tally = Tally()
        try:
            await self._send_due(url, relay_no, tally)
            await self._read_back_due(url, relay_no, tally)
        except RelayError as error:
            if isinstance(error, RelayRefusedError):
                self._readable_at[url] = self._clock.now() + UNREADABLE_PAUSE_S
            return tally.outcome(url, condition_of(error), error.message)
        return tally.outcome(url, RelayCondition.ANSWERED, "")

    async def _send_due(self, url: str, relay_no: int, tally: Tally) -> None:
        now = self._clock.now()
        if now < self._writable_at.get(url, 0):
            return
        ends_at = asyncio.get_running_loop().time() + self._policy.relay_timeout_s
        while due := self._due(relay_no, now):
            self._check_time(url, ends_at)
            relay = await self._writing.relay(url)
            published = await relay.publish_all([event_from_json(event.event_json) for event in due])
            sorted_out = sort_answers(due, published.answers)
            await self._settle(relay_no, due, sorted_out, tally)
            if published.error is not None:
                raise published.error
            if sorted_out.held_back:
                self._slow_down(url, has_progressed=bool(sorted_out.accepted))
                return

    def _check_time(self, url: str, ends_at: float) -> None:
        """A relay that takes its time must not keep the others' report waiting for ever."""
        if asyncio.get_running_loop().time() >= ends_at:
            limit_s = self._policy.relay_timeout_s
            raise RelayTimeoutError(url, f"it took not all within {limit_s:g} s; the next run goes on")

    def _slow_down(self, url: str, *, has_progressed: bool) -> None:
        """Send a relay nothing for a while: it is the relay that is full, whatever it refused."""
        self._slowed_down[url] = 1 if has_progressed else self._slowed_down[url] + 1
        delay_s = SLOWING_DOWN.delay_s(self._slowed_down[url], random=self._random)
        self._writable_at[url] = self._clock.now() + max(1, round(delay_s))

    async def _read_back_due(self, url: str, relay_no: int, tally: Tally) -> None:
        now = self._clock.now()
        if now < self._readable_at.get(url, 0):
            return
        ends_at = asyncio.get_running_loop().time() + self._policy.relay_timeout_s
        while accepted := self._accepted(relay_no, now):
            self._check_time(url, ends_at)
            relay = await self._reading.relay(url)
            batches = [
                accepted[start : start + READ_BACK_IDS_MAX]
                for start in range(0, len(accepted), READ_BACK_IDS_MAX)
            ]
            served = await asyncio.gather(*(_served(relay, batch) for batch in batches))
            await self._confirm(relay_no, accepted, frozenset[str]().union(*served), tally)

    def _due(self, relay_no: int, now: int) -> tuple[DueEvent, ...]:
        with self._store.read() as reader:
            return reader.outbox_due(relay_no, now=now, limit=SENT_AT_ONCE_MAX)

    def _accepted(self, relay_no: int, now: int) -> tuple[DueEvent, ...]:
        with self._store.read() as reader:
            return reader.outbox_to_read_back(relay_no, now=now, limit=READ_BACK_AT_ONCE_MAX)

    async def _settle(
        self, relay_no: int, due: Sequence[DueEvent], sorted_out: SortedAnswers, tally: Tally
    ) -> None:
        """Write down what the relay answered."""
        now = self._clock.now()
        later_at = {key: self._next_attempt_at(now, attempts=key[1]) for key in sorted_out.later}

        def write(transaction: Transaction) -> None:
            transaction.mark_accepted(relay_no, sorted_out.accepted, now=now)
            for reason, numbers in sorted_out.refused.items():
                transaction.mark_refused(relay_no, numbers, reason=reason, now=now)
            for key, numbers in sorted_out.later.items():
                transaction.mark_later(
                    relay_no, numbers, reason=key[0], next_attempt_at=later_at[key], now=now
                )

        await self._write(write)
        tally.count_sent(sorted_out)
        self.touched.update(event.event_no for event in due)
        self._progress(len(due) - len(sorted_out.accepted))

    async def _confirm(
        self, relay_no: int, accepted: Sequence[DueEvent], served: frozenset[str], tally: Tally
    ) -> None:
        """Write down which events are really there; the others are sent again."""
        confirmed = [event.event_no for event in accepted if event.event_id in served]
        missing: dict[int, list[int]] = {}
        for event in accepted:
            if event.event_id not in served:
                missing.setdefault(event.attempts, []).append(event.event_no)
        now = self._clock.now()
        later_at = {attempts: self._next_attempt_at(now, attempts=attempts) for attempts in missing}
        hopeless = [
            number for attempts in missing if attempts >= ATTEMPTS_MAX for number in missing[attempts]
        ]

        def write(transaction: Transaction) -> None:
            transaction.mark_confirmed(relay_no, confirmed, now=now)
            for attempts, numbers in missing.items():
                transaction.mark_later(
                    relay_no, numbers, reason=NOT_SERVED, next_attempt_at=later_at[attempts], now=now
                )
            transaction.mark_refused(relay_no, hopeless, reason=given_up(NOT_SERVED), now=now)

        await self._write(write)
        not_served = len(accepted) - len(confirmed)
        tally.confirmed += len(confirmed)
        tally.refused += len(hopeless)
        tally.later += not_served - len(hopeless)
        tally.object(NOT_SERVED, not_served)
        self.touched.update(event.event_no for event in accepted)
        self._progress(len(accepted))

    def _next_attempt_at(self, now: int, *, attempts: int) -> int:
        return now + max(1, round(PUBLISHING.delay_s(attempts, random=self._random)))

    def _progress(self, settled: int) -> None:
        self._done += settled
        if self._on_progress is not None and settled:
            self._on_progress(min(self._done, self._total), self._total)

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.submit(work))


async def _served(relay: RelayConnection, events: Sequence[DueEvent]) -> frozenset[str]:
    """The ids of those events that the relay serves exactly as they were signed."""
    signed = {event.event_id: event.event_json for event in events}
    found = await relay.fetch(Filter(ids=tuple(signed), limit=len(signed)))
    return frozenset(event.id for event in found if event_to_json(event) == signed[event.id])
