"""The outbox: what is due, and every move that an event can make."""

from __future__ import annotations

import pytest

from nostr_usage.store import OutboxState, Store, Transaction
from tests.store.ledger_lines import NOON, Stream

EVENTS = range(1, 5)


@pytest.fixture
def relay_no(store: Store) -> int:
    """A relay with four pending events; another relay has them too."""

    def work(transaction: Transaction) -> int:
        first, second = (transaction.add_relay(f"wss://{name}.example") for name in ("one", "two"))
        _, numbers = (stream := Stream()).append(transaction, stream.lines(4))
        transaction.queue_outbox(numbers, [first, second], now=NOON)
        return first

    return store.write(work)


def due(store: Store, relay_no: int, *, now: int = NOON) -> list[int]:
    """The numbers of the events to send."""
    with store.read() as reader:
        return [event.event_no for event in reader.outbox_due(relay_no, now=now, limit=100)]


def to_read_back(store: Store, relay_no: int, *, now: int = NOON) -> list[int]:
    """The numbers of the events to read back."""
    with store.read() as reader:
        return [event.event_no for event in reader.outbox_to_read_back(relay_no, now=now, limit=100)]


def counts(store: Store, relay_no: int) -> dict[OutboxState, int]:
    """How many events are in which state."""
    with store.read() as reader:
        return {row.state: row.count for row in reader.outbox_counts() if row.relay_no == relay_no}


def test_new_events_are_due_in_the_order_of_commit(store: Store, relay_no: int) -> None:
    """Each has its signed JSON with it; a limit takes the first."""
    assert list(EVENTS) == due(store, relay_no)
    assert [] == due(store, relay_no, now=NOON - 1)
    with store.read() as reader:
        (first,) = reader.outbox_due(relay_no, now=NOON, limit=1)
        assert reader.event_json(first.event_id) == first.event_json
        assert NOON == reader.outbox_next_attempt_at(relay_no)
    assert (1, 0) == (first.event_no, first.attempts)


def test_accepted_events_are_read_back_and_confirmed(store: Store, relay_no: int) -> None:
    """An OK is not the end: the event is to be seen on the relay."""
    store.write(lambda t: t.mark_accepted(relay_no, [1, 2], now=NOON, read_back_at=NOON + 5))
    assert [3, 4] == due(store, relay_no)
    assert [] == to_read_back(store, relay_no)
    assert [1, 2] == to_read_back(store, relay_no, now=NOON + 5)
    store.write(lambda t: t.mark_confirmed(relay_no, [1], now=NOON + 6))
    assert [2] == to_read_back(store, relay_no, now=NOON + 6)
    expected = {OutboxState.PENDING: 2, OutboxState.ACCEPTED: 1, OutboxState.CONFIRMED: 1}
    assert expected == counts(store, relay_no)


def test_read_back_is_due_at_once_by_default(store: Store, relay_no: int) -> None:
    """Without a time, accepted events are due for reading back now."""
    store.write(lambda t: t.mark_accepted(relay_no, [1], now=NOON))
    assert [1] == to_read_back(store, relay_no)


def test_relays_are_apart(store: Store, relay_no: int) -> None:
    """What one relay says changes nothing for another."""
    store.write(lambda t: t.mark_refused(relay_no, EVENTS, reason="blocked: no", now=NOON))
    assert [] == due(store, relay_no)
    assert list(EVENTS) == due(store, relay_no + 1)
    with store.read() as reader:
        states = [row.state for row in reader.outbox_of(1)]
    assert [OutboxState.REFUSED, OutboxState.PENDING] == states


def test_postponed_events_come_due_later(store: Store, relay_no: int) -> None:
    """With the reason and one more attempt, and all that follows in the stream after them."""
    store.write(
        lambda t: t.mark_later(relay_no, [1], reason="rate-limited: slow", next_attempt_at=NOON + 9, now=NOON)
    )
    assert [] == due(store, relay_no)
    assert [1, 2, 3, 4] == due(store, relay_no, now=NOON + 9)
    with store.read() as reader:
        row = reader.outbox_of(1)[0]
    assert ("rate-limited: slow", 1, NOON + 9, NOON) == (
        row.reason,
        row.attempts,
        row.next_attempt_at,
        row.changed_at,
    )


def test_accepted_but_not_served_is_sent_again(store: Store, relay_no: int) -> None:
    """A relay that acknowledged an event and lost it gets it once more; the OK counted as an attempt."""
    store.write(lambda t: t.mark_accepted(relay_no, [1], now=NOON))
    store.write(
        lambda t: t.mark_later(relay_no, [1], reason="not served", next_attempt_at=NOON, now=NOON + 1)
    )
    assert [1, 2, 3, 4] == due(store, relay_no, now=NOON + 1)
    with store.read() as reader:
        assert 1 == reader.outbox_of(1)[0].attempts


def test_late_answers_change_nothing(store: Store, relay_no: int) -> None:
    """After confirmation, an OK, a refusal or a delay that arrives late is passed over."""
    store.write(lambda t: t.mark_confirmed(relay_no, [1], now=NOON))
    store.write(lambda t: t.mark_accepted(relay_no, [1], now=NOON))
    store.write(lambda t: t.mark_refused(relay_no, [1], reason="invalid: late", now=NOON))
    store.write(lambda t: t.mark_later(relay_no, [1], reason="late", next_attempt_at=0, now=NOON))
    store.write(lambda t: t.mark_confirmed(relay_no, [1], now=NOON + 1))
    with store.read() as reader:
        row = reader.outbox_of(1)[0]
    assert (OutboxState.CONFIRMED, NOON, "") == (row.state, row.changed_at, row.reason)
    assert 1 == counts(store, relay_no)[OutboxState.CONFIRMED]


def test_refusal_is_final_until_the_event_is_seen(store: Store, relay_no: int) -> None:
    """A refused event is not due again, but a relay that serves it after all has it."""
    store.write(lambda t: t.mark_refused(relay_no, [1], reason="x" * 5_000, now=NOON))
    assert [2, 3, 4] == due(store, relay_no, now=NOON + 10**6)
    with store.read() as reader:
        assert "x" * 1_000 == reader.outbox_of(1)[0].reason
    store.write(lambda t: t.mark_confirmed(relay_no, [1], now=NOON))
    assert {OutboxState.PENDING: 3, OutboxState.CONFIRMED: 1} == counts(store, relay_no)


def test_queueing_again_changes_nothing(store: Store, relay_no: int) -> None:
    """What was confirmed stays so."""
    store.write(lambda t: t.mark_confirmed(relay_no, [1, 2], now=NOON))
    store.write(lambda t: t.queue_outbox(EVENTS, [relay_no], now=NOON + 1))
    assert [3, 4] == due(store, relay_no, now=NOON + 1)


def test_requeued_events_are_sent_from_any_state(store: Store, relay_no: int) -> None:
    """For repair: a relay that lost events gets them anew, and the counts follow."""
    store.write(lambda t: t.mark_confirmed(relay_no, [1], now=NOON))
    store.write(lambda t: t.mark_accepted(relay_no, [2], now=NOON))
    store.write(lambda t: t.mark_refused(relay_no, [3], reason="invalid: no", now=NOON))
    store.write(lambda t: t.requeue_outbox(relay_no, EVENTS, now=NOON + 1))
    assert [1, 2, 3, 4] == due(store, relay_no, now=NOON + 1)
    assert {OutboxState.PENDING: 4} == counts(store, relay_no)
    with store.read() as reader:
        assert [0, 0, 0, 0] == [reader.outbox_of(number)[0].attempts for number in EVENTS]


def test_empty_outbox_has_nothing_due(store: Store) -> None:
    """A relay that nothing was queued for."""
    relay_no = store.write(lambda transaction: transaction.add_relay("wss://one.example"))
    assert [] == due(store, relay_no)
    assert {} == counts(store, relay_no)
    with store.read() as reader:
        assert reader.outbox_next_attempt_at(relay_no) is None
        assert () == reader.outbox_of(1)
