"""Relays that are away for a week, take only so much a minute, or nothing that is old."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayLimits
from nostr_usage.nostr.message import EventMessage, RelayOk
from nostr_usage.publish import PublishReport, publish_due
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import OutboxState
from nostr_usage.writing.request import Action
from tests.faults.acknowledging import TOKENS, tokens_charged, unsoundness_of
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.relay_behaviours import acknowledge_and_forget
from tests.scripted_relay import Behaviour, ScriptedRelay, Turn, honestly

ENTRIES = int(os.environ.get("NOSTR_USAGE_QUEUED", "10000"))
DAYS = 7
CALLERS = 64
PER_MINUTE = 60
LIMITED_ENTRIES = 300
LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=20.0, relay_timeout_s=7_200.0)


async def publish(operator: OperatorOfTests, relay: str) -> PublishReport:
    """One run over what is due."""
    return await publish_due(
        operator.store, relays=(relay,), policy=LOCAL, clock=operator.clock, random=Random(1)
    )


def record_together(operator: OperatorOfTests, count: int, *, name: str) -> None:
    """Many callers, one entry each at a time."""
    accounts = [operator.open_account(f"{name}-{number}") for number in range(4)]
    errors: list[Exception] = []

    def record(caller: int) -> None:
        try:
            for number in range(caller, count, CALLERS):
                action = Action(
                    account=accounts[number % 4],
                    activity="magic-mentor",
                    tokens=TOKENS,
                    key=f"{name}-{number}",
                )
                operator.recorder.record(action)
        except Exception as error:  # noqa: BLE001  # told below, in the thread of the test
            errors.append(error)

    callers = [threading.Thread(target=record, args=(caller,)) for caller in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [] == errors


def outbox(operator: OperatorOfTests) -> dict[OutboxState, int]:
    """How many deliveries are in which state."""
    with operator.store.read() as reader:
        return {row.state: row.count for row in reader.outbox_counts()}


def of_a_minute(
    operator: OperatorOfTests, taken: Counter[int], *, refusal: str = "rate-limited: 60 a minute"
) -> Behaviour:
    """Take sixty events in each minute of the operator's clock, and refuse the others."""

    async def behave(turn: Turn) -> None:
        minute = operator.clock.now() // 60
        assert isinstance(turn.message, EventMessage)
        if taken[minute] < PER_MINUTE:
            taken[minute] += 1
            await honestly(turn)
        else:
            event_id = turn.message.event.id
            await turn.send(RelayOk(event_id=event_id, accepted=False, text=refusal))

    return behave


def arrived(database: Path) -> list[str]:
    """The ids of the events that a relay has taken, in the order in which they came."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT event_id FROM events ORDER BY arrival")
        return [event_id.hex() for (event_id,) in rows]


@pytest.mark.timeout(7_200 if ENTRIES > 10_000 else 120)
async def test_a_week_without_relays_loses_nothing(tmp_path: Path) -> None:
    """Calls answer as before; when the relay is back, everything goes out, in the order of commit."""
    database = tmp_path / "relay.sqlite"
    async with EmbeddedRelay(database) as before:
        url = before.url
    with operator_in(tmp_path, relays=(url,)) as operator:
        for day in range(DAYS):
            record_together(operator, ENTRIES // DAYS, name=f"day-{day}")
            operator.clock.advance(DAY_S)
            report = await publish(operator, url)
            assert RelayCondition.UNREACHABLE is report.relays[0].condition
        queued = outbox(operator)[OutboxState.PENDING]
        assert queued >= ENTRIES // DAYS * DAYS
        async with EmbeddedRelay(database, port=urlsplit(url).port or 0, clock=operator.clock):
            report = await publish(operator, url)
        assert (queued, 0) == (report.published, report.waiting)
        assert {OutboxState.CONFIRMED: queued} == outbox(operator)
        with operator.store.read() as reader:
            assert [event.event_id for event in reader.events()] == arrived(database)
            assert ENTRIES // DAYS * DAYS * TOKENS == tokens_charged(reader)
        assert () == unsoundness_of(operator)


async def test_an_order_that_is_not_kept_would_be_noticed(tmp_path: Path) -> None:
    """Control: where the first events wait for another attempt, others arrive before them."""
    database = tmp_path / "relay.sqlite"
    async with EmbeddedRelay(database) as relay:
        with operator_in(tmp_path, relays=(relay.url,)) as operator:
            record_together(operator, 100, name="late")
            operator.store.write(
                lambda transaction: transaction.mark_later(
                    0, range(1, 3), reason="", next_attempt_at=operator.clock.now() + 60, now=0
                )
            )
            await publish(operator, relay.url)
            operator.clock.advance(60)
            assert 0 == (await publish(operator, relay.url)).waiting
            with operator.store.read() as reader:
                committed = [event.event_id for event in reader.events()]
    assert committed != arrived(database)
    assert sorted(committed) == sorted(arrived(database))


async def test_what_is_refused_for_its_age_is_counted_and_named(tmp_path: Path) -> None:
    """A relay that takes nothing older than three days: the report has the number and the reason."""
    clock = ManualClock(0)
    async with EmbeddedRelay(None, clock=clock, limits=RelayLimits(age_s_max=3 * DAY_S)) as relay:
        with operator_in(tmp_path, relays=(relay.url,)) as operator:
            record_together(operator, 100, name="old")
            old = outbox(operator)[OutboxState.PENDING]
            operator.clock.advance(5 * DAY_S)
            record_together(operator, 100, name="new")
            every = outbox(operator)[OutboxState.PENDING]
            clock.set(operator.clock.now())
            report = await publish(operator, relay.url)
            assert (old, every - old) == (report.relays[0].refused, report.relays[0].confirmed)
            assert any("days ago" in objection for objection in report.relays[0].objections)
            assert old == report.waiting
            assert {OutboxState.REFUSED: old, OutboxState.CONFIRMED: every - old} == outbox(operator)


async def test_a_relay_that_forgets_does_not_pass_for_one_that_is_back(
    tmp_path: Path, scripted_relay: ScriptedRelay
) -> None:
    """Control: after the outage the relay says yes and keeps nothing; the same checks find the queue full."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        record_together(operator, 100, name="forgotten")
        scripted_relay.on(EventMessage, acknowledge_and_forget)
        report = await publish(operator, scripted_relay.url)
        assert 0 == report.published
        assert {OutboxState.PENDING: report.waiting} == outbox(operator)


async def test_a_relay_that_refuses_for_good_is_noticed(
    tmp_path: Path, scripted_relay: ScriptedRelay
) -> None:
    """Control: where the limit is said to be final, entries are marked as failed, and the checks see it."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        record_together(operator, LIMITED_ENTRIES, name="limited")
        final = of_a_minute(operator, Counter(), refusal="blocked: 60 a minute")
        scripted_relay.on(EventMessage, final)
        await publish(operator, scripted_relay.url)
        assert PER_MINUTE == outbox(operator)[OutboxState.CONFIRMED]
        assert outbox(operator)[OutboxState.REFUSED] >= LIMITED_ENTRIES - PER_MINUTE


async def test_a_relay_at_sixty_events_a_minute_gets_all_of_them(
    tmp_path: Path, scripted_relay: ScriptedRelay
) -> None:
    """No entry is marked as failed, none overtakes another, and it takes about as long as it must."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        record_together(operator, LIMITED_ENTRIES, name="limited")
        queued = outbox(operator)[OutboxState.PENDING]
        taken: Counter[int] = Counter()
        scripted_relay.on(EventMessage, of_a_minute(operator, taken))
        minutes = 0
        while (await publish(operator, scripted_relay.url)).waiting:
            assert OutboxState.REFUSED not in outbox(operator)
            operator.clock.advance(60)
            minutes += 1
            assert minutes <= 2 * queued / PER_MINUTE
        assert {OutboxState.CONFIRMED: queued} == outbox(operator)
        with operator.store.read() as reader:
            assert [event.event_id for event in reader.events()] == list(scripted_relay.events)
