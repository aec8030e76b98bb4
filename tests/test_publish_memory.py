"""Publishing for ever takes no more memory tomorrow than today."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from nostr_usage.publish import RelayOutcome, publish_forever
from nostr_usage.publish.answers import SortedAnswers
from nostr_usage.publish.outcome import OBJECTIONS_COUNTED_MAX, OBJECTIONS_SHOWN_MAX, Tally
from nostr_usage.relays.condition import RelayCondition
from tests.ledgers import spend
from tests.operators import operator_in
from tests.publishing import LOCAL
from tests.scripted_relay import ScriptedRelay

WARM_UP, ROUNDS = 30, 150
GROWTH_BYTES_MAX = 100_000
"""Far less than an event of each round would take, with all that is kept about it."""


async def test_watching_keeps_nothing_of_what_is_done(tmp_path: Path, scripted_relay: ScriptedRelay) -> None:
    """After some rounds the publisher holds as much as after many."""
    with operator_in(tmp_path, relays=(scripted_relay.url,)) as operator:
        account = operator.open_account()
        begun_at = operator.clock.now()
        spend(operator, account, ROUNDS + 1, seconds_apart=60)
        operator.clock.set(begun_at)  # an entry falls due in each round, and no recording is measured
        sizes: list[int] = []
        is_over = asyncio.Event()

        def next_round(_outcome: RelayOutcome) -> None:
            scripted_relay.received.clear()
            scripted_relay.events.clear()
            sizes.append(0)
            if len(sizes) in {WARM_UP, ROUNDS}:
                gc.collect()
                sizes[-1] = tracemalloc.get_traced_memory()[0]
            if len(sizes) == ROUNDS:
                is_over.set()
            operator.clock.advance(60)

        tracemalloc.start()
        watching = asyncio.create_task(
            publish_forever(
                operator.store,
                relays=(scripted_relay.url,),
                policy=replace(LOCAL, silence_timeout_s=5.0, request_timeout_s=5.0),
                clock=operator.clock,
                random=Random(1),
                on_outcome=next_round,
                pause=lambda _seconds: asyncio.sleep(0),
            )
        )
        try:
            await is_over.wait()
        finally:
            tracemalloc.stop()
            watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    assert sizes[-1] - sizes[WARM_UP - 1] < GROWTH_BYTES_MAX


def test_a_relay_with_a_reason_for_every_event_fills_no_memory() -> None:
    """So many reasons are counted, and the most frequent are shown."""
    tally = Tally()
    for number in range(3 * OBJECTIONS_COUNTED_MAX):
        tally.count_sent(SortedAnswers(refused={f"blocked: {number}": [number]}))
    tally.count_sent(SortedAnswers(refused={"blocked: 7": [1, 2]}))
    found = tally.outcome("wss://relay.example/", RelayCondition.ANSWERED, "")
    assert OBJECTIONS_COUNTED_MAX == len(tally.objections)
    assert (3 * OBJECTIONS_COUNTED_MAX + 2, OBJECTIONS_SHOWN_MAX) == (found.refused, len(found.objections))
    assert "blocked: 7" == found.objections[0]
