"""Queueing by hand: what a relay refused for good, what it was never sent; delays outlive the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.nostr.message import EventMessage
from nostr_usage.publish import queue, queue_again, relay_queue
from nostr_usage.store import OutboxState
from tests.operators import OperatorOfTests, operator_in
from tests.publishing import event_ids, publish, sent, states
from tests.relay_behaviours import acknowledge_and_forget, refuse
from tests.scripted_relay import ScriptedRelay


def again(operator: OperatorOfTests, url: str) -> tuple[int, int, int]:
    """Queue everything again for one relay; how many were refused, never queued, and waited."""
    queued = queue_again(operator.store, url, now=operator.clock.now())
    return queued.refused, queued.unqueued, queued.hastened


async def test_what_was_refused_for_good_arrives_when_it_is_queued_again(
    tmp_path: Path, scripted_relay: ScriptedRelay
) -> None:
    """After the relay has changed its mind: the same signed events, once, and the queue is clean."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        operator.open_account()
        scripted_relay.on(EventMessage, refuse("blocked: not on my relay"))
        report = await publish(operator, scripted_relay.url)
        assert (0, 3) == (report.published, report.waiting)
        scripted_relay.forget_rules()
        operator.clock.advance(100_000)
        assert (0, 3) == ((await publish(operator, scripted_relay.url)).published, report.waiting)
        assert (3, 0, 0) == again(operator, scripted_relay.url)
        report = await publish(operator, scripted_relay.url)
        assert (3, 0) == (report.published, report.waiting)
        assert event_ids(operator) == list(scripted_relay.events)
        assert (0, 0) == (
            relay_queue(operator.store, scripted_relay.url).refused,
            relay_queue(operator.store, scripted_relay.url).waiting,
        )


@pytest.mark.parametrize("at_once", [2, 5_000])
async def test_a_relay_that_joins_later_gets_everything_when_asked(
    tmp_path: Path,
    scripted_relay: ScriptedRelay,
    embedded_relay: EmbeddedRelay,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    """Until then it gets what is recorded since, and the queue says what it lacks; then all, once."""
    monkeypatch.setattr(queue, "QUEUED_AT_ONCE_MAX", at_once)
    with operator_in(tmp_path, relays=(embedded_relay.url,)) as operator:
        operator.open_account("alice")
        await publish(operator, embedded_relay.url)
    both = (embedded_relay.url, scripted_relay.url)
    with operator_in(tmp_path, relays=both, seed=2) as operator:
        operator.open_account("bob")
        await publish(operator, *both)
        assert event_ids(operator)[3:] == sent(scripted_relay)
        assert (3, 0) == (
            relay_queue(operator.store, scripted_relay.url).unqueued,
            relay_queue(operator.store, embedded_relay.url).unqueued,
        )
        assert (0, 3, 0) == again(operator, scripted_relay.url)
        report = await publish(operator, *both)
        assert (3, 0) == (report.published, report.waiting)
        assert [*event_ids(operator)[3:], *event_ids(operator)[:3]] == sent(scripted_relay)
        assert {OutboxState.CONFIRMED: 6} == states(operator, scripted_relay.url)
        assert (0, 0, 0) == again(operator, scripted_relay.url)


async def test_a_delay_outlives_the_process(tmp_path: Path, scripted_relay: ScriptedRelay) -> None:
    """A run every minute sends nothing before its time; asked for by hand, it is sent at once."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        operator.open_account()
    scripted_relay.on(EventMessage, acknowledge_and_forget)
    now, due_at = operator.clock.now(), 0
    for run in range(8):
        with operator_in(tmp_path, relays=(scripted_relay.url,), now=now) as operator:
            before = len(sent(scripted_relay))
            report = await publish(operator, scripted_relay.url)
            assert (0, 3) == (report.published, report.waiting)
            was_due = run == 0 or due_at <= now
            assert was_due is (len(sent(scripted_relay)) > before)
            due_at = relay_queue(operator.store, scripted_relay.url).next_attempt_at or 0
            assert due_at > now
        now += 3
    scripted_relay.forget_rules()
    with operator_in(tmp_path, relays=(scripted_relay.url,), now=now) as operator:
        assert 0 == (await publish(operator, scripted_relay.url)).published
        assert (0, 0, 3) == again(operator, scripted_relay.url)
        assert 3 == (await publish(operator, scripted_relay.url)).published


async def test_forgetting_the_delay_would_be_noticed(tmp_path: Path, scripted_relay: ScriptedRelay) -> None:
    """Control: a run that makes everything due first sends again at once."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        operator.open_account()
        scripted_relay.on(EventMessage, acknowledge_and_forget)
        await publish(operator, scripted_relay.url)
        before = len(sent(scripted_relay))
        again(operator, scripted_relay.url)
        await publish(operator, scripted_relay.url)
        assert before < len(sent(scripted_relay))


def test_a_relay_that_nobody_knows_has_no_queue(tmp_path: Path) -> None:
    """Nothing waits for it, and nothing is written by looking."""
    with operator_in(tmp_path) as operator:
        operator.open_account()
        found = relay_queue(operator.store, "wss://relay.example/")
        assert (0, 0, 0, None) == (found.waiting, found.refused, found.unqueued, found.next_attempt_at)
        with operator.store.read() as reader:
            assert 1 == len(reader.relays())
