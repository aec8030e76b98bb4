"""Publish: outbox ─▶ relays ─▶ OK per relay ─▶ read back ─▶ outbox.

A relay's OK is no proof that it stored anything, so an event counts for a relay once somebody anonymous can
read it there. All state is in the outbox: whatever interrupts this, the next run goes on where it ended.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Never, TypeVar, assert_never

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError, RelayRefusedError
from nostr_usage.nostr.event import event_from_json, event_to_json
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Prefix, Verdict
from nostr_usage.nostr.session import PublishAnswered
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.backoff import PUBLISHING, SLOWING_DOWN
from nostr_usage.relays.condition import RelayCondition, condition_of
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.exchange import is_stopping
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.together import run_together
from nostr_usage.store import DueEvent, OutboxState, Store, Transaction

DEFAULT_QUORUM = 2
SENT_AT_ONCE_MAX = 2_000
READ_BACK_IDS_MAX = 250
READ_BACK_AT_ONCE_MAX = 4_000
OBJECTIONS_SHOWN_MAX = 5
POLL_S = 1.0
UNREADABLE_PAUSE_S = 600
NOT_SERVED = "accepted, but not served when read back"

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with how many deliveries are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOutcome:
    """How publishing to one relay went; counts are events.

    Attributes:
        url: of the relay.
        condition: how far it got; `refused` means that what it accepted cannot be read back by the public.
        reason: why, in the relay's words or ours; empty if all went well.
        accepted: got an OK.
        confirmed: were read back by an anonymous reader, byte for byte.
        later: are to be sent again.
        refused: will never be taken.
        objections: what was wrong with what is to be sent again or never taken, the most frequent first.
    """

    url: str
    condition: RelayCondition
    reason: str = ""
    accepted: int = 0
    confirmed: int = 0
    later: int = 0
    refused: int = 0
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """How publishing went: `published` events have reached the quorum in this run, `waiting` have not yet."""

    relays: tuple[RelayOutcome, ...]
    quorum: int
    published: int
    waiting: int


async def publish_due(
    store: Store,
    *,
    relays: Sequence[str],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    signer: Signer | None = None,
    quorum: int = DEFAULT_QUORUM,
    on_progress: Progress | None = None,
) -> PublishReport:
    """Send what is due to every relay, all relays at a time, and read it back.

    Args:
        store: whose outbox is emptied.
        relays: URLs of the write relays, as the outbox knows them.
        policy: limits of each connection.
        clock: decides what is due.
        random: spreads the next attempts.
        signer: who authenticates where a relay demands it before it takes anything.
        quorum: how many relays make an event published; all of them, if there are fewer.
        on_progress: called as deliveries are settled.
    """
    async with _Publisher(store, policy=policy, clock=clock, random=random, signer=signer) as publisher:
        relays = tuple(dict.fromkeys(relays))
        publisher.count_progress(relays, on_progress)
        outcomes = await run_together(*(publisher.deliver(url) for url in relays))
        quorum = min(quorum, len(relays))
        published = publisher.count_published(quorum)
        waiting = len(publisher.touched) - published
        return PublishReport(relays=outcomes, quorum=quorum, published=published, waiting=waiting)


async def publish_forever(
    store: Store,
    *,
    relays: Sequence[str],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    signer: Signer | None = None,
    on_outcome: Callable[[RelayOutcome], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Never:
    """Send what becomes due, until cancelled; each relay goes at its own pace.

    `on_outcome` is told whenever something was sent or read back, or a relay's condition changed. `pause`
    waits between two looks at the outbox. The other arguments are those of `publish_due`.
    """
    async with _Publisher(store, policy=policy, clock=clock, random=random, signer=signer) as publisher:

        async def deliver_forever(url: str) -> Never:
            condition: RelayCondition | None = None
            while True:
                outcome = await publisher.deliver(url)
                publisher.touched.clear()
                moved = outcome.accepted + outcome.confirmed + outcome.later + outcome.refused
                if moved or outcome.condition is not condition:
                    on_outcome(outcome)
                condition = outcome.condition
                await pause(POLL_S)

        # Without a relay there is nothing to deliver, for ever.
        await run_together(*(deliver_forever(url) for url in dict.fromkeys(relays)), asyncio.Event().wait())
    raise AssertionError("delivers for ever, or is cancelled")


@dataclass(slots=True)
class _Tally:
    """What happened with one relay so far."""

    accepted: int = 0
    confirmed: int = 0
    later: int = 0
    refused: int = 0
    objections: Counter[str] = field(default_factory=Counter[str])

    def outcome(self, url: str, condition: RelayCondition, reason: str) -> RelayOutcome:
        return RelayOutcome(
            url=url,
            condition=condition,
            reason=reason,
            accepted=self.accepted,
            confirmed=self.confirmed,
            later=self.later,
            refused=self.refused,
            objections=tuple(text for text, _ in self.objections.most_common(OBJECTIONS_SHOWN_MAX)),
        )


class _Publisher:
    """Delivers to one relay at a time, on connections that stay open between deliveries."""

    def __init__(
        self, store: Store, *, policy: ConnectionPolicy, clock: Clock, random: Random, signer: Signer | None
    ) -> None:
        self.touched: set[int] = set()
        self._store = store
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

    async def __aenter__(self) -> _Publisher:
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
        tally = _Tally()
        try:
            await self._send_due(url, relay_no, tally)
            await self._read_back_due(url, relay_no, tally)
        except RelayError as error:
            if isinstance(error, RelayRefusedError):
                self._readable_at[url] = self._clock.now() + UNREADABLE_PAUSE_S
            return tally.outcome(url, condition_of(error), error.message)
        return tally.outcome(url, RelayCondition.ANSWERED, "")

    async def _send_due(self, url: str, relay_no: int, tally: _Tally) -> None:
        now = self._clock.now()
        if now < self._writable_at.get(url, 0):
            return
        while due := self._due(relay_no, now):
            relay = await self._writing.relay(url)
            published = await relay.publish_all([event_from_json(event.event_json) for event in due])
            sorted_out = _sort_answers(due, published.answers)
            await self._settle(relay_no, due, sorted_out, tally)
            if published.error is not None:
                raise published.error
            if sorted_out.held_back:
                self._slow_down(url, has_progressed=bool(sorted_out.accepted))
                return

    def _slow_down(self, url: str, *, has_progressed: bool) -> None:
        """Send a relay nothing for a while: it is the relay that is full, whatever it refused."""
        self._slowed_down[url] = 1 if has_progressed else self._slowed_down[url] + 1
        delay_s = SLOWING_DOWN.delay_s(self._slowed_down[url], random=self._random)
        self._writable_at[url] = self._clock.now() + max(1, round(delay_s))

    async def _read_back_due(self, url: str, relay_no: int, tally: _Tally) -> None:
        now = self._clock.now()
        if now < self._readable_at.get(url, 0):
            return
        while accepted := self._accepted(relay_no, now):
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
        self, relay_no: int, due: Sequence[DueEvent], sorted_out: _Answers, tally: _Tally
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
        refused = Counter({reason: len(numbers) for reason, numbers in sorted_out.refused.items()})
        later = Counter[str]()
        for (reason, _), numbers in sorted_out.later.items():
            later[reason] += len(numbers)
        later.update({reason: len(numbers) for reason, numbers in sorted_out.held_back.items()})
        tally.accepted += len(sorted_out.accepted)
        tally.refused += refused.total()
        tally.later += later.total()
        tally.objections += refused + later
        self.touched.update(event.event_no for event in due)
        self._progress(later.total() + refused.total())

    async def _confirm(
        self, relay_no: int, accepted: Sequence[DueEvent], served: frozenset[str], tally: _Tally
    ) -> None:
        """Write down which events are really there; the others are sent again."""
        confirmed = [event.event_no for event in accepted if event.event_id in served]
        missing: dict[int, list[int]] = {}
        for event in accepted:
            if event.event_id not in served:
                missing.setdefault(event.attempts, []).append(event.event_no)
        now = self._clock.now()
        later_at = {attempts: self._next_attempt_at(now, attempts=attempts) for attempts in missing}

        def write(transaction: Transaction) -> None:
            transaction.mark_confirmed(relay_no, confirmed, now=now)
            for attempts, numbers in missing.items():
                transaction.mark_later(
                    relay_no, numbers, reason=NOT_SERVED, next_attempt_at=later_at[attempts], now=now
                )

        await self._write(write)
        tally.confirmed += len(confirmed)
        not_served = len(accepted) - len(confirmed)
        tally.later += not_served
        tally.objections += Counter({NOT_SERVED: not_served})
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


@dataclass(slots=True)
class _Answers:
    """Event numbers by what to do with them.

    Attributes:
        refused: by reason.
        later: by reason and number of attempts, this one included.
        held_back: by reason; the relay wants a pause, so nothing changes for these: they stay first in line.
    """

    accepted: list[int] = field(default_factory=list[int])
    refused: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    later: dict[tuple[str, int], list[int]] = field(default_factory=dict[tuple[str, int], list[int]])
    held_back: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


def _sort_answers(due: Sequence[DueEvent], answers: Mapping[str, PublishAnswered]) -> _Answers:
    """What each answer means. Events that were held back, as the relay asked, share the reason for it."""
    sorted_out = _Answers()
    stopped = next((answer for answer in answers.values() if is_stopping(answer)), None)
    for event in due:
        answer = answers.get(event.event_id, stopped)
        if answer is None:
            continue
        reason = str(answer.reason) or "refused without a reason"
        match answer.verdict:
            case Verdict.STORED | Verdict.DUPLICATE:
                sorted_out.accepted.append(event.event_no)
            case Verdict.FINAL | Verdict.ALARM:
                sorted_out.refused.setdefault(reason, []).append(event.event_no)
            case Verdict.LATER if answer.reason.prefix is Prefix.RATE_LIMITED:
                sorted_out.held_back.setdefault(reason, []).append(event.event_no)
            case Verdict.LATER | Verdict.AUTHENTICATE:
                sorted_out.later.setdefault((reason, event.attempts + 1), []).append(event.event_no)
            case _:
                assert_never(answer.verdict)
    return sorted_out


async def _served(relay: RelayConnection, events: Sequence[DueEvent]) -> frozenset[str]:
    """The ids of those events that the relay serves exactly as they were signed."""
    signed = {event.event_id: event.event_json for event in events}
    found = await relay.fetch(Filter(ids=tuple(signed), limit=len(signed)))
    return frozenset(event.id for event in found if event_to_json(event) == signed[event.id])
