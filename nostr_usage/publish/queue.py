"""The queue of each relay: what stands in it, and putting events there by hand."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.store import OutboxState, Reader, Store, Transaction

QUEUED_AT_ONCE_MAX = 5_000
"""Events in one transaction, so that whoever records meanwhile does not wait for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayQueue:
    """What stands between the ledger and one relay; counts are events.

    Attributes:
        url: of the relay.
        waiting: to be sent, or to be read back.
        next_attempt_at: when the first of those to be sent is due, unix seconds; None if there is none.
        refused: will not be sent again unless somebody asks for it.
        unqueued: were signed before the relay joined the set, and never queued for it.
    """

    url: str
    waiting: int
    next_attempt_at: int | None
    refused: int
    unqueued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedAgain:
    """What was put into the queue of one relay; counts are events.

    Attributes:
        url: of the relay.
        refused: had been refused for good.
        unqueued: had never been queued for it.
        hastened: waited for a later attempt, which is due now.
    """

    url: str
    refused: int
    unqueued: int
    hastened: int


def relay_queue(store: Store, url: str) -> RelayQueue:
    """What stands in the queue of the relay at `url`."""
    with store.read() as reader:
        number = _number(reader, url)
        if number is None:
            return RelayQueue(url=url, waiting=0, next_attempt_at=None, refused=0, unqueued=0)
        counts = {row.state: row.count for row in reader.outbox_counts() if row.relay_no == number}
        return RelayQueue(
            url=url,
            waiting=counts.get(OutboxState.PENDING, 0) + counts.get(OutboxState.ACCEPTED, 0),
            next_attempt_at=reader.outbox_next_attempt_at(number),
            refused=counts.get(OutboxState.REFUSED, 0),
            unqueued=reader.outbox_unqueued(number),
        )


def queue_again(store: Store, url: str, *, now: int) -> QueuedAgain:
    """Queue for a relay what it refused for good and what it was never sent; what waits is due now.

    The same signed events, so a relay that has some of them after all keeps one. Some at a time: interrupted,
    it may simply be repeated.

    Raises:
        HomeError: if the store cannot be used, or must recover before it signs.
    """
    number = store.write(lambda transaction: transaction.add_relay(url))
    with store.read() as reader:
        unqueued = reader.outbox_unqueued(number)
        last = reader.last_event_no()
    hastened = store.write(lambda transaction: transaction.hasten_outbox(number, now=now))
    refused = 0
    while some := store.write(lambda transaction: _queue_refused(transaction, number, now=now)):
        refused += some
    for first in range(1, last + 1, QUEUED_AT_ONCE_MAX) if unqueued else ():
        numbers = range(first, min(first + QUEUED_AT_ONCE_MAX, last + 1))
        store.write(
            lambda transaction, numbers=numbers: transaction.queue_outbox(numbers, (number,), now=now)
        )
    return QueuedAgain(url=url, refused=refused, unqueued=unqueued, hastened=hastened)


def _queue_refused(transaction: Transaction, relay_no: int, *, now: int) -> int:
    numbers = transaction.outbox_refused(relay_no, limit=QUEUED_AT_ONCE_MAX)
    transaction.requeue_outbox(relay_no, numbers, now=now)
    return len(numbers)


def _number(reader: Reader, url: str) -> int | None:
    return next((relay.relay_no for relay in reader.relays() if relay.url == url), None)
