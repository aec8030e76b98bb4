"""Publishing for ever: what is recorded goes out, and relays come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from pathlib import Path
from random import Random

import pytest

from nostr_usage.publish import RelayOutcome, publish_forever
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.store import OutboxState
from tests.connections import LOCAL
from tests.operators import OperatorOfTests, operator_in
from tests.scripted_relay import ScriptedRelay

NOBODY = "ws://127.0.0.1:1/"
# Opening an account writes its open, its plan and the first grant.
ENTRIES = 3


@pytest.fixture
def service(tmp_path: Path, scripted_relay: ScriptedRelay) -> Generator[OperatorOfTests]:
    """An operator who publishes to a relay and to one that is away, and has opened one account."""
    with operator_in(tmp_path, relays=(scripted_relay.url, NOBODY)) as operator:
        operator.open_account()
        yield operator


async def watch(
    service: OperatorOfTests, *relays: str, rounds: int, before: Callable[[int], None] = lambda _round: None
) -> list[RelayOutcome]:
    """What a watcher tells in so many rounds; `before` is called at the end of each."""
    told: list[RelayOutcome] = []
    is_over = asyncio.Event()
    done = 0

    async def pause(_seconds: float) -> None:
        nonlocal done
        done += 1
        before(done)
        if done == rounds:
            is_over.set()
            await asyncio.Event().wait()

    watching = asyncio.create_task(
        publish_forever(
            service.store,
            relays=relays,
            policy=LOCAL,
            clock=service.clock,
            random=Random(1),
            on_outcome=told.append,
            pause=pause,
        )
    )
    if relays:
        await is_over.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    return told


async def test_what_is_recorded_later_is_published_too(
    service: OperatorOfTests, scripted_relay: ScriptedRelay
) -> None:
    """On the same connection; each round that moved something is told, the others are not."""

    def record(done: int) -> None:
        if done == 3:
            service.open_account("another")

    told = await watch(service, scripted_relay.url, rounds=6, before=record)
    assert [ENTRIES, ENTRIES] == [found.confirmed for found in told]
    assert 1 == len(scripted_relay.visits)
    with service.store.read() as reader:
        confirmed = [row.count for row in reader.outbox_counts() if row.state is OutboxState.CONFIRMED]
    assert [2 * ENTRIES] == confirmed


async def test_a_relay_that_is_away_is_told_once_and_tried_again(service: OperatorOfTests) -> None:
    """It never ends the watch."""
    told = await watch(service, NOBODY, rounds=5, before=lambda _round: service.clock.advance(60))
    assert [RelayCondition.UNREACHABLE] == [found.condition for found in told]


async def test_without_relays_there_is_nothing_to_tell(service: OperatorOfTests) -> None:
    """No relay, no outcome, no end."""
    assert [] == await watch(service, rounds=0)
